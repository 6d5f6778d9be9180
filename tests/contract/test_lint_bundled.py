"""The findings about the bundled documents are exactly those that the documents record, no more and no fewer."""

from __future__ import annotations

import functools
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kling_contract import documents
from kling_contract.documents import bundled, folder
from kling_contract.documents.files import Source, read
from kling_contract.documents.vocabulary import extensions
from kling_contract.soundness import load
from kling_contract.verify.lint import Finding, lint, looking, once
from kling_contract.verify.lint.findings import Found
from kling_contract.verify.lint.subject import Subject

Place = tuple[str, tuple[str | int, ...], str]

EXPAND, IMAGES, VIDEO = "ImageExpansion", "MultiImageToImage", "ImageToVideo"
CREATE, GET = "/kling/v1/images/editing/expand post", "/kling/v1/images/editing/expand/{task_id} get"

ALL = looking.CHECKS

# The finding, the file, and where, without the steps that every place has.
RECORDED = [
    ("page.header", "anyapi", "info x-provider auth"),
    ("page.defect", "anyapi", f"paths {CREATE} x-availability state"),
    ("page.header", "anyapi", f"paths {CREATE} requestBody content"),
    ("page.answer", "anyapi", "responses Created content"),
    ("errors.type", "cometapi", "info x-errors route.unavailable body"),
    ("page.header", "cometapi", f"paths {CREATE} requestBody content"),
    ("poll.template", "cometapi", f"paths {GET} x-operation template"),
    ("page.body", "cometapi", "paths /kling/v1/images/generations post requestBody"),
    ("page.answer", "cometapi", "paths /kling/v1/images/generations/{task_id} get x-envelope"),
    ("envelope.lacks", "cometapi", "paths /kling/v1/videos/image2video post x-envelope"),
    ("default.required", "cometapi", f"{EXPAND} image default"),
    *(
        (name, "cometapi", f"{EXPAND} {side}_expansion_ratio default")
        for side in ("left", "right", "up", "bottom")
        for name in ("default.required", "default.rule")
    ),
    ("type.unsaid", "cometapi", f"{EXPAND} n type"),
    ("retired.all", "cometapi", f"{IMAGES} model_name enum"),
    ("name.misspelt", "cometapi", f"{IMAGES} scence_image x-canonical-name"),
    ("default.invalid", "cometapi", f"{VIDEO} image default"),
    ("default.required", "cometapi", f"{VIDEO} image default"),
    ("retired.example", "cometapi", f"{VIDEO} model_name examples"),
    ("type.contradicted", "cometapi", f"{VIDEO} dynamic_masks type"),
    ("errors.ambiguous", "common", "x-errors account.abnormal status"),
    ("errors.ambiguous", "common", "x-errors account.arrears status"),
    ("errors.ambiguous", "common", "x-errors account.balance status"),
    ("errors.ambiguous", "common", "x-errors rate.address status"),
    ("page.example", "kling", f"{IMAGES}"),
    ("page.example", "kling", f"{VIDEO} multi_shot type"),
    ("retired.default", "kling", f"{VIDEO} model_name default"),
    ("retired.field", "kling", f"{VIDEO} static_mask"),
    ("retired.field", "kling", f"{VIDEO} dynamic_masks"),
    ("retired.field", "kling", f"{VIDEO} camera_control"),
    ("enum.unreachable", "kling", f"{VIDEO} camera_control type enum"),
]


def place(finding: Finding) -> tuple[str, str, str]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in finding.pointer.split("/")[1:]]
    short = [step for step in steps if step not in ("components", "schemas", "properties", "x-facts")]
    return finding.id, Path(finding.file).stem, " ".join(short)


@pytest.fixture(autouse=True)
def no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the lines, which take most of the time, and which other tests look at."""
    monkeypatch.setattr(Source, "line_of", lambda self, pointer: 1)


@functools.cache
def tree_of(name: str) -> str:
    """Return a document as JSON, in which nothing is shared and which is read again faster than YAML."""
    return json.dumps(read(folder() / f"{name}.yaml").tree)


@functools.cache
def found_in(name: str) -> tuple[Found, ...]:
    """Return what the checks see in a bundled document, which no record changes."""
    subject = Subject(load(name), load("kling"))
    return tuple(found for check in ALL for found in check(subject))


@functools.cache
def findings_in(name: str) -> tuple[Finding, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "CHECKS", (lambda subject: iter(found_in(name)),))
        return tuple(lint(load(name), load("kling")))


def test_the_findings_are_exactly_the_recorded_ones() -> None:
    findings = once(finding for name in bundled() for finding in findings_in(name))
    assert Counter(map(place, findings)) == Counter(RECORDED)
    assert [each for each in findings if each.recorded is None] == []


def records() -> list[Place]:
    """Return where each defect is recorded: the file, the facts, the keyword."""
    return [
        (name, pointer, key)
        for name in (*bundled(), "common")
        for pointer, extension, value in extensions(json.loads(tree_of(name)))
        if extension == "x-facts"
        for key, fact in value.items()
        if "defect" in fact
    ]


def fact_at(tree: Any, pointer: tuple[str | int, ...], key: str) -> Any:
    for step in pointer:
        tree = tree[step]
    return tree[key]


def without(record: Place, copies: Path) -> str:
    """Copy the documents without a record, as JSON, in which nothing is shared; return who has it."""
    name, pointer, key = record
    for file in folder().glob("*.yaml"):
        shutil.copy(file, copies)
    tree = json.loads(tree_of(name))
    fact = fact_at(tree, pointer, key)
    del fact["defect"]
    fact.pop("findings", None)
    fact.setdefault("source", "SEEN")
    (copies / f"{name}.yaml").write_text(json.dumps(tree), encoding="utf-8")
    return "anyapi" if name == "common" else name


@pytest.mark.parametrize(
    "record", records(), ids=lambda each: f"{each[0]}-{'-'.join(map(str, each[1][-3:]))}-{each[2]}"
)
def test_a_record_that_is_removed_is_missed(record: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    covered = fact_at(json.loads(tree_of(record[0])), *record[1:]).get("findings", ["page.defect"])
    name = without(record, tmp_path)
    monkeypatch.setattr(looking, "CHECKS", (lambda subject: iter(found_in(name)),))
    findings = lint(documents.load(tmp_path / f"{name}.yaml"), load("kling"))
    missed = {each.id for each in findings if each.recorded is None}
    kept, were = (Counter(place(each) for each in some) for some in (findings, findings_in(name)))
    told = {each for each in covered if each.startswith("page.")}
    assert missed == set(covered) - told
    assert {each[0] for each in (were - kept)} == told
    assert kept - were == Counter()


@pytest.mark.parametrize("name", bundled())
def test_a_record_whose_finding_is_gone_is_stale(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {each.id for each in found_in(name)}
    assert ids
    for gone in ids:
        left = [each for each in found_in(name) if each.id != gone]
        monkeypatch.setattr(looking, "CHECKS", (lambda subject, left=left: iter(left),))
        stale = {each.message for each in lint(load(name), load("kling")) if each.id == "record.stale"}
        assert stale == {f"{gone} is not found: {each.recorded}" for each in findings_in(name) if each.id == gone}


def test_nothing_is_stale_as_it_is() -> None:
    ids = {each.id for name in bundled() for each in findings_in(name)}
    assert not ids & {"record.stale", "record.unknown"}


def test_the_four_defaults_of_1_are_found_by_themselves() -> None:
    """The page gives each of four ratios the default 1, which makes nine times the area."""
    found = [each for each in findings_in("cometapi") if each.id == "default.rule"]
    assert len(found) == 4
    assert all(each.message.endswith("1 with the other defaults: area 9 exceeds 3") for each in found)


def test_the_official_finding_that_no_page_tells() -> None:
    (found,) = [each for each in findings_in("kling") if each.id == "enum.unreachable"]
    assert found.message.endswith("camera_control.type down_back, forward_up, right_turn_forward, left_turn_forward")
