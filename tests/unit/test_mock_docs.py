"""docs/mock.md describes every setting, option and rule there is, and no other."""

from __future__ import annotations

import argparse
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from kling_contract.cli.options import OPTIONS, SWITCHES, option, read_size
from mock_server.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "mock.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([a-z_]+)` \| (.*?) \| ?(.*?) \| (.*?) \|$", TEXT, re.MULTILINE)
# Options that are no settings of the mock: where it listens, and what it writes and how it ends.
OTHERS = {"--port", "--log-format", "--journal", "--fail-on-violation"}


def defaults() -> dict[str, Any]:
    return {each.name: getattr(Settings(), each.name) for each in dataclasses.fields(Settings)}


def test_every_setting_is_described_in_order_and_no_other() -> None:
    assert [name for name, *_ in ROWS] == list(defaults())
    assert all(says for *_, says in ROWS)


def test_the_defaults_are_those_that_are_shown() -> None:
    shown = {name: default.strip("`") for name, default, *_ in ROWS}
    for name, default in defaults().items():
        plain = default is None or isinstance(default, (bool, int, float, str))
        assert shown[name] == (repr(default) if plain else "none"), name


def test_every_option_of_serve_is_in_the_table_or_is_no_setting() -> None:
    named = re.findall(r"--[a-z-]+", " ".join(option for _, _, option, _ in ROWS))
    assert sorted([*named, *OTHERS]) == sorted([flag for flag, *_ in (*OPTIONS, *SWITCHES)])


def test_another_default_of_serve_is_shown() -> None:
    others = {flag: default for flag, default, *_ in OPTIONS}
    shown = dict(re.findall(r"`(--[a-z-]+)` \(([^)]+)\) \|", TEXT))
    sizes = {flag: others[flag] for flag in ("--keep-inputs", "--keep-journals")}
    assert shown == {"--speed": f"{others['--speed']:g}", **sizes}


def test_every_reason_of_a_401_is_described_and_no_other() -> None:
    sources = [*(ROOT / "kling_contract" / "auth").glob("*.py"), ROOT / "mock_server" / "admission.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    given = set(re.findall(r'"(auth\.[a-z]+)"', code)) - {"auth.invalid"}
    assert sorted(re.findall(r"^\| `(auth\.[a-z]+)` \|", TEXT, re.MULTILINE)) == sorted(given)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("500", 500), ("2KB", 2048), ("64MB", 1 << 26), ("64 mib", 1 << 26), ("8M", 1 << 23), ("1G", 1 << 30)],
)
def test_a_size_is_read_with_or_without_its_unit(text: str, size: int) -> None:
    assert read_size(text) == size


def test_what_is_kept_of_inputs_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(*given: str) -> int:
        parser = argparse.ArgumentParser()
        for each in OPTIONS:
            option(parser, *each)
        return int(parser.parse_args(given).keep_inputs)

    assert kept() == Settings().kept_inputs
    assert kept("--keep-inputs", "1MB") == 1 << 20
    monkeypatch.setenv("KLINGMOCK_KEEP_INPUTS", "2MB")
    assert (kept(), kept("--keep-inputs", "0")) == (2 << 20, 0)


def test_the_readme_leads_here() -> None:
    assert "(docs/mock.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
