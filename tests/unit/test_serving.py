"""The HTTP of a result, without a socket."""

from __future__ import annotations

import email
from email.utils import formatdate
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from asking import Core
from hypothesis import given, settings
from hypothesis import strategies as st
from test_inputs_results import expansion, finished, png

from mock_server.exchange import Exchange
from mock_server.ranges import Unsatisfiable, spans
from mock_server.serving import Reply, Serving

BODY = bytes(range(256)) * 4
SIZE = len(BODY)
edges = st.one_of(st.integers(0, 12), st.integers(SIZE - 12, SIZE + 12), st.integers(0, 10**18))
one_range = st.one_of(
    st.tuples(edges, edges).map(lambda each: f"{min(each)}-{max(each)}"),
    edges.map(lambda first: f"{first}-"),
    edges.map(lambda length: f"-{length}"),
)


def sliced(asked: str) -> bytes:
    """Return what a range asks for, by Python's own slices."""
    first, _, last = asked.partition("-")
    if not first:
        return BODY[-int(last) :] if int(last) else b""
    return BODY[int(first) : int(last) + 1 if last else None]


class Served:
    """A core with one finished expansion, asked for by `name`."""

    def __init__(self, **settings: Any) -> None:
        self.core = Core(**settings)
        (url,) = finished(self.core, "createImageExpansion", expansion(png()))
        self.name = url.rpartition("/")[2]
        self.serving = Serving(self.core.mock.results, self.core.clock)

    def ask(self, method: str = "GET", name: str | None = None, **headers: str) -> tuple[Reply, bytes]:
        """Ask; a `_` in a header's name is a dash."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        reply = self.serving.reply(method, name or self.name, named)
        body = b"".join(reply.chunks())
        reply.close()
        assert len(body) == reply.size
        return reply, body

    @property
    def data(self) -> bytes:
        file = self.core.mock.results.file(self.name)
        assert file is not None
        return file.data


@pytest.fixture(scope="module")
def served() -> Served:
    return Served()


@settings(deadline=None)
@given(one_range)
def test_one_range_is_a_slice(asked: str) -> None:
    if sliced(asked):
        found = spans(f"bytes={asked}", SIZE)
        assert found is not None
        ((first, end),) = found
        assert BODY[first:end] == sliced(asked)
        assert 0 <= first < end <= SIZE
    else:
        with pytest.raises(Unsatisfiable):
            spans(f"bytes={asked}", SIZE)


@settings(deadline=None)
@given(st.lists(one_range, min_size=1, max_size=6), st.sampled_from([",", ", ", " ,\t", ",,"]))
def test_several_ranges_are_slices_in_their_order(asked: list[str], comma: str) -> None:
    slices = [each for each in map(sliced, asked) if each]
    header = f"Bytes={comma.join(asked)}"
    if not slices:
        with pytest.raises(Unsatisfiable):
            spans(header, SIZE)
        return
    found = spans(header, SIZE)
    if sum(map(len, slices)) > SIZE:
        assert found is None
    else:
        assert found is not None
        assert [BODY[first:end] for first, end in found] == slices


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,x", "items=0-5", "bytes=1", "=1-2"),
        *("bytes=--1", "bytes=1--2", "bytes=+1-2", "bytes=1_0-20", "bytes=١-٢", "bytes=1.0-2", "bytes=,"),
        *("bytes=" + "9" * 5000 + "-", "bytes=" + ",".join(["0-0"] * 101), "bytes=0-,0-"),
    ],
)
def test_a_header_that_is_no_range_of_bytes_is_ignored(header: str) -> None:
    assert spans(header, SIZE) is None


def test_a_result_is_sent_whole(served: Served) -> None:
    reply, body = served.ask()
    assert (reply.status, body) == (200, served.data)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["cache-control"] == "no-cache"
    assert "content-disposition" not in reply.headers


@settings(deadline=None)
@given(data=st.data())
def test_a_range_of_a_result_is_a_slice_of_it(served: Served, data: st.DataObject) -> None:
    size = len(served.data)
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size + 5))
    reply, body = served.ask(range=f"bytes={first}-{last}")
    assert (reply.status, body) == (206, served.data[first : last + 1])
    assert reply.headers["content-range"] == f"bytes {first}-{min(last, size - 1)}/{size}"


def test_several_ranges_come_as_parts_that_another_program_can_read(served: Served) -> None:
    reply, body = served.ask(range="bytes=0-3, -4, 100-199")
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + body).get_payload()
    data = served.data
    assert reply.status == 206
    assert isinstance(parts, list)
    assert [part.get_content_type() for part in parts] == ["image/png"] * 3
    ranges = [
        f"bytes 0-3/{len(data)}",
        f"bytes {len(data) - 4}-{len(data) - 1}/{len(data)}",
        f"bytes 100-199/{len(data)}",
    ]
    assert [part["Content-Range"] for part in parts] == ranges
    for chunk in (data[:4], data[-4:], data[100:200]):
        assert b"\r\n\r\n" + chunk + b"\r\n--" in body


def test_a_range_beyond_the_end_is_told_where_the_end_is(served: Served) -> None:
    reply, _ = served.ask(range=f"bytes={len(served.data)}-")
    assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{len(served.data)}")
    assert reply.headers["access-control-allow-origin"] == "*"


def test_if_range_sends_a_part_of_this_very_file_only(served: Served) -> None:
    own = served.ask()[0].headers
    statuses = [
        served.ask(range="bytes=0-0", if_range=value)[0].status
        for value in (own["etag"], own["last-modified"], '"other"', f"W/{own['etag']}", "Thu, 01 Jan 1970 00:00:00 GMT")
    ]
    assert statuses == [206, 206, 200, 200, 200]


def test_who_has_the_file_is_told_so(served: Served) -> None:
    own = served.ask()[0].headers
    tag, date = own["etag"], own["last-modified"]
    for headers, status in (
        ({"if_none_match": tag}, 304),
        ({"if_none_match": f'"x", W/{tag}'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, 200),
        ({"if_none_match": '"x"', "if_modified_since": date}, 200),
        ({"if_modified_since": date}, 304),
        ({"if_modified_since": formatdate(0, usegmt=True)}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_none_match": tag, "range": "bytes=0-0"}, 304),
    ):
        reply, body = served.ask(**headers)
        assert reply.status == status, headers
        assert reply.headers["etag"] == tag
        assert bool(body) is (status == 200)
        assert served.ask("HEAD", **headers)[0].status == status


def test_head_is_told_the_whole_size_whatever_it_asks(served: Served) -> None:
    reply, body = served.ask("HEAD", range="bytes=0-0")
    assert (reply.status, reply.size, len(body)) == (200, len(served.data), len(served.data))


def test_last_modified_is_the_end_of_the_task_unless_that_is_still_to_come() -> None:
    served = Served()
    ended = served.core.get("getImageExpansion", served.name.partition("-")[0]).body["data"]["updated_at"]
    assert served.ask()[0].headers["last-modified"] == formatdate(ended // 1000, usegmt=True)
    frozen = Core(clock="frozen", epoch=2_000_000_000_000)
    made = frozen.create("createImageExpansion", expansion(png()))
    frozen.mock.sessions.get("default").advance(864_000)
    reply = Serving(frozen.mock.results, frozen.clock).reply("GET", f"{made.body['data']['task_id']}-0.png", {})
    reply.close()
    assert reply.status == 200
    assert "last-modified" not in reply.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    reply, body = served.ask(method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert b"GET, HEAD" in body


def test_a_browser_that_asks_first_may_do_all_of_it(served: Served) -> None:
    reply, body = served.ask("OPTIONS", origin="https://app.example", access_control_request_method="GET")
    assert (reply.status, body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "range" in reply.headers["access-control-allow-headers"]
    assert "GET" in reply.headers["access-control-allow-methods"]


def test_nothing_hinders_a_page_whatever_the_answer(served: Served) -> None:
    expired = Served()
    expired.core.clock.sleep(30 * 86400)
    replies = [
        served.ask()[0],
        served.ask(range="bytes=0-0")[0],
        served.ask(range="bytes=99999999-")[0],
        served.ask(if_none_match="*")[0],
        served.ask(name="871-0.png")[0],
        served.ask("POST")[0],
        served.ask("OPTIONS")[0],
        expired.ask()[0],
    ]
    assert [reply.status for reply in replies] == [200, 206, 416, 304, 404, 405, 204, 403]
    for reply in replies:
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
        assert reply.headers["timing-allow-origin"] == "*"
        assert "content-range" in reply.headers["access-control-expose-headers"]


def test_a_file_that_goes_between_being_found_and_being_opened_is_drawn_again() -> None:
    served = Served()
    results, data, found = served.core.mock.results, served.data, []

    class Losing:
        """Loses the first file that it finds."""

        def file(self, name: str) -> Any:
            found.append(results.file(name))
            if len(found) == 1:
                found[0].source.unlink()
            return found[-1]

    reply = Serving(Losing(), served.core.clock).reply("GET", served.name, {})  # type: ignore[arg-type]
    body = b"".join(reply.chunks())
    reply.close()
    assert (reply.status, body, len(found)) == (200, data, 2)


def test_a_mock_without_a_socket_answers_the_same(served: Served) -> None:
    path, headers = f"/s/some/__media/{served.name}", {"range": "bytes=1-3"}
    answer = served.core.mock.answer(Exchange("GET", path, "", headers, b"", "http://mock.test"))
    assert (answer.status, answer.body, answer.content_type) == (206, served.data[1:4], "image/png")
    assert answer.headers["content-range"] == f"bytes 1-3/{len(served.data)}"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_nothing_more_is_read_for_a_client_that_has_gone(served: Served) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        while len(sent) < 2:
            await anyio.lowlevel.checkpoint()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if len(sent) == 2:
            await anyio.sleep_forever()

    anyio.run(
        served.serving.send,
        served.serving.reply("GET", served.name, {}),
        {"type": "http", "method": "GET"},
        receive,
        send,
    )
    assert sent == ["http.response.start", "http.response.body"]


def test_a_server_that_says_so_by_an_error_is_understood(served: Served) -> None:
    async def receive() -> dict[str, str]:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        raise BrokenPipeError

    scope = {"type": "http", "method": "GET"}
    assert anyio.run(served.serving.send, served.serving.reply("GET", served.name, {}), scope, receive, send) is None


def test_what_a_session_forgets_is_gone() -> None:
    served = Served()
    data, session = served.data, served.core.mock.sessions.get("default")
    served.core.mock.results.forget(session.key(""))
    assert served.ask()[1] != data, "drawn anew, without the original"
    served.core.mock.sessions.end("default")
    assert served.ask()[0].status == 404
