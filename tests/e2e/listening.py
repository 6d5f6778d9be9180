"""A listener on a real socket that answers as badly as it is told to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behave = Callable[[socket.socket], bool]  # what is done after a request; whether the connection is kept


def saying(answer: bytes, *, keep: bool = True) -> Behave:
    def behave(connection: socket.socket) -> bool:
        connection.sendall(answer)
        return keep

    return behave


class Listener:
    """Counts connections and keeps every request, head and body, in `heads` and `bodies`."""

    def __init__(
        self,
        behave: Behave | None = None,
        tls: ssl.SSLContext | None = None,
        read: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        self.behave, self._tls, self._read = behave or saying(OK), tls, read
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)  # released once for each connection that has ended
        self.over = threading.Event()
        self._host = host
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Listener:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.create_server((self._host, 0), family=family, backlog=256)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self.port}"
        self._start(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for each in (self._socket, *self._open):
            _shut(each)
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (not self._read or self._request(connection)) and self.behave(connection):
                pass
        except OSError:
            pass
        finally:
            connection.close()
            self.closed.release()

    def _request(self, connection: socket.socket) -> bool:
        with connection.makefile("rb") as stream:
            lines = list(iter(stream.readline, b"\r\n")) if stream.peek(1) else []
            if not lines:
                return False
            head = b"".join(lines).decode("latin-1")
            sizes = [line for line in head.lower().splitlines() if line.startswith("content-length:")]
            body = stream.read(int(sizes[0].partition(":")[2])) if sizes else b""
        self.heads.append(head)
        self.bodies.append(body)
        return True


def _shut(open_: socket.socket) -> None:
    with contextlib.suppress(OSError):
        open_.shutdown(socket.SHUT_RDWR)
    open_.close()
