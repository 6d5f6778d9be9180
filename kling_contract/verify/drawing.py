"""Values that a strategy draws from a seed, outside of any test."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")

# How long drawing takes, and how large images are, is nothing that is wrong with a test.
UNHURRIED = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.nested_given,
    HealthCheck.too_slow,
)


def drawn(strategy: SearchStrategy[Drawn], *, number: int, examples: int) -> list[Drawn]:
    """Return values, the simplest first; the same `number` draws the same ones."""
    found: list[Drawn] = []

    @seed(number)
    @settings(
        database=None,
        deadline=None,
        max_examples=examples,
        phases=(Phase.generate,),
        suppress_health_check=UNHURRIED,
    )
    @given(strategy)
    def draw(value: Drawn) -> None:
        found.append(value)

    draw()
    return found
