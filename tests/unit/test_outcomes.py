"""How a task goes: as its request asked, else as was armed, else as its session or the server wishes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import URL, Asked, Core, example, operations
from bridge import loaded
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.auth import sign
from mock_server.exchange import Exchange
from mock_server.wishes import PACES, Wish

MODEL = {"model_name": "kling-v2-6"}
MIDNIGHT = 1_789_948_800_000  # of the day on which the test's clock stands
DAY = 86_400_000
VIDEO = loaded("kling").operation("createImageToVideo").lifecycle
SCENARIOS = tuple(loaded("kling").scenarios)
FIELDS = ("scenario", "delay", "polls", "pace")
sure = st.builds(
    Wish,
    st.none() | st.sampled_from(SCENARIOS),
    st.none() | st.sampled_from([(3.0,), (1.0, 4.0)]),
    st.none() | st.integers(1, 9),
    st.none() | st.sampled_from(PACES[:3]),
)


def video(core: Core, prompt: str | None = None, **headers: Any) -> Asked:
    body = {"image": URL, **MODEL, **({"prompt": prompt} if prompt else {})}
    return core.create("createImageToVideo", body, **headers)


def written(wish: Wish) -> str:
    delay = "/".join(map(str, wish.delay)) if wish.delay else None
    said = {"scenario": wish.scenario, "delay": delay, "polls": wish.polls, "pace": wish.pace}
    return ", ".join(f"{name}={value}" for name, value in said.items() if value is not None)


def made(core: Core, asked: Asked) -> Any:
    assert asked.status == 200, asked.body
    return core.mock.sessions.get("default").store.get(asked.body["data"]["task_id"])


def seconds(task: Any) -> list[float]:
    return [(step.at - task.created) / 1000 for step in task.steps[1:]]


@given(sure, sure, sure, st.none() | st.sampled_from(SCENARIOS))
def test_request_before_armed_before_session_before_server_each_by_itself(
    asked: Wish, armed: Wish, session: Wish, server: str | None
) -> None:
    core = Core(clock="frozen", scenario=server)
    ours = core.mock.sessions.get("default")
    ours.wish = session
    ours.armed.arm(armed)
    task = made(core, video(core, prefer=written(asked)))
    wish = {name: _first(name, asked, armed, session, Wish(server)) for name in FIELDS}
    scenario = core.provider.scenarios[wish["scenario"] or "succeed"]
    assert task.scenario == scenario.name
    assert task.polls == (wish["polls"] or 1)
    assert task.reason == (scenario.reason if scenario.ends == "failed" else "")
    if wish["delay"] is None:
        times = [getattr(each, wish["pace"] or scenario.pace) for each in VIDEO.transitions]
        ends = [times[0], times[0] + times[1]]
    else:
        ends = [sum(wish["delay"][: n + 1]) for n in range(2)]
        ends = ends if len(wish["delay"]) == 2 else [seconds(task)[0], 3]
    assert seconds(task) == (ends[:1] if scenario.ends == "never" else ends)
    assert [step.status for step in task.steps] == {
        "succeed": ["submitted", "processing", "succeed"],
        "failed": ["submitted", "processing", "failed"],
        "never": ["submitted", "processing"],
    }[scenario.ends]


def _first(name: str, *wishes: Wish) -> Any:
    return next((value for wish in wishes if (value := getattr(wish, name)) is not None), None)


@given(sure)
def test_a_directive_in_the_prompt_is_as_good_as_the_header(wish: Wish) -> None:
    header, prompt = Core(clock="frozen"), Core(clock="frozen")
    asked = video(header, "a cat", prefer=written(wish)), video(prompt, f"a cat [[kling:{written(wish) or 'x'}]]")
    by_header, by_prompt = made(header, asked[0]), made(prompt, asked[1])
    for name in ("steps", "scenario", "reason", "polls"):
        assert getattr(by_header, name) == getattr(by_prompt, name)


@pytest.mark.parametrize(("provider", "operation"), operations("create"))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_takes_its_documented_times_everywhere(provider: str, operation: str, scenario: str) -> None:
    core = Core(provider, clock="frozen", scenario=scenario)
    described, says = core.provider.operation(operation), core.provider.scenarios[scenario]
    task = made(core, core.create(operation, example(described)))
    assert described.lifecycle is not None
    times = [getattr(each, says.pace) for each in described.lifecycle.transitions]
    passed = [sum(times[: n + 1]) for n in range(len(times))]
    assert seconds(task) == (passed[:-1] if says.ends == "never" else passed)


def test_the_documented_scenarios_are_these_with_these_texts() -> None:
    said = {each.name: (each.ends, each.pace, each.reason) for each in loaded("kling").scenarios.values()}
    assert said == {
        "succeed": ("succeed", "typical", ""),
        "fail": ("failed", "least", "Failure to pass the risk control system"),
        "fail-late": ("failed", "typical", "Image pixel is invalid"),
        "slow": ("succeed", "most", ""),
        "stuck": ("never", "typical", ""),
    }


UNKNOWN = {
    "scenario=fial": ("no scenario 'fial'; did you mean 'fail'?", "succeed, fail, fail-late, slow, stuck"),
    "scenario=Fail": ("no scenario 'Fail'; did you mean 'fail'?", "succeed, fail, fail-late, slow, stuck"),
    "scenario=zzz": ("no scenario 'zzz'", "succeed, fail, fail-late, slow, stuck"),
    "scenario=": ("no scenario ''", "succeed, fail, fail-late, slow, stuck"),
    "polls=many": ("polls=many", "1 to 1000"),
    "pace=fast": ("pace=fast", "least, typical, most, spread"),
    "delay=1/2/3": ("delay of 3 transitions", "one number, or 2: processing/succeed"),
}


@pytest.mark.parametrize("asked", UNKNOWN)
def test_what_there_is_not_is_answered_400_by_the_mock_itself_and_uses_nothing_up(asked: str) -> None:
    core, untouched = (Core(clock="frozen") for _ in range(2))
    for each in (core, untouched):
        each.mock.sessions.get("default").wish = Wish(pace="spread")
        armed = each.mock.sessions.get("default").armed
        armed.arm(Wish(polls=7), times=1, probability=0.5)
        armed.arm(Wish(scenario="fail", pace="spread"), times=1)
    for answer in (video(core, prefer=asked), video(core, f"[[kling:{asked}]]")):
        message, accepted = UNKNOWN[asked]
        assert (answer.status, answer.body) == (400, {"error": {"message": message, "accepted": accepted}})
    assert len(core.mock.sessions.get("default").store) == 0
    first, second = video(core), video(untouched)
    assert first.body["data"]["task_id"] == second.body["data"]["task_id"]
    assert made(core, first) == made(untouched, second)


def test_an_armed_outcome_is_for_the_next_creates_of_its_operation_that_it_decides() -> None:
    core = Core(clock="frozen")
    armed = core.mock.sessions.get("default").armed
    armed.arm(Wish(scenario="fail"), "createImageToVideo", times=2)
    images = core.provider.operation("createImageExpansion")
    assert made(core, core.create(images.id, example(images))).scenario == "succeed"
    assert core.create("createImageToVideo", {"image": 7}).status == 400
    assert made(core, video(core, prefer="scenario=slow")).scenario == "slow"
    assert [made(core, video(core)).scenario for _ in range(3)] == ["fail", "fail", "succeed"]
    assert armed.listed() == []


def test_what_is_armed_in_one_session_is_not_armed_in_another() -> None:
    core = Core(clock="frozen")
    core.mock.sessions.get("a").armed.arm(Wish(scenario="fail"), times=None)
    answer = video(core, x_kling_session="b").body["data"]["task_id"]
    task = core.mock.sessions.get("b").store.get(answer)
    assert task is not None
    assert task.scenario == "succeed"


@given(st.integers(0, 10**6))
def test_a_delay_ends_the_task_at_that_very_millisecond(milliseconds: int) -> None:
    core = Core(clock="frozen", epoch=MIDNIGHT)
    task = made(core, video(core, prefer=f"delay={milliseconds / 1000}"))
    session = core.mock.sessions.get("default")
    if milliseconds:
        session.events.advance(MIDNIGHT + milliseconds - 1)
        before = core.get("getImageToVideo", task.id).body["data"]
        assert before["task_status"] in ("submitted", "processing")
    session.events.advance(MIDNIGHT + milliseconds)
    data = core.get("getImageToVideo", task.id).body["data"]
    assert (data["task_status"], data["updated_at"]) == ("succeed", MIDNIGHT + milliseconds)


def test_each_transition_may_have_a_delay_of_its_own() -> None:
    core = Core(clock="frozen")
    assert seconds(made(core, video(core, prefer="delay=1/4"))) == [1, 5]
    assert seconds(made(core, video(core, prefer="delay=82"))) == [2, 82]


def answers(seed: int, wanted: list[str], origin: str = "http://mock.test") -> list[tuple[int, bytes]]:
    """Return status and bytes of creates, gets and a list on an auto clock, each answer once."""
    core = Core(seed=seed, clock="auto", epoch=MIDNIGHT)
    core.mock.sessions.get("default").armed.arm(Wish(scenario="fail"), times=None, probability=0.5)
    found, told = [], []
    for prefer in wanted:
        told.append(_raw(core, origin, "POST", "createImageToVideo", "", prefer))
        task_id = core.mock.sessions.get("default").store.ids()[-1]
        found += [_raw(core, origin, "GET", "getImageToVideo", task_id, "") for _ in range(2)]
    return [*told, *found, _raw(core, origin, "GET", "listImageToVideos", "", "")]


def _raw(core: Core, origin: str, method: str, operation: str, task_id: str, prefer: str) -> tuple[int, bytes]:
    path = core.provider.operation(operation).path.partition("{")[0] + task_id
    body = json.dumps({"image": URL, **MODEL}).encode() if method == "POST" else b""
    headers = {"authorization": "Bearer test", "prefer": prefer}
    answer = core.mock.endpoints.answer(Exchange(method, path, "", headers, body, origin))
    return answer.status, answer.body


preferences = st.lists(st.sampled_from(["", "pace=spread", "polls=2", "scenario=slow"]), min_size=1, max_size=4)


@given(st.integers(-(2**70), 2**70), preferences)
def test_the_same_seed_makes_the_same_bytes_but_for_the_origin(seed: int, wanted: list[str]) -> None:
    first, second = answers(seed, wanted), answers(seed, wanted, "https://elsewhere:1")
    assert first == [(status, body.replace(b"https://elsewhere:1", b"http://mock.test")) for status, body in second]


def test_other_seeds_make_other_ids_times_and_outcomes() -> None:
    runs = [answers(seed, ["pace=spread"] * 4) for seed in range(8)]
    assert len({run[0] for run in runs}) == 8
    outcomes = {tuple(b'"failed"' in body for _, body in run[4:-1]) for run in runs}
    assert len(outcomes) > 4


@given(st.integers(0, 2**64))
def test_spread_stays_within_what_is_documented(seed: int) -> None:
    core = Core(clock="frozen", seed=seed)
    tasks = [made(core, video(core, prefer="pace=spread")) for _ in range(3)]
    times = [[first, second - first] for first, second in map(seconds, tasks)]
    for each, taken in zip(VIDEO.transitions, zip(*times, strict=True), strict=True):
        assert all(each.least - 0.001 <= took <= each.most + 0.001 for took in taken)
    assert len({tuple(time) for time in times}) == 3


RETIRED = {"image": URL, "model_name": "kling-v1"}
LAST_DAY = 1_789_430_399_999  # 2026-09-14T23:59:59.999Z


@pytest.mark.parametrize(("epoch", "status"), [(0, 200), (LAST_DAY, 200), (LAST_DAY + 1, 400), (MIDNIGHT, 400)])
def test_a_model_is_refused_from_the_day_of_its_retirement_on_by_the_sessions_clock(epoch: int, status: int) -> None:
    core = Core(clock="frozen", epoch=epoch, refuse_retired=True)
    answer = core.create("createImageToVideo", RETIRED)
    assert answer.status == status
    assert [note.rule for note in answer.entry.notes] == ["model.retired"]
    if status == 400:
        assert answer.body["code"] == 1201
        assert "kling-v1" in answer.body["message"]


def test_a_model_retires_while_a_session_goes_on() -> None:
    core = Core(clock="frozen", epoch=LAST_DAY, refuse_retired=True)
    assert core.create("createImageToVideo", RETIRED).status == 200
    core.mock.sessions.get("default").advance(0.001)
    assert core.create("createImageToVideo", RETIRED).status == 400
    assert core.create("createImageToVideo", {**RETIRED, **MODEL}).status == 200


def test_a_retired_model_is_noted_and_served_unless_refusing_was_asked_for() -> None:
    core = Core(clock="frozen")
    answer = core.create("createImageToVideo", RETIRED)
    assert (answer.status, [note.rule for note in answer.entry.notes]) == (200, ["model.retired"])


@pytest.mark.parametrize(
    ("made_at", "wall", "epoch", "code"),
    [
        (1_790_000_000, 1_790_000_000, MIDNIGHT + 400 * DAY, 0),
        (MIDNIGHT / 1000 + 400 * 86_400, 1_790_000_000, MIDNIGHT + 400 * DAY, 0),
        (1_790_000_000 - 90_000, 1_790_000_000, MIDNIGHT + 400 * DAY, 1004),
        (1_790_000_000 + 90_000, 1_790_000_000, MIDNIGHT - 400 * DAY, 1003),
        (1_790_000_000 + 90_000, 1_790_000_000, MIDNIGHT + 400 * DAY, 1004),
    ],
)
def test_a_token_is_good_at_wall_time_or_at_session_time(made_at: float, wall: float, epoch: int, code: int) -> None:
    core = Core(clock="frozen", epoch=epoch, secrets={"ak": "sk"})
    core.clock.time = wall
    answer = video(core, key=f"Bearer {sign('ak', 'sk', made_at)}")
    assert (answer.status, answer.body["code"]) == (401 if code else 200, code)
