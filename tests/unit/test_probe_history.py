"""The history: what two runs agree on, and a file that survives what happens to files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probed import DAY, NOW, finding, findings

from kling_contract.probe import Finding, History
from kling_contract.probe.tables import reasons

UP, UP_TOO, SLOW, DOWN, DOWN_TOO = "route.alive", "auth.required", "latency.slow", "route.missing", "server.error"
DENIED = "auth.rejected"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "probe.ndjson"


def after(path: Path, *told: str) -> Finding:
    """Return what stands after runs that each told a reason, the file being read anew by each."""
    settled = finding(UP)
    for number, reason in enumerate(told):
        history = History.read(path)
        settled = history.settle(finding(reason, first=True, at=NOW + number * DAY))
        history.add([settled])
    return settled


def test_without_a_history_the_raw_verdict_stands(path: Path) -> None:
    first = after(path, DOWN)
    assert (first.verdict, first.first, first.pending, first.changed) == ("down", True, False, False)
    assert History.read(None).settle(first) == first


def test_a_flip_waits_for_the_next_run_and_keeps_what_was_seen(path: Path) -> None:
    flip = after(path, UP, DOWN)
    assert (flip.verdict, flip.reason, flip.pending, flip.changed) == ("up", UP, True, False)
    assert (flip.raw_verdict, flip.raw_reason, flip.raw_detail) == ("down", DOWN, "HTTP 400, code 1201")
    assert History.read(path).entries[-1].raw_reason == DOWN


AGREED: list[tuple[tuple[str, ...], str, bool, bool]] = [
    ((UP, UP), UP, False, False),
    ((UP, DOWN), UP, True, False),
    ((UP, DOWN, DOWN), DOWN, False, True),
    ((UP, DOWN, DOWN, DOWN), DOWN, False, False),
    ((UP, DOWN, UP), UP, False, False),
    ((UP, DOWN, UP, DOWN), UP, True, False),
    ((DOWN, UP), DOWN, True, False),
    ((DOWN, UP, UP), UP, False, True),
    # Another reason of the same verdict is no flip, and is told at once.
    ((UP, UP_TOO), UP_TOO, False, False),
    ((DOWN, DOWN_TOO), DOWN_TOO, False, False),
    ((UP, DOWN, DOWN_TOO), DOWN_TOO, False, True),
    # Two runs must agree with each other, not merely differ from what stood.
    ((UP, DOWN, SLOW), UP, True, False),
    ((UP, DOWN, SLOW, SLOW), SLOW, False, True),
    # What could not be judged is no voice against what was.
    ((UP, DENIED), UP, True, False),
    ((UP, DENIED, UP), UP, False, False),
    ((UP, DENIED, DOWN), UP, True, False),
    ((UP, DOWN, DENIED), UP, True, False),
    ((UP, DOWN, DENIED, DOWN), DOWN, False, True),
    ((UP, DENIED, DENIED), DENIED, False, True),
    ((UP, DENIED, DENIED, UP), UP, False, True),
    ((UP, DENIED, DENIED, DOWN), DENIED, True, False),
    ((UP, DENIED, DENIED, DOWN, DOWN), DOWN, False, True),
    ((DENIED, DOWN), DENIED, True, False),
    ((DENIED, DOWN, DOWN), DOWN, False, True),
]


@pytest.mark.parametrize(("told", "reason", "pending", "changed"), AGREED, ids=lambda each: str(each)[:60])
def test_what_two_runs_agree_on(path: Path, told: tuple[str, ...], reason: str, pending: bool, changed: bool) -> None:
    settled = after(path, *told)
    assert (settled.reason, settled.pending, settled.changed) == (reason, pending, changed)
    assert settled.first is False


@given(st.lists(st.sampled_from([UP, SLOW, DOWN, DENIED]), min_size=1, max_size=12))
def test_no_verdict_stands_that_one_run_alone_has_told(told: list[str]) -> None:
    history = History()
    stood: list[str] = []
    for reason in told:
        settled = history.settle(finding(reason))
        stood.append(settled.verdict)
        entry = {"key": settled.key, **settled.as_dict()}
        history.entries.append(read_line(entry))
    for number, verdict in enumerate(stood[1:], 1):
        if verdict != stood[number - 1]:
            assert [reasons()[each].verdict for each in told[: number + 1]].count(verdict) >= 2


def read_line(says: dict[str, Any]) -> Any:
    from kling_contract.probe.history import _entry

    return _entry(1, json.dumps(says).encode())


def test_findings_of_another_host_level_operation_or_provider_are_others(path: Path) -> None:
    History(path).add([finding(UP)])
    history = History.read(path)
    for change in ({"base_url": "http://x"}, {"level": 1}, {"operation": "other"}, {"provider": "kling"}):
        assert history.settle(finding(DOWN, **change)).verdict == "down"
    assert history.settle(finding(DOWN)).pending


BROKEN = [
    b"",
    b"   ",
    b"{",
    b"null",
    b"[]",
    b'"key"',
    b"\xff\xfe",
    b"\0" * 20,
    b'{"key": "k"}',
    b"[" * 100_000,
    b"9" * 5000,
    b'{"key": "\xff"}',
]


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: repr(line[:12]))
def test_a_line_that_cannot_be_read_is_let_be_and_named(path: Path, line: bytes) -> None:
    History(path).add([finding(UP)])
    good = path.read_bytes()
    path.write_bytes(good + line + b"\n" + good)
    history = History.read(path)
    assert [each.line for each in history.entries] == [1, 3]
    assert history.notes == ([f"{path}:2: no finding that can be read; the line is let be"] if line.strip() else [])
    history.add([finding(DOWN)])
    assert path.read_bytes().startswith(good + line + b"\n" + good), "what cannot be read is kept"


WRONG = {
    "key": [None, 1],
    "provider": [None, []],
    "reason": [None, "nonsense", {}, 3],
    "raw": [None, {}, {"reason": "nonsense"}, {"reason": 1}],
    "at": [None, 5, "yesterday", "2026-11-21", "2026-11-21T06:00:00", "1969-12-31T00:00:00Z", "0001-01-01T00:00:00+14"],
    "ms": ["12", -1, 1.5, 10**30],
    "level": ["2", -1, 6],
    "detail": [None, 5],
}


@pytest.mark.parametrize(("name", "value"), [(name, each) for name, many in WRONG.items() for each in many])
def test_a_line_with_a_wrong_value_is_no_finding(name: str, value: Any) -> None:
    says = {"key": "k", **finding(UP).as_dict()}
    assert read_line(says) is not None
    assert read_line({**says, name: value}) is None


def test_lines_of_other_versions_may_say_more_or_less() -> None:
    says = {"key": "k", **finding(UP).as_dict(), "news": 1}
    for name in ("operation", "detail", "ms", "standing", "documented", "status", "first"):
        del says[name]
    assert read_line(says).reason == UP


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_last_line_that_was_cut_off_does_not_spoil_the_next(path: Path, cut: int) -> None:
    History(path).add([finding(UP), finding(UP, operation="other")])
    path.write_bytes(path.read_bytes()[:-cut])
    History(path).add([finding(DOWN)])
    history = History.read(path)
    # Of a line that only lacks its end, everything can be read.
    whole = cut == 1
    assert [each.reason for each in history.entries] == ([UP, UP, DOWN] if whole else [UP, DOWN])
    assert len(history.notes) == (0 if whole else 1)


def test_nothing_to_add_leaves_the_file_alone(path: Path) -> None:
    History(path).add([])
    assert not path.exists()
    History().add([finding()])


def test_what_cannot_be_read_at_all_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        History.read(tmp_path)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_not_read_for_ever(device: str) -> None:
    with pytest.raises(OSError, match="no file that lines can be read from") as caught:
        History.read(Path(device))
    assert caught.value.filename == device


def test_two_processes_add_at_once_without_mixing_their_lines(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from probed import finding;"
        "from kling_contract.probe import History; many = [finding(detail=sys.argv[3] * 300)] * 20;"
        "sys.stdin.readline(); [History(Path(sys.argv[2])).add(many) for _ in range(15)]"
    )
    tests = str(Path(__file__).parents[1])
    commands = [[sys.executable, "-c", code, tests, str(path), letter] for letter in "abc"]
    processes = [subprocess.Popen(each, stdin=subprocess.PIPE) for each in commands]
    for each in processes:
        assert each.stdin is not None
        each.stdin.write(b"go\n")
        each.stdin.flush()
    for each in processes:
        each.communicate()
        assert each.returncode == 0
    history = History.read(path)
    assert (len(history.entries), history.notes) == (3 * 20 * 15, [])
    # Each run's lines stand beside each other.
    letters = [entry.detail[0] for entry in history.entries]
    assert all(len(set(letters[at : at + 20])) == 1 for at in range(0, len(letters), 20))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(findings, max_size=4))
def test_whatever_is_added_is_read_again(tmp_path: Path, many: list[Finding]) -> None:
    path = tmp_path / "any.ndjson"
    path.unlink(missing_ok=True)
    History(path).add(many)
    history = History.read(path)
    assert history.notes == []
    assert [(each.key, each.reason, each.raw_reason, each.at, each.ms, each.level) for each in history.entries] == [
        (each.key, each.reason, each.raw_reason, int(each.at), each.ms, each.level) for each in many
    ]


def test_a_lone_surrogate_is_written_all_the_same(path: Path) -> None:
    History(path).add([finding(UP, detail="\ud800")])
    assert path.read_bytes().endswith(b"\n")
    json.loads(path.read_bytes())


def test_a_detail_of_the_file_moves_no_terminal(path: Path) -> None:
    History(path).add([finding(UP, detail="\x1b[2J")])
    settled = History.read(path).settle(replace(finding(DOWN)))
    assert settled.detail == "\\x1b[2J"
