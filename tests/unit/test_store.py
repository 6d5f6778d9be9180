"""The store against a model of a few lines: a list of tasks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from mock_server.lifecycle import Step
from mock_server.store import MemoryStore, Task

PROVIDERS, FAMILIES = ("kling", "acme"), ("image-expansion", "image-to-video")
external_ids = st.none() | st.sampled_from(["a", "b", "c"]) | st.text(min_size=1, max_size=5)


def task(number: int, provider: str = "kling", family: str = "image-to-video", external: str | None = None) -> Task:
    return Task(
        id=f"{number:018}",
        provider=provider,
        operation="create",
        family=family,
        external_id=external,
        created=number,
        steps=(Step("submitted", number), Step("succeed", number + 1)),
        result="video",
        count=1,
        units=1.5,
        fields={"prompt": "café", "cfg_scale": "0.5", "n": 2, "flag": True},
        sides=(300, 400),
        result_ids=("1", "2"),
        seed=0,
        scenario="succeed",
        reason="",
        polls=1,
        slots=2,
    )


def with_fields(whole: Task, fields: dict[str, Any]) -> Task:
    return msgspec.structs.replace(whole, fields=fields)


class StoreAndModel(RuleBasedStateMachine):
    """Whatever is done to a store, a list of the tasks it took answers the same."""

    kept = Bundle("kept")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.model: list[Task] = []
        self.made = 0

    @rule(provider=st.sampled_from(PROVIDERS), family=st.sampled_from(FAMILIES), external=external_ids, target=kept)
    def add(self, provider: str, family: str, external: str | None) -> Task:
        self.made += 1
        new = task(self.made, provider, family, external)
        taken = any((each.provider, each.external_id) == (provider, external) for each in self.model)
        free = external is None or not taken
        assert self.store.add(new) is free
        if free:
            self.model.append(new)
        return new

    @rule(asked=kept)
    def get(self, asked: Task) -> None:
        assert self.store.get(asked.id) == next((each for each in self.model if each.id == asked.id), None)

    @rule(asked=kept, count=st.integers(1, 9))
    def replace(self, asked: Task, count: int) -> None:
        changed = msgspec.structs.replace(asked, count=count)
        if [each.id for each in self.model].count(asked.id):
            self.store.replace(changed)
            self.model = [changed if each.id == asked.id else each for each in self.model]

    @rule(provider=st.sampled_from(PROVIDERS), external=external_ids.filter(bool))
    def by_external(self, provider: str, external: str) -> None:
        found = [each for each in self.model if (each.provider, each.external_id) == (provider, external)]
        assert self.store.by_external(provider, external) == (found[0] if found else None)

    @rule(
        provider=st.sampled_from(PROVIDERS),
        family=st.sampled_from(FAMILIES),
        number=st.integers(1, 5),
        size=st.integers(1, 4),
    )
    def page(self, provider: str, family: str, number: int, size: int) -> None:
        newest_first = [each for each in self.model if (each.provider, each.family) == (provider, family)][::-1]
        assert self.store.page(provider, family, number, size) == newest_first[(number - 1) * size : number * size]

    @invariant()
    def has_as_many(self) -> None:
        assert len(self.store) == len(self.model)

    @invariant()
    def knows_every_id_oldest_first(self) -> None:
        assert self.store.ids() == [each.id for each in self.model]


TestStoreAndModel = StoreAndModel.TestCase


@given(st.integers(0, 40), st.integers(1, 12))
def test_pages_cover_everything_once_newest_first(total: int, size: int) -> None:
    store = MemoryStore()
    for number in range(total):
        store.add(task(number))
    pages = -(-total // size)
    covered = [
        each.created for page in range(1, pages + 1) for each in store.page("kling", "image-to-video", page, size)
    ]
    assert covered == list(range(total))[::-1]
    assert store.page("kling", "image-to-video", pages + 1, size) == []
    assert store.page("kling", "image-to-video", 10**12, size) == []


def test_tasks_of_two_providers_do_not_meet() -> None:
    store = MemoryStore()
    assert store.add(task(1, "kling", external="mine"))
    assert store.add(task(2, "acme", external="mine"))
    assert not store.add(task(3, "kling", "image-expansion", external="mine"))
    ours, theirs = store.by_external("kling", "mine"), store.by_external("acme", "mine")
    assert ours is not None
    assert theirs is not None
    assert (ours.created, theirs.created) == (1, 2)
    assert [each.created for each in store.page("acme", "image-to-video", 1, 10)] == [2]
    assert store.get(f"{3:018}") is None


def test_nothing_is_kept_of_a_task_that_cannot_be_encoded() -> None:
    store = MemoryStore()
    with pytest.raises(OverflowError):
        store.add(with_fields(task(1, external="mine"), {"n": 2**64}))
    assert len(store) == 0
    assert store.page("kling", "image-to-video", 1, 10) == []
    assert store.by_external("kling", "mine") is None
    assert store.add(task(2, external="mine"))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_as_it_was_written(number: Decimal) -> None:
    store = MemoryStore()
    store.add(with_fields(task(1), {"ratio": number}))
    found = store.get(f"{1:018}")
    assert found is not None
    assert Decimal(found.fields["ratio"]).as_tuple() == number.as_tuple()
