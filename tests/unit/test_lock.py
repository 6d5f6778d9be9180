"""The locks name everything that pyproject.toml asks for, in versions that it allows, each with its hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = {"serve": ["mock", "media"], "test": ["test", "check"]}


def entries(lock: str) -> list[str]:
    """Return each entry as one line: `name==version ; marker --hash=... --hash=...`."""
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text().replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pins(lock: str) -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for entry in entries(lock):
        pin = Requirement(entry.split("--hash")[0])
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def asked(extra: str) -> list[Requirement]:
    """Return what an extra asks for, the project's own extras within it taken apart."""
    found = []
    for line in PROJECT["project"]["optional-dependencies"][extra]:
        wanted = Requirement(line)
        own = canonicalize_name(wanted.name) == PROJECT["project"]["name"]
        found += [each for name in wanted.extras for each in asked(name)] if own else [wanted]
    return found


@pytest.mark.parametrize("lock", EXTRAS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    locked = pins(lock)
    always = map(Requirement, [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]])
    for wanted in [*always, *(each for extra in EXTRAS[lock] for each in asked(extra))]:
        versions = [next(iter(pin.specifier)).version for pin in locked.get(canonicalize_name(wanted.name), [])]
        assert versions, f"{wanted.name} is not in {lock}.lock; run scripts/lock"
        for version in versions:
            assert wanted.specifier.contains(version), f"{lock}.lock has {wanted.name} {version}; run scripts/lock"


@pytest.mark.parametrize("lock", EXTRAS)
def test_each_entry_is_one_version_with_hashes_from_nowhere_in_particular(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        pin, *hashes = re.split(r"\s+--hash=", entry)
        assert re.fullmatch(r"[a-z0-9.-]+==[a-zA-Z0-9.]+( ; [^@]+)?", pin.strip()), entry
        assert hashes, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes), entry


def test_what_serves_has_the_versions_that_are_tested() -> None:
    tested = pins("test")
    for name, found in pins("serve").items():
        versions = {str(pin.specifier) for pin in tested[name]}
        assert {str(pin.specifier) for pin in found} <= versions, name
