"""What is read and written over one connection.

What is written leaves when an answer is read: head and body together, in one packet if they are small, so that a
receiver that reads but once has all of it.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

import anyio
import httpcore
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSStream

from kling_contract.clock import stopwatch
from mock_server.outward.errors import Failed

if TYPE_CHECKING:
    import socket
    import ssl

    from anyio.abc import ByteStream


def left(until: float | None) -> float:
    """Return the seconds until a moment on the stopwatch. Raises TimeoutError when it has passed."""
    seconds = (until or 0.0) - stopwatch()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class Stream(httpcore.NetworkStream):
    """A blocking stream. Each `timeout` is a moment on the stopwatch, so that no dribble outlasts it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket, self._unsent, self._answered = sock, bytearray(), False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return at least one byte, or none at the end. Raises OSError, also where the answer has not even begun."""
        self._flush(timeout)
        self._socket.settimeout(left(timeout))
        data = self._socket.recv(max_bytes)
        self._answered = _answered(self._answered, data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Have it sent before the next byte is read."""
        self._answered = False
        self._unsent += buffer

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """Shake hands. Raises `Failed`, as for a certificate that is not this host's."""
        try:
            self._socket.settimeout(left(timeout))
            return Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except BaseException as error:
            self.close()
            raise _no_handshake(server_hostname, error) from None

    def get_extra_info(self, info: str) -> Any:
        """Return whether the socket `is_readable`, which it is between two calls if the other side closed it."""
        return _is_readable(self._socket) if info == "is_readable" else None

    def _flush(self, until: float | None) -> None:
        rest, self._unsent = memoryview(self._unsent), bytearray()
        while rest:
            self._socket.settimeout(left(until))
            rest = rest[self._socket.send(rest) :]


class AsyncStream(httpcore.AsyncNetworkStream):
    """A stream on the running event loop, where the cancel scope around a call is its time limit.

    Raises ConnectionResetError for one that the other side has closed by now.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream, self._unsent, self._answered = stream, bytearray(), False
        try:
            self._socket = stream.extra(SocketAttribute.raw_socket)
        except AttributeError:
            # A loop forgets the socket of a closed connection, and anyio does not expect that.
            raise ConnectionResetError("connection reset by peer") from None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return at least one byte, or none at the end. Raises OSError, also where the answer has not even begun."""
        try:
            await self._flush()
            data = await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            data = b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise ConnectionError(_said(error)) from error
        self._answered = _answered(self._answered, data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Have it sent before the next byte is read."""
        self._answered = False
        self._unsent += buffer

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        """Shake hands. Raises `Failed`, as for a certificate that is not this host's."""
        wrapping = TLSStream.wrap(
            self._stream, hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
        )
        try:
            return AsyncStream(await wrapping)
        except BaseException as error:
            await anyio.aclose_forcefully(self._stream)
            raise _no_handshake(server_hostname, error) from None

    def get_extra_info(self, info: str) -> Any:
        """Return what `Stream.get_extra_info` does."""
        return _is_readable(self._socket) if info == "is_readable" else None

    async def _flush(self) -> None:
        unsent, self._unsent = bytes(self._unsent), bytearray()
        if unsent:
            await self._stream.send(unsent)


def _answered(before: bool, data: bytes) -> bool:
    if not before and not data:
        raise ConnectionError("the connection was closed without an answer")
    return True


def _no_handshake(host: str | None, error: BaseException) -> BaseException:
    """Return what to raise: running out of time, or being cancelled, says nothing about TLS."""
    told = isinstance(error, (OSError, ValueError, anyio.BrokenResourceError, anyio.EndOfStream))
    return Failed("tls", f"{host}: {_said(error)}") if told and not isinstance(error, TimeoutError) else error


def _said(error: BaseException) -> str:
    """Return an error's own words, or those of its cause: anyio's have none."""
    return str(error.__cause__ or error) or type(error).__name__


def _is_readable(sock: Any) -> bool:
    if sock.fileno() < 0:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))
