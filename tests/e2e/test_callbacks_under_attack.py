"""Receivers that do what they like to the mock that calls them, and testers who change their minds meanwhile."""

from __future__ import annotations

import json
import threading

import httpx
import pytest
from called import VIDEOS, Asking, Wire
from serving import Serve
from wire import wire as line

from mock_server import MockServer

IN_ORDER = ["submitted", "processing", "succeed"]
PATIENCE = 20.0  # seconds that a receiver is granted; where one waits for itself, a test sees the timeout


@pytest.mark.parametrize("clock", ["frozen", "auto", "real"])
@pytest.mark.parametrize("deed", ["replays its callback", "ends its task"])
def test_a_receiver_does_not_wait_for_itself(clock: str, deed: str) -> None:
    told: list[int] = []
    speed = 3000 if deed.startswith("replays") else 1
    with MockServer(clock=clock, speed=speed, callback_timeout=PATIENCE) as server, Wire(server) as wire:

        def act() -> None:
            task = hook.bodies[0]["task_id"]
            path = f"deliveries/{task}0/replay" if deed.startswith("replays") else f"tasks/{task}/fail"
            if not told:
                told.append(httpx.post(f"{server.url}/__admin/{path}", timeout=2 * PATIENCE).status_code)

        with Asking(act) as hook:
            task = wire.create(hook.url)
            if clock == "frozen":
                wire.advance(1000)
            last = "succeed" if deed.startswith("replays") else "failed"
            assert wire.deliveries(status=last, task=task, timeout=10)
            assert {each["outcome"] for found in wire.deliveries() for each in found["attempts"]} == {"delivered"}
    assert told == [200]


@pytest.mark.parametrize("deed", ["reset", "delete"])
def test_who_is_gone_is_called_no_more(deed: str) -> None:
    with MockServer(clock="frozen") as server, Wire(server) as wire:

        def act() -> None:
            method, path = ("POST", "reset") if deed == "reset" else ("DELETE", "sessions/default")
            httpx.request(method, f"{server.url}/__admin/{path}")

        with Asking(act) as hook:
            wire.create(hook.url, prefer="callbacks=reordered")
            assert wire.advance(1000)["events"] >= 3
        assert [each["task_status"] for each in hook.bodies] == ["succeed"]
        assert wire.deliveries() == []


def test_a_deleted_session_stays_deleted_when_its_advance_ends() -> None:
    with MockServer(clock="frozen") as server, Wire(server) as wire:
        wire.client.headers["x-kling-session"] = "a"
        with Asking(lambda: httpx.delete(f"{server.url}/__admin/sessions/a")) as hook:
            wire.create(hook.url)
            wire.advance(1000)
        names = [each["name"] for each in httpx.get(f"{server.url}/__admin/sessions").json()["sessions"]]
        assert "a" not in names


def test_a_receiver_that_hangs_keeps_nobody_else_waiting() -> None:
    release = threading.Event()
    with MockServer(speed=5, callback_timeout=60.0) as server, Wire(server) as wire, Asking(release.wait) as hanging:
        wire.create(hanging.url, prefer="callbacks=terminal, delay=1")
        task = wire.create(f"{server.url}/__inbox/b", prefer="delay=1")
        found = wire.deliveries(status="succeed", task=task, timeout=10)
        release.set()
    assert [each["state"] for each in found] == ["delivered"]


def test_who_waits_for_a_callback_is_told_of_one_after_a_reset() -> None:
    with MockServer(clock="frozen") as server, Wire(server) as wire, line(server.url) as connection:
        connection.send("GET /__admin/deliveries?status=succeed&timeout=60 HTTP/1.1", "Host: localhost")
        wire.admin("GET", "health")
        wire.admin("POST", "reset")
        task = wire.create(f"{server.url}/__inbox/a")
        wire.advance(1000)
        assert [each["task"] for each in json.loads(connection.reply().body)["deliveries"]] == [task]


def test_no_callback_is_an_order_to_admin() -> None:
    with MockServer(clock="frozen", callback_retries=()) as server, Wire(server) as wire:
        task = wire.create(f"{server.url}/__admin/reset")
        wire.advance(1000)
        assert {each["attempts"][0]["status"] for each in wire.deliveries()} == {403}
        assert wire.admin("GET", f"tasks/{task}")["status"] == "succeed"


WAITING = {
    "advances": ("POST /__admin/clock/advance HTTP/1.1", b'{"seconds": 10}'),
    "waits for a callback": ("GET /__admin/deliveries?status=succeed&timeout=60 HTTP/1.1", b""),
    "waits for a letter": ("GET /__admin/inbox/a?timeout=60 HTTP/1.1", b""),
}


@pytest.mark.parametrize("who", WAITING)
def test_a_signal_ends_it_whoever_waits(who: str) -> None:
    head, body = WAITING[who]
    called, release = threading.Event(), threading.Event()

    def hang() -> None:
        called.set()
        release.wait()

    with Asking(hang) as hook:
        with Serve("--clock", "frozen", "--callback-timeout", "60") as server, line(server.url) as connection:
            task = {"image": "https://example.com/cat.png", "callback_url": hook.url}
            assert server.ask("POST", VIDEOS, task).status_code == 200
            connection.send(head, "Host: localhost", f"Content-Length: {len(body)}", body=body)
            if who == "advances":
                called.wait()
            assert server.ask("GET", "/__admin/health").status_code == 200
            server.end()
            assert connection.reply().status == 503
        release.set()
    assert server.code == 0
    assert "Traceback" not in server.err
    assert "running task" not in server.err
