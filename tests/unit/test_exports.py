from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kling_contract

SOURCE = Path(kling_contract.__file__ or "")


def imported() -> dict[str, set[str]]:
    """Return what the file imports for type checkers: module -> names."""
    nodes = [node for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.ImportFrom)]
    own = [node for node in nodes if (node.module or "").startswith("kling_contract.")]
    return {str(node.module).partition(".")[2]: {alias.name for alias in node.names} for node in own}


def test_exports_are_sorted_and_given_once() -> None:
    names = kling_contract.__all__
    assert names == sorted(set(names))


def test_what_is_exported_is_what_type_checkers_see_and_what_is_found() -> None:
    homes = {home: set(names) for home, names in kling_contract._HOMES.items()}
    assert homes == imported()
    assert set().union(*homes.values()) == set(kling_contract.__all__)


@pytest.mark.parametrize("name", kling_contract.__all__)
def test_every_export_is_there(name: str) -> None:
    assert getattr(kling_contract, name) is not None
    assert name in dir(kling_contract)


def test_every_error_is_exported() -> None:
    found = {
        name
        for name, value in vars(kling_contract.errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert found <= set(kling_contract.__all__)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'kling_contract' has no attribute 'Klong'"):
        kling_contract.Klong  # noqa: B018 - looking it up is the test


def test_importing_the_package_alone_imports_nothing_else() -> None:
    code = (
        "import sys, kling_contract; print(*sorted({'httpx', 'yaml', 'jsonschema_rs', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
