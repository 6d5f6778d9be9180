"""How a new task goes: as its request asked, else as was armed, else as its session or the server wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract.wording import did_you_mean
from mock_server.callbacks.modes import ORDERED
from mock_server.lifecycle import Plan, durations, plan, spread_over
from mock_server.wishes import NOTHING, BadWish, Wish, wish_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.documents import Lifecycle, Provider, Scenario
    from mock_server.exchange import Call


class Outcome(msgspec.Struct, frozen=True):
    """What is decided of a task when it is created; `polls` counts on an auto clock, `callbacks` is one of `MODES`."""

    scenario: Scenario
    steps: Plan
    polls: int
    callbacks: str


def outcome_of(call: Call, body: Mapping[str, Any], lifecycle: Lifecycle, default: Wish) -> Outcome:
    """Return how the task of an accepted body goes. Raises `BadWish` for a scenario or a delay there is not."""
    session = call.session
    asked = wish_of(call.exchange.headers.get("prefer"), body)
    _scenario(asked, lifecycle, call)
    # What is armed is used up by a create of which it decides something, and not by one that is refused.
    armed = session.armed.find(call.operation.id, asked.lacks)
    wish = asked.over(armed.thing if armed else NOTHING).over(session.wish).over(default)
    scenario = _scenario(wish, lifecycle, call)
    if armed is not None:
        session.armed.use(armed)
    seconds = _seconds(wish, scenario, lifecycle, call)
    steps = plan(lifecycle, scenario, call.entry.at, seconds)
    return Outcome(scenario, steps, wish.polls or 1, wish.callbacks or ORDERED)


def scenario_named(provider: Provider, name: str) -> Scenario:
    """Return a scenario of the provider's document. Raises `BadWish` naming those there are."""
    if name not in provider.scenarios:
        hint = did_you_mean(name, provider.scenarios)
        raise BadWish(f"no scenario {name!r}" + (f"; {hint}" if hint else ""), ", ".join(provider.scenarios))
    return provider.scenarios[name]


def _scenario(wish: Wish, lifecycle: Lifecycle, call: Call) -> Scenario:
    number = 1 if wish.delay is None else len(wish.delay)
    if number not in (1, len(lifecycle.transitions)):
        steps = "/".join(transition.to for transition in lifecycle.transitions)
        raise BadWish(f"delay of {number} transitions", f"one number, or {len(lifecycle.transitions)}: {steps}")
    return scenario_named(call.provider, "succeed" if wish.scenario is None else wish.scenario)


def _seconds(wish: Wish, scenario: Scenario, lifecycle: Lifecycle, call: Call) -> tuple[float, ...]:
    seconds = durations(lifecycle, wish.pace or scenario.pace, call.session.chance)
    if wish.delay is None:
        return seconds
    return spread_over(wish.delay[0], seconds) if len(wish.delay) == 1 else wish.delay
