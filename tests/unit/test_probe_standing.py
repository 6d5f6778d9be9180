"""How a finding stands against its document and the runs before, and the overlay that brings it up to date."""

from __future__ import annotations

import copy
import itertools
import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import load
from kling_contract.documents import folder
from kling_contract.probe import Finding, History, overlay
from kling_contract.probe.findings import Run, iso
from kling_contract.probe.plan import make_plan
from kling_contract.probe.standing import stand
from kling_contract.probe.tables import reasons

if TYPE_CHECKING:
    from pathlib import Path

NOON = 1_795_262_400.0  # 2026-11-21, 12:00 UTC
DAY = 86_400.0
ALIVE, MISSING, UNCLEAR = "route.alive", "route.missing", "auth.rejected"
DRIFTS = {"kling": "createImageToVideo", "cometapi": "createImageToVideo"}
REASONS = sorted(reasons())


def finding(reason: str, operation: str = "createImageToVideo", **changes: Any) -> Finding:
    made = Finding("cometapi", "http://x", 1, operation, "POST", "/p", reason, "said", reason, "said", NOON)
    return replace(made, **changes)


def standing(reason: str, state: Any, observed: str | None = "2026-11-20", days: int = 90) -> Finding:
    operation = load("cometapi").operation("createImageToVideo")
    says = replace(operation.availability, state=state, observed=observed)
    return stand(finding(reason), replace(operation, availability=says), days)


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("state", ["available", "unavailable", "unverified"])
def test_drift_is_a_served_route_that_should_not_be_or_a_missing_one_that_should(reason: str, state: str) -> None:
    served = reasons()[reason].verdict in ("up", "degraded")
    drifts = (state == "unavailable" and served) or (state == "available" and reason == MISSING)
    expected = "drift" if drifts else "undocumented" if state == "unverified" else "documented"
    assert standing(reason, state).standing == expected


@pytest.mark.parametrize("reason", REASONS)
def test_what_says_nothing_of_a_route_is_never_drift(reason: str) -> None:
    if reasons()[reason].verdict == "unknown":
        assert {standing(reason, state).standing for state in ("available", "unavailable")} == {"documented"}


@pytest.mark.parametrize(
    ("observed", "days", "expected"),
    [
        ("2026-11-20", 90, "documented"),
        ("2026-08-23", 90, "documented"),
        ("2026-08-22", 90, "stale"),
        ("2026-11-20", 1, "documented"),
        ("2026-11-19", 1, "stale"),
        (None, 90, "stale"),
        ("2027-01-01", 1, "documented"),
    ],
)
def test_an_observation_grows_old(observed: str | None, days: int, expected: str) -> None:
    assert standing(ALIVE, "available", observed, days).standing == expected


@given(st.integers(0, 400), st.integers(1, 400))
def test_it_is_old_on_the_day_after_the_last(age: int, days: int) -> None:
    observed = date.fromordinal(date(2026, 11, 21).toordinal() - age).isoformat()
    assert (standing(ALIVE, "available", observed, days).standing == "stale") == (age > days)


def test_drift_that_is_old_is_drift() -> None:
    assert standing(MISSING, "available", "2020-01-01").standing == "drift"


def test_the_host_has_no_standing() -> None:
    assert stand(finding("host.reachable"), None, 90).standing == "undocumented"


def test_a_route_that_is_missing_as_documented_fails_nothing_and_drift_fails_as_asked() -> None:
    assert standing(MISSING, "unavailable").failings() == set()
    assert standing("server.error", "unavailable").failings() == {"down"}
    assert standing(MISSING, "available").failings() == {"down", "drift"}
    assert standing(ALIVE, "unavailable").failings() == {"up", "drift"}
    assert standing(MISSING, "unverified").failings() == {"down"}


@pytest.mark.parametrize(
    ("reason", "state", "fail_on", "code"),
    [
        (ALIVE, "available", ("down", "degraded", "drift", "unknown"), 0),
        (MISSING, "unavailable", ("down", "degraded", "drift", "unknown"), 0),
        (MISSING, "available", ("down",), 1),
        (MISSING, "available", ("drift",), 1),
        (MISSING, "available", ("unknown",), 0),
        (ALIVE, "unavailable", ("down",), 0),
        (ALIVE, "unavailable", ("drift",), 1),
        ("contract.schema", "available", ("down",), 0),
        ("contract.schema", "available", ("degraded",), 1),
        (UNCLEAR, "available", ("down", "degraded", "drift"), 3),
        (UNCLEAR, "available", ("unknown",), 1),
    ],
)
def test_what_the_exit_code_says(reason: str, state: str, fail_on: tuple[str, ...], code: int) -> None:
    plan = make_plan(load("cometapi"), "http://x", level=1)
    run = Run(NOON, "1", (plan,), (standing(reason, state),), {}, fail_on)
    assert run.exit_code == code
    assert replace(run, tripped=("x",)).exit_code == replace(run, stopped=("x",)).exit_code == 4


@pytest.mark.parametrize(
    ("operations", "no_key", "code"),
    [
        (("createImageToVideo",), None, 0),
        (("createImageToVideo",), "no key: X is not set", 0),
        (("createImageToVideo", "getImageToVideo"), "no key: X is not set", 3),
        (("createImageToVideo", "getImageToVideo"), None, 3),
    ],
)
def test_what_needs_no_key_is_judged_without_one(operations: tuple[str, ...], no_key: str | None, code: int) -> None:
    plan = make_plan(load("cometapi"), "http://x", operations=operations, no_key=no_key)
    run = Run(NOON, "1", (plan,), (finding("auth.required", level=1),), {}, ("down",))
    assert run.exit_code == code


def days(path: Path, *reasons_of_runs: str) -> list[Finding]:
    """Return the findings of runs on days that follow each other."""
    settled = []
    for number, reason in enumerate(reasons_of_runs):
        history = History.read(path)
        settled.append(history.settle(finding(reason, at=NOON + number * DAY)))
        history.add(settled[-1:])
    return settled


FLIPS = [
    # what each run says, the verdict that stands after it, and whether that waits (w) or has changed (c)
    ("uu", "up up", "--"),
    ("ud", "up up", "-w"),
    ("udd", "up up down", "-wc"),
    ("uddd", "up up down down", "-wc-"),
    ("udu", "up up up", "-w-"),
    ("ududu", "up up up up up", "-w-w-"),
    ("udduu", "up up down down up", "-wcwc"),
    ("udxd", "up up up down", "-wwc"),
    ("uxu", "up up up", "-w-"),
    ("uxx", "up up unknown", "-wc"),
    ("uxxu", "up up unknown up", "-wcc"),
    ("xu", "unknown unknown", "-w"),
    ("xuu", "unknown unknown up", "-wc"),
    ("dd", "down down", "--"),
]
LETTERS = {"u": ALIVE, "d": MISSING, "x": UNCLEAR}


@pytest.mark.parametrize(("runs", "verdicts", "marks"), FLIPS)
def test_a_flip_counts_when_two_runs_agree(tmp_path: Path, runs: str, verdicts: str, marks: str) -> None:
    settled = days(tmp_path / "history", *(LETTERS[each] for each in runs))
    assert " ".join(each.verdict for each in settled) == verdicts
    assert "".join("w" if each.pending else "c" if each.changed else "-" for each in settled) == marks
    assert [each.raw_reason for each in settled] == [LETTERS[each] for each in runs]
    assert [each.first for each in settled] == [True] + [False] * (len(runs) - 1)


@given(st.text("ud", min_size=2, max_size=12))
def test_no_single_run_changes_what_stands(tmp_path_factory: pytest.TempPathFactory, runs: str) -> None:
    settled = days(tmp_path_factory.mktemp("history") / "file", *(LETTERS[each] for each in runs))
    for number, (before, after) in enumerate(itertools.pairwise(settled), 1):
        if after.verdict != before.verdict:
            assert runs[number] == runs[number - 1]


def test_without_a_history_what_was_seen_stands_and_is_marked_first() -> None:
    settled = History().settle(finding(MISSING))
    assert (settled.verdict, settled.first, settled.pending) == ("down", True, False)


def test_a_history_is_of_one_place_only(tmp_path: Path) -> None:
    days(tmp_path / "history", ALIVE, ALIVE)
    history = History.read(tmp_path / "history")
    other: list[dict[str, Any]] = [{"base_url": "http://y"}, {"level": 3}, {"provider": "kling"}, {"operation": "x"}]
    for changes in other:
        assert history.settle(finding(MISSING, **changes)).first


def apply(document: dict[str, Any], says: dict[str, Any]) -> dict[str, Any]:
    """Apply an overlay: each action's object is updated, or taken away."""
    changed = copy.deepcopy(document)
    for action in says["actions"]:
        path, method, rest = re.fullmatch(r"\$\.paths\['(.*?)'\]\.(\w+)(.*)", action["target"]).groups()  # type: ignore[union-attr]
        keys = re.findall(r"\['(.*?)'\]|\.(\w+)", rest)
        way: list[str] = ["paths", path, method, *(quoted or plain for quoted, plain in keys)]
        last = way.pop()
        parent = changed
        for key in way:
            parent = parent[key]
        if action.get("remove"):
            parent.pop(last, None)
        else:
            parent[last].update(action["update"])
    return changed


def updated(name: str, says: dict[str, Any], folder_of_test: Path) -> Any:
    """Return the provider of a bundled document with an overlay applied."""
    document = yaml.safe_load((folder() / f"{name}.yaml").read_text(encoding="utf-8"))
    (folder_of_test / "common.yaml").write_bytes((folder() / "common.yaml").read_bytes())
    file = folder_of_test / f"{name}.yaml"
    file.write_text(json.dumps(apply(document, says)), encoding="utf-8")
    return load(file)


@pytest.mark.parametrize(
    ("name", "reason"), [("cometapi", MISSING), ("cometapi", ALIVE), ("kling", MISSING), ("cometapi", "latency.slow")]
)
def test_with_the_overlay_applied_the_drift_is_gone(name: str, reason: str, tmp_path: Path) -> None:
    provider = load(name)
    seen = [stand(finding(reason, each.id, provider=name), each, 90) for each in provider.operations.values()]
    drifted = {each.operation for each in seen if each.standing == "drift"}
    says = overlay(provider, seen)
    assert drifted
    assert says is not None
    json.dumps(says)
    assert says["overlay"] == "1.0.0"
    after = updated(name, says, tmp_path)
    for each in seen:
        again = stand(replace(each, standing="undocumented"), after.operation(each.operation or ""), 90)
        assert again.standing != "drift"
        if each.operation in drifted:
            assert (again.standing, again.observed) == ("documented", "2026-11-21")
    assert overlay(after, [stand(each, after.operation(each.operation or ""), 90) for each in seen]) is None


def test_a_route_found_missing_is_answered_by_the_mock_of_the_new_document(tmp_path: Path) -> None:
    provider = load("kling")
    create = provider.operation("createImageToVideo")
    says = overlay(provider, [stand(finding(MISSING, provider="kling"), create, 90)])
    assert says is not None
    after = updated("kling", says, tmp_path)
    assert after.closed(after.operation("createImageToVideo")) == provider.closed(create)


def test_nothing_drifted_has_no_overlay() -> None:
    provider = load("cometapi")
    create = provider.operation("createImageToVideo")
    assert overlay(provider, []) is None
    assert overlay(provider, [stand(finding(ALIVE), create, 90)]) is None
    assert overlay(load("kling"), [stand(finding(MISSING), create, 90)]) is None


def test_a_level_that_sees_more_of_a_route_is_believed() -> None:
    provider = load("cometapi")
    closed = provider.operation("createImageExpansion")
    asked = finding("auth.required", closed.id)
    refused, unclear = (finding(reason, closed.id, level=3) for reason in (MISSING, UNCLEAR))
    assert overlay(provider, [stand(each, closed, 90) for each in (asked, refused)]) is None
    assert overlay(provider, [stand(each, closed, 90) for each in (refused, asked)]) is None
    assert overlay(provider, [stand(each, closed, 90) for each in (asked, unclear)]) is not None


def test_what_the_next_run_must_confirm_is_in_no_overlay(tmp_path: Path) -> None:
    provider = load("cometapi")
    create = provider.operation("createImageToVideo")
    settled = [stand(each, create, 90) for each in days(tmp_path / "history", MISSING, MISSING, ALIVE)]
    assert [each.standing for each in settled] == ["drift"] * 3
    assert [overlay(provider, [each]) is None for each in settled] == [False, False, True]


def test_an_overlay_is_of_the_day_on_which_it_was_seen() -> None:
    provider = load("cometapi")
    create = provider.operation("createImageToVideo")
    says = overlay(provider, [stand(finding(MISSING, at=NOON + DAY), create, 90)])
    assert says is not None
    assert says["info"]["version"] == iso(NOON + DAY)[:10] == "2026-11-22"
