"""`python -m kling_contract`."""

from kling_contract.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
