"""The journal: everything that was asked, bounded, and no secret."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import Any

import pytest
from desk import Desk
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kling_contract import redaction
from kling_contract.auth import sign
from mock_server.exchange import Exchange
from mock_server.journal import Entry, Journal
from mock_server.log import text

CREATE = "createImageToVideo"
URL = "https://example.com/cat.png"


def noise(side: int = 400) -> str:
    """Return the base64 of a PNG that does not compress."""
    target = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def last(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.admin("GET", "requests?limit=1").body["requests"][0]
    return found


def test_an_exchange_tells_what_happened() -> None:
    desk = Desk()
    desk.clock.sleep(60)
    asked = desk.create(CREATE, {"image": URL, "mode": "pro"}, prefer="scenario=fail", x_trace="t1")
    shown = last(desk)
    assert asked.headers["x-kling-mock-exchange"] == shown["exchange"] == "default-1"
    assert (shown["session"], shown["provider"], shown["operation"]) == ("default", "kling", CREATE)
    assert (shown["wall"], shown["at"]) == (1_790_000_060_000, desk.admin("GET", "clock").body["now"])
    assert (shown["headers"]["prefer"], shown["headers"]["x-trace"]) == ("scenario=fail", "t1")
    assert (shown["body"], shown["scenario"], shown["outcome"]) == ({"image": URL, "mode": "pro"}, "fail", "answered")
    assert shown["answer"]["body"] == asked.body
    assert (shown["answer"]["status"], shown["answer"]["row"], shown["error"]) == (200, None, None)


def test_a_refused_exchange_has_its_violations_row_and_body() -> None:
    desk = Desk()
    desk.create(CREATE, {"image": URL, "mode": "best"})
    shown = last(desk)
    assert [each["rule"] for each in shown["violations"]] == ["schema.enum"]
    assert (shown["answer"]["row"], shown["status"]) == ("value.enum", 400)
    assert shown["body"]["mode"] == "best"


def test_a_fault_is_in_the_exchange_that_it_struck() -> None:
    desk = Desk()
    desk.admin("POST", "faults", {"fault": "server.error"})
    assert desk.create(CREATE, {"image": URL}).status == 500
    assert last(desk)["fault"] == "server.error"


def test_an_exchange_is_found_by_its_header_and_by_its_number() -> None:
    desk = Desk()
    name = desk.create(CREATE, {"image": URL}, x_kling_session="a-b").headers["x-kling-mock-exchange"]
    found = desk.admin("GET", f"requests/{name}", session="a-b").body
    assert found == desk.admin("GET", "requests/1", session="a-b").body
    assert found["exchange"] == name == "a-b-1"
    for stranger in ("2", "0", "-1", "x-1", "default-1", "٣", "9" * 40):
        assert desk.admin("GET", f"requests/{stranger}", session="a-b").status == 404


def test_images_are_replaced_by_what_they_are() -> None:
    image = noise()
    for verbose, digest in ((False, False), (True, True)):
        desk = Desk()
        desk.mock.endpoints._verbose = desk.mock.endpoints._admission._verbose = verbose
        assert desk.create(CREATE, {"image": image, "prompt": "cat"}).status == 200
        about = last(desk)["body"]["image"]
        size = len(base64.b64decode(image))
        assert (about["type"], about["width"], about["height"], about["bytes"]) == ("png", 400, 400, size)
        assert ("sha256" in about) is digest
        assert image[:100] not in json.dumps(desk.admin("GET", "requests").body)


@pytest.mark.parametrize("broken", [{"image": None}, {"image_url": None}, {"image": None, "mode": "best"}])
def test_images_are_replaced_in_what_was_refused_too(broken: dict[str, Any]) -> None:
    image = noise()
    desk = Desk()
    body = {name: image if value is None else value for name, value in broken.items()}
    desk.create(CREATE, json.dumps(body).encode() + (b"}" if "image" in broken else b""))
    desk.create(CREATE, body)
    desk.ask("POST", "/nowhere", body)
    told = json.dumps(desk.admin("GET", "requests").body)
    assert image[100:300] not in told
    assert len(told) < 12_000


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"{", b'"text"', b"[1, 2]", b"[" * 9000, b"null"])
def test_any_body_can_be_shown(body: bytes) -> None:
    desk = Desk()
    desk.create(CREATE, body)
    assert last(desk)["status"] == 400


def test_long_texts_and_long_lists_are_cut() -> None:
    desk = Desk()
    desk.create(CREATE, {"image": URL, "prompt": "so " * 100_000, "extra": list(range(50_000))})
    shown = last(desk)["body"]
    assert shown["prompt"].endswith("... (300000 characters)")
    assert len(shown["prompt"]) < 2100
    assert len(shown["extra"]) == 100


SECRET = "sk-very-secret-1234567890"


def asked_with_secrets(desk: Desk) -> None:
    """Send a secret in every place in which people send one."""
    headers = {
        "cookie": f"session={SECRET}; other={SECRET}",
        "x_api_key": SECRET,
        "x_auth_token": SECRET,
        "proxy_authorization": f"Basic {SECRET}",
        "x_goog_api_key": SECRET,
        "x_amz_signature": SECRET,
        "api_key": SECRET,
        "x_kling_admin_token": SECRET,
        "referer": f"https://user:{SECRET}@example.com/?token={SECRET}",
    }
    body = {
        "image": f"https://me:{SECRET}@example.com/cat.png?X-Amz-Signature={SECRET}&size=9",
        "callback_url": f"https://me:{SECRET}@example.com/hook?token={SECRET}",
        "api_key": SECRET,
        "settings": {"password": SECRET, "list": [{"client_secret": SECRET}]},
        "prompt": f"my key is {SECRET}",
    }
    key = f"Bearer {SECRET}"
    path = desk.provider.operation(CREATE).path
    desk.create(CREATE, body, key=key, **headers)
    desk.ask("POST", f"{path}?api_key={SECRET}&access_token={SECRET}&x=1", {**body, "mode": SECRET}, key=key, **headers)
    desk.ask("GET", f"{path}/{SECRET}", key=key, **headers)
    desk.ask("GET", f"/{SECRET}/nowhere", key=key)
    desk.create(CREATE, f'{{"api_key": "{SECRET}", '.encode(), key=key)
    desk.create(CREATE, {**body, "prompt": f"{SECRET} " * 500}, key=key, **headers)


def test_no_secret_is_ever_shown() -> None:
    desk, heard = Desk(verify_answers=False), []
    desk.mock.sessions.listen("default", heard.append)
    asked_with_secrets(desk)
    entries = list(desk.mock.sessions.get("default").journal.entries)
    assert len(entries) == 6
    shown = {
        "requests": json.dumps(desk.admin("GET", "requests").body),
        "find": json.dumps(desk.admin("POST", "requests/find", {"operation": CREATE}).body),
        "unmatched": json.dumps(desk.admin("GET", "requests/unmatched").body),
        "sessions": json.dumps(desk.admin("GET", "sessions").body),
        "events": json.dumps(heard),
        "log": "\n".join(text(entry.brief()) for entry in entries),
    }
    assert {place for place, told in shown.items() if SECRET in told} == set()
    assert shown["requests"].count(redaction.MARK) > 20
    assert "https://example.com/cat.png?X-Amz-Signature=[redacted]&size=[redacted]" in shown["requests"]


def test_a_token_is_hidden_wherever_it_stands() -> None:
    desk = Desk()
    token = sign("access-key", "secret-key", desk.clock.now())
    desk.create(CREATE, {"image": URL, "prompt": token}, key=f"Bearer {token}")
    told = json.dumps(last(desk))
    assert token not in told
    assert token.rpartition(".")[2] not in told


@given(st.integers(1970, 2100))
def test_a_secret_is_hidden_where_a_text_was_cut(before: int) -> None:
    desk = Desk()
    desk.create(CREATE, {"image": URL, "prompt": "a " * (before // 2) + SECRET + " b" * 5000}, key=f"Bearer {SECRET}")
    assert SECRET[:8] not in last(desk)["body"]["prompt"]


@pytest.mark.parametrize(
    "name",
    [
        *("idempotency-key", "user-agent", "x-kling-session", "keyboard", "monkey-business"),
        *("authority", "x-authored-by", "author", "authors"),
    ],
)
def test_what_is_no_secret_is_shown(name: str) -> None:
    assert redaction.headers({name: "value"}) == {name: "value"}


@pytest.mark.parametrize("name", ["authorization", "Proxy-Authorization", "x-auth", "authToken", "oauth", "authorize"])
def test_what_is_a_secret_is_not(name: str) -> None:
    assert redaction.headers({name: "value"}) == {name: redaction.MARK}


def test_urls_keep_their_place_and_nothing_else() -> None:
    told = redaction.urls('{"a": "https://me:pass@a.b/c?d=e&f#g", "h": "wss://i/j", # see http://k/?l')
    assert told == '{"a": "https://a.b/c?d=[redacted]&f", "h": "wss://i/j", # see http://k/?l'


@given(st.text(max_size=50), st.lists(st.text(max_size=10), max_size=4))
def test_a_query_without_secrets_stays_as_it_is(words: str, more: list[str]) -> None:
    asked = "&".join(f"page{n}={each}".replace("&", "") for n, each in enumerate([words, *more]))
    assert redaction.query(asked) == asked


def test_requests_are_found_and_counted() -> None:
    desk = Desk()
    desk.create(CREATE, {"image": URL, "prompt": "a cat", "duration": "5"})
    desk.create(CREATE, {"image": URL, "duration": "10"})
    desk.create(CREATE, {"image": URL, "mode": "best"})
    task = last(desk)["task"] or desk.admin("GET", "tasks").body["tasks"][0]["id"]
    desk.get("getImageToVideo", task)
    wanted = [
        ({}, 4),
        ({"operation": CREATE}, 3),
        ({"body": {"duration": "10"}}, 1),
        ({"body": {"duration": 10}}, 0),
        ({"body": {"image": URL}, "status": 200}, 2),
        ({"rule": "schema.enum"}, 1),
        ({"error": "value.enum"}, 1),
        ({"method": "GET", "task": task}, 1),
        ({"outcome": "gone"}, 0),
    ]
    for criteria, number in wanted:
        assert desk.admin("POST", "requests/count", criteria).body == {"count": number}, criteria
        found = desk.admin("POST", "requests/find", criteria).body
        assert (len(found["requests"]), found["total"]) == (number, number)
    assert "did you mean" in desk.admin("POST", "requests/find", {"operation": "createImageToVide"}).error
    assert "did you mean 'status'?" in desk.admin("POST", "requests/find", {"statuz": 200}).error


def test_requests_are_listed_by_operation_and_limit() -> None:
    desk = Desk()
    for _ in range(3):
        desk.create(CREATE, {"image": URL})
    desk.ask("GET", "/nowhere")
    assert [each["id"] for each in desk.admin("GET", "requests?limit=2").body["requests"]] == [3, 4]
    assert [each["id"] for each in desk.admin("GET", f"requests?operation={CREATE}").body["requests"]] == [1, 2, 3]
    assert desk.admin("GET", "requests?limit=0").body == {"requests": [], "total": 4}
    for wrong in ("limit=-1", "limit=x", "limit=٣", "page=1", "operation=nope"):
        assert desk.admin("GET", f"requests?{wrong}").status == 400


def test_unmatched_requests_name_the_nearest_route() -> None:
    desk = Desk()
    path = desk.provider.operation(CREATE).path
    desk.ask("POST", path + "s", {"image": URL})
    desk.ask("DELETE", path)
    desk.ask("GET", "/p/nobody/x")
    desk.create(CREATE, {"image": URL})
    found = desk.admin("GET", "requests/unmatched").body["requests"]
    assert [each["id"] for each in found] == [1, 2, 3]
    assert [each["nearest"] for each in found[:1]] == [f"POST {path}"]
    assert found[2]["nearest"] is None


def entry(number: int, size: int = 0) -> Entry:
    return Entry(number, 0, "a", "GET", "/", request=b"x" * size)


@given(st.integers(1, 20), st.integers(1, 20_000), st.lists(st.integers(0, 5000), max_size=60))
def test_a_journal_is_bounded_in_entries_and_bytes(most: int, most_bytes: int, sizes: list[int]) -> None:
    journal = Journal(most, most_bytes)
    for size in sizes:
        one = entry(journal.next_id(), size)
        journal.open(one)
        journal.close(one)
        kept = list(journal.entries)
        assert len(kept) <= most
        assert sum(each.size for each in kept) <= most_bytes or len(kept) == 1
        assert kept[-1] is one
        assert all(journal.get(each.id) is each for each in kept)
    assert journal.total == len(sizes)


@given(st.lists(st.booleans(), max_size=30))
def test_an_entry_that_is_forgotten_before_it_ends_is_counted_once(ends: list[bool]) -> None:
    journal = Journal(3, 10**6)
    waiting: list[Entry] = []
    for end in ends:
        if end and waiting:
            journal.close(waiting.pop(0))
        else:
            waiting.append(entry(journal.next_id(), 10))
            journal.open(waiting[-1])
    for each in waiting:
        journal.close(each)
    assert journal._bytes == sum(each.size for each in journal.entries)


def test_a_large_create_keeps_little() -> None:
    desk, image = Desk(), noise(700)
    assert len(image) > 1_900_000
    desk.create(CREATE, {"image": image})
    (kept,) = desk.mock.sessions.get("default").journal.entries
    assert kept.size < 3000


def test_a_client_that_gave_up_is_there() -> None:
    desk = Desk()
    heard: list[dict[str, Any]] = []
    desk.mock.sessions.listen("default", heard.append)
    exchange = Exchange(
        "POST", desk.provider.operation(CREATE).path, "", {"authorization": "Bearer x"}, b"", "http://m"
    )
    arrival = desk.mock.endpoints.arrive(exchange)
    assert (last(desk)["outcome"], last(desk)["status"]) == ("arrived", 0)
    desk.mock.endpoints.leave(arrival)
    assert (last(desk)["outcome"], last(desk)["status"]) == ("gone", 0)
    assert [each["outcome"] for each in heard] == ["gone"]
    assert text(arrival.entry.brief()).startswith("gone  POST ")
