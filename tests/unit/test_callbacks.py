"""When callbacks come, and what follows from what their receivers say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import URL, made, operations
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from receivers import EPOCH, HOOK, Receiver, at_the_end, core, session, statuses

from kling_contract import check_callback
from mock_server.callbacks.delivery import Attempt, Delivery
from mock_server.callbacks.modes import LATE, MODES, Due, callbacks_of
from mock_server.lifecycle import Plan, Step, ended, status_at
from mock_server.outward import Failed, NoRequest, Refused, Reply
from mock_server.wishes import BadWish, Wish, wish_of

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
RETRIES = [5, 30, 120, 600, 3600, 21600, 86400]

spans = st.lists(st.integers(0, 5), min_size=0, max_size=3)
ends = st.sampled_from(["succeed", "failed", "processing"])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    at, steps = 1000, [Step("submitted", 1000)]
    for span in draw(spans):
        at += span
        steps.append(Step("processing", at))
    return (*steps, Step(draw(ends), at + draw(st.integers(0, 5))))


def told(steps: Plan, mode: str) -> list[str]:
    return [steps[due.step].status for due in callbacks_of(steps, mode)]


@given(plans(), st.sampled_from(sorted(MODES)))
def test_callbacks_are_due_in_order_and_never_before_their_change(steps: Plan, mode: str) -> None:
    found = callbacks_of(steps, mode)
    assert [due.at for due in found] == sorted(due.at for due in found)
    assert all(due.at >= steps[due.step].at for due in found)
    assert len({due.step for due in found}) == len(found)


@given(plans())
def test_a_callback_and_a_poll_at_the_same_time_agree(steps: Plan) -> None:
    for mode in ("ordered", "duplicated", "lost", "terminal", "early", "slow"):
        for at, index in callbacks_of(steps, mode):
            assert status_at(steps, at) == steps[index]


@given(plans(), st.integers(990, 1030))
def test_every_status_that_a_poll_can_see_is_told(steps: Plan, now: int) -> None:
    index = steps.index(status_at(steps, now)) if now >= 1000 else 0
    seen = [n for n, step in enumerate(steps) if step == steps[index]]
    assert {due.step for due in callbacks_of(steps, "ordered")} & set(seen) or steps[index].at > now


PLAN = (Step("submitted", 0), Step("processing", 4000), Step("succeed", 164_000))


@pytest.mark.parametrize(
    ("mode", "due"),
    [
        ("ordered", [(0, 0), (4000, 1), (164_000, 2)]),
        ("duplicated", [(0, 0), (4000, 1), (164_000, 2)]),
        ("reordered", [(164_000, 2), (164_000, 1), (164_000, 0)]),
        ("late", [(LATE, 0), (4000 + LATE, 1), (164_000 + LATE, 2)]),
        ("terminal", [(164_000, 2)]),
    ],
)
def test_each_mode_has_its_times(mode: str, due: list[tuple[int, int]]) -> None:
    assert callbacks_of(PLAN, mode) == [Due(*each) for each in due]


def test_a_task_that_never_ends_has_no_end_to_tell_of() -> None:
    assert callbacks_of(PLAN[:2], "terminal") == []


def attempt(outcome: str = "failed", at: int = 0, status: int = 0, **headers: str) -> Attempt:
    found = Attempt(at, 0, {}, outcome)  # type: ignore[arg-type]
    if status:
        found.answered(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", 0.0)
    return found


def delivery(**fields: Any) -> Delivery:
    return Delivery("1", "t", "createImageToVideo", 2, "succeed", HOOK, "ordered", 0, **fields)


@given(st.integers(0, 599), st.integers(0, 9))
@example(410, 0)
def test_a_2xx_ends_a_delivery_and_a_410_too(status: int, before: int) -> None:
    found = delivery(attempts=[attempt() for _ in range(before)])
    found.settle(attempt(status=status), RETRIES)
    if 200 <= status < 300:
        assert (found.state, found.next) == ("delivered", None)
    elif status == 410:
        assert (found.state, found.next) == ("stopped", None)
    elif before < len(RETRIES):
        assert (found.state, found.next) == ("waiting", RETRIES[before] * 1000)
    else:
        assert (found.state, found.next) == ("failed", None)


@pytest.mark.parametrize(
    ("says", "seconds"),
    [("7", 7.0), ("0", 0.0), ("99999999999", 30 * 86400.0), ("soon", 5.0), ("", 5.0), ("-3", 5.0)],
)
def test_a_receiver_says_when_to_come_again(says: str, seconds: float) -> None:
    found = delivery()
    found.settle(attempt(status=503, retry_after=says), RETRIES)
    assert found.next == seconds * 1000


def test_a_receiver_names_the_hour_at_which_to_come_again() -> None:
    found = delivery()
    found.settle(attempt(status=429, retry_after="Thu, 01 Jan 1970 00:01:30 GMT"), RETRIES)
    assert found.next == 90_000


def test_a_replay_that_fails_takes_nothing_back() -> None:
    found = delivery(state="delivered")
    found.settle(attempt(status=500), RETRIES)
    assert (found.state, found.next) == ("delivered", None)


def test_each_change_is_told_at_its_time_with_the_documented_body() -> None:
    receiver = Receiver()
    found = core(receiver)
    task = made(found, callback_url=HOOK)
    operation = found.provider.operation("createImageToVideo")
    session(found).advance(0)
    assert statuses(receiver) == ["submitted"]
    session(found).advance(4)
    assert statuses(receiver) == ["submitted", "processing"]
    session(found).advance(1000)
    assert statuses(receiver) == ["submitted", "processing", "succeed"]
    for _, headers, body, _ in receiver.got:
        shown = json.loads(body)
        assert check_callback(operation, shown) == []
        assert shown["task_id"] == task
        assert headers["content-type"] == "application/json; charset=utf-8"
    assert [each.due - EPOCH for each in session(found).deliveries.where(bool)] == [0, 4000, 164_000]


def test_a_callback_is_what_a_get_shows_without_its_envelope() -> None:
    receiver = Receiver()
    found = core(receiver)
    task = made(found, callback_url=HOOK)
    session(found).advance(1000)
    shown = found.get("getImageToVideo", task).body["data"]
    assert json.loads(receiver.got[-1][2]) == shown


def test_on_an_auto_clock_everything_comes_at_once_retries_included() -> None:
    receiver = Receiver(200, 500, 200, 503)
    found = core(receiver, "auto")
    made(found, callback_url=HOOK)
    assert receiver.got == []
    session(found).catch_up()
    assert statuses(receiver) == ["submitted", "processing", "processing", "succeed", "succeed"]
    assert session(found).clock.now() == EPOCH + 164_000 + 5000


def test_a_poll_does_not_move_an_auto_clock_past_callbacks_to_come() -> None:
    found = core(Receiver(), "auto")
    task = made(found, callback_url=HOOK)
    assert found.get("getImageToVideo", task).body["data"]["task_status"] == "submitted"
    session(found).catch_up()
    assert found.get("getImageToVideo", task).body["data"]["task_status"] == "succeed"


def test_seven_retries_then_none() -> None:
    receiver = Receiver(*[500] * 8)
    found = core(receiver)
    at_the_end(found)
    session(found).advance(164 + sum(RETRIES))
    (kept,) = session(found).deliveries.where(bool)
    assert [each.at - EPOCH for each in kept.attempts] == [1000 * (164 + sum(RETRIES[:n])) for n in range(8)]
    assert (kept.state, kept.next, len(receiver.got)) == ("failed", None, 8)


def test_the_id_is_constant_and_the_timestamp_fresh() -> None:
    receiver = Receiver(500, 500)
    found = core(receiver, callback_secrets=(SECRET,), callback_retries=(60.0, 60.0))
    at_the_end(found)
    session(found).advance(164)
    for _ in range(2):
        found.clock.time += 1000
        session(found).advance(60)
    sent = [headers for _, headers, _, _ in receiver.got]
    assert len({headers["webhook-id"] for headers in sent}) == 1
    times = [int(headers["webhook-timestamp"]) for headers in sent]
    assert [each - times[0] for each in times] == [0, 1000, 2000]
    assert len({headers["webhook-signature"] for headers in sent}) == 3


@pytest.mark.parametrize(
    ("error", "outcome", "state"),
    [
        (Failed("timeout", "no answer within 5 s"), "timeout", "waiting"),
        (Failed("refused", "nobody listens"), "failed", "waiting"),
        (Refused("10.0.0.1", "no", "--callback-to 10.0.0.1"), "refused", "refused"),
        (NoRequest("no URL"), "refused", "refused"),
    ],
)
def test_what_never_arrived_is_journalled(error: Exception, outcome: str, state: str) -> None:
    found = core(Receiver(error))
    made(found, callback_url=HOOK)
    session(found).advance(0)
    (kept,) = session(found).deliveries.where(bool)
    assert (kept.attempts[0].outcome, kept.attempts[0].status, kept.state) == (outcome, 0, state)
    assert kept.attempts[0].error == str(error)


@pytest.mark.parametrize(
    ("mode", "arrive"),
    [
        ("duplicated", ["submitted", "submitted", "processing", "processing", "succeed", "succeed"]),
        ("reordered", ["succeed", "processing", "submitted"]),
        ("late", ["submitted", "processing", "succeed"]),
        ("lost", []),
        ("terminal", ["succeed"]),
        ("slow", ["submitted", "processing", "submitted", "processing", "succeed", "succeed"]),
    ],
)
def test_modes(mode: str, arrive: list[str]) -> None:
    receiver = Receiver()
    found = core(receiver)
    answer = found.create("createImageToVideo", {"image": URL, "callback_url": HOOK}, prefer=f"callbacks={mode}")
    assert answer.status == 200
    session(found).advance(1000)
    assert statuses(receiver) == arrive
    states = {each.state for each in session(found).deliveries.where(bool)}
    assert states == ({"lost"} if mode == "lost" else {"delivered"})


def test_an_early_callback_is_out_before_the_answer() -> None:
    receiver = Receiver()
    found = core(receiver)
    found.create("createImageToVideo", {"image": URL, "callback_url": HOOK}, prefer="callbacks=early")
    held = session(found).deliveries
    assert held.urgent
    assert [each.status for each in held.out] == ["submitted"]


def test_an_unknown_mode_is_refused_with_those_there_are() -> None:
    answer = core(Receiver()).create(
        "createImageToVideo", {"image": URL, "callback_url": HOOK}, prefer="callbacks=sometimes"
    )
    assert answer.status == 400
    assert answer.body["error"] == {"message": "callbacks=sometimes", "accepted": ", ".join(MODES)}


def test_a_session_may_want_all_its_callbacks_so() -> None:
    receiver = Receiver()
    found = core(receiver)
    session(found).wish = Wish(callbacks="terminal")
    made(found, callback_url=HOOK)
    session(found).advance(1000)
    assert statuses(receiver) == ["succeed"]


def test_a_task_that_is_made_to_fail_tells_of_it_and_of_nothing_later() -> None:
    receiver = Receiver()
    found = core(receiver)
    task = session(found).store.get(made(found, callback_url=HOOK))
    session(found).advance(10)
    steps = ended(task.steps, session(found).clock.now(), "failed")
    session(found).agenda.change(replace(task, steps=steps, reason="by hand"))
    session(found).advance(0)
    session(found).advance(1000)
    assert statuses(receiver) == ["submitted", "processing", "failed"]


def test_an_empty_callback_url_means_none() -> None:
    receiver = Receiver()
    found = core(receiver)
    made(found, callback_url="")
    session(found).advance(1000)
    assert (receiver.got, len(session(found).events)) == ([], 0)


@pytest.mark.parametrize("clock", ["frozen", "auto"])
def test_a_receiver_that_asks_back_sees_what_it_was_told(clock: str) -> None:
    seen = []

    class Asking(Receiver):
        def call(self, method: str, url: str, headers: dict[str, str], body: bytes, **limits: Any) -> Reply:
            told = json.loads(body)
            shown = found.get("getImageToVideo", told["task_id"]).body["data"]
            seen.append((told["task_status"], shown["task_status"]))
            return super().call(method, url, headers, body, **limits)

    found = core(Asking(), clock)
    made(found, callback_url=HOOK)
    session(found).catch_up()
    session(found).advance(1000)
    assert seen == [(each, each) for each in ("submitted", "processing", "succeed")]


def test_a_receiver_that_makes_another_task_is_called_back_for_that_too() -> None:
    class Chaining(Receiver):
        def call(self, method: str, url: str, headers: dict[str, str], body: bytes, **limits: Any) -> Reply:
            if json.loads(body)["task_status"] == "succeed" and len(session(found).store) < 3:
                made(found, callback_url=HOOK)
            return super().call(method, url, headers, body, **limits)

    receiver = Chaining()
    found = core(receiver, "auto")
    made(found, callback_url=HOOK)
    session(found).catch_up()
    assert len(session(found).store) == 3
    assert statuses(receiver).count("succeed") == 3


def test_a_session_that_is_reset_calls_nobody_any_more() -> None:
    receiver = Receiver(500)
    found = core(receiver)
    made(found, callback_url=HOOK)
    old = session(found)
    old.advance(0)
    found.mock.sessions.reset(old)
    old.advance(10_000)
    session(found).advance(10_000)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(("provider", "create"), operations("create"))
def test_every_create_calls_back_in_its_providers_shape(provider: str, create: str) -> None:
    receiver = Receiver()
    found = core(receiver, provider=provider)
    made(found, create, callback_url=HOOK)
    session(found).advance(100_000)
    assert statuses(receiver) == ["submitted", "processing", "succeed"]
    operation = found.provider.operation(create)
    assert [check_callback(operation, json.loads(body)) for _, _, body, _ in receiver.got] == [[], [], []]


def test_bad_modes_in_a_prompt_are_told_too() -> None:
    with pytest.raises(BadWish, match="callbacks=x"):
        wish_of(None, {"prompt": "a cat [[kling:callbacks=x]]"})
