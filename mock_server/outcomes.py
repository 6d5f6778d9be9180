"""How a new task goes: as its request asked, else as was armed, else as its session or the server wishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.wording import did_you_mean
from mock_server.lifecycle import Plan, durations, plan, spread_over
from mock_server.wishes import BadWish, Wish, wish_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.documents import Lifecycle, Provider, Scenario
    from mock_server.exchange import Call


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is decided of a task when it is created; `polls` counts on an auto clock."""

    scenario: Scenario
    steps: Plan
    polls: int


def outcome_of(call: Call, body: Mapping[str, Any], lifecycle: Lifecycle, default: Wish) -> Outcome:
    """Return how the task of an accepted body goes. Raises `BadWish` for a scenario or a delay there is not."""
    session = call.session
    asked = wish_of(call.exchange.headers.get("prefer"), body)
    armed = session.armed.take(call.operation.id) if asked.scenario is None else None
    wish = asked.over(armed or Wish()).over(session.wish).over(default)
    scenario = scenario_named(call.provider, wish.scenario or "succeed")
    seconds = _seconds(wish, scenario, lifecycle, call)
    return Outcome(scenario, plan(lifecycle, scenario, call.entry.at, seconds), wish.polls or 1)


def scenario_named(provider: Provider, name: str) -> Scenario:
    """Return a scenario of the provider's document. Raises `BadWish` naming those there are."""
    if name not in provider.scenarios:
        hint = did_you_mean(name, provider.scenarios)
        raise BadWish(f"no scenario {name!r}" + (f"; {hint}" if hint else ""), ", ".join(provider.scenarios))
    return provider.scenarios[name]


def _seconds(wish: Wish, scenario: Scenario, lifecycle: Lifecycle, call: Call) -> tuple[float, ...]:
    seconds = durations(lifecycle, wish.pace or scenario.pace, call.session.chance)
    if wish.delay is None:
        return seconds
    if len(wish.delay) == 1:
        return spread_over(wish.delay[0], seconds)
    if len(wish.delay) != len(seconds):
        steps = "/".join(transition.to for transition in lifecycle.transitions)
        raise BadWish(f"delay of {len(wish.delay)} transitions", f"one number, or {len(seconds)}: {steps}")
    return wish.delay
