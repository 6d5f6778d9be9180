"""Callbacks through real sockets, to an application in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest
from called import VIDEOS, Asking, Wire
from listener import Listener

from mock_server import MockServer

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
ANOTHER = "whsec_YW5vdGhlcnNlY3JldGFub3RoZXJzZWNyZXRhbm90aGVy"
IN_ORDER = ["submitted", "processing", "succeed"]


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener(SECRET) as found:
        yield found


@pytest.fixture
def app(listener: Listener) -> Listener:
    listener.answer()
    return listener


@pytest.fixture
def wire() -> Iterator[Wire]:
    with MockServer(clock="frozen", callback_secrets=(SECRET,), verify_answers=True) as server:
        found = Wire(server)
        yield found
        found.client.close()


def test_each_change_is_delivered_before_the_advance_returns(wire: Wire, app: Listener) -> None:
    wire.create(app.hook)
    wire.advance(4)
    assert app.statuses() == IN_ORDER[:2]
    wire.advance(600)
    assert app.statuses() == IN_ORDER
    assert all(each["good"] for each in app.seen())


@pytest.mark.parametrize(
    ("mode", "arrive"),
    [
        ("ordered", IN_ORDER),
        ("duplicated", [status for status in IN_ORDER for _ in range(2)]),
        ("reordered", IN_ORDER[::-1]),
        ("late", IN_ORDER),
        ("lost", []),
        ("terminal", ["succeed"]),
        ("early", IN_ORDER),
        ("slow", ["submitted", "processing", "submitted", "processing", "succeed", "succeed"]),
    ],
)
def test_every_mode_arrives(wire: Wire, app: Listener, mode: str, arrive: list[str]) -> None:
    wire.create(app.hook, prefer=f"callbacks={mode}")
    wire.advance(1000)
    seen = app.seen()
    assert [each["status"] for each in seen] == arrive
    assert all(each["good"] for each in seen)
    assert len({each["id"] for each in seen}) == len(set(arrive))


def test_an_early_one_is_there_before_the_create_is_answered(wire: Wire, app: Listener) -> None:
    wire.create(app.hook, prefer="callbacks=early")
    assert app.statuses() == ["submitted"]


def test_seven_retries_in_virtual_time(wire: Wire, app: Listener) -> None:
    wire.create(app.hook, prefer="callbacks=terminal")
    app.answer(500, 301, 404, 429, 503, 500, 302)
    wire.advance(164 + 5 + 30 + 120 + 600 + 3600 + 21600 + 86400)
    seen = app.seen()
    assert [each["status"] for each in seen] == ["succeed"] * 8
    assert {each["path"] for each in seen} == {"/hook"}, "a redirect was followed"
    assert len({each["id"] for each in seen}) == 1
    assert all(each["good"] for each in seen)
    (kept,) = wire.deliveries()
    assert kept["state"] == "delivered"
    assert [each["status"] for each in kept["attempts"]] == [500, 301, 404, 429, 503, 500, 302, 200]


def test_a_410_stops(wire: Wire, app: Listener) -> None:
    app.answer(410)
    wire.create(app.hook, prefer="callbacks=terminal")
    wire.advance(400_000)
    assert app.statuses() == ["succeed"]
    assert wire.deliveries()[0]["state"] == "stopped"


def test_on_an_auto_clock_nobody_needs_to_poll(wire: Wire, app: Listener) -> None:
    wire.admin("POST", "clock", {"mode": "auto"})
    app.answer(200, 500)
    task = wire.create(app.hook)
    (found,) = wire.deliveries(status="succeed", task=task, timeout=20)
    assert found["state"] == "delivered"
    assert app.statuses() == ["submitted", "processing", "processing", "succeed"]


def test_on_a_real_clock_they_come_by_themselves(app: Listener) -> None:
    with MockServer(speed=3000, callback_secrets=(SECRET,)) as server:
        wire = Wire(server)
        app.answer(500)
        wire.create(app.hook)
        (found,) = wire.deliveries(status="succeed", timeout=20)
        assert found["state"] == "delivered"
        (first,) = wire.deliveries(status="submitted", timeout=20)
        assert [each["status"] for each in first["attempts"]] == [500, 200]
        wire.client.close()


def test_both_signatures_while_one_secret_replaces_the_other(app: Listener) -> None:
    with MockServer(clock="frozen", callback_secrets=(ANOTHER, SECRET)) as server:
        wire = Wire(server)
        wire.create(app.hook)
        wire.advance(1000)
        assert [each["good"] for each in app.seen()] == [True] * 3
        wire.admin("POST", "callbacks", {"secrets": [ANOTHER]})
        wire.create(app.hook)
        wire.advance(1000)
        assert [each["good"] for each in app.seen()] == [True] * 3 + [False] * 3
        wire.client.close()


def test_a_replay_is_the_same_callback_again(wire: Wire, app: Listener) -> None:
    wire.create(app.hook)
    wire.advance(1000)
    name = wire.deliveries(status="succeed")[0]["id"]
    shown = wire.admin("POST", f"deliveries/{name}/replay")
    assert [each["outcome"] for each in shown["attempts"]] == ["delivered"] * 2
    assert app.statuses() == [*IN_ORDER, "succeed"]
    assert len({each["id"] for each in app.seen()}) == 3


def test_a_receiver_that_advances_is_told_so_and_nothing_hangs() -> None:
    told: list[int] = []
    with MockServer(clock="frozen", callback_timeout=20.0) as server:
        wire = Wire(server)

        def advance() -> None:
            told.append(httpx.post(f"{server.url}/__admin/clock/advance", json={"seconds": 1}).status_code)

        with Asking(advance) as hook:
            wire.create(hook.url)
            wire.advance(1000)
        assert told == [409, 409, 409]
        wire.client.close()


def test_a_receiver_that_polls_sees_what_it_was_told() -> None:
    seen: list[tuple[str, str]] = []
    with MockServer(clock="frozen") as server:
        wire = Wire(server)

        def poll() -> None:
            task = hook.bodies[-1]["task_id"]
            shown = httpx.get(f"{server.url}{VIDEOS}/{task}", headers={"authorization": "Bearer test"}).json()
            seen.append((hook.bodies[-1]["task_status"], shown["data"]["task_status"]))

        with Asking(poll) as hook:
            wire.create(hook.url, prefer="callbacks=early")
            wire.advance(1000)
        assert seen == [(status, status) for status in IN_ORDER]
        wire.client.close()


def test_a_receiver_that_hangs_is_given_up_by_the_wall_clock() -> None:
    release = threading.Event()
    with Asking(release.wait) as hook, MockServer(clock="frozen", callback_timeout=0.05) as server:
        wire = Wire(server)
        wire.create(hook.url, prefer="callbacks=terminal")
        wire.advance(200)
        (kept,) = wire.deliveries()
        assert {each["outcome"] for each in kept["attempts"]} == {"timeout"}
        assert kept["state"] == "waiting"
        release.set()
        wire.client.close()


def test_the_inbox_needs_no_listener(wire: Wire) -> None:
    wire.create(f"{wire.url}/__inbox/hook")
    wire.advance(1000)
    letters = wire.admin("GET", "inbox/hook")["letters"]
    assert [each["body"]["task_status"] for each in letters] == IN_ORDER
    assert [each["signature"] for each in letters] == ["valid"] * 3
    assert wire.admin("GET", "inbox") == {"inboxes": [{"name": "hook", "letters": 3}]}


def test_an_inbox_belongs_to_its_session(wire: Wire) -> None:
    body = {"image": "https://example.com/cat.png", "callback_url": f"{wire.url}/s/b/__inbox/hook"}
    assert wire.client.post(f"/s/a{VIDEOS}", json=body).status_code == 200
    wire.client.post("/s/a/__admin/clock/advance", json={"seconds": 1000})
    counts = [wire.client.get(f"/s/{name}/__admin/inbox/hook").json()["total"] for name in "ab"]
    assert counts == [0, 3]


def test_an_inbox_takes_what_anybody_posts_and_judges_it(wire: Wire) -> None:
    assert wire.client.post("/__inbox/x", content=b"anything").json() == {"received": 1}
    assert wire.client.post("/__inbox/x", json={}, headers={"webhook-signature": "v1,AAAA"}).status_code == 200
    first, second = wire.admin("GET", "inbox/x")["letters"]
    assert (first["signature"], first["text"]) == ("absent", "anything")
    assert "webhook-id" in second["signature"]
    assert wire.client.get("/__inbox/x").status_code == 405
    assert wire.client.post("/__inbox/x", content=b"x" * (1024 * 1024 + 1)).status_code == 413


def test_an_address_beyond_this_machine_is_refused_with_the_flag_that_would_allow_it(wire: Wire) -> None:
    task = wire.create("http://192.0.2.1:8000/hook")
    wire.advance(0)
    (kept,) = wire.deliveries(state="refused", timeout=20)
    assert "--callback-to 192.0.2.1" in kept["attempts"][0]["error"]
    wire.advance(1000)
    shown = wire.client.get(f"{VIDEOS}/{task}").json()
    assert shown["data"]["task_status"] == "succeed"


def test_a_mapped_address_is_called_in_place_of_the_one_in_the_body(app: Listener) -> None:
    with MockServer(clock="frozen", callback_map={"https://app.example.com": app.url}) as server:
        wire = Wire(server)
        wire.create("https://app.example.com/hook")
        wire.advance(1000)
        assert app.statuses() == IN_ORDER
        assert wire.deliveries()[0]["url"] == "https://app.example.com/hook"
        wire.client.close()


def test_waiting_for_what_never_comes_ends(wire: Wire) -> None:
    assert wire.deliveries(status="failed", timeout=0) == []
