"""Every error that a server answers is held against the contract, whichever check asked for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from breaking import Ask, Call, Fault, Memory, Reply, broken

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from edited_tiny import edited

from kling_contract.documents import Provider
from kling_contract.verify.conformance import Settings, verify

GONE = {"ok": False, "fault": {"kind": "lost", "text": "no such thing"}, "trace": "$request_id"}


@pytest.fixture
def strict(tmp_path: Path) -> Provider:
    """A provider whose errors all have a trace, with a closed route, and pages for paths that are not there."""
    return edited(
        tmp_path,
        (("components", "schemas", "Fault", "required"), ["ok", "fault", "trace"]),
        (("info", "x-errors", "route.unknown"), {"status": 404, "means": "route-missing", "body": GONE}),
        (("info", "x-errors", "route.closed"), {"status": 451, "means": "route-missing", "body": GONE}),
        (
            ("paths", "/make/poster", "post", "x-availability"),
            {"state": "unavailable", "observed": "2026-01-02", "reply": "route.closed"},
        ),
    )


def leaving_out(status: int) -> Any:
    """Leave the trace out of the errors of a status."""

    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        reply = ask(call)
        if reply.status != status:
            return reply
        return reply.saying({name: value for name, value in reply.json.items() if name != "trace"})

    return change


@pytest.mark.parametrize(
    ("status", "operation"),
    [
        pytest.param(403, "getPoster", id="without credentials"),
        pytest.param(410, "getPoster", id="a task that is not there"),
        pytest.param(404, "getPoster", id="a path that is not there"),
        pytest.param(451, "createPoster", id="a closed route"),
        pytest.param(409, "createImageToVideo", id="an id that comes twice"),
        pytest.param(422, "createImageToVideo", id="a body that is refused"),
        pytest.param(0, "createImageToVideo", id="nothing is left out"),
    ],
)
def test_an_error_that_lacks_what_its_schema_requires_is_named(strict: Provider, status: int, operation: str) -> None:
    with broken(Fault("leaves out", "", leaving_out(status), provider=str(strict.file))) as url:
        found = verify(strict, url, Settings(poll=0, examples=1, lives=1, operations=(operation,))).failures
    told = {(each.check, each.operation) for each in found if f"HTTP {status}: /trace" in each.message}
    assert (("answer.contract", operation) in told) is bool(status)
    assert {each.check for each in found} <= {"answer.contract"}
