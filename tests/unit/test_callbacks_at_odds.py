"""Receivers and testers who do what nobody planned for, while callbacks are on their way."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from asking import URL, Core, made
from bridge import Moving
from desk import Desk
from receivers import EPOCH, HOOK, Receiver, core, session, statuses

from mock_server.admin.asking import Pause
from mock_server.callbacks.background import Background
from mock_server.callbacks.delivery import Attempt, Delivery
from mock_server.callbacks.inbox import Inbox, Letter
from mock_server.callbacks.modes import MARK
from mock_server.clocks import SessionClock
from mock_server.exchange import Exchange
from mock_server.inprocess import Application, MockTransport
from mock_server.lines import Lines
from mock_server.log import Log, delivery_text, missing
from mock_server.outward import Reply
from mock_server.paper import Stream
from mock_server.session import Session
from mock_server.settings import Settings
from mock_server.watching import Watcher

IN_ORDER = ["submitted", "processing", "succeed"]


class Doing(Receiver):
    """Does something before it answers."""

    def __init__(self, deed: Callable[[], object]) -> None:
        super().__init__()
        self.deed = deed

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes, **limits: Any) -> Reply:
        answer = super().call(method, url, headers, body, **limits)
        self.deed()
        return answer


class Ticking(Moving):
    """A clock on which every look takes a millisecond."""

    def now(self) -> float:
        self.time += 0.001
        return self.time


def test_a_clock_that_runs_fast_can_be_set_and_advanced() -> None:
    found = Session("a", "1", SessionClock(Ticking(), speed=100_000), Settings())
    assert found.set_clock(mode="real") == 0
    before = found.clock.now()
    assert found.advance(0.001) == 0
    assert found.clock.now() > before


@pytest.mark.parametrize("mode", ["frozen", "real"])
def test_callbacks_that_wait_come_on_a_clock_that_becomes_auto(mode: str) -> None:
    receiver = Receiver(500)
    found = core(receiver, mode)
    made(found, callback_url=HOOK)
    session(found).advance(0)
    session(found).set_clock(mode="auto")
    session(found).catch_up()
    assert statuses(receiver) == ["submitted", "processing", "submitted", "succeed"]


@pytest.mark.parametrize("prefer", ["callbacks=reordered", "callbacks=duplicated"])
@pytest.mark.parametrize("part", [None, "tasks", "deliveries"])
def test_what_is_forgotten_while_it_is_delivered_is_sent_no_more(prefer: str, part: str | None) -> None:
    query = "" if part is None else f"?only={part}"
    receiver = Doing(lambda: desk.admin("POST", f"reset{query}"))
    desk = Desk(kept_deliveries=1)
    desk.mock.courier.carrier = receiver
    old = session(desk)
    for _ in range(2):
        desk.create("createImageToVideo", {"image": URL, "callback_url": HOOK}, prefer=prefer)
    old.events.settle()
    old.advance(164)
    # What is due later is not forgotten with the deliveries that there are.
    assert len(receiver.got) == (3 if part == "deliveries" and "duplicated" in prefer else 1)
    assert session(desk).deliveries.where(bool) == []


def test_who_takes_the_callbacks_of_a_session_takes_them_after_a_reset() -> None:
    receiver = Receiver()
    found = Core(clock="frozen")
    session(found).deliveries.carrier = receiver
    found.mock.sessions.reset(session(found))
    made(found, callback_url=HOOK)
    session(found).advance(0)
    assert statuses(receiver) == ["submitted"]


def test_a_receiver_that_asks_twice_sees_what_it_was_told() -> None:
    seen: list[tuple[str, str]] = []

    def ask() -> None:
        told = json.loads(receiver.got[-1][2])
        for _ in range(2):
            shown = client.get(path + told["task_id"]).json()["data"]
            seen.append((told["task_status"], shown["task_status"]))

    receiver = Doing(ask)
    found = core(receiver, "auto")
    path = found.provider.operation("getImageToVideo").path.partition("{")[0]
    headers = {"authorization": "Bearer test"}
    client = httpx.Client(transport=MockTransport(found.mock), base_url="http://mock.test", headers=headers)
    made(found, callback_url=HOOK)
    session(found).catch_up()
    assert seen == [(each, each) for each in IN_ORDER for _ in range(2)]


SECRETIVE = [
    "http://user:hunter2@10.1.2.3/x?token=hunter2",
    "ftp://user:hunter2@host/x",
    "//user:hunter2@host/x",
    "user:hunter2@host/x?token=hunter2",
    "http://" + "hunter2" * 100 + "@host/",
    "hunter2@host",
]


@pytest.mark.parametrize("url", SECRETIVE)
def test_no_secret_of_a_url_is_told(url: str) -> None:
    class Hearing(Watcher):
        def say(self, line: str) -> None:
            said.append(line)

    said: list[str] = []
    found = Core(clock="frozen")
    found.mock.courier._attempts._watcher = Hearing()
    made(found, callback_url=url)
    session(found).advance(0)
    (kept,) = session(found).deliveries.where(bool)
    assert kept.state == "refused"
    assert "no URL to call" in said[0]
    assert "hunter2" not in said[0] + json.dumps(kept.as_dict())


def test_a_long_url_is_shown_in_part() -> None:
    found = Core(clock="frozen")
    made(found, callback_url="http://localhost/" + "x" * 100_000)
    session(found).advance(0)
    (kept,) = session(found).deliveries.where(bool)
    assert kept.state == "refused"
    assert len(json.dumps(kept.as_dict())) < 4000


def test_why_a_callback_was_not_sent_is_no_line_of_the_log() -> None:
    stream = io.StringIO()
    lines = Lines(Stream(stream), missing("text"))
    log = Log(lines)
    kept = Delivery("1", "t", "createImageToVideo", 2, "succeed", "http://web/", "ordered", 0)
    kept.settle(Attempt(0, 0, {}, "refused", error="allowed by --callback-to web"), [])
    log.delivery("default", kept)
    lines.flush()
    assert stream.getvalue().count("\n") == 1
    assert "--callback-to" not in stream.getvalue()
    assert "--callback-to" in delivery_text({"session": "default", **kept.as_dict()})


class Breaking:
    """A WSGI application that breaks once."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.got: list[str] = []

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        self.got.append(json.loads(environ["wsgi.input"].read())["task_status"])
        error, self.error = self.error, None
        if error is not None:
            raise error
        start("204 No Content", [])
        return []


@pytest.mark.parametrize("error", [ValueError("mine"), KeyError("mine"), OSError("mine")])
def test_what_an_application_raises_is_raised_and_journalled_and_the_rest_still_comes(error: Exception) -> None:
    found, app = Core(clock="frozen", epoch=EPOCH), Breaking(error)
    found.mock.courier.carrier = Application(app)
    for _ in range(2):
        made(found, callback_url=HOOK)
    session(found).events.settle()
    with pytest.raises(type(error)) as caught:
        session(found).advance(1)
    assert caught.value is error
    first, second = session(found).deliveries.where(bool)
    assert (first.attempts[0].outcome, first.attempts[0].error) == ("failed", f"{type(error).__name__}: {error}")
    assert (first.state, second.attempts) == ("waiting", [])
    session(found).advance(1000)
    assert app.got.count("submitted") == 3
    assert {each.state for each in session(found).deliveries.where(bool)} == {"delivered"}


def test_what_an_application_raises_in_an_event_loop_is_raised_too() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    async def main() -> None:
        with pytest.raises(KeyError) as caught:
            await session(found).aadvance(1)
        assert caught.value is error

    error = KeyError("mine")
    found = Core(clock="frozen", epoch=EPOCH)
    found.mock.courier.carrier = Application(app)
    made(found, callback_url=HOOK)
    asyncio.run(main())
    assert session(found).deliveries.under_way == 0


def test_an_asgi_application_cannot_be_called_where_a_loop_runs_already() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it was called")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="use async_client and aadvance"):
            session(found).advance(1)

    found = Core(clock="frozen", epoch=EPOCH)
    found.mock.courier.carrier = Application(app)
    made(found, callback_url=HOOK)
    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_an_early_callback_is_there_before_the_answer_in_process_too(is_async: bool) -> None:
    receiver = Receiver()
    found = core(receiver)
    body = {"image": URL, "callback_url": HOOK}
    request = httpx.Request(
        "POST",
        "http://mock.test" + found.provider.operation("createImageToVideo").path,
        json=body,
        headers={"authorization": "Bearer test", "prefer": "callbacks=early"},
    )
    transport = MockTransport(found.mock)
    answer = asyncio.run(transport.handle_async_request(request)) if is_async else transport.handle_request(request)
    assert answer.status_code == 200
    assert statuses(receiver) == ["submitted"]


class Soon(asyncio.SelectorEventLoop):
    """A loop that, as uvloop's, calls at once what is due within a millisecond, and has no time for its handle then."""

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        if when > self.time() + 0.001:
            return super().call_at(when, callback, *args, context=context)
        return self.call_soon(callback, *args, context=context)


def test_what_is_due_at_once_is_delivered_by_any_loop() -> None:
    receiver = Receiver()
    found = core(receiver, "real", speed=1e6)

    async def main() -> None:
        background = Background(found.mock.courier, found.mock.unforeseen.background)
        made(found, callback_url=HOOK)
        for _ in IN_ORDER:
            background.look_after(session(found))
            background.look_after(session(found))
            found.clock.time += 0.001
            for _ in range(20):
                await asyncio.sleep(0)
        await background.close()

    with asyncio.Runner(loop_factory=Soon) as runner:
        runner.run(main())
    assert statuses(receiver) == IN_ORDER


@pytest.mark.parametrize(
    ("path", "event"),
    [
        (
            "deliveries?status=succeed&timeout=5",
            {"event": "delivery", "status": "succeed", "state": "delivered", "task": "1"},
        ),
        ("inbox/a?timeout=5", {"event": "letter", "inbox": "a", "signature": "absent"}),
    ],
)
def test_who_waits_is_woken_by_what_is_waited_for_alone(path: str, event: dict[str, str]) -> None:
    desk = Desk()
    path, _, query = path.partition("?")
    exchange = Exchange("GET", f"/__admin/{path}", query, {"host": "localhost"}, b"", "http://localhost")
    pause = next(desk.mock.admin.answering(exchange))
    assert isinstance(pause, Pause)
    assert pause.ends_with(event)
    for name in ("event", "status" if "status" in event else "inbox"):
        assert not pause.ends_with({**event, name: "other"})


def test_a_callback_is_no_order_to_admin() -> None:
    desk = Desk()
    said = desk.admin("POST", "reset", **{MARK.replace("-", "_"): "1"})
    assert (said.status, said.error) == (403, "a callback may not use admin")


def test_an_inbox_keeps_no_more_than_its_bytes_and_says_how_many_came() -> None:
    inbox = Inbox()
    for number in range(70):
        body = str(number).encode().ljust(1024 * 1024)
        inbox.take("a" if number else "b", Letter(0, 0, "POST", {}, body, "absent"))
    assert inbox.names() == ["a"]
    assert (inbox.total("a"), inbox.total("b")) == (69, 0)
    assert [int(each.body) for each in inbox.of("a")] == list(range(6, 70))
    inbox.clear()
    assert (inbox.names(), inbox.of("a"), inbox.total("a")) == ([], [], 0)
