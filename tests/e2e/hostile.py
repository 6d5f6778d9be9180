"""A provider that writes whatever it likes to its connections, and a probe of it that every rule of safety holds."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract import check_request, load
from kling_contract.auth import KeyCredential
from kling_contract.clock import RealClock
from kling_contract.probe import History, Manner, Target, make_plan, probe
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.reports import json as json_report
from kling_contract.probe.reports import junit, markdown, text

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.probe import Plan, Run

KEY = "sk-Hostile/0123456789+abcdef"
FAMILY = ("createImageToVideo", "getImageToVideo", "listImageToVideos")
TASK = "831922345719271433"
MADE = {"code": 0, "message": "SUCCEED", "request_id": "r", "data": {"task_id": TASK, "task_status": "submitted"}}
REFUSED = {"code": 1201, "message": "Failed to resolve the request body", "request_id": "r"}
SHORT = 0.05  # seconds of a real timeout
PATIENCE = 20.0  # seconds until a server of these tests gives up, which fails a test


@dataclass(frozen=True)
class Asked:
    """A request as the server read it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Listens on a free port and lets `behave` write whatever it likes to each connection, after its request."""

    def __init__(self, behave: Behaviour, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.written = 0
        self._behave, self._context = behave, context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Server:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing a socket does not wake up who accepts from it.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in [self._accepting, *self._threads]:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a connection was never let go"

    @property
    def posts(self) -> list[Asked]:
        return [each for each in self.asked if each.method == "POST"]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                thread = threading.Thread(target=self._serve, args=(sock,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(PATIENCE)
        with contextlib.suppress(OSError), plain, self._secured(plain) as sock:
            asked = _read(sock)
            if asked is not None:
                self.asked.append(asked)
                self._behave(Line(self, sock), asked)

    def _secured(self, plain: socket.socket) -> Any:
        return self._context.wrap_socket(plain, server_side=True) if self._context else contextlib.nullcontext(plain)


@dataclass
class Line:
    """The connection to the probe."""

    server: Server
    sock: socket.socket

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.server.written += len(data)

    def wait(self) -> None:
        """Return when the probe has gone."""
        with contextlib.suppress(OSError):
            while self.sock.recv(4096):
                pass

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Behaviour = Any  # Callable[[Line, Asked], None]


def _read(sock: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65_536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += sock.recv(65_536)
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, body)


def whole(status: str, body: Any = b"", **headers: str | None) -> bytes:
    """Return a whole answer; a body that is no bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    usual = {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"}
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


def always(answer: bytes) -> Behaviour:
    return lambda line, asked: line.send(answer)


def to_creates(answer: bytes, others: bytes = whole("400 Bad Request", REFUSED)) -> Behaviour:
    return lambda line, asked: line.send(answer if asked.method == "POST" else others)


class Still(RealClock):
    """Never waits: time stands where it is."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


PROVIDER = load("kling")


def planned(url: str, level: int = 4) -> Plan:
    return make_plan(PROVIDER, url, level=level, operations=FAMILY)


def target(url: str, level: int = 4, provider: str = "kling") -> Target:
    plan = make_plan(load(provider), url, level=level, operations=FAMILY[: 2 if provider != "kling" else 3])
    return Target(plan, KeyCredential(KEY), Secrets({"$KLING_KEY": KEY}))


def probed(server: Server, timeout: float = PATIENCE, level: int = 4, **options: Any) -> Run:
    """Probe a server, and hold it against every rule of safety."""
    manner = Manner(timeout=timeout, clock=Still())
    run = probe([target(server.url, level)], manner=manner, **options)
    check_safe(server, level)
    return run


def check_safe(server: Server, level: int = 4) -> None:
    """Nothing was sent that a document accepts, no POST twice, nothing that is not in the plan."""
    create = PROVIDER.operation(FAMILY[0])
    assert [each for each in server.posts if not check_request(create, json.loads(each.body))] == []
    planned_requests = {(each.method, each.path, each.key) for each in planned(server.url, level).steps if each.level}
    sent = Counter((each.method, each.target, "authorization" in each.headers) for each in server.asked)
    assert set(sent) <= planned_requests
    assert {key: times for key, times in sent.items() if times > (1 if key[0] == "POST" else 3)} == {}


def found(run: Run) -> dict[str, str]:
    """Return the reason of each finding but the host's, by level and name."""
    return {f"{each.level} {each.name}": each.reason for each in run.findings if each.level}


def everything(run: Run, folder: Path) -> str:
    history = History(folder / "history.ndjson")
    history.add(run.findings)
    reports = [each.render(run) for each in (text, json_report, junit, markdown)]
    return "\n".join([*reports, repr(run), (folder / "history.ndjson").read_text(encoding="utf-8")])
