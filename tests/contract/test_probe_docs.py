"""What the page about the probe says is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from kling_contract.cli.probe import FAILINGS, OPTIONS
from kling_contract.documents import folder
from kling_contract.probe.tables import reasons
from kling_contract.probe.wanted import Config

PAGE = (Path(__file__).parents[2] / "docs" / "probe.md").read_text(encoding="utf-8")


def test_every_reason_is_told_with_its_verdict() -> None:
    told = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (.+) \|$", PAGE, re.M)
    assert told == [(each.name, each.verdict, each.says) for each in reasons().values()]


def test_every_option_that_is_told_is_there_and_the_important_ones_are_told() -> None:
    told = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert told <= set(OPTIONS)
    assert {"--provider", "--config", "--report", "--history", "--fail-on", "--dry-run", "--spend"} <= told
    assert all(f"`{each}`" in PAGE for each in FAILINGS)


def test_the_config_that_is_told_can_be_read(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    file = tmp_path / "probe.yaml"
    file.write_text(text)
    first, second = Config.read(file).wanted
    assert (first.key_env, first.level, second.document) == ("COMETAPI_KEY", 3, str(tmp_path / "acme.yaml"))


def test_every_file_that_is_told_is_there() -> None:
    for link in re.findall(r"\]\(\.\./([\w./-]+)\)", PAGE):
        assert (folder().parent / link).exists(), link
