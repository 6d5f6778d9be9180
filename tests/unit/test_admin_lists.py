"""Admin's lists are made while they are sent, and are read page by page by whoever wants to."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from asking import example
from desk import Desk

from mock_server.admin.listing import listing
from mock_server.app import create_app
from mock_server.exchange import Exchange
from tests.counting import calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.exchange import Answer

MANY = 1200
CREATE = "createImageToVideo"
LISTS = ["tasks", "tasks?status=failed", "tasks?limit=700", "requests", "requests/find", "requests/unmatched"]
LISTS += ["requests/count", "deliveries", "inbox/mine"]


@pytest.fixture(scope="module")
def desk() -> Desk:
    """Return a mock with tasks, each of which called back to an inbox."""
    made = Desk(verify_answers=False, journal_entries=MANY)
    body = {**example(made.provider.operation(CREATE)), "callback_url": "http://mock.test/__inbox/mine"}
    for _ in range(MANY):
        made.create(CREATE, body)
    made.admin("POST", "clock/advance", {"seconds": 10_000})
    for number in range(40):
        made.ask("GET", f"/nowhere/{number}")
    return made


def asked(path: str) -> Exchange:
    path, _, query = path.partition("?")
    method = "POST" if path.endswith(("find", "count")) else "GET"
    body = json.dumps({"body": {"mode": "pro"}}).encode() if method == "POST" else b""
    return Exchange(method, f"/__admin/{path}", query, {"host": "127.0.0.1:4060"}, body, "http://127.0.0.1:4060")


def answer_of(desk: Desk, path: str) -> Answer:
    steps = desk.mock.admin.answering(asked(path))
    try:
        next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("nothing is waited for")


@pytest.mark.parametrize("path", LISTS)
def test_a_piece_of_a_list_is_little_work_however_long_the_list_is(desk: Desk, path: str) -> None:
    found: list[Answer] = []
    first = calls_of(lambda: found.append(answer_of(desk, path)))
    pieces: Any = found[0].pieces
    assert pieces is not None
    sizes: list[bytes] = []
    while len(sizes) < 5:
        work = calls_of(lambda: sizes.append(next(pieces)))
        assert work < 50_000
    # To find the first piece one looks through what there is, and shows no more of it than that.
    assert first < 60_000 + 30 * MANY
    assert max(map(len, sizes)) < 200_000


@pytest.mark.parametrize("path", LISTS)
def test_the_pieces_are_the_same_json_as_ever(desk: Desk, path: str) -> None:
    whole = json.loads(desk.mock.answer(asked(path)).body)
    name = path.partition("?")[0].partition("/")[0]
    if path == "requests/count":
        assert whole == {"count": MANY - 40}
    elif name == "tasks":
        assert list(whole) == ["tasks"]
    else:
        assert list(whole) == ["letters" if name == "inbox" else name, "total"]


def ids(desk: Desk, path: str, name: str) -> list[Any]:
    return [each["id"] for each in desk.admin("GET", path).body[name]]


@pytest.mark.parametrize(("path", "name"), [("tasks", "tasks"), ("requests", "requests"), ("deliveries", "deliveries")])
def test_pages_from_the_newest_to_the_oldest_are_the_whole_list(desk: Desk, path: str, name: str) -> None:
    pages: list[list[Any]] = []
    while page := ids(desk, f"{path}?limit=500&offset={500 * len(pages)}", name):
        pages.append(page)
    assert [each for page in reversed(pages) for each in page] == ids(desk, path, name)
    assert len(pages) > 2
    assert ids(desk, f"{path}?limit=0", name) == []


def test_pages_are_of_what_fits() -> None:
    desk = Desk()
    made = [desk.video(prefer=f"scenario={each}") for each in ("fail", "succeed", "fail", "fail", "succeed")]
    desk.admin("POST", "clock/advance", {"seconds": 10_000})
    failed = [made[0], made[2], made[3]]
    assert ids(desk, "tasks?status=failed", "tasks") == failed
    assert ids(desk, "tasks?status=failed&limit=2", "tasks") == failed[1:]
    assert ids(desk, "tasks?status=failed&limit=2&offset=1", "tasks") == failed[:2]
    assert ids(desk, "tasks?status=failed&limit=2&offset=9", "tasks") == []


def test_letters_have_pages_too(desk: Desk) -> None:
    letters = desk.admin("GET", "inbox/mine").body["letters"]
    assert desk.admin("GET", "inbox/mine?limit=3&offset=2").body["letters"] == letters[-5:-2]


@pytest.mark.parametrize("asked", ["limit=-1", "limit=x", "offset=1000001", "ofset=1"])
def test_a_page_that_there_is_not_is_refused(desk: Desk, asked: str) -> None:
    assert desk.admin("GET", f"tasks?{asked}").status == 400


def test_others_are_answered_between_two_pieces_and_nothing_is_made_for_who_has_gone() -> None:
    app = create_app(provider="kling")
    made: list[int] = []

    def endless() -> Iterator[dict[str, int]]:
        while True:
            made.append(len(made))
            yield {"n": len(made)}

    app.state.mock.admin.routes["tasks"] = {"GET": lambda ask: listing("tasks", endless(), apiece=10)}
    gone = asyncio.Event()

    async def story() -> tuple[int, list[bytes]]:
        sent: list[bytes] = []
        listed = asyncio.ensure_future(call(app, "/__admin/tasks", sent, gone))
        while len(sent) < 3:
            await asyncio.sleep(0)
        other: list[bytes] = []
        await call(app, "/livez", other, asyncio.Event())
        gone.set()
        await listed
        return len(made), other

    count, other = asyncio.run(story())
    assert b"".join(other) == b"ok\n"
    assert count < 1000


async def call(app: Any, path: str, sent: list[bytes], gone: asyncio.Event) -> None:
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "scheme": "http"}
    await app({**scope, "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}, receive, send)
