"""A host that hears everything: connections, datagrams, and the bytes of both, TLS or not.

One thread looks at all of its sockets in turn, so that what was sent before `settled()` is heard when that returns,
whether or not whoever sent it has closed anything.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

PEM = Path(__file__).parents[1] / "e2e" / "app.example.pem"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_SETTLED = b"!settled"
_TLS = b"\x16"  # the first byte of a handshake


@dataclass
class _Line:
    """A connection: `heard` is what came, read where it was TLS."""

    socket: socket.socket
    heard: bytearray = field(default_factory=bytearray)
    coming: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    going: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    tls: ssl.SSLObject | None = None
    greeted: bool = False  # by SOCKS 5


class Ear:
    """Listens on a port of 127.0.0.1, and for datagrams on the same number.

    `greeting` is all that is said to whoever connects.
    """

    def __init__(self, greeting: bytes = b"") -> None:
        self._greeting = greeting
        self.connections, self.datagrams, self.heard = 0, 0, bytearray()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(PEM)
        self._settled = threading.Event()

    def __enter__(self) -> Ear:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self._hearing = socket.socket(type=socket.SOCK_DGRAM)
        self._hearing.bind(("127.0.0.1", self.port))
        self._inner, self._outer = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for each, hear in (
            (self._listening, self._accept),
            (self._hearing, self._take_datagram),
            (self._inner, self._settle),
        ):
            self._selector.register(each, selectors.EVENT_READ, hear)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._outer.close()
        self._thread.join()
        for key in [*self._selector.get_map().values()]:
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_untouched(self) -> bool:
        """Whether nobody connected or sent a datagram."""
        return not self.connections and not self.datagrams

    def settled(self) -> None:
        """Return when all that was sent until now is heard."""
        self._settled.clear()
        self._outer.sendall(_SETTLED)
        self._settled.wait()

    def _run(self) -> None:
        while self._inner in (key.fileobj for key in self._selector.get_map().values()):
            self._turn(None)

    def _turn(self, timeout: float | None) -> bool:
        ready = [key for key, _ in self._selector.select(timeout) if key.fileobj is not self._inner or timeout is None]
        for key in ready:
            key.data(key.fileobj)
        return bool(ready)

    def _settle(self, inner: socket.socket) -> None:
        if not inner.recv(len(_SETTLED)):
            self._selector.unregister(inner)
            inner.close()
            return
        while self._turn(0):
            pass
        self._settled.set()

    def _accept(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        self.connections += 1
        if self._greeting:
            connection.send(self._greeting)
            connection.close()
            return
        connection.setblocking(False)
        line = _Line(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda _: self._hear(line))

    def _take_datagram(self, hearing: socket.socket) -> None:
        self.datagrams += 1
        self.heard += hearing.recv(1 << 16)

    def _hear(self, line: _Line) -> None:
        try:
            data = line.socket.recv(1 << 16)
            self.heard += data
            answer = self._answer(line, data) if data else None
            if answer is not None:
                line.socket.send(answer)
                return
        except OSError:  # Whoever asked hung up, or wants no TLS with this certificate.
            pass
        if line.socket in (key.fileobj for key in self._selector.get_map().values()):
            self._selector.unregister(line.socket)
        line.socket.close()

    def _answer(self, line: _Line, data: bytes) -> bytes | None:
        """Return what is said to bytes, None to hang up."""
        if line.tls is None and not line.heard and data[:1] == _TLS:
            line.tls = self._context.wrap_bio(line.coming, line.going, server_side=True)
        if line.tls is None:
            return self._said(line, data)
        line.coming.write(data)
        return self._read(line, line.tls)

    def _read(self, line: _Line, tls: ssl.SSLObject) -> bytes:
        """Return what TLS answers, of itself and to what it reads."""
        try:
            tls.do_handshake()
            plain = tls.read(1 << 16)
            self.heard += plain
            if said := self._said(line, plain):
                tls.write(said)
        except ssl.SSLWantReadError:
            pass
        return line.going.read()

    def _said(self, line: _Line, data: bytes) -> bytes | None:
        """Answer a head when it is whole, a CONNECT among them, and the greeting of SOCKS 5; its request is enough."""
        line.heard += data
        if line.heard[:1] == b"\x05":
            return self._said_by_socks(line)
        if b"\r\n\r\n" not in line.heard:
            return b""
        tunnel = line.heard.startswith(b"CONNECT")
        if line.heard.startswith(b"GET /redirect "):
            line.heard.clear()
            return OK.replace(b"200 OK", f"302 Found\r\nLocation: http://localhost:{self.port}/redirected".encode())
        line.heard.clear()
        return OK.replace(b"Content-Length: 2\r\n\r\nok", b"\r\n") if tunnel else OK

    def _said_by_socks(self, line: _Line) -> bytes | None:
        if not line.greeted and len(line.heard) > 1 and len(line.heard) == 2 + line.heard[1]:
            line.greeted = True
            line.heard.clear()
            return b"\x05\x00"
        sizes = {b"\x01": 10, b"\x03": 7 + (line.heard[4:5] or b"\xff")[0], b"\x04": 22}
        return None if len(line.heard) >= sizes.get(bytes(line.heard[3:4]), 1 << 16) else b""
