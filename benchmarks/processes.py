"""What a process costs: until its first answer, in memory, and to import."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.load import Unexpected
from benchmarks.requests import CREATE, large, operation, post, small
from benchmarks.results import Result
from benchmarks.servers import OURS, ROOT, THEIRS, environment, port_of, running, start, stop
from benchmarks.throughput import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.generators import Generator
    from benchmarks.sizes import Sizes

_TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def cold(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """From starting the process to the end of its first answer, a create."""
    sent = post(operation(CREATE).path, small()), post("/tasks", small())
    times = [(_first_answer(OURS, sent[0]), _first_answer(THEIRS, sent[1])) for _ in range(sizes.starts + 1)]
    # The first start compiles the modules.
    ours, theirs = (median(side) for side in zip(*times[1:], strict=True))
    yield Result("cold", "cold start to first 200", "ms", ours, theirs, goal=1.6)


def _first_answer(command: tuple[str, ...], request: bytes) -> float:
    """Return milliseconds."""
    began = time.perf_counter()
    process = start(command)
    try:
        answer = _ask(port_of(process), request)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise Unexpected(answer.decode("latin-1"))
        return (time.perf_counter() - began) * 1000
    finally:
        stop(process)


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        return connection.recv(4096)


def memory(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """Idle, and what is added by many small creates and by some large ones, one at a time."""
    with running(OURS) as server, running(THEIRS) as theirs:
        _ask(server.port, post(operation(CREATE).path, small()))
        idle = server.resident()
        yield Result("memory", "idle", "MB", idle, goal=45)
        yield Result("memory", "idle, bare Starlette", "MB", theirs.resident())
        made = fill(server, sizes.creates, generator)
        yield Result("memory", f"added by {made:,} creates", "MB", _more(server.resident(), idle), goal=12)
    with running(OURS) as server:
        _ask(server.port, post(operation(CREATE).path, small()))
        idle, request = server.resident(), post(operation(CREATE).path, large())
        for _ in range(sizes.images):
            _ask(server.port, request)
        added = _more(server.resident(), idle)
        yield Result("memory", f"added by {sizes.images:,} creates of 1.5 MB", "MB", added, goal=15)


def _more(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def imports(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """Each in a fresh process, by its own clock; the package's names are imported when they are first used."""
    names = ("import kling_contract", "from kling_contract import Kling", "import httpx")
    times = [[_import(name) for name in names] for _ in range(sizes.imports + 1)]
    package, client, httpx = (median(each) for each in zip(*times[1:], strict=True))
    yield Result("import", "import kling_contract, beside import httpx", "ms", package, httpx, goal=1.3)
    yield Result("import", "from kling_contract import Kling, beside import httpx", "ms", client, httpx)


def _import(statement: str) -> float:
    command = [sys.executable, "-c", _TIMED.format(statement)]
    found = subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    return float(found.stdout) * 1000
