"""Anything at all done to several sessions at once, held against what is written on one page: a list of tasks each."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from asking import URL, Core
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from mock_server.lifecycle import TERMINAL, ended
from mock_server.outward import Reply
from mock_server.results import Expired

NAMES = ("a", "b", "c")
EPOCH = 1_789_948_800_000
MONTH = 30 * 86_400_000
ENDS = {"succeed": "succeed", "fail": "failed", "fail-late": "failed", "slow": "succeed", "stuck": None}
RANK = {"submitted": 0, "processing": 1, "succeed": 2, "failed": 2}
sessions = st.sampled_from(NAMES)
externals = st.sampled_from(["", "one", "two"])
spans = st.integers(0, 5000) | st.sampled_from([MONTH - 1, MONTH])


@dataclass
class Life:
    """A task as the model has it: (status, from when) in order, and what was shown and told of it."""

    id: str
    steps: list[tuple[str, int]]
    polls: int
    reason: str
    expired: bool = False
    polled: int = 0
    calls: bool = False
    external: str = ""
    shown: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)

    def status(self, now: int) -> str:
        return [status for status, at in self.steps if at <= now][-1]

    def passed(self, now: int) -> list[str]:
        return [status for status, at in self.steps[1:] if at <= now]

    def call(self, now: int) -> None:
        """Call back for each status that has been reached, and that somebody could have seen."""
        ends = [*(at for _, at in self.steps[1:]), now + 1]
        seen = [status for (status, at), end in zip(self.steps, ends, strict=True) if at <= now and end > at]
        self.called += [status for status in seen if status not in self.called] if self.calls else []


@dataclass
class World:
    """A session as the model has it: what time it is there, and its tasks in the order of their creation."""

    now: int = EPOCH
    tasks: list[Life] = field(default_factory=list)

    def find(self, task_id: str) -> Life | None:
        return next((task for task in self.tasks if task.id == task_id), None)

    def named(self, external: str) -> Life | None:
        return next((task for task in self.tasks if external and task.external == external), None)


class Receiver:
    """Hands each callback to the machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def call(self, method: str, url: str, headers: Any, body: bytes, **limits: Any) -> Reply:
        self._machine.receive(json.loads(body))
        return Reply(200, {}, b"")


class Machine(RuleBasedStateMachine):
    """Creates, gets, lists, fetches, advances, ends, expires and resets, in three sessions of one server."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.worlds: dict[str, World] = {}

    @initialize(modes=st.tuples(*[st.sampled_from(["frozen", "auto"])] * 3), seed=st.integers(0, 9))
    def start(self, modes: tuple[str, ...], seed: int) -> None:
        self.core = Core(clock="frozen", epoch=EPOCH, seed=seed)
        self.core.mock.courier.carrier = Receiver(self)
        self.modes: dict[str, str] = dict(zip(NAMES, modes, strict=True))
        for name in NAMES:
            self.begin(name)

    def begin(self, name: str) -> None:
        world = self.worlds[name] = World()
        self.session(name).set_clock(mode=self.modes[name])
        self.session(name).listeners.append(lambda event: self.hear(world, event))

    def hear(self, world: World, event: dict[str, Any]) -> None:
        if event["event"] == "task":
            task = world.find(event["task"])
            assert task is not None
            task.told.append(event["status"])

    def session(self, name: str) -> Any:
        return self.core.mock.sessions.get(name)

    @rule(
        name=sessions,
        scenario=st.sampled_from(sorted(ENDS)),
        delay=st.tuples(st.integers(0, 4), st.integers(0, 4)),
        polls=st.integers(1, 4),
        calls=st.booleans(),
        external=externals,
        target=tasks,
    )
    def create(self, name: str, scenario: str, delay: tuple[int, int], polls: int, calls: bool, external: str) -> Any:
        """Make a task, unless its external id is taken in its session."""
        prefer = f"scenario={scenario}, delay={delay[0]}/{delay[1]}, polls={polls}"
        url, world = "http://127.0.0.1:9/hook" if calls else "", self.worlds[name]
        body = {"image": URL, "model_name": "kling-v2-6", "callback_url": url, "external_task_id": external}
        answer = self.core.create("createImageToVideo", body, prefer=prefer, x_kling_session=name)
        if world.named(external):
            assert (answer.status, answer.body["code"]) == (400, 1201)
            return multiple()
        task_id = answer.body["data"]["task_id"]
        assert task_id not in [task.id for each in self.worlds.values() for task in each.tasks]
        processed = world.now + delay[0] * 1000
        steps = [("submitted", world.now), ("processing", processed), (ENDS[scenario], processed + delay[1] * 1000)]
        reason = self.core.provider.scenarios[scenario].reason
        task = Life(task_id, [(how, at) for how, at in steps if how], polls, reason, calls=calls, external=external)
        world.tasks.append(task)
        assert answer.body["data"]["created_at"] == world.now
        assert answer.body["data"]["task_status"] == task.status(world.now)
        if calls and self.modes[name] == "auto":
            self.pass_to(name, max(world.now, task.steps[-1][1]))
            self.session(name).catch_up()
        return name, task_id

    def pass_to(self, name: str, now: int) -> None:
        """Let it be `now` in a session of the model; on the way its tasks call back."""
        self.worlds[name].now = now
        for task in self.worlds[name].tasks:
            task.call(now)

    def receive(self, body: dict[str, Any]) -> None:
        """Take a callback, and ask whether it is so."""
        name, task = next((n, t) for n, w in self.worlds.items() for t in w.tasks if t.id == body["task_id"])
        task.arrived.append(body["task_status"])
        assert body["task_status"] == task.status(self.session(name).clock.now())
        answer = self.core.get("getImageToVideo", task.id, x_kling_session=name)
        assert answer.body["data"] == body

    @rule(chosen=tasks, by_id=st.booleans())
    def get(self, chosen: tuple[str, str], by_id: bool) -> None:
        """Ask for a task in its session, or in none, where its id finds it."""
        name, task_id = chosen
        answer = self.core.get("getImageToVideo", task_id, **({} if by_id else {"x_kling_session": name}))
        task = self.worlds[name].find(task_id)
        if task is None:
            assert (answer.status, answer.body["code"]) == (400, 1201)
            return
        if self.modes[name] == "auto":
            self.poll(self.worlds[name], task)
        self.check(answer.body["data"], task, self.worlds[name].now)

    @rule(name=sessions, external=externals.filter(bool))
    def get_by_external_id(self, name: str, external: str) -> None:
        world, answer = self.worlds[name], self.core.get("getImageToVideo", external, x_kling_session=name)
        task = world.named(external)
        if task is None:
            assert (answer.status, answer.body["code"]) == (400, 1201)
            return
        if self.modes[name] == "auto":
            self.poll(world, task)
        self.check(answer.body["data"], task, world.now)

    def poll(self, world: World, task: Life) -> None:
        if task.status(world.now) not in TERMINAL:
            task.polled += 1
            last = len(task.steps) - 1
            world.now = max(world.now, task.steps[min(task.polled * last // task.polls, last)][1])

    def check(self, data: dict[str, Any], task: Life, now: int) -> None:
        status = task.status(now)
        assert (data["task_id"], data["task_status"]) == (task.id, status)
        assert data["task_info"].get("external_task_id", "") == task.external
        assert data.get("task_status_msg", "") == (task.reason if status == "failed" else "")
        assert len(data["task_result"].get("videos", [])) == (status == "succeed")
        task.shown.append(status)

    @rule(chosen=tasks, asking=sessions)
    def get_in_another_session(self, chosen: tuple[str, str], asking: str) -> None:
        if asking != chosen[0]:
            answer = self.core.get("getImageToVideo", chosen[1], x_kling_session=asking)
            assert (answer.status, answer.body["code"]) == (400, 1201)

    @rule(name=sessions, size=st.integers(1, 5))
    def list_everything(self, name: str, size: int) -> None:
        """List the tasks page by page, newest first, until a page is empty."""
        path, world = self.core.provider.operation("listImageToVideos").path, self.worlds[name]
        shown: list[dict[str, Any]] = []
        for page in itertools.count(1):
            answer = self.core.ask("GET", f"{path}?pageNum={page}&pageSize={size}", x_kling_session=name)
            assert len(answer.body["data"]) == min(size, len(world.tasks) - len(shown))
            shown += answer.body["data"]
            if not answer.body["data"]:
                break
        for data, task in zip(shown, reversed(world.tasks), strict=True):
            self.check(data, task, world.now)

    @rule(chosen=tasks)
    def fetch(self, chosen: tuple[str, str]) -> None:
        """Ask for the result, which is there from the end of a success until it expires."""
        world = self.worlds[chosen[0]]
        task = world.find(chosen[1])
        try:
            file = self.core.file(f"http://mock.test/__media/{chosen[1]}-0.mp4")
        except Expired:
            assert task is not None
            assert task.expired or world.now >= task.steps[-1][1] + MONTH
        else:
            succeeded = task is not None and task.status(world.now) == "succeed"
            assert (file is not None) is succeeded
            assert not (task and task.expired)

    @rule(name=sessions, milliseconds=spans)
    def advance(self, name: str, milliseconds: int) -> None:
        world = self.worlds[name]
        until = world.now + milliseconds
        due = sum(len(task.passed(until)) - len(task.passed(world.now)) for task in world.tasks)
        self.pass_to(name, until)
        happened = self.session(name).advance(milliseconds / 1000)
        assert happened == due or any(task.calls for task in world.tasks)

    @rule(chosen=tasks, how=st.sampled_from(sorted(TERMINAL)))
    def end(self, chosen: tuple[str, str], how: str) -> None:
        """End a task by hand; one that has ended already stays as it is."""
        world, session = self.worlds[chosen[0]], self.session(chosen[0])
        task, kept = world.find(chosen[1]), session.store.get(chosen[1])
        assert (task is None) is (kept is None)
        if task is None:
            return
        steps = ended(kept.steps, world.now, how)
        if task.status(world.now) not in TERMINAL:
            task.steps = [step for step in task.steps if step[1] <= world.now] + [(how, world.now)]
            task.reason = "by hand"
        session.agenda.change(msgspec.structs.replace(kept, steps=steps, reason=task.reason))

    @rule(chosen=tasks)
    def expire(self, chosen: tuple[str, str]) -> None:
        task = self.worlds[chosen[0]].find(chosen[1])
        if task is not None and task.status(self.worlds[chosen[0]].now) == "succeed":
            self.session(chosen[0]).expired[task.id] = None
            task.expired = True

    @rule(name=sessions)
    def reset(self, name: str) -> None:
        assert self.core.mock.sessions.end(name)
        self.begin(name)

    @invariant()
    def time_and_what_was_told_are_the_models(self) -> None:
        for name, world in self.worlds.items():
            # Steps that took no time at all are told when someone looks.
            self.session(name).events.settle()
            assert self.session(name).clock.now() == world.now
            assert [task.told for task in world.tasks] == [task.passed(world.now) for task in world.tasks]

    @invariant()
    def what_was_called_back_is_the_models(self) -> None:
        for world in self.worlds.values():
            assert [task.arrived for task in world.tasks] == [task.called for task in world.tasks]

    @invariant()
    def no_status_goes_back_and_the_last_one_stays(self) -> None:
        for task in (task for world in self.worlds.values() for task in world.tasks):
            assert [RANK[status] for status in task.shown] == sorted(RANK[status] for status in task.shown)
            assert len(TERMINAL.intersection(task.shown)) <= 1


TestMachine = pytest.mark.usefixtures("small_films")(Machine.TestCase)
