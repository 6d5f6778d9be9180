"""What `diff` prints: words for everything that a document does not say, and a summary on one screen."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bridge import loaded
from edited_tiny import GONE, TINY, edited, tiny, tree

from kling_contract.cli import main
from kling_contract.documents import bundled
from kling_contract.errors import KlingError
from kling_contract.soundness import load
from kling_contract.verify.diff import compare, report, summary

# What only a programmer would read, and sentences in which a word is missing.
PYTHON = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\{'|\['|object at 0x|Decimal\(|Fraction\(|\$equals")
GAP = re.compile(r" the  | by :| to :|(the status|send|take)$|: $|, ,")
MAKE = ("paths", "/make/clip", "post")
PAIRS = [(one, other) for one in (*bundled(), str(TINY)) for other in (*bundled(), str(TINY)) if one < other]


def told(*sides: Any) -> str:
    found = compare(*sides)
    return "".join(each(found) for each in (report.text, report.markdown, summary.text, summary.markdown))


def strange(text: str) -> list[str]:
    return [line for line in text.splitlines() if PYTHON.search(line) or GAP.search(line)]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_nothing_of_python_is_printed_of_bundled_documents(one: str, other: str) -> None:
    assert strange(told(loaded(one), loaded(other))) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ((*MAKE, "x-lifecycle", "units"), GONE, "what a result costs is not stated (0.5 units until now)"),
        (
            ("components", "schemas", "State", "x-status-values"),
            GONE,
            "read the status submitted for QUEUED, processing for RUNNING, succeed for DONE, failed for BROKEN",
        ),
        (("components", "x-envelope", "job", "output", "prints", "$each"), GONE, '"link": '),
        (("info", "x-errors", "auth.missing", "body", "fault", "kind", "$equals"), "", '"kind": ""'),
    ],
)
def test_what_a_document_does_not_say_has_words(place: Any, value: Any, said: str, tmp_path: Path) -> None:
    text = told(tiny(), edited(tmp_path, (place, value)))
    assert said in text
    assert strange(text) == []
    assert strange(told(edited(tmp_path, (place, value)), tiny())) == []


def test_words_that_are_the_official_ones_are_no_difference(tmp_path: Path) -> None:
    official = {each: each for each in ("submitted", "processing", "succeed", "failed")}
    said = edited(tmp_path, (("components", "schemas", "State", "x-status-values"), official), name="said.yaml")
    silent = edited(tmp_path, (("components", "schemas", "State", "x-status-values"), GONE), name="silent.yaml")
    assert [each for each in compare(said, silent).differences if each.kind == "status"] == []


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


def missing(folder: Path, chosen: list[tuple[Any, ...]]) -> int:
    """Compare the tiny document with itself without each part, and return how many of these are documents."""
    sound = 0
    for place in chosen:
        edited_file = folder / "changed.yaml"
        try:
            edited(folder, (place, GONE))
            other = load(edited_file)
        except KlingError:
            continue
        sound += 1
        assert strange(told(tiny(), other) + told(other, tiny())) == [], place
    return sound


def test_documents_with_parts_missing_are_told_in_words(tmp_path: Path) -> None:
    assert missing(tmp_path, random.Random(3).sample(list(places(tree())), 15)) > 5


@pytest.mark.thorough
def test_whatever_part_of_a_document_is_missing_is_told_in_words(tmp_path: Path) -> None:
    assert missing(tmp_path, list(places(tree()))) > 300


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_summary_is_one_screen(one: str, other: str) -> None:
    found = compare(loaded(one), loaded(other))
    lines = summary.text(found).splitlines()
    assert lines[:2] == report.text(found).splitlines()[:2]
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 110
    breaking = {each.operation or "everywhere" for each in found.differences if each.breaks}
    assert sum(line.split(" ")[0] in breaking for line in lines) >= min(len(breaking), 12)


def test_a_summary_counts_what_breaks(tmp_path: Path) -> None:
    schema = ("components", "schemas", "Poster")
    other = edited(
        tmp_path,
        ((*schema, "properties", "columns", "maximum"), 11),
        ((*schema, "required"), ["headline", "style"]),
        ((*schema, "properties", "rows", "default"), 2),
        (("paths", "/make/clip"), GONE),
    )
    found = compare(tiny(), other)
    assert summary.text(found).splitlines() == [
        *report.text(found).splitlines()[:4],
        "",
        "createPoster        -> 2 requests  <- nothing  required 1, range 1",
        "createImageToVideo  -> 1 request   <- nothing  route 1",
        "",
        "by kind: required 1, range 1, route 1",
    ]


def test_what_is_left_out_of_a_summary_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "_MOST_ROWS", 2)
    found = compare(loaded("kling"), tiny())
    text = summary.text(found)
    total = sum(each.breaks for each in found.differences)
    rows, _ = summary._rows(found)
    assert f"and {len(rows) - 2} operations more, of which {sum(each.kinds.total() for each in rows[2:])}" in text
    assert sum(each.kinds.total() for each in rows) == total


def test_nothing_that_breaks_is_a_short_summary(tmp_path: Path) -> None:
    wider = edited(tmp_path, (("components", "schemas", "Poster", "properties", "columns", "maximum"), 13))
    found = compare(tiny(), wider, one_way=True)
    assert summary.text(found).splitlines()[-1] == "differs, and breaks nothing: createPoster"
    assert "nothing differs" in summary.text(compare(tiny(), tiny()))


@pytest.mark.parametrize("fail_on", ["breaking", "any", "never"])
@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_the_command_answers_as_without(form: str, fail_on: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["diff", "cometapi", "anyapi", "--examples", "0", "--format", form, "--fail-on", fail_on]
    code = main(words)
    whole = capsys.readouterr().out
    assert main([*words, "--summary"]) == code == (fail_on != "never")
    short = capsys.readouterr().out
    if form == "json":
        assert json.loads(short) == json.loads(whole)
    else:
        assert re.search(r"by kind: error \d+, route \d+", short)
        assert len(short) < len(whole) / 2
