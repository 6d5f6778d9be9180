"""Many spans of time in little memory: least and most exactly, quantiles to one part in a hundred."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

_STEP = math.log(1.02)  # each step of the scale is two hundredths wide
_LEAST = 1e-6  # seconds


@dataclass(slots=True)
class Spans:
    """A histogram of seconds, whose size depends on their range and not on their number."""

    count: int = 0
    least: float = math.inf
    most: float = 0.0
    _steps: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Take note of a span; a negative one counts as none."""
        seconds = max(seconds, 0.0)
        self.count += 1
        self.least, self.most = min(self.least, seconds), max(self.most, seconds)
        self._steps[round(math.log(max(seconds, _LEAST)) / _STEP)] += 1

    def quantile(self, share: float) -> float:
        """Return the span that `share` (0 to 1) of all do not exceed; 0 where there is none."""
        rank, seen = max(math.ceil(share * self.count), 1), 0
        for step in sorted(self._steps):
            seen += self._steps[step]
            if seen >= rank:
                return min(max(math.exp(step * _STEP), self.least), self.most)
        return 0.0

    def as_dict(self) -> dict[str, float | int]:
        """Return the count and the quantiles in seconds, as JSON-ready data."""
        if not self.count:
            return {"count": 0}
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
        found = {name: round(self.quantile(share), 3) for name, share in shares.items()}
        return {"count": self.count, "least": round(self.least, 3), **found, "most": round(self.most, 3)}
