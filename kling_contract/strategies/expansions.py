"""Expansions of an image: the ratios, and the canvas that they give."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from kling_contract.expansion import Canvas, Ratios, canvas
from kling_contract.rules import Rule
from kling_contract.strategies.judges import keeping
from kling_contract.strategies.numbers import Number, between

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.expansion import Number as Limit
    from kling_contract.strategies.judges import Judged

_SIDES = ("up", "down", "left", "right")
_STEPS = 10_000  # a ratio has four decimals at most, as the official helper prints them


@dataclass(frozen=True, slots=True)
class Expansion:
    """An original's sides in pixels, ratios by which it may be expanded, and the canvas that they give it."""

    width: int
    height: int
    ratios: Ratios
    canvas: Canvas


def expansions(limit: Limit = 3, most: Limit = 2) -> SearchStrategy[Expansion]:
    """Return expansions with each ratio from 0 to `most` and an area of at most `limit` times the original's.

    The defaults are the limits that all bundled documents have. They shrink to an original of one pixel that is not
    expanded. Raises ValueError for limits that leave nothing.
    """
    area = {"id": "strategies.area", "expression": f"(1 + left + right) * (1 + up + down) <= {limit}", "message": ""}
    ratio = Number(0, int(Fraction(str(most)) * _STEPS), Fraction(1, _STEPS))
    judged = keeping([Rule.from_document(area, {})], dict.fromkeys(_SIDES, ratio))
    if not judged.exists:
        raise ValueError(f"no ratios have an area of at most {limit} and lie in [0, {most}]")
    return _expanded(judged)


@st.composite
def _expanded(draw: DrawFn, judged: Judged) -> Expansion:
    ratios = Ratios.of(**judged.drawn(draw))
    width, height = draw(between(1, 20_000)), draw(between(1, 20_000))
    return Expansion(width, height, ratios, canvas(width, height, ratios))
