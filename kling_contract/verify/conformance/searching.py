"""Bodies drawn from a seed, of which one that shows a failure is shrunk to the smallest that does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, seed, settings
from hypothesis.errors import Flaky

from kling_contract.verify.conformance.failure import Broken, Failure
from kling_contract.verify.drawing import UNHURRIED

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True, slots=True, repr=False)
class _Drawn:
    """A value that nobody prints: some have images of many megabytes."""

    value: Any

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("...")


def search(
    strategy: SearchStrategy[Any], check: Callable[[Any], None], *, number: int, examples: int
) -> Failure | None:
    """Hold `examples` values against a check that raises `Broken`, and return the failure of the smallest one.

    The same `number` draws the same values. A server that does not do the same twice is told by what it did once.
    """
    last: list[Failure] = []

    @seed(number)
    @settings(
        database=None,
        deadline=None,
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=UNHURRIED,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(strategy.map(_Drawn))
    def run(drawn: _Drawn) -> None:
        try:
            check(drawn.value)
        except Broken as broken:
            last.append(broken.failure)
            raise

    try:
        run()
    except (Broken, Flaky):
        if not last:
            raise
        return last[-1]
    return None
