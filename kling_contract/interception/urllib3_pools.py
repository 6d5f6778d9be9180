"""urllib3, and `requests` on top of it, at the one method that every request goes through.

urllib3 itself goes on to retry, redirect and decode: it is given a connection whose other end is in memory.
"""

from __future__ import annotations

import errno
import functools
import io
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from urllib3 import HTTPConnectionPool, connection

from kling_contract.headers import folded
from kling_contract.interception.exchange import Answer, Broken, Request, Response
from kling_contract.interception.hosts import bracketed
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3.connection import HTTPConnection

    from kling_contract.interception.desk import Desk

    _Ask: TypeAlias = Callable[[bytes, float | None], bytes]
else:
    # A cassette of vcrpy may be open while this module is first imported, and stand in the place of urllib3's class.
    HTTPConnection = next(each for each in connection.HTTPConnection.__mro__ if each.__module__ == connection.__name__)

_CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{"


def patches(desk: Desk) -> Iterator[Patch]:
    """Yield the patch by which a desk answers."""
    asked = HTTPConnectionPool.urlopen

    @functools.wraps(asked)
    def urlopen(
        self: Any, method: str, url: str, body: Any = None, headers: Any = None, *more: Any, **also: Any
    ) -> Any:
        if isinstance(self, MockedPool):
            return asked(self, method, url, body, headers, *more, **also)
        head = _head(self, method, url, headers)
        if not desk.takes(head):
            with desk.aside(head):
                return asked(self, method, url, body, headers, *more, **also)
        try:
            return asked(MockedPool(self, desk.answer), method, url, body, headers, *more, **also)
        except _Raised as raised:
            error = raised.error
        raise error

    yield Patch(HTTPConnectionPool, "urlopen", urlopen)


class _Raised(Exception):
    """Carries past urllib3 what an answer raises: it takes an OSError for the connection's, and asks again."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(error)


class _Connection(HTTPConnection):
    def __init__(self, *arguments: Any, ask: _Ask, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ask = ask

    def connect(self) -> None:
        self.sock: Any = _Wire(self._ask)

    def getresponse(self) -> Any:
        response = super().getresponse()
        self.sock = None
        return response


class MockedPool(HTTPConnectionPool):
    """Stands for another pool for the time of one request, with its retries and timeouts."""

    ConnectionCls: Any = _Connection

    def __init__(self, pool: HTTPConnectionPool, answer: Answer) -> None:
        ask = functools.partial(_exchanged, answer, _origin(pool))
        super().__init__(
            pool.host, pool.port, timeout=pool.timeout, headers=pool.headers, retries=pool.retries, ask=ask
        )
        self.scheme = pool.scheme


class _Wire:
    """As much of a socket as http.client uses: one request is written to it, then its answer is read."""

    def __init__(self, ask: _Ask) -> None:
        self._ask, self._sent = ask, bytearray()
        self._patience: float | None = None

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(functools.partial(self._ask, bytes(self._sent), self._patience)))

    def settimeout(self, seconds: float | None) -> None:
        self._patience = seconds

    def close(self) -> None:
        pass


class _Answer(io.RawIOBase):
    """Asks when it is first read: http.client leaves a response half made if a socket cannot be made a file."""

    def __init__(self, ask: Callable[[], bytes]) -> None:
        self._ask = ask

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._whole.readinto(buffer)

    @functools.cached_property
    def _whole(self) -> io.BytesIO:
        return io.BytesIO(self._ask())


def _head(pool: HTTPConnectionPool, method: str, url: str, headers: Mapping[Any, Any] | None) -> Request:
    pairs = ((_text(name), _text(value)) for name, value in (headers or pool.headers or {}).items())
    return Request(method, _absolute(_origin(pool), url), folded(pairs))


def _absolute(origin: str, target: str) -> str:
    """Return the URL of a request, of which a proxy is told all and others what follows the host."""
    whole = target.lower().startswith(("http://", "https://"))
    return target if whole else f"{origin}/{target.removeprefix('/')}"


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _origin(pool: HTTPConnectionPool) -> str:
    usual = {"http": 80, "https": 443}.get(pool.scheme or "")
    return f"{pool.scheme}://{bracketed(pool.host)}" + (f":{pool.port}" if pool.port not in (None, usual) else "")


def _exchanged(answer: Answer, origin: str, sent: bytes, patience: float | None) -> bytes:
    try:
        return _written(answer(_request(sent, origin, patience)))
    except Broken as broken:
        if broken.kind == "silent":
            raise TimeoutError("timed out") from broken
        if broken.kind == "reset":
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer") from broken
        return _CUT if broken.kind == "cut" else b""
    except Exception as error:
        raise _Raised(error) from error


def _request(sent: bytes, origin: str, patience: float | None) -> Request:
    head, _, body = sent.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ")
    parts = (each.partition(":") for each in lines)
    headers = folded((name, value.strip()) for name, _, value in parts)
    whole = b"".join(_chunks(body)) if "transfer-encoding" in headers else body
    return Request(method, _absolute(origin, target), headers, whole, patience)


def _chunks(body: bytes) -> Iterator[bytes]:
    stream = io.BytesIO(body)
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()


def _written(response: Response) -> bytes:
    known = [status.phrase for status in HTTPStatus if status == response.status]
    lines = [f"HTTP/1.1 {response.status} {''.join(known)}"]
    lines += [f"{name}: {value}" for name, value in response.fields().items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body
