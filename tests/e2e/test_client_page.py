"""docs/client.md runs as it is printed, and says of the defaults what they are."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

import pytest

from kling_contract import Kling, load
from kling_contract.client import Task

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", TEXT, re.S | re.M)


def test_every_example_shows_what_it_prints() -> None:
    assert len(EXAMPLES) == TEXT.count("```python") == TEXT.count("```text")


@pytest.mark.parametrize(("block", "shown"), EXAMPLES)
def test_an_example_prints_what_it_shows(
    block: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "docs/client.md", "exec"), {"__name__": "page"})
    assert printed.getvalue() == shown


def test_the_defaults_are_those_that_are_named() -> None:
    talk = Kling(provider=load("kling"), api_key="k")._talk
    minutes = {name: round(talk.longest_wait(name) / 60) for name in ("createImageToVideo", "createImageExpansion")}
    assert (
        f"{minutes['createImageToVideo']} minutes for a video, {minutes['createImageExpansion']} for an image" in TEXT
    )


def test_every_call_of_the_client_and_the_task_is_described() -> None:
    for kind in (Kling, Task):
        for name in (each for each in vars(kind) if not each.startswith("_") and callable(getattr(kind, each))):
            assert f"{name}(" in TEXT or f"`{name}`" in TEXT, name


def test_the_readme_leads_here() -> None:
    assert "(docs/client.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
