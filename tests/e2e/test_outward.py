"""Calls to the world, blocking and not, over real sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from listening import OK, Listener, saying
from ports import unheard

from mock_server.outward import Failed, Reach, Refused, Reply
from mock_server.outward.calls import Outward
from mock_server.outward.streams import AsyncStream

Make = Callable[..., "Asking"]
PEM = Path(__file__).with_name("app.example.pem")
BEYOND = "203.0.113.9"  # an address for documentation, where nobody is


class Asking:
    """An `Outward` that is used in one of its two ways."""

    def __init__(self, runner: asyncio.Runner | None, outward: Outward) -> None:
        self.runner, self.outward = runner, outward

    def __call__(self, url: str, body: bytes = b"", method: str = "POST", **more: Any) -> Reply:
        limits = {"timeout": more.get("timeout", 60.0), "most": more.get("most", 10_000)}
        given = (method, url, more.get("headers", {}), body)
        if self.runner is None:
            return self.outward.call(*given, **limits)
        return self.runner.run(self.outward.acall(*given, **limits))

    def close(self) -> None:
        if self.runner is None:
            self.outward.close()
        else:
            self.runner.run(self.outward.aclose())


@pytest.fixture(params=["call", "acall"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with asyncio.Runner() as runner:
        made: list[Asking] = []

        def make(*allowed: str, **more: Any) -> Asking:
            outward = Outward(more.pop("reach", Reach(allowed)), **more)
            made.append(Asking(runner if request.param == "acall" else None, outward))
            return made[-1]

        yield make
        for asking in made:
            asking.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


def knowing(*answers: list[str]) -> Callable[[str, int], list[str]]:
    """Return a resolver that gives these addresses, one answer after the other, for any name."""
    left = list(answers)
    return lambda host, port: left.pop(0)


def test_a_request_arrives_as_it_was_meant(make: Make, listener: Listener) -> None:
    fields = b"X-One: 1\r\nx-one: 2\r\nRetry-After: 7\r\nContent-Length: 4"
    listener.behave = saying(b"HTTP/1.1 201 Made\r\n%b\r\n\r\nmade" % fields)
    framing = {"Host": "evil.example", "Content-Length": "1", "transfer-encoding": "chunked", "Webhook-Id": "msg_1"}
    reply = make()(f"{listener.url}/a%20b?c=d&e#f", b"body", headers=framing)
    assert reply == Reply(201, {"x-one": "1, 2", "retry-after": "7", "content-length": "4"}, b"made")
    head = ["POST /a%20b?c=d&e HTTP/1.1", f"host: 127.0.0.1:{listener.port}", "Webhook-Id: msg_1", "content-length: 4"]
    assert (listener.heads[0].splitlines(), listener.bodies) == (head, [b"body"])


def test_head_and_get_have_no_body(make: Make, listener: Listener) -> None:
    ask = make()
    assert ask(listener.url, method="GET").body == b"ok"
    listener.behave = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    assert ask(listener.url, method="HEAD").headers == {"content-length": "5000"}
    assert "content-length" not in "".join(listener.heads)


def test_a_mapped_origin_is_called_elsewhere_by_its_own_name(make: Make, listener: Listener) -> None:
    ask = make(mapped={"https://App.example.com": f"http://web:{listener.port}"}, resolve=knowing(["127.0.0.1"]))
    assert ask("https://app.example.com/hook?x=1", b"{}").status == 200
    assert listener.heads[0].startswith("POST /hook?x=1 HTTP/1.1\r\nhost: app.example.com\r\n")


def test_a_mapped_target_is_allowed_and_nothing_else(make: Make, listener: Listener) -> None:
    ask = make(reach=Reach(loopback=False), mapped={"https://app.example.com": listener.url}, resolve=knowing([], []))
    assert ask("https://app.example.com/").status == ask(listener.url).status == 200
    for url in ("http://app.example.com/", "https://app.example.com:8443/", f"http://127.0.0.1:{listener.port - 1}/"):
        with pytest.raises(Refused):
            ask(url)


@pytest.mark.parametrize("pair", [("app.example.com", "http://web"), ("http://app", "http://web/path"), ("", "")])
def test_a_mapping_of_what_is_no_origin_is_wrong_use(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^no "):
        Outward(Reach(), dict([pair]))


HERE = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "LOCALHOST.", "0.0.0.0"]


@pytest.mark.parametrize("host", HERE)
def test_this_machine_is_called_however_it_is_written(make: Make, listener: Listener, host: str) -> None:
    assert make()(f"http://{host}:{listener.port}/").body == b"ok"


ELSEWHERE = [BEYOND, "3405803785", "0xcb.0.113.9", f"[::ffff:{BEYOND}]", "[2001:db8::1]", "169.254.169.254"]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_nothing_else_is_called_however_it_is_written(make: Make, host: str) -> None:
    with pytest.raises(Refused, match="is neither this machine nor an allowed host; allowed by --callback-to "):
        make()(f"http://{host}/")


@pytest.mark.parametrize("url", ["http://user@{}/", "ftp://{}/", "http://{}/a b", "http://{}/\r\nX: 1", "{}", "//{}/"])
def test_what_is_no_url_is_not_called(make: Make, listener: Listener, url: str) -> None:
    with pytest.raises(ValueError, match="no URL to call"):
        make()(url.format(f"127.0.0.1:{listener.port}"))
    assert listener.connections == 0


WRONG = [{"X": "1\r\nY: 2"}, {"X\r\nY": "1"}, {"X": "1\x00"}, {"": "1"}, {"X Y": "1"}, {"X": "\u20ac"}, {"Ä": "1"}]


@pytest.mark.parametrize("headers", WRONG, ids=ascii)
def test_headers_that_are_none_are_not_sent(make: Make, listener: Listener, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of whoever found it
        make()(listener.url, headers=headers)
    assert listener.heads == []


def test_the_address_that_was_checked_is_the_one_that_is_called(make: Make, listener: Listener) -> None:
    listener.behave = saying(OK, keep=False)
    ask = make(resolve=knowing(["127.0.0.1"], [BEYOND], [BEYOND, "127.0.0.1"]))
    url = f"http://rebound.example:{listener.port}/"
    assert ask(url).status == 200
    listener.closed.acquire()
    with pytest.raises(Refused) as caught:
        ask(url)
    assert caught.value.allow == "--callback-to rebound.example"
    assert ask(url).status == 200
    assert listener.connections == 2


def test_a_host_allowed_by_name_may_have_several_addresses(make: Make, listener: Listener) -> None:
    ask = make("web", resolve=knowing(["::1", "127.0.0.1"]))
    assert ask(f"http://web:{listener.port}/").status == 200


def test_an_address_that_hangs_leaves_time_for_the_next(
    make: Make, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, aconnect = socket.create_connection, anyio.connect_tcp

    def hang(place: tuple[str, int], seconds: float) -> socket.socket:
        if place[0] == BEYOND:
            assert seconds <= 0.1
            raise TimeoutError
        return connect(place, seconds)

    async def ahang(address: str, port: int) -> Any:
        return await (aconnect(address, port) if address == "127.0.0.1" else anyio.sleep_forever())

    monkeypatch.setattr(socket, "create_connection", hang)
    monkeypatch.setattr(anyio, "connect_tcp", ahang)
    ask = make("web", resolve=knowing([BEYOND, "127.0.0.1"]))
    assert ask(f"http://web:{listener.port}/", timeout=0.2).status == 200


def stop(connection: socket.socket) -> bool:
    """Say nothing until the other side leaves."""
    return bool(connection.recv(1))


def dribble(connection: socket.socket) -> bool:
    """Send a byte every few milliseconds, for far longer than the call may take."""
    over = threading.Event()
    for byte in OK * 10:
        connection.sendall(bytes([byte]))
        over.wait(0.005)
    return False


@pytest.mark.parametrize("behave", [stop, dribble])
def test_a_call_ends_in_time_although_the_answer_does_not(make: Make, listener: Listener, behave: Any) -> None:
    listener.behave = behave
    with pytest.raises(Failed, match=r"^no answer within 0\.05 s$") as caught:
        make()(listener.url, timeout=0.05)
    assert caught.value.kind == "timeout"


def test_a_body_that_dribbles_ends_in_time(make: Make, listener: Listener) -> None:
    listener.behave = lambda connection: saying(b"HTTP/1.1 200 OK\r\n\r\n")(connection) and dribble(connection)
    with pytest.raises(Failed) as caught:
        make()(listener.url, timeout=0.05)
    assert caught.value.kind == "timeout"


def test_a_receiver_that_reads_nothing_ends_in_time(make: Make) -> None:
    with Listener(read=False) as listener:
        listener.behave = lambda connection: not listener.over.wait()
        with pytest.raises(Failed) as caught:
            make()(listener.url, b"x" * 50_000_000, timeout=0.2)
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("timeout", [0, -1])
def test_no_time_is_too_little(make: Make, listener: Listener, timeout: float) -> None:
    with pytest.raises(Failed) as caught:
        make()(listener.url, timeout=timeout)
    assert caught.value.kind == "timeout"


def flood(connection: socket.socket) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@pytest.mark.parametrize("most", [0, 1, 100_000])
def test_of_an_endless_answer_no_more_is_read_than_was_asked_for(make: Make, listener: Listener, most: int) -> None:
    listener.behave = flood
    assert make()(listener.url, most=most).body == b"x" * most
    assert listener.closed.acquire()


def test_an_answer_that_just_fits_leaves_the_connection_open(make: Make, listener: Listener) -> None:
    ask = make()
    assert [ask(listener.url, most=2).body for _ in range(20)] == [b"ok"] * 20
    assert ask(listener.url, most=1).body == b"o"
    assert listener.connections == 1
    assert ask(listener.url, most=0).body == b""
    assert listener.connections == 2


def test_redirects_are_not_followed_and_cookies_not_kept(make: Make, listener: Listener) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {listener.url}/b\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    listener.behave = saying(answer.encode())
    ask = make()
    assert [ask(listener.url).status for _ in range(2)] == [302, 302]
    assert [head.split()[1] for head in listener.heads] == ["/", "/"]
    assert "cookie" not in "".join(listener.heads).lower()


def test_proxies_of_the_environment_are_not_used(
    make: Make, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{BEYOND}:1")
    assert make()(listener.url).status == 200


def test_a_connection_that_was_closed_meanwhile_is_not_written_to(make: Make, listener: Listener) -> None:
    listener.behave = saying(OK, keep=False)
    ask = make()
    for number in range(3):
        assert ask(listener.url, b"%d" % number).status == 200
        listener.closed.acquire()
    assert (listener.bodies, listener.connections) == ([b"0", b"1", b"2"], 3)


def test_what_was_written_to_a_connection_that_then_closes_is_not_sent_again(make: Make, listener: Listener) -> None:
    ask = make()
    ask(listener.url, b"first")
    listener.behave = lambda connection: False
    with pytest.raises(Failed) as caught:
        ask(listener.url, b"second")
    assert (caught.value.kind, listener.connections) == ("reset", 1)
    assert listener.bodies == [b"first", b"second"]


def test_a_receiver_may_answer_before_it_reads(make: Make) -> None:
    def turn_away(connection: socket.socket) -> bool:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        while connection.recv(1_000_000):
            pass
        return False

    with Listener(turn_away, read=False) as listener:
        assert make()(listener.url, b"x" * 3_000_000).status == 413


class Forgotten(anyio.abc.ByteStream):
    """A connection whose other side has closed it before anybody looked at its socket."""

    @property
    def extra_attributes(self) -> Any:
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    async def receive(self, max_bytes: int = 0) -> bytes: ...
    async def send(self, item: bytes) -> None: ...
    async def send_eof(self) -> None: ...
    async def aclose(self) -> None: ...


def test_a_connection_that_is_closed_at_once_is_one_that_was_reset() -> None:
    with pytest.raises(ConnectionResetError):
        AsyncStream(Forgotten())


def failure(ask: Asking, url: str) -> Failed:
    with pytest.raises(Failed) as caught:
        ask(url)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_failure_says_of_which_kind_it_is(make: Make, listener: Listener) -> None:
    ask = make("web", resolve=knowing([]))
    with unheard() as place:
        refused = failure(ask, f"http://{place}/")
    assert refused.message.endswith(os.strerror(errno.ECONNREFUSED))
    assert refused.kind == "refused"
    assert failure(ask, "http://web/").kind == "name"
    listener.behave = saying(b"220 mail.example ESMTP\r\n\r\n", keep=False)
    assert failure(ask, listener.url).kind == "protocol"
    listener.behave = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", keep=False)
    assert failure(ask, listener.url).kind == "protocol"
    listener.behave = lambda connection: False
    assert failure(ask, listener.url).message == "the connection was closed without an answer"
    assert failure(ask, listener.url).kind == "reset"


PIECES = st.lists(st.sampled_from([b"HTTP/1.1 ", b"\r\n", b"200 OK\r\n", b"Content-Length: ", b"9"])).map(b"".join)


@given(answer=st.binary(max_size=200) | PIECES)
@example(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
@example(b"HTTP/1.1 204 No Content\r\n\r\n")
@example(b"HTTP/1.0 200\r\n\r\nold")
@example(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n")
@example(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_answered_is_a_reply_or_a_failure(make: Make, answer: bytes) -> None:
    with Listener(saying(answer, keep=False)) as listener:
        try:
            said = str(make()(listener.url, b"x").status)
        except Failed as failed:
            said = failed.kind
        assert said in ("protocol", "reset", "101", "200", "204")
        assert listener.bodies == [b"x"]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_no_handshake_is_a_failure_of_tls(make: Make, answer: bytes) -> None:
    with Listener(saying(answer, keep=False), read=False) as listener:
        assert failure(make(), listener.url.replace("http:", "https:")).kind == "tls"


@pytest.fixture
def behind_tls() -> Iterator[Listener]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with Listener(tls=context) as listener:
        yield listener


def test_tls_verifies_the_name_of_the_url(make: Make, behind_tls: Listener) -> None:
    trusting = ssl.create_default_context(cafile=str(PEM))
    ask = make(tls=trusting, resolve=lambda host, port: ["127.0.0.1"])
    assert [ask(f"https://app.example:{behind_tls.port}/").body for _ in range(3)] == [b"ok"] * 3
    assert behind_tls.connections == 1
    for host in ("other.example", "127.0.0.1"):
        failed = failure(ask, f"https://{host}:{behind_tls.port}/")
        assert failed.kind == "tls"
        assert "certificate is not valid for" in failed.message
    assert len(behind_tls.heads) == 3


def test_tls_trusts_no_certificate_of_its_own_making(make: Make, behind_tls: Listener) -> None:
    failed = failure(make(resolve=knowing(["127.0.0.1"])), f"https://app.example:{behind_tls.port}/")
    assert (failed.kind, "self-signed" in failed.message) == ("tls", True)


def test_a_handshake_that_hangs_ends_in_time(make: Make) -> None:
    with Listener(stop, read=False) as listener, pytest.raises(Failed) as caught:
        make()(listener.url.replace("http:", "https:"), timeout=0.3)
    assert caught.value.kind == "timeout"


def test_many_calls_share_few_connections(listener: Listener) -> None:
    async def main() -> list[Reply]:
        outward = Outward(Reach(), most_connections=4)
        calls = [outward.acall("POST", listener.url, {}, b"x", timeout=60, most=10) for _ in range(300)]
        replies = await asyncio.gather(*calls)
        await outward.aclose()
        return replies

    assert {reply.status for reply in asyncio.run(main())} == {200}
    assert (len(listener.heads), listener.connections) == (300, 4)


def test_many_threads_share_few_connections(listener: Listener) -> None:
    outward = Outward(Reach(), most_connections=4)
    statuses: list[int] = []

    def work() -> None:
        for _ in range(10):
            statuses.append(outward.call("POST", listener.url, {}, b"x", timeout=60, most=10).status)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outward.close()
    assert (statuses, len(listener.heads), listener.connections) == ([200] * 120, 120, 4)


def test_no_more_connections_are_kept_than_may_be_made(make: Make) -> None:
    ask = make(most_connections=1)
    with Listener() as first, Listener() as second:
        ask(first.url)
        ask(second.url)
        assert first.closed.acquire()
        ask(second.url)
        assert (first.connections, second.connections) == (1, 1)


def test_any_number_of_event_loops_may_use_it(listener: Listener) -> None:
    outward = Outward(Reach())

    async def main() -> Reply:
        try:
            return await outward.acall("POST", listener.url, {}, b"x", timeout=60, most=10)
        finally:
            await outward.aclose()

    assert [asyncio.run(main()).status for _ in range(3)] == [200] * 3
    assert listener.connections == 3


def test_a_cancelled_call_leaves_nothing_open(listener: Listener) -> None:
    listener.behave = stop

    async def main() -> None:
        outward = Outward(Reach())
        call = asyncio.create_task(outward.acall("POST", listener.url, {}, b"x", timeout=60, most=10))
        while not listener.heads:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await outward.aclose()

    asyncio.run(main())
    assert listener.closed.acquire()
