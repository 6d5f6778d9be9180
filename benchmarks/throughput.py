"""Requests a second, ours beside theirs, in slices that take turns."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.load import Order, Slice
from benchmarks.requests import CREATE, GET, get, large, operation, post, small
from benchmarks.results import Result
from benchmarks.servers import OURS, THEIRS, Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.generators import Generator
    from benchmarks.sizes import Sizes

_MANY, _FEW = 32, 8
_ASKED = 300


@dataclass(frozen=True, slots=True)
class _Side:
    """One server, what it is sent, and what came of it: slices, and microseconds of CPU for an answer in each."""

    server: Server
    requests: list[bytes]
    slices: list[Slice]
    costs: list[float]

    def run(self, generator: Generator, connections: int, seconds: float) -> None:
        before = self.server.busy()
        found = generator(Order("127.0.0.1", self.server.port, self.requests, connections, seconds))
        after = self.server.busy()
        self.slices.append(found)
        if before is not None and after is not None:
            self.costs.append((after - before) / found.answers * 1e6)

    def rate(self) -> float:
        return median(found.rate for found in self.slices)

    def p99(self) -> float:
        return median(found.p99 for found in self.slices)

    def cost(self) -> float | None:
        return median(self.costs) if self.costs else None


def create(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """Creates without an image: gate with rules, session, store, journal; theirs sends the body back."""
    with running(OURS) as ours, running(THEIRS) as theirs:
        sides = _Side(ours, [_create(small())], [], []), _Side(theirs, [post("/tasks", small())], [], [])
        _alternate(sides, sizes, generator, _MANY)
    yield from _compared("create", "create", sides, 1.1)


def read(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """Gets of tasks that have ended, in turns."""
    with running(OURS) as ours, running(THEIRS) as theirs:
        ids = [_created(ours) for _ in range(_ASKED)]
        path = operation(GET).path.rpartition("/")[0]
        sides = (
            _Side(ours, [get(f"{path}/{each}") for each in ids], [], []),
            _Side(theirs, [get(f"/tasks/{each}") for each in ids], [], []),
        )
        _alternate(sides, sizes, generator, _MANY)
    yield from _compared("get", "get", sides, 1.1)


def image(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """Creates with an image of 1.5 MB in base64, which ours decodes and judges; theirs answers with a few bytes."""
    with running(OURS) as ours, running(THEIRS) as theirs:
        sides = _Side(ours, [_create(large())], [], []), _Side(theirs, [post("/images", large())], [], [])
        _alternate(sides, sizes, generator, _FEW)
    yield from _compared("image", "create, 1.5 MB", sides, 2.5)


def stored(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """The slowest creates when there are many tasks already."""
    with running(OURS) as ours, running(THEIRS) as theirs:
        fill(ours, sizes.stored, generator)
        sides = _Side(ours, [_create(small())], [], []), _Side(theirs, [post("/tasks", small())], [], [])
        _alternate(sides, sizes, generator, _MANY)
    what = f"create with {sizes.stored:,} tasks stored, 99th percentile"
    yield Result("stored", what, "ms", sides[0].p99(), sides[1].p99(), goal=2.0)


def fill(server: Server, tasks: int, generator: Generator) -> int:
    """Create at least so many tasks, and return how many."""
    made, rate = 0, 50_000.0
    while made < tasks:
        seconds = min(max((tasks - made) / rate, 0.02), 2.0)
        found = generator(Order("127.0.0.1", server.port, [_create(small())], _MANY, seconds))
        made, rate = made + found.answers, found.rate
    return made


def _alternate(sides: tuple[_Side, _Side], sizes: Sizes, generator: Generator, connections: int) -> None:
    for turn in range(sizes.rounds):
        for side in sides if turn % 2 else reversed(sides):
            side.run(generator, connections, sizes.slice)


def _compared(part: str, what: str, sides: tuple[_Side, _Side], goal: float) -> Iterator[Result]:
    ours, theirs = sides
    yield Result(part, what, "requests/s", ours.rate(), theirs.rate(), goal, more=True)
    yield Result(part, f"{what}, 99th percentile", "ms", ours.p99(), theirs.p99())
    yield Result(part, f"{what}, CPU of the server", "us/request", ours.cost(), theirs.cost())


def _create(body: dict[str, object]) -> bytes:
    return post(operation(CREATE).path, body)


def _created(server: Server) -> str:
    """Create one task and return its id."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {"Authorization": "Bearer test", "Content-Type": "application/json"}
    connection.request("POST", operation(CREATE).path, json.dumps(small()), headers)
    body = json.loads(connection.getresponse().read())
    connection.close()
    return str(operation(CREATE).envelope.match(body)["id"])
