"""What is armed is taken in the order of arming, as often as was said, and by chance only as its seed decides."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mock_server.arming import Armoury

OPERATIONS = ("createA", "createB")
things = st.sampled_from("xyz")
operations = st.none() | st.sampled_from(OPERATIONS)


class ArmouryAndModel(RuleBasedStateMachine):
    """An armoury without chance is a list of [thing, operation, times left]."""

    def __init__(self) -> None:
        super().__init__()
        self.armoury: Armoury[str] = Armoury(random.Random(0))
        self.model: list[list[object]] = []

    @rule(thing=things, operation=operations, times=st.none() | st.integers(1, 3))
    def arm(self, thing: str, operation: str | None, times: int | None) -> None:
        armed = self.armoury.arm(thing, operation, times)
        assert (armed.thing, armed.operation, armed.times) == (thing, operation, times)
        self.model.append([thing, operation, times])

    @rule(operation=st.sampled_from(OPERATIONS))
    def take(self, operation: str) -> None:
        found = self._first(operation, "xyz")
        assert self.armoury.take(operation) == (found[0] if found else None)
        self._use(found)

    @rule(operation=st.sampled_from(OPERATIONS), fitting=st.sampled_from(["", "x", "yz"]), use=st.booleans())
    def find(self, operation: str, fitting: str, use: bool) -> None:
        found = self._first(operation, fitting)
        armed = self.armoury.find(operation, lambda thing: thing in tuple(fitting))
        assert (armed and armed.thing) == (found[0] if found else None)
        if armed and use:
            self.armoury.use(armed)
            self._use(found)

    @rule()
    def clear(self) -> None:
        assert self.armoury.clear() == len(self.model)
        self.model.clear()

    @invariant()
    def lists_what_is_armed(self) -> None:
        assert [[each.thing, each.operation, each.times] for each in self.armoury.listed()] == self.model

    def _first(self, operation: str, fitting: str) -> list[object]:
        fits = (each for each in self.model if each[1] in (None, operation) and str(each[0]) in tuple(fitting))
        return next(fits, [])

    def _use(self, found: list[object]) -> None:
        if found and isinstance(found[2], int):
            found[2] -= 1
            self.model = [each for each in self.model if each[2] != 0]


TestArmouryAndModel = ArmouryAndModel.TestCase


def strikes(seed: int, probability: float, tries: int = 200) -> list[bool]:
    armoury: Armoury[str] = Armoury(random.Random(seed))
    armoury.arm("x", times=None, probability=probability)
    return [armoury.take("createA") == "x" for _ in range(tries)]


@given(st.integers(), st.floats(0, 1))
def test_chance_repeats_with_its_seed(seed: int, probability: float) -> None:
    assert strikes(seed, probability, 30) == strikes(seed, probability, 30)


def test_chance_differs_with_the_seed_and_keeps_to_its_probability() -> None:
    runs = [strikes(seed, 0.25) for seed in range(20)]
    assert len({tuple(run) for run in runs}) == 20
    assert 0.2 < sum(map(sum, runs)) / 4000 < 0.3


@given(st.integers())
def test_what_is_certain_always_strikes_and_what_is_impossible_never(seed: int) -> None:
    assert all(strikes(seed, 1, 20))
    assert not any(strikes(seed, 0, 20))


def test_one_that_does_not_strike_leaves_the_next_its_turn_and_is_not_used_up() -> None:
    armoury: Armoury[str] = Armoury(random.Random(0))
    armoury.arm("never", probability=0)
    armoury.arm("once")
    assert [armoury.take("createA") for _ in range(3)] == ["once", None, None]
    assert [each.thing for each in armoury.listed()] == ["never"]


def test_what_is_listed_is_a_copy() -> None:
    armoury: Armoury[str] = Armoury(random.Random(0))
    armoury.arm("x")
    armoury.listed().clear()
    assert armoury.take("createA") == "x"
