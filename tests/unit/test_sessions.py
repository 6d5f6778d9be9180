from __future__ import annotations

import random
from pathlib import Path

import pytest
from bridge import Moving, loaded
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.documents import Provider, bundled
from mock_server.clocks import ClockError, SessionClock
from mock_server.events import Busy
from mock_server.lifecycle import Step
from mock_server.session import Session
from mock_server.sessions import Sessions
from mock_server.settings import Settings
from mock_server.store import Task

TINY = str(Path(__file__).parents[1] / "documents" / "tiny.yaml")
names = st.text(max_size=20)
seeds = st.integers(-(2**70), 2**70)


def task(created: int) -> Task:
    """Return a task of two seconds."""
    steps = (Step("submitted", created), Step("processing", created + 1000), Step("succeed", created + 2000))
    return Task("1", "kling", "c", "f", None, created, steps, "video", 1, None, {}, None, (), 0, "succeed", "", 1)


def sessions(seed: int = 0, most: int = 10_000, **settings: object) -> Sessions:
    clock = Moving()
    return Sessions(Settings(seed=seed, **settings), lambda: SessionClock(clock), most, wall=clock)


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
    every.get("a").open["createImageExpansion"] = True
    assert every.get("a").is_open(create)
    assert every.get("a").is_open(loaded("cometapi").operation("getImageExpansion"))
    assert not every.get("b").is_open(create)


def test_a_route_is_closed_in_one_session_alone() -> None:
    every, create = sessions(), loaded("kling").operation("createImageToVideo")
    every.get("a").open["createImageToVideo"] = False
    assert not every.get("a").is_open(create)
    assert every.get("b").is_open(create)


def test_a_session_that_was_ended_is_gone_and_begins_anew() -> None:
    every = sessions()
    old, other = every.get("a"), every.get("b")
    first = ids(old, loaded("kling"))
    assert every.end("a")
    assert not every.end("a")
    assert every.owning(first[0]) is None
    assert [session.name for session in every] == ["b"]
    new = every.get("a")
    assert new is not old
    assert every.get("b") is other
    # The seed makes the same ids again, of other tasks.
    assert ids(new, loaded("kling")) == first
    assert new.key(first[0]) != old.key(first[0])


def test_a_session_that_nobody_used_is_forgotten_when_another_is_made() -> None:
    clock = Moving()
    every = Sessions(Settings(), lambda: SessionClock(clock), idle=60, wall=clock)
    for name in "abc":
        every.get(name)
    clock.sleep(40)
    every.get("b")
    clock.sleep(40)
    every.get("d")
    assert [session.name for session in every] == ["b", "d"]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 100)), max_size=30), st.integers(1, 4))
def test_a_session_is_as_it_was_left_or_new(uses: list[tuple[str, float]], most: int) -> None:
    clock = Moving()
    every = Sessions(Settings(), lambda: SessionClock(clock), most, idle=120, wall=clock)
    known: dict[str, Session] = {}
    for name, seconds in uses:
        clock.sleep(seconds)
        session = every.get(name)
        assert session is known.get(name) or len(session.store) == session.journal.total == 0
        known = {each.name: each for each in every}
        assert known[name] is session
        assert len(known) <= most
        assert all(every.owning(ids(each, loaded("kling"), 1)[0]) is each for each in known.values())


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf"), 2e10])
def test_seconds_that_cannot_pass_are_refused(seconds: float) -> None:
    session = sessions(clock="frozen").get("a")
    before = session.clock.now()
    with pytest.raises(ClockError, match="accepted: 0 to 10000000000"):
        session.advance(seconds)
    assert session.clock.now() == before


def test_a_clock_that_is_set_forward_lets_everything_due_happen_and_none_is_set_meanwhile() -> None:
    session = sessions().get("a")
    start, refused = session.clock.now(), []

    def listener(event: dict[str, object]) -> None:
        for change in (lambda: session.set_clock(mode="auto"), lambda: session.advance(1)):
            with pytest.raises(Busy):
                change()
            refused.append(event["at"])

    session.listeners.append(listener)
    session.store.add(task(start))
    assert session.set_clock(mode="frozen", now=start + 1500) == 1
    assert session.set_clock(now=start + 1500) == 0
    assert refused == [start + 1000] * 2
    assert session.clock.now() == start + 1500
    with pytest.raises(ClockError, match="time does not go back"):
        session.set_clock(mode="auto", now=start)
    assert session.clock.mode == "frozen"
