"""What a test armed for the requests to come: so many of an operation, or each with a seeded probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

Thing = TypeVar("Thing")


class Armed(msgspec.Struct, Generic[Thing]):
    """A thing for the next `times` requests of an operation (None: of any), each taken with a probability."""

    thing: Thing
    operation: str | None
    times: int | None
    probability: float


class Armoury(Generic[Thing]):
    """What is armed in one session, in the order of arming. Chance is the session's, and so repeatable."""

    def __init__(self, chance: random.Random) -> None:
        self._armed: list[Armed[Thing]] = []
        self._chance = chance

    def arm(
        self, thing: Thing, operation: str | None = None, times: int | None = 1, probability: float = 1.0
    ) -> Armed[Thing]:
        """Arm a thing; `times` None means until it is disarmed."""
        armed = Armed(thing, operation, times, probability)
        self._armed.append(armed)
        return armed

    def take(self, operation: str) -> Thing | None:
        """Return the first thing that is armed for a request of the operation, used once; None if there is none."""
        armed = self.find(operation)
        if armed is None:
            return None
        self.use(armed)
        return armed.thing

    def find(self, operation: str, fits: Callable[[Thing], bool] | None = None) -> Armed[Thing] | None:
        """Return the first thing that is armed for a request of the operation, and fits, without using it."""
        for armed in self._armed:
            if armed.operation in (None, operation) and (fits is None or fits(armed.thing)) and self._strikes(armed):
                return armed
        return None

    def drawn(self, operation: str) -> list[Armed[Thing]]:
        """Return what is to strike a request of the operation, without using it.

        That is everything which is armed for good, and of what is armed a number of times only the first: one after
        the other, as it was armed.
        """
        found: list[Armed[Thing]] = []
        counted = False
        for armed in self._armed:
            waits = counted and armed.times is not None
            if not waits and armed.operation in (None, operation) and self._strikes(armed):
                found.append(armed)
                counted = counted or armed.times is not None
        return found

    def use(self, armed: Armed[Thing]) -> None:
        """Count one use of what was found; the last one disarms it."""
        if armed.times is not None:
            armed.times -= 1
            if armed.times <= 0:
                self._armed = [each for each in self._armed if each is not armed]

    def _strikes(self, armed: Armed[Thing]) -> bool:
        return armed.probability >= 1 or self._chance.random() < armed.probability

    def clear(self) -> int:
        """Disarm everything; return how much that was."""
        number = len(self._armed)
        self._armed.clear()
        return number

    def listed(self) -> list[Armed[Thing]]:
        """Return what is armed."""
        return list(self._armed)
