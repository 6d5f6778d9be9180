"""The clock of a session, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct

from mock_server.admin.asking import Wrong, accepts
from mock_server.clocks import ClockError
from mock_server.events import Busy

if TYPE_CHECKING:
    from mock_server.admin.asking import Ask, Handlers, Steps

_LAST = 253_402_300_799_000  # the last second of the year 9999, in Unix ms

Milliseconds = Annotated[int, Meta(ge=0, le=_LAST)]
Seconds = Annotated[float, Meta(ge=0, le=1e10)]
Speed = Annotated[float, Meta(gt=0, le=1e6)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class ClockBody(Struct, forbid_unknown_fields=True):
    """{"mode": "real|frozen|auto", "now": Unix ms, "speed": above 0 to 1000000, "seed": an integer}, each optional."""

    mode: Literal["real", "frozen", "auto"] | None = None
    now: Milliseconds | None = None
    speed: Speed | None = None
    seed: Seed | None = None


class AdvanceBody(Struct, forbid_unknown_fields=True):
    """{"seconds": 0 to 10000000000}."""

    seconds: Seconds


def show(ask: Ask) -> Any:
    """Return how time passes in the session."""
    clock = ask.session.clock
    return {"mode": clock.mode, "now": clock.now(), "speed": clock.speed, "seed": ask.session.seed}


def change(ask: Ask) -> Steps[Any]:
    """Change how time passes; what becomes due by a later `now` happens first."""
    body, session = ask.body(ClockBody), ask.session
    if body.seed is not None and body.seed != session.seed and len(session.store):
        raise Wrong("the session has tasks already, whose ids its seed decided", "a seed after a reset", 409)
    try:
        yield from session.setting_clock(mode=body.mode, now=body.now, speed=body.speed)
    except ClockError as error:
        raise Wrong(str(error), accepts(ClockBody)) from None
    except Busy as error:
        raise _busy(error) from None
    if body.seed is not None and body.seed != session.seed:
        ask.sessions.reseed(session, body.seed)
    return show(ask)


def advance(ask: Ask) -> Steps[Any]:
    """Let time pass; return what it is then, and how many events happened on the way, once callbacks are delivered."""
    body, session = ask.body(AdvanceBody), ask.session
    until = session.clock.now() + round(body.seconds * 1000)
    if until > _LAST:
        raise Wrong("that is beyond the year 9999", accepts(AdvanceBody))
    try:
        events = yield from session.advancing(body.seconds)
    except Busy as error:
        raise _busy(error) from None
    return {"now": session.clock.now(), "events": events}


def _busy(error: Busy) -> Wrong:
    return Wrong(str(error), "one advance of a session at a time", 409)


ROUTES: Handlers = {"clock": {"GET": show, "POST": change}, "clock/advance": {"POST": advance}}
