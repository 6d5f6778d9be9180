"""Many tasks in many sessions, in process: what creating, advancing, an idle get and memory cost, and how they grow.

`python -m benchmarks.sessions [--quick] [--json]`. Times are of the core, without a socket.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
import tracemalloc
from typing import Any

from kling_contract.documents import load
from mock_server.app import Mock
from mock_server.exchange import Exchange
from mock_server.settings import Settings

_OPERATION, _GET = "createImageToVideo", "getImageToVideo"
_BODY = json.dumps({"image": "https://example.com/cat.png", "model_name": "kling-v2-6"}).encode()
_LONG = 1000  # seconds in which every task has ended


class Field:
    """A mock on frozen clocks, and so many tasks in each of so many sessions of it."""

    def __init__(self, sessions: int) -> None:
        provider = load("kling")
        # Journals are bounded, and not what is measured here.
        self.mock = Mock(Settings(provider=provider, clock="frozen", seed=1, journal_entries=1))
        self.names = [f"session-{number}" for number in range(sessions)]
        self._path = provider.operation(_OPERATION).path

    def create(self, tasks: int) -> None:
        """Create so many tasks, one session after the other."""
        for number in range(tasks):
            name = self.names[number % len(self.names)]
            self._ask("POST", self._path, _BODY, name)

    def advance(self, seconds: float) -> int:
        """Advance every session; return how many events happened."""
        return sum(self.mock.sessions.get(name).advance(seconds) for name in self.names)

    def get(self, task_id: str, name: str) -> None:
        """Ask for one task."""
        self._ask("GET", f"{self._path}/{task_id}", b"", name)

    def _ask(self, method: str, path: str, body: bytes, name: str) -> None:
        headers = {"authorization": "Bearer k", "x-kling-session": name}
        answer = self.mock.endpoints.answer(Exchange(method, path, "", headers, body, "http://mock"))
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.body[:300]!r}")


def timed(action: Any) -> float:
    """Return the seconds that an action takes, without a collection of garbage that others left."""
    gc.collect()
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def many(tasks: int, sessions: int, rounds: int = 5) -> dict[str, float]:
    """Return what so many tasks in so many sessions cost, of each figure the best round; an event is a transition."""
    found = [_once(tasks, sessions) for _ in range(rounds)]
    return {name: min(each[name] for each in found) for name in found[0]}


def _once(tasks: int, sessions: int) -> dict[str, float]:
    field = Field(sessions)
    field.create(1)
    creating = timed(lambda: field.create(tasks - 1))
    idle = timed(lambda: field.advance(0))
    advancing = timed(lambda: field.advance(_LONG))
    return {
        "tasks": tasks,
        "sessions": sessions,
        "create_us_per_task": round(creating / tasks * 1e6, 1),
        "advance_nothing_due_us_per_session": round(idle / sessions * 1e6, 2),
        "advance_ms_in_all": round(advancing * 1e3, 1),
        "advance_us_per_event": round(advancing / (2 * tasks) * 1e6, 2),
    }


def memory(tasks: int, sessions: int) -> dict[str, float]:
    """Return the kibibytes that Python holds for each session and each of its tasks, counted by tracemalloc."""
    Field(1).create(1)
    field = Field(sessions)
    gc.collect()
    tracemalloc.start()
    for name in field.names:
        field.mock.sessions.get(name)
    empty = _held()
    field.create(tasks)
    full = _held()
    tracemalloc.stop()
    return {
        "tasks": tasks,
        "sessions": sessions,
        "kib_per_session": round(empty / sessions, 2),
        "kib_per_task": round((full - empty) / tasks, 2),
        "mib_in_all": round(full / 1024, 1),
    }


def _held() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


def session_creation(count: int) -> dict[str, float]:
    """Return the microseconds that making one session takes, in the middle and the slowest of a hundred."""
    field, times = Field(count), []
    for name in field.names:
        start = time.perf_counter()
        field.mock.sessions.get(name)
        times.append((time.perf_counter() - start) * 1e6)
    ordered = sorted(times)
    return {"median_us": round(statistics.median(times), 1), "p99_us": round(ordered[int(count * 0.99)], 1)}


def idle_get(in_flight: int, gets: int) -> float:
    """Return the microseconds of a get, while so many tasks of its session are in flight and nothing is due."""
    field = Field(1)
    field.create(in_flight)
    task_id = field.mock.sessions.get(field.names[0]).store.ids()[0]

    def ask() -> None:
        for _ in range(gets):
            field.get(task_id, field.names[0])

    rounds = [timed(ask) / gets for _ in range(5)]
    return round(min(rounds) * 1e6, 1)


def run(quick: bool) -> dict[str, Any]:
    """Return all figures; `quick` takes a tenth of the tasks."""
    small, large = (100, 1000) if quick else (1000, 10_000)
    sizes = [(small, max(small // 10, 1)), (large, large // 10)]
    cost = [many(*size) for size in sizes]
    space = [memory(*size) for size in sizes]
    gets = {str(number): idle_get(number, 200 if quick else 1000) for number in (1, small, large)}
    return {
        "cost": cost,
        "memory": space,
        "growth": {
            "create": round(cost[1]["create_us_per_task"] / cost[0]["create_us_per_task"], 2),
            "advance": round(cost[1]["advance_us_per_event"] / cost[0]["advance_us_per_event"], 2),
            "memory": round(space[1]["kib_per_task"] / space[0]["kib_per_task"], 2),
        },
        "session_creation": session_creation(large),
        "get_us_by_tasks_in_flight": gets,
    }


def report(figures: dict[str, Any]) -> str:
    """Return the figures as text for a person."""
    parts = [*figures["cost"], *figures["memory"]]
    lines = [f"{name}: {value}" for each in parts for name, value in each.items()]
    lines += [f"{name}: {value}" for name, value in figures["session_creation"].items()]
    lines += [f"get with {name} in flight: {value} us" for name, value in figures["get_us_by_tasks_in_flight"].items()]
    return "\n".join([*lines, f"each tenfold, so many times as much for one (1 is linear): {figures['growth']}"])


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sessions", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the tasks")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    figures = run(options.quick)
    print(json.dumps(figures, indent=2) if options.json else report(figures))


if __name__ == "__main__":
    main()
