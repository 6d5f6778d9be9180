"""What a test arms in a session: scenarios, faults, limits, and which routes are served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from mock_server.admin.asking import Wrong, accepts
from mock_server.callbacks.modes import MODES
from mock_server.faults import catalogue, fault_named
from mock_server.limits import Rates
from mock_server.outcomes import scenario_named
from mock_server.wishes import NOTHING, BadWish, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kling_contract.documents import Provider
    from mock_server.admin.asking import Ask, Handlers
    from mock_server.arming import Armed

Times = Annotated[int, Meta(ge=1, le=1_000_000)]
Probability = Annotated[float, Meta(gt=0, le=1)]
Delay = Annotated[float, Meta(ge=0, le=1e8)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Name = Annotated[str, Meta(max_length=500)]


class ScenarioBody(Struct, forbid_unknown_fields=True):
    """{"operation": an operationId or null for any, "scenario": a name, "times": 1 or more or null for ever,
    "probability": above 0 to 1, "delay": seconds or a list of them, "polls": 1 to 1000,
    "pace": "least|typical|most|spread", "callbacks": "ordered|duplicated|reordered|late|lost|terminal|early|slow"};
    without operation and times, the default of the session.
    """

    operation: Name | None = None
    scenario: Name | None = None
    times: Times | UnsetType | None = UNSET
    probability: Probability = 1.0
    delay: Delay | Annotated[list[Delay], Meta(min_length=1, max_length=10)] | None = None
    polls: Annotated[int, Meta(ge=1, le=1000)] | None = None
    pace: Literal["least", "typical", "most", "spread"] | None = None
    callbacks: Literal["ordered", "duplicated", "reordered", "late", "lost", "terminal", "early", "slow"] | None = None


class FaultBody(Struct, forbid_unknown_fields=True):
    """{"operation": an operationId or null for any, "fault": a text that GET faults explains,
    "times": 1 or more or null for ever, "probability": above 0 to 1}; fault is needed, times is 1 unless given.
    """

    fault: Name
    operation: Name | None = None
    times: Times | None = 1
    probability: Probability = 1.0


class LimitsBody(Struct, forbid_unknown_fields=True):
    """{"tasks": {"image": slots, "video": slots}, "balance": billing units, "per_second": requests}, each optional;
    null lifts a limit, and what is absent stays.
    """

    tasks: dict[Literal["image", "video"], Count] | UnsetType | None = UNSET
    balance: Annotated[float, Meta(ge=0, le=1000000000000.0)] | UnsetType | None = UNSET
    per_second: Count | UnsetType | None = UNSET


class AvailabilityBody(Struct, forbid_unknown_fields=True):
    """{"operation": an operationId, "state": "open|closed"}."""

    operation: Name
    state: Literal["open", "closed"]


def scenarios(ask: Ask) -> Any:
    """Return the scenarios there are, those armed, and the session's default."""
    known = ask.provider.scenarios.values()
    names = ("name", "summary", "ends", "pace", "reason")
    return {
        "scenarios": [{name: getattr(each, name) for name in names} for each in known],
        "armed": [_armed(each, _wish(each.thing)) for each in ask.session.armed.listed()],
        "default": _wish(ask.session.wish),
        "callbacks": [{"name": name, "summary": summary} for name, summary in MODES.items()],
    }


def arm_scenario(ask: Ask) -> Any:
    """Arm a scenario for the next creates, or make it the session's default."""
    body, session = ask.body(ScenarioBody), ask.session
    delay = body.delay if isinstance(body.delay, list) else None if body.delay is None else [body.delay]
    wish = Wish(body.scenario, None if delay is None else tuple(delay), body.polls, body.pace, body.callbacks)
    if wish == NOTHING:
        raise Wrong("nothing is asked for", accepts(ScenarioBody))
    if body.scenario is not None:
        _asked(ask, lambda provider: scenario_named(provider, str(body.scenario)))
    if body.operation is not None and ask.operation(body.operation).kind != "create":
        raise Wrong(f"{body.operation} creates no task", "an operation that does")
    if body.operation is None and body.times in (None, UNSET):
        session.wish = wish
        return {"default": _wish(wish)}
    times = 1 if isinstance(body.times, UnsetType) else body.times
    armed = session.armed.arm(wish, body.operation, times, body.probability)
    return _armed(armed, _wish(wish))


def disarm_scenarios(ask: Ask) -> Any:
    """Disarm every scenario, and forget the session's default."""
    ask.session.wish = NOTHING
    return {"disarmed": ask.session.armed.clear()}


def faults(ask: Ask) -> Any:
    """Return the faults there are, and those armed."""
    known = [{"name": name, "summary": summary} for name, summary in catalogue(ask.provider)]
    armed = [_armed(each, {"fault": each.thing.name}) for each in ask.session.faults.listed()]
    return {"faults": known, "armed": armed}


def arm_fault(ask: Ask) -> Any:
    """Arm a fault for the next requests."""
    body = ask.body(FaultBody)
    if body.operation is not None:
        ask.operation(body.operation)
    fault = _asked(ask, lambda provider: fault_named(body.fault, provider))
    armed = ask.session.faults.arm(fault, body.operation, body.times, body.probability)
    return _armed(armed, {"fault": fault.name})


def disarm_faults(ask: Ask) -> Any:
    """Disarm every fault."""
    return {"disarmed": ask.session.faults.clear()}


def limits(ask: Ask) -> Any:
    """Return the limits of the session; null is none."""
    rates = ask.session.limits.rates
    return {"tasks": rates.tasks or None, "balance": rates.balance, "per_second": rates.per_second}


def set_limits(ask: Ask) -> Any:
    """Set limits; those that the body does not name stay."""
    body, held = ask.body(LimitsBody), ask.session.limits
    if not isinstance(body.balance, UnsetType):
        held.refill()
    tasks: Mapping[Any, int] | None = held.rates.tasks if isinstance(body.tasks, UnsetType) else body.tasks
    held.rates = Rates(
        tasks,
        held.rates.balance if isinstance(body.balance, UnsetType) else body.balance,
        held.rates.per_second if isinstance(body.per_second, UnsetType) else body.per_second,
    )
    return limits(ask)


def availability(ask: Ask) -> Any:
    """Return of each operation of the root's provider whether it is served here, and what is documented."""
    found = ask.provider.operations.values()
    return {
        "operations": [
            {
                "operation": each.id,
                "state": "open" if ask.session.is_open(each) else "closed",
                "documented": each.availability.state,
            }
            for each in found
        ]
    }


def set_availability(ask: Ask) -> Any:
    """Open or close a route in this session."""
    body = ask.body(AvailabilityBody)
    ask.session.open[ask.operation(body.operation).id] = body.state == "open"
    return {"operation": body.operation, "state": body.state}


def _asked(ask: Ask, find: Callable[[Provider], Any]) -> Any:
    """Return what the root's provider finds, else what another one does. Raises `Wrong` in the words of the root's."""
    first: BadWish | None = None
    for provider in ask.addresses.every_provider():
        try:
            return find(provider)
        except BadWish as error:
            first = first or error
    raise Wrong(str(first), first.accepted if first else "") from None


def _armed(armed: Armed[Any], thing: dict[str, Any]) -> dict[str, Any]:
    return {"operation": armed.operation, **thing, "times": armed.times, "probability": armed.probability}


def _wish(wish: Wish) -> dict[str, Any]:
    delay = None if wish.delay is None else list(wish.delay)
    more = {"polls": wish.polls, "pace": wish.pace, "callbacks": wish.callbacks}
    return {"scenario": wish.scenario, "delay": delay, **more}


ROUTES: Handlers = {
    "scenarios": {"GET": scenarios, "POST": arm_scenario, "DELETE": disarm_scenarios},
    "faults": {"GET": faults, "POST": arm_fault, "DELETE": disarm_faults},
    "limits": {"GET": limits, "POST": set_limits},
    "availability": {"GET": availability, "POST": set_availability},
}
