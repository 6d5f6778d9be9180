"""What a test is to be told at its end, beside what the journal has."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Told:
    """Texts, in the order in which they came.

    `lines` says of requests that broke the contract, by their number in the journal, which line of the test led to
    them; `refusals` are requests that nobody answered, `crashes` those to which the mock raised an error of its own,
    `raised` is what an application raised that takes callbacks, and `late` are requests that were refused since what
    sent them was left running by an earlier test.
    """

    lines: dict[int, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all of it."""
        for each in (self.lines, self.refusals, self.crashes, self.raised, self.late):
            each.clear()
