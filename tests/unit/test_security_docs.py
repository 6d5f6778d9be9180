"""docs/security.md says the bounds that the code has, and names options and files that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kling_contract.cli.options import OPTIONS, SWITCHES
from kling_contract.reading import MOST_REMARKS, VALUES
from mock_server.heads import MOST
from mock_server.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())
MEBIBYTE = 1 << 20
# Of other commands.
OTHERS = {"--timeout", "--keep", "--redact", "--thorough"}


@pytest.mark.parametrize(
    "says",
    [
        f"A head has at most {MOST >> 10} KB (431)",
        f"`--read-timeout` to arrive ({Settings().read_timeout:g} s, 408)",
        f"A body has at most {Settings().max_body // MEBIBYTE} MB (413) and about {VALUES:,} values",
        f"Of each kind of remark {MOST_REMARKS} are listed",
        f"keep {Settings().kept_tasks:,} tasks (`--keep-tasks`)",
        f"and {Settings().kept_journals // MEBIBYTE} MB of journals (`--keep-journals`)",
    ],
)
def test_a_bound_is_the_one_that_holds(says: str) -> None:
    assert says in TEXT


def test_every_option_that_is_named_is_there() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z-]+", TEXT))
    assert named - OTHERS <= {flag for flag, *_ in (*OPTIONS, *SWITCHES)}
    assert named >= OTHERS


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:tests|scripts)/[a-z0-9_/.]+)`", TEXT)
    assert len(named) == 3
    assert all((ROOT / each).exists() for each in named)
