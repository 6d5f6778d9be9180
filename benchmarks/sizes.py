"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """`slice` is in seconds; `stored` and `creates` count tasks; the others count repetitions."""

    slice: float = 2.0
    rounds: int = 5
    stored: int = 200_000
    creates: int = 20_000
    images: int = 200
    starts: int = 9
    imports: int = 15
    calls: int = 300
    checks: int = 20_000


FULL = Sizes()
QUICK = Sizes(slice=0.2, rounds=1, stored=500, creates=500, images=8, starts=1, imports=1, calls=5, checks=100)
