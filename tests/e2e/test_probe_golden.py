"""The mock as every provider in every state, and what a probe says of each: `golden/probe/*.txt`, to be read.

`GOLDEN=write python -m pytest tests/e2e/test_probe_golden.py` writes the files anew; look at the difference.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bridge import Moving
from probed import connected

from kling_contract import load
from kling_contract.auth import KeyCredential
from kling_contract.probe import History, Manner, Target, make_plan, probe
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.reports.text import plan_text, render
from mock_server.app import Mock
from mock_server.faults import fault_named
from mock_server.inprocess import MockTransport
from mock_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.documents import Provider
    from kling_contract.probe import Plan, Run

GOLDEN = Path(__file__).parent / "golden" / "probe"
URL = "http://mock.test"
NOON = 1_795_262_400.0  # 2026-11-21, 12:00 UTC
TIMEOUT = 10.0  # seconds
KEY = "sk-0123456789"
TINY = str(Path(__file__).parents[1] / "documents" / "tiny.yaml")
CLIP = ("createImageToVideo", "getImageToVideo")
LIST = "listImageToVideos"
EXPANSION = ("createImageExpansion", "getImageExpansion")


PAGE = "<!doctype html><html><title>Welcome</title></html>"
NULL_404 = {"code": None, "message": "404"}
NO_ROUTE = {"code": 1203, "message": "The requested resource does not exist", "request_id": "r"}
INVALID_URL = {"error": {"message": "Invalid URL (POST /x)", "type": "invalid_request_error", "code": ""}}
TOO_OFTEN = {"code": 1302, "message": "too frequent", "request_id": "r"}
BROKEN = {"code": 5000, "message": "Internal server error", "request_id": "r"}
NO_TASK = {"code": 1201, "message": "Task not found by id/external id: 000000000000000000", "request_id": "r"}


@dataclass(frozen=True)
class Said:
    """An answer in place of the mock's; a body that is no text is sent as JSON. None at all: the connection breaks."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.12

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.body is None:
            raise httpx.ReadError("connection reset by peer", request=request)
        if isinstance(self.body, str):
            return httpx.Response(self.status, headers={"content-type": "text/html", **self.headers}, text=self.body)
        return httpx.Response(self.status, headers=self.headers, json=self.body)


@dataclass(frozen=True)
class State:
    """A provider, what a probe is to look at, and what is the matter.

    `gone` is what creates and queries of clips are answered, whoever asks, and `query` what queries are. `rows` are
    faults of the mock for who has a key, and `shut` routes that it answers as those that are not served.
    """

    provider: str = "cometapi"
    level: int = 2
    operations: tuple[str, ...] = CLIP
    gone: Said | None = None
    query: Said | None = None
    rows: Mapping[str, str] = field(default_factory=dict)
    shut: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = KEY
    fail_on: tuple[str, ...] = ("down",)


def asked_for(row: str) -> dict[str, str]:
    return dict.fromkeys(CLIP, row)


OPENED = {"opened": frozenset(EXPANSION)}
OTHER_KEY = {"keys": frozenset({"another"})}
STATES = {
    "healthy-cometapi": State(operations=()),
    "healthy-kling": State("kling", level=4, operations=()),
    "healthy-anyapi": State("anyapi", operations=()),
    "healthy-own-document": State(TINY, level=4, operations=()),
    "healthy-with-our-key": State(level=3),
    "without-a-key": State(key=None, operations=()),
    "closed-page": State(gone=Said(200, PAGE)),
    "closed-redirect": State(gone=Said(301, "", {"location": "https://www.example.com/"})),
    "closed-null-404": State(shut=CLIP),
    "closed-null-404-in-200": State(gone=Said(200, NULL_404)),
    "closed-404-1203": State("kling", rows=asked_for("route.unknown")),
    "closed-to-creates-1203": State("kling", gone=Said(404, NO_ROUTE)),
    "closed-invalid-url": State(gone=Said(404, INVALID_URL)),
    "open-though-documented-closed": State(settings=OPENED, operations=EXPANSION),
    "open-fails-on-drift": State(settings=OPENED, operations=EXPANSION, fail_on=("drift",)),
    "wrong-key": State("kling", settings=OTHER_KEY, operations=()),
    "wrong-key-cometapi": State(settings=OTHER_KEY, fail_on=("unknown",), operations=()),
    "no-balance": State("kling", rows=asked_for("account.balance")),
    "arrears": State("kling", rows=asked_for("account.arrears")),
    "rate-limited": State("kling", level=4, gone=Said(429, TOO_OFTEN, {"retry-after": "60"})),
    "too-many-at-once": State("kling", rows=asked_for("rate.concurrency")),
    "not-allowed": State("kling", rows=asked_for("account.forbidden")),
    "model-missing": State(level=3, rows={"createImageToVideo": "model.missing"}),
    "gateway": State(gone=Said(403, PAGE)),
    "slow": State(rows=asked_for("latency=7")),
    "no-answer": State(gone=Said(200, {}, seconds=60)),
    "reset": State(gone=Said()),
    "server-error": State("kling", gone=Said(500, BROKEN)),
    "bad-gateway": State(gone=Said(502, PAGE)),
    "server-unavailable": State("kling", rows=asked_for("server.unavailable")),
    "no-json": State("kling", query=Said(400, '{"code": 1201, "mess', {"content-type": "application/json"})),
    "drifted-error": State("kling", query=Said(400, {"code": 1201, "msg": NO_TASK["message"]})),
    "drifted-list": State(
        "kling", level=4, rows={"listImageToVideos": "mistyped-field=/data"}, operations=(*CLIP, "listImageToVideos")
    ),
    "accepts-everything": State(level=3, settings={"lenient": True}),
}


class Timed(httpx.BaseTransport):
    """The mock in this process, whose answers take time on the clock of the test."""

    def __init__(self, state: State, clock: Moving) -> None:
        self._state, self._clock = state, clock
        self._mock = MockTransport(served(state), wall=clock)
        paths = {name: load(state.provider).operations.get(name) for name in CLIP}
        self._create, self._get = (each.path.partition("{")[0] if each else "" for each in paths.values())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        said = self._said(request.url.path)
        seconds = said.seconds if said else 0.12
        self._clock.time += min(seconds, TIMEOUT)
        if seconds > TIMEOUT:
            raise httpx.ReadTimeout("timed out", request=request)
        return said.answer(request) if said else self._mock.handle_request(request)

    def _said(self, path: str) -> Said | None:
        if path.startswith(self._get) and not path.endswith("no-such-path"):
            return self._state.query or self._state.gone
        return self._state.gone if path == self._create else None


def loaded(name: str) -> Provider:
    """Return a provider without the digest of its document, which changes with every word of it."""
    return replace(load(name), digest="digest")


def planned(state: State) -> Plan:
    no_key = None if state.key else "no key: COMETAPI_KEY is not set"
    provider = loaded(state.provider)
    return make_plan(provider, URL, level=state.level, operations=state.operations, no_key=no_key)


def served(state: State) -> Mock:
    """Return a mock that is in this state."""
    settings = Settings(provider=loaded(state.provider), clock="frozen", epoch=int(NOON * 1000), **state.settings)
    mock = Mock(settings)
    session = mock.sessions.get("default")
    for name in state.shut:
        session.open[name] = False
    for operation, fault in state.rows.items():
        session.faults.arm(fault_named(fault, mock.addresses.root.provider), operation, times=None)
    return mock


def probed(state: State, clock: Moving | None = None, history: History | None = None) -> Run:
    clock = clock or Moving(NOON)
    manner = Manner(clock=clock, stopwatch=clock.now, timeout=TIMEOUT)
    credential = KeyCredential(state.key) if state.key else None
    target = Target(planned(state), credential, Secrets({"$COMETAPI_KEY": state.key or ""}))
    options: dict[str, Any] = {"manner": manner, "transport": Timed(state, clock), "connect": connected}
    return probe([target], fail_on=state.fail_on, history=history, **options)


def told(run: Run) -> str:
    return f"{render(run)}exit {run.exit_code}\n"


def hold(name: str, text: str) -> None:
    """Hold a text against its file, or write it where that is asked for."""
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text.splitlines() == file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", STATES)
def test_what_is_said_of_a_provider_in_this_state(name: str) -> None:
    hold(name, told(probed(STATES[name])))


@pytest.mark.parametrize("name", STATES)
def test_it_is_said_again_in_the_same_words(name: str) -> None:
    assert told(probed(STATES[name])) == told(probed(STATES[name]))


def test_a_route_that_vanishes_and_what_is_said_in_five_runs(tmp_path: Path) -> None:
    clock, alive, gone = Moving(NOON), State(), STATES["closed-null-404"]
    days: list[str] = []
    for state in (alive, gone, gone, alive, alive):
        history = History.read(tmp_path / "history.ndjson")
        run = probed(state, clock, history)
        history.add(run.findings)
        days.append(f"day {len(days) + 1}\n\n{told(run)}")
        clock.time += 86_400
    hold("five-days", "\n".join(days))


@pytest.mark.parametrize("name", ["cometapi", "kling", "anyapi"])
def test_what_would_be_sent_is_shown(name: str) -> None:
    creates = () if name == "kling" else tuple(load(name).operations)
    hold(f"plan-{name}", plan_text([planned(State(name, level=4, operations=creates))]))


def test_every_file_belongs_to_a_state() -> None:
    extra = {"five-days", *(f"plan-{name}" for name in ("cometapi", "kling", "anyapi"))}
    assert {file.stem for file in GOLDEN.iterdir()} == {*STATES, *extra}
