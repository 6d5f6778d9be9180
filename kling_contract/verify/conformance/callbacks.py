"""Callbacks, received on a port of this machine and held against what a query says."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from kling_contract.client.answers import STATUSES, task_id
from kling_contract.contract import check_callback, check_request
from kling_contract.envelopes import Mismatch, names_in
from kling_contract.reading import parse
from kling_contract.verify.conformance.bodies import fresh
from kling_contract.verify.conformance.expecting import expect_success, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kling_contract.documents import Operation
    from kling_contract.envelopes import Envelope
    from kling_contract.verify.conformance.asking import Asked, Asking

_LARGEST = 1 << 20  # bytes of a callback


@dataclass(frozen=True, slots=True)
class Told:
    """One callback: its headers by their lower-case names, and its body."""

    headers: Mapping[str, str]
    data: bytes


class Listener:
    """Takes callbacks on a free port of loopback: `with Listener() as listener: listener.url`."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.came = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10.0

            def do_POST(self) -> None:
                size = min(int(self.headers.get("content-length") or 0), _LARGEST)
                told = Told({name.lower(): value for name, value in self.headers.items()}, self.rfile.read(size))
                with listener.came:
                    listener.told.append(told)
                    listener.came.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, enough: Callable[[list[Told]], bool], seconds: float) -> bool:
        """Return whether enough has come within so many seconds of real time."""
        with self.came:
            return self.came.wait_for(lambda: enough(self.told), seconds)


def asking_back(create: Operation, bodies: Iterable[Mapping[str, Any]], url: str) -> Any:
    """Return the first body that keeps the contract when it asks for callbacks to a URL; None where none does."""
    trials = (fresh(create, body, callback=url) for body in bodies)
    return next((each for each in trials if not check_request(create, each)), None)


def called_back(asking: Asking, create: Operation, body: Any, listener: Listener) -> None:
    """Create a task that calls back, wait for its end, and hold the callbacks against a query. Raises `Broken`."""
    asking.making("request.accepted", create)
    born = asking.create(create, body)
    expect_success(born, "request.accepted")
    name = str(task_id(born.values))

    def done(told: list[Told]) -> bool:
        return any(_values(create, each).get("status") in ("succeed", "failed") for each in _of(create, told, name))

    asking.making("callback.comes", create)
    came = listener.wait(done, asking.patience)
    told = _of(create, listener.told, name)
    if not told:
        raise fail("callback.comes", born, f"no callback about task {name} came within {asking.patience:g} s")
    asking.making("callback.contract", create)
    for each in told:
        _contract(create, born, each)
    asking.making("callback.order", create)
    seen = [str(_values(create, each).get("status")) for each in told]
    ranks = [min(STATUSES.index(status), 2) for status in seen if status in STATUSES]
    if ranks != sorted(ranks):
        raise fail("callback.order", born, f"the callbacks said {', '.join(seen)}")
    if not came:
        raise fail("callback.comes", born, f"no callback told of the end of task {name}; they said {', '.join(seen)}")
    get = asking.beside(create, "get")
    if get is not None:
        asking.making("callback.agrees", create)
        _agree(create, asking.get(get, name), _values(create, told[-1]))


def _of(create: Operation, told: list[Told], name: str) -> list[Told]:
    """Return the callbacks about a task; one that cannot be read may be about it too."""
    return [each for each in told if task_id(_values(create, each)) in (name, None)]


def _contract(create: Operation, born: Asked, told: Told) -> None:
    body, flaws = parse(told.data)
    violations = flaws or check_callback(create, body)
    if violations:
        raise fail("callback.contract", born, str(violations[0]))
    if not _values(create, told):
        raise fail("callback.contract", born, "a callback is not made after its envelope")


def _agree(create: Operation, asked: Asked, told: dict[str, Any]) -> None:
    expect_success(asked, "answer.contract")
    found = asked.values
    # What one of the two envelopes has no place for is no difference.
    both = _named(asked.operation.envelope if asked.operation else None) & _named(create.callback)
    differing = [name for name in ("id", "status", "created_ms", "reason") if found.get(name) != told.get(name)]
    differing += [name for name in ("images", "videos") if len(found.get(name) or []) != len(told.get(name) or [])]
    differing = [name for name in differing if name in both]
    if differing:
        raise fail("callback.agrees", asked, f"the last callback and the query differ in {', '.join(differing)}")


def _named(envelope: Envelope | None) -> set[str]:
    """Return the values that an envelope has a place for; a time of creation is one, in whatever unit."""
    found = {name for _, name in names_in(envelope.template)} if envelope else set()
    return {"created_ms" if name.startswith("created_") else name for name in found}


def _values(create: Operation, told: Told) -> dict[str, Any]:
    body, flaws = parse(told.data)
    if flaws or create.callback is None:
        return {}
    try:
        return create.callback.match(body)
    except Mismatch:
        return {}
