"""What one call costs inside a process: of the gate, and of the client over loopback."""

from __future__ import annotations

import json
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.requests import CREATE, PROVIDER, operation, small
from benchmarks.results import Result
from benchmarks.servers import OURS, running
from kling_contract import Kling
from kling_contract.contract import check_request
from kling_contract.reading import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.generators import Generator
    from benchmarks.sizes import Sizes

_REPEATS = 5


def gate(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """A small body with a rule, accepted: as values, and from bytes."""
    checked, body = operation(CREATE), small()
    data = json.dumps(body).encode()

    def from_bytes() -> list[Any]:
        parsed, violations = parse(data, decimals=False)
        return violations or check_request(checked, parsed)

    if check_request(checked, body) or from_bytes():
        raise AssertionError("the document's example breaks its contract")
    values, read = _rate(lambda: check_request(checked, body), sizes.checks), _rate(from_bytes, sizes.checks)
    yield Result("gate", "gate, small body", "checks/s", values, goal=40_000, more=True)
    yield Result("gate", "gate, small body from bytes", "checks/s", read, goal=40_000, more=True)


def _rate(call: Callable[[], object], times: int) -> float:
    return median(times / _seconds(call, times) for _ in range(_REPEATS))


def _seconds(call: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - began


def client(sizes: Sizes, generator: Generator) -> Iterator[Result]:
    """A create: ours checks, sends, and makes a task of the answer; httpx sends and decodes."""
    with running(OURS) as server:
        url = f"http://127.0.0.1:{server.port}"
        with Kling(provider=PROVIDER, api_key="test", base_url=url) as kling, httpx.Client() as plain:
            ours, theirs = _calls(kling), _posts(plain, url)
            ours(), theirs()
            times = [(_seconds(ours, 1), _seconds(theirs, 1)) for _ in range(sizes.calls)]
    mine, raw = (median(side) * 1e6 for side in zip(*times, strict=True))
    yield Result("client", "client, one create, beside raw httpx", "us", mine, raw, goal=1.15)


def _calls(kling: Kling) -> Callable[[], object]:
    fields = {operation(CREATE).canonical(name): value for name, value in small().items()}
    return lambda: kling.create(CREATE, **fields)


def _posts(plain: httpx.Client, url: str) -> Callable[[], object]:
    body, path = small(), operation(CREATE).path
    headers = {"Authorization": "Bearer test"}
    return lambda: plain.post(f"{url}{path}", json=body, headers=headers).json()
