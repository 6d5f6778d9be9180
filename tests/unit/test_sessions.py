from __future__ import annotations

import random
from pathlib import Path

import pytest
from bridge import Moving, loaded
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.documents import Provider, bundled
from mock_server.clocks import ScaledClock
from mock_server.sessions import Session, Sessions
from mock_server.settings import Settings

TINY = str(Path(__file__).parents[1] / "documents" / "tiny.yaml")
names = st.text(max_size=20)
seeds = st.integers(-(2**70), 2**70)


def sessions(seed: int = 0, most: int = 10_000, **settings: object) -> Sessions:
    clock = Moving()
    return Sessions(Settings(seed=seed, **settings), lambda: ScaledClock(1.0, clock), most)


def ids(session: Session, provider: Provider, count: int = 5) -> list[str]:
    return [session.new_id(provider) for _ in range(count)]


@pytest.mark.parametrize("name", bundled())
def test_ids_have_the_digits_that_the_document_says(name: str) -> None:
    provider = loaded(name)
    made = ids(sessions().get("a"), provider, 100)
    assert all(each.isdecimal() and len(each) == provider.id_digits and each[0] != "0" for each in made)


def test_kling_has_18_digits_and_cometapi_19() -> None:
    assert [len(ids(sessions().get("a"), loaded(name))[0]) for name in ("kling", "cometapi")] == [18, 19]


def test_ids_have_the_prefix_that_the_document_says() -> None:
    session = sessions().get("a")
    made = session.new_id(loaded(TINY))
    assert made.startswith("job_")
    assert made.removeprefix("job_").isdecimal()
    assert len(made) == len("job_") + 20


def test_no_id_is_made_twice_in_a_session() -> None:
    session, provider = sessions().get("a"), loaded("kling")
    made = ids(session, provider, 200_000)
    assert len(set(made)) == 200_000


def test_no_id_is_made_twice_in_a_thousand_sessions() -> None:
    every = sessions()
    providers = [loaded(name) for name in bundled()]
    made = [each for n in range(1000) for provider in providers for each in ids(every.get(f"session {n}"), provider)]
    assert len(set(made)) == len(made) == 1000 * 5 * len(providers)


@given(names, seeds)
def test_the_same_seed_and_name_make_the_same_ids(name: str, seed: int) -> None:
    first, second = (sessions(seed).get(name) for _ in range(2))
    assert ids(first, loaded("cometapi")) == ids(second, loaded("cometapi"))
    assert [first.request_id() for _ in range(3)] == [second.request_id() for _ in range(3)]


def test_another_seed_or_name_makes_other_ids() -> None:
    made = [ids(sessions(seed).get(name), loaded("kling"))[0] for seed in range(20) for name in ("a", "b", "c")]
    assert len(set(made)) == 60


@given(seeds, names)
def test_a_request_id_is_a_uuid_of_version_4(seed: int, name: str) -> None:
    session = sessions(seed).get(name)
    made = [session.request_id() for _ in range(20)]
    assert len(set(made)) == 20
    for each in made:
        parts = each.split("-")
        assert [len(part) for part in parts] == [8, 4, 4, 4, 12]
        assert int("".join(parts), 16) >= 0
        assert (parts[2][0], parts[3][0]) == ("4", "a")


@given(st.lists(names, min_size=1, max_size=30, unique=True), st.data())
def test_the_session_of_an_id_is_found_by_it(chosen: list[str], data: st.DataObject) -> None:
    every = sessions()
    made = {each: name for name in chosen for each in ids(every.get(name), loaded("kling"))}
    prefixed = {every.get(name).new_id(loaded(TINY)): name for name in chosen}
    for each, name in {**made, **prefixed}.items():
        owner = every.owning(each)
        assert owner is not None
        assert owner.name == name


@pytest.mark.parametrize(
    "stranger", ["", "x", "image2video", "task-1", "0", "9" * 18, "٣" * 18, "é", "\0", "a" * 100_000]
)
def test_an_id_of_nobody_has_no_session(stranger: str) -> None:
    every = sessions()
    every.get("a")
    assert every.owning(stranger) is None
    assert [session.name for session in every] == ["a"]


def test_the_least_recently_used_session_is_forgotten_first() -> None:
    every = sessions(most=3)
    first = {name: ids(every.get(name), loaded("kling"))[0] for name in "abc"}
    every.get("a")
    every.get("d")
    assert [session.name for session in every] == ["c", "a", "d"]
    assert every.owning(first["b"]) is None
    owner = every.owning(first["a"])
    assert owner is not None
    assert owner.name == "a"


def test_asking_for_the_owner_of_an_id_is_a_use() -> None:
    every = sessions(most=2)
    made = ids(every.get("a"), loaded("kling"))[0]
    every.get("b")
    every.owning(made)
    every.get("c")
    assert [session.name for session in every] == ["a", "c"]


def test_never_more_sessions_than_the_bound() -> None:
    every, chance = sessions(most=7), random.Random(1)
    for _ in range(500):
        every.get(str(chance.randrange(40)))
        assert len(list(every)) <= 7


def test_ten_thousand_sessions_have_owners_of_their_own() -> None:
    every = sessions()
    owners = {every.get(str(n)).owner for n in range(10_000)}
    assert len(owners) == 10_000
    assert all(len(owner) == 9 and owner[0] != "0" for owner in owners)


def test_a_route_is_opened_in_one_session_alone() -> None:
    every, create = sessions(), loaded("cometapi").operation("createImageExpansion")
    assert not every.get("a").is_open(create)
    every.get("a").opened.add("createImageExpansion")
    assert every.get("a").is_open(create)
    assert every.get("a").is_open(loaded("cometapi").operation("getImageExpansion"))
    assert not every.get("b").is_open(create)


@given(st.lists(st.floats(0, 1e6), max_size=10), st.floats(0.001, 1e6))
def test_a_scaled_clock_runs_so_many_times_as_fast(steps: list[float], speed: float) -> None:
    wall = Moving(1000.0)
    clock = ScaledClock(speed, wall)
    for step in steps:
        wall.sleep(step)
        assert clock.now() == pytest.approx((1000 + (wall.time - 1000) * speed) * 1000, rel=1e-9, abs=1)


@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=10))
def test_a_clock_never_goes_back(steps: list[float]) -> None:
    wall = Moving()
    clock = ScaledClock(60, wall)
    read = [clock.now()]
    for step in steps:
        wall.sleep(step)
        read.append(clock.now())
    assert read == sorted(read)
