"""Callbacks that are all due at one instant: how long a server on a port takes to deliver them, and how much memory.

`python -m benchmarks.callbacks [--quick] [--json]`. The receiver is a process of its own that does nothing but answer;
the baseline is an httpx client that posts the same bodies to the same receiver, as many at a time.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import statistics
import time
from typing import Any

import httpx

from benchmarks.figures import command
from kling_contract.documents import load
from mock_server.app import Mock
from mock_server.exchange import Exchange
from mock_server.settings import Settings

_OPERATION = "createImageToVideo"
_AT_ONCE = 64


def _receive(port: Any, peak: Any) -> None:
    """Answer every POST with 204, and take note of how many came at once."""
    now = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                now += 1
                peak.value = max(peak.value, now)
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
                now -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(main())


class Receiver:
    """The receiver, in a process of its own; `peak` is the most callbacks that it had to answer at once."""

    def __enter__(self) -> Receiver:
        new = multiprocessing.get_context("spawn")
        self._port, self._peak = new.Value("i", 0), new.Value("i", 0)
        self._process = new.Process(target=_receive, args=(self._port, self._peak), daemon=True)
        self._process.start()
        while not self._port.value:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._port.value}/hook"
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()

    @property
    def peak(self) -> int:
        return int(self._peak.value)


def ours(count: int, url: str) -> dict[str, float]:
    """Return what delivering so many callbacks costs that are due at one instant."""
    mock = Mock(Settings(provider="kling", clock="frozen", journal_entries=1))
    body = json.dumps({"image": "https://example.com/cat.png", "callback_url": url}).encode()
    path = load("kling").operation(_OPERATION).path
    headers = {"authorization": "Bearer k", "prefer": "callbacks=terminal"}
    for _ in range(count):
        answer = mock.endpoints.answer(Exchange("POST", path, "", headers, body, "http://mock"))
        assert answer.status == 200, answer.body
    session, before = mock.sessions.get("default"), _peak()

    async def deliver() -> None:
        await session.aadvance(1000)
        await mock.courier.aclose()

    start = time.perf_counter()
    asyncio.run(deliver())
    seconds = time.perf_counter() - start
    delivered = len(session.deliveries.where(lambda each: each.state == "delivered"))
    assert delivered == count, delivered
    return {"seconds": seconds, "megabytes": _peak() - before}


def _peak() -> float:
    """Return the most megabytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def theirs(count: int, url: str) -> float:
    """Return the seconds in which an httpx client posts as many bodies."""
    result = {"videos": [{"id": "8" * 18, "url": "u" * 80, "duration": "5"}]}
    content = json.dumps({"task_id": "8" * 18, "task_status": "succeed", "task_result": result})

    async def post() -> None:
        # Its pool takes longer the more requests wait in it, so no more are made than it has connections for.
        waiting = iter(range(count))

        async def work(client: httpx.AsyncClient) -> None:
            for _ in waiting:
                await client.post(url, content=content)

        limits = httpx.Limits(max_connections=_AT_ONCE)
        async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=60) as client:
            await asyncio.gather(*(work(client) for _ in range(_AT_ONCE)))

    start = time.perf_counter()
    asyncio.run(post())
    return time.perf_counter() - start


def run(*, quick: bool) -> dict[str, Any]:
    """Return all figures, medians of interleaved rounds."""
    count, rounds = (100, 1) if quick else (10_000, 3)
    found: list[dict[str, float]] = []
    with Receiver() as receiver:
        for _ in range(rounds):
            found.append({**ours(count, receiver.url), "httpx_seconds": theirs(count, receiver.url)})
            peak = receiver.peak
    middle = {name: round(statistics.median(each[name] for each in found), 3) for name in found[0]}
    # Only the first round of a process reaches for memory that it has not had.
    middle["megabytes"] = round(found[0]["megabytes"], 1)
    return {
        "callbacks": count,
        "a_second": round(count / middle["seconds"]),
        **middle,
        "httpx_to_ours": round(middle["httpx_seconds"] / middle["seconds"], 2),
        "most_at_once": peak,
    }


def main() -> None:
    """Measure, and print the figures."""
    command("benchmarks.callbacks", __doc__, "a hundred callbacks, one round", run)


if __name__ == "__main__":
    main()
