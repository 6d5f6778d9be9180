"""Time under the tester's hand, as a client sees it: our own, and one that knows of no clock but the wall's."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from typing import Any

import msgspec
import pytest
from asking import example, operations
from bridge import Bridge, loaded
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kling_contract import AsyncKling, Kling
from kling_contract.errors import TaskFailed, WaitTimeout
from mock_server.lifecycle import TERMINAL, ended, status_at
from mock_server.waiting import SessionTime

URL = "https://example.com/cat.png"
OPENED = frozenset({"createImageExpansion"})
CREATES = operations("create")
RANK = {"submitted": 0, "processing": 1, "succeed": 2, "failed": 2}
STILL = ("frozen", "auto")


def client(bridge: Bridge, clock: Any = None, **headers: str) -> Kling:
    """Return a client, which waits on the test's own clock unless it is given another."""
    transport = bridge.transport
    answer = transport.handler

    def asking(request: Any) -> Any:
        request.headers.update(headers)
        return answer(request)

    transport.handler = asking
    provider = bridge.mock.addresses.root.provider
    return Kling(provider=provider, api_key="test", transport=transport, clock=clock or bridge.clock)


def session(bridge: Bridge) -> Any:
    return bridge.mock.sessions.get("default")


def video(kling: Kling, prefer: str = "") -> Any:
    return kling.videos.image_to_video(image=URL, model_name="kling-v2-6", prompt=f"[[kling:{prefer or 'x'}]]")


def methods(bridge: Bridge) -> Counter[str]:
    return Counter(request.method for request in bridge.requests)


@pytest.mark.parametrize(("provider", "operation"), CREATES)
def test_on_an_auto_clock_the_first_poll_ends_a_task(provider: str, operation: str) -> None:
    bridge = Bridge(provider, opened=OPENED, clock="auto")
    lifecycle = loaded(provider).operation(operation).lifecycle
    assert lifecycle is not None
    with client(bridge) as kling:
        task = kling.create(operation, **_canonical(provider, operation)).wait()
    assert (task.status, methods(bridge)) == ("succeed", {"POST": 1, "GET": 1})
    assert task.updated_at is not None
    assert task.created_at is not None
    took = sum(transition.typical for transition in lifecycle.transitions)
    assert (task.updated_at - task.created_at).total_seconds() == took


@pytest.mark.parametrize(("provider", "operation"), CREATES)
def test_by_default_a_slow_task_is_waited_for_to_its_end(provider: str, operation: str) -> None:
    bridge = Bridge(provider, opened=OPENED, clock="real", scenario="slow")
    lifecycle = loaded(provider).operation(operation).lifecycle
    assert lifecycle is not None
    with client(bridge) as kling:
        task = kling.create(operation, **_canonical(provider, operation)).wait()
        assert task.status == "succeed"
        slept = sum(bridge.clock.slept)
        assert lifecycle.longest <= slept < kling._talk.longest_wait(operation)


def _canonical(provider: str, operation: str) -> dict[str, Any]:
    described = loaded(provider).operation(operation)
    return {described.canonical(name): value for name, value in example(described).items()}


@given(st.integers(1, 12))
def test_as_many_polls_as_were_asked_for_walk_through_the_life_of_a_task(polls: int) -> None:
    bridge = Bridge("kling", clock="auto")
    with client(bridge) as kling:
        task = video(kling, f"polls={polls}")
        seen = [task.refresh().status for _ in range(polls)]
        after = session(bridge).clock.now()
        assert [task.refresh().status for _ in range(3)] == ["succeed"] * 3
    assert [RANK[status] for status in seen] == sorted(RANK[status] for status in seen)
    assert [status in TERMINAL for status in seen] == [False] * (polls - 1) + [True]
    assert polls == 1 or "processing" in seen
    assert session(bridge).clock.now() == after


class Polled:
    """What an auto clock does, in a few lines: a poll moves it to the poller's own next step, and nothing else does."""

    def __init__(self, bridge: Bridge, kling: Kling) -> None:
        self.session, self.kling = session(bridge), kling
        self.handles: list[Any] = []
        self.polls: Counter[int] = Counter()

    def create(self, polls: int, delay: str) -> None:
        self.handles.append(video(self.kling, f"polls={polls}, delay={delay}"))

    def expected(self, index: int) -> tuple[int, str]:
        """Return the time after one more poll of a task, and the status that it shows."""
        now, task = self.session.clock.now(), self.session.store.get(self.handles[index].id)
        if status_at(task.steps, now).status not in TERMINAL:
            self.polls[index] += 1
            last = len(task.steps) - 1
            now = max(now, task.steps[min(self.polls[index] * last // task.polls, last)].at)
        return now, status_at(task.steps, now).status


delays = st.sampled_from(["0", "1", "1/4", "30", "600/3"])
actions = st.lists(
    st.tuples(st.just("create"), st.integers(1, 4), delays)
    | st.tuples(st.just("get"), st.integers(0, 9), st.none())
    | st.tuples(st.just("list"), st.none(), st.none()),
    max_size=25,
)


@given(actions)
def test_tasks_that_are_polled_by_turns_each_move_the_clock_to_their_own_steps(wanted: list[Any]) -> None:
    bridge = Bridge("kling", clock="auto")
    with client(bridge) as kling:
        model, clock = Polled(bridge, kling), session(bridge).clock
        for action, number, delay in wanted:
            before = clock.now()
            if action == "create":
                model.create(number, delay)
                assert clock.now() == before
            elif action == "list":
                shown = {task.id: task.status for task in kling.list("listImageToVideos")}
                assert clock.now() == before
                tasks = map(session(bridge).store.get, shown)
                assert shown == {task.id: status_at(task.steps, before).status for task in tasks}
            elif model.handles:
                index = number % len(model.handles)
                expected = model.expected(index)
                status = model.handles[index].refresh().status
                assert (clock.now(), status) == expected
                assert clock.now() >= before


def test_a_task_that_is_stuck_is_processed_for_ever_and_hangs_nobody() -> None:
    bridge = Bridge("kling", clock="auto", scenario="stuck")
    with client(bridge, SessionTime(session(bridge))) as kling:
        task = video(kling)
        assert [task.refresh().status for _ in range(20)] == ["processing"] * 20
        with pytest.raises(WaitTimeout, match="is still processing after 3600 s"):
            task.wait(timeout=3600)
        session(bridge).advance(1e9)
        assert task.refresh().status == "processing"


def test_on_a_frozen_clock_a_foreign_client_sees_no_progress_until_it_is_told() -> None:
    bridge = Bridge("kling", clock="frozen")
    with client(bridge) as kling:
        task = video(kling, "delay=1/9")
        bridge.clock.sleep(10**6)
        first = task.refresh().raw["data"]
        assert [task.refresh().raw["data"] for _ in range(3)] == [first] * 3
        assert task.status == "submitted"
        assert session(bridge).advance(1) == 1
        assert task.refresh().status == "processing"
        assert session(bridge).advance(600) == 1
        assert task.refresh().status == "succeed"


@pytest.mark.parametrize("mode", STILL)
def test_our_own_client_waits_for_a_job_of_ten_minutes_without_waiting(mode: str) -> None:
    bridge = Bridge("kling", clock=mode, scenario="slow")
    with client(bridge, SessionTime(session(bridge))) as kling:
        task = video(kling, "polls=1000")
        task.wait(timeout=700)
    assert bridge.clock.slept == []
    assert task.status == "succeed"
    assert task.updated_at is not None
    assert task.created_at is not None
    assert (task.updated_at - task.created_at).total_seconds() == 30 + 596


def test_the_asynchronous_client_waits_the_same_way() -> None:
    bridge = Bridge("kling", clock="frozen", scenario="slow")

    async def animate() -> str:
        clock = SessionTime(session(bridge))
        async with AsyncKling(provider="kling", api_key="k", transport=bridge.transport, clock=clock) as kling:
            task = await kling.videos.image_to_video(image=URL, model_name="kling-v2-6")
            return (await task.wait(timeout=700)).status

    assert asyncio.run(animate()) == "succeed"
    assert bridge.clock.slept == []


@given(st.floats(0.5, 1000))
def test_on_a_real_clock_waiting_takes_as_much_less_as_it_is_faster(speed: float) -> None:
    bridge = Bridge("kling", speed=speed)
    with client(bridge, SessionTime(session(bridge), bridge.clock)) as kling:
        assert video(kling).wait(timeout=700, poll=10).status == "succeed"
    assert sum(bridge.clock.slept) * speed == pytest.approx(164, abs=10.1)


REASONS = {"fail": "Failure to pass the risk control system", "fail-late": "Image pixel is invalid"}


@pytest.mark.parametrize(("provider", "operation"), CREATES)
@pytest.mark.parametrize("scenario", REASONS)
def test_a_task_fails_with_the_real_text_in_its_documented_place(provider: str, operation: str, scenario: str) -> None:
    bridge = Bridge(provider, opened=OPENED, clock="auto")
    with client(bridge, prefer=f"scenario={scenario}") as kling:
        task = kling.create(operation, **_canonical(provider, operation))
        with pytest.raises(TaskFailed, match=REASONS[scenario]) as caught:
            task.wait()
        listed = next(iter(kling.list(operation.replace("create", "list") + "s"))) if provider == "kling" else task
    assert caught.value.task is task
    assert (task.status, task.reason, listed.reason) == ("failed", REASONS[scenario], REASONS[scenario])
    assert _found(task.raw, "task_status_msg") == REASONS[scenario]
    assert not task.images + task.videos


def _found(raw: Any, name: str) -> Any:
    """Return what stands under a name, however deep."""
    if isinstance(raw, dict):
        return raw.get(name) or next(filter(None, (_found(each, name) for each in raw.values())), None)
    return None


def test_a_task_that_was_to_fail_and_is_ended_well_by_hand_gives_no_reason() -> None:
    bridge = Bridge("kling", clock="frozen", scenario="fail")
    with client(bridge) as kling:
        task = video(kling)
        kept = session(bridge).store.get(task.id)
        steps = ended(kept.steps, session(bridge).clock.now(), "succeed")
        session(bridge).agenda.change(msgspec.structs.replace(kept, steps=steps))
        assert (task.refresh().status, task.reason, len(task.videos)) == ("succeed", None, 1)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 100_000)), max_size=12))
def test_the_time_of_one_session_is_not_the_time_of_another(moves: list[tuple[str, int]]) -> None:
    bridge = Bridge("kling", clock="frozen", epoch=0)
    passed: Counter[str] = Counter()
    for name, milliseconds in moves:
        bridge.mock.sessions.get(name).advance(milliseconds / 1000)
        passed[name] += milliseconds
        assert [bridge.mock.sessions.get(each).clock.now() for each in "ab"] == [passed["a"], passed["b"]]


def test_one_who_asks_while_time_is_advanced_sees_the_time_of_that_event() -> None:
    """As the receiver of a callback does, on an auto clock as well, where a poll would move the time otherwise."""
    bridge, seen = Bridge("kling", clock="auto"), []
    with client(bridge) as kling:
        first, second = video(kling, "delay=1/9"), video(kling, "delay=60")

        def receive(event: dict[str, Any]) -> None:
            if event["event"] == "task":
                own = next(task for task in (first, second) if task.id == event["task"])
                seen.append((event["status"], own.refresh().status, session(bridge).clock.now() == event["at"]))

        session(bridge).listeners.append(receive)
        assert session(bridge).advance(60) == 4
    assert [told for told, _, _ in seen] == ["processing", "processing", "succeed", "succeed"]
    assert all(told == shown and in_time for told, shown, in_time in seen)


def test_a_result_belongs_to_its_own_life_of_a_session() -> None:
    """A session that begins anew makes the same ids, and must not show what an earlier task of that id left."""
    bridge = Bridge("kling", clock="auto")
    files = []
    for aspect in ("1:1", "16:9"):
        with client(bridge) as kling:
            images = [URL, "https://example.com/dog.png"]
            task = kling.images.multi_image_to_image(subject_image_list=images, aspect_ratio=aspect).wait()
        name = task.images[0].url.rpartition("/")[2]
        files.append((name, bridge.mock.results.file(name).data))
        bridge.mock.sessions.end("default")
    (first, square), (second, wide) = files
    assert first == second
    assert square != wide


def test_beginning_anew_as_often_as_you_like_does_not_exhaust_what_is_kept_of_inputs() -> None:
    bridge = Bridge("kling", clock="auto", lenient=True, kept_inputs=5000)
    for _ in range(8):
        with client(bridge) as kling:
            assert kling.videos.image_to_video(image=_png(), model_name="kling-v2-6").wait().status == "succeed"
        bridge.mock.sessions.end("default")


def _png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (320, 320), "teal").save(target, "PNG")
    return target.getvalue()
