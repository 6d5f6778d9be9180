"""Drawing bodies from a seed, and shrinking one that shows a failure to the smallest that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from kling_contract.verify.conformance.failure import Broken, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


def search(
    strategy: SearchStrategy[Any], check: Callable[[Any], None], *, number: int, examples: int
) -> Failure | None:
    """Hold `examples` values against a check that raises `Broken`, and return the failure of the smallest one.

    The same `number` draws the same values.
    """
    last: list[Failure] = []

    @seed(number)
    @settings(
        database=None,
        deadline=None,
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(strategy)
    def run(value: Any) -> None:
        try:
            check(value)
        except Broken as broken:
            last.append(broken.failure)
            raise

    try:
        run()
    except Broken:
        return last[-1]
    return None


def drawn(strategy: SearchStrategy[Any], *, number: int, examples: int) -> list[Any]:
    """Return values that a strategy draws from a seed, the simplest first."""
    found: list[Any] = []
    search(strategy, found.append, number=number, examples=examples)
    return found
