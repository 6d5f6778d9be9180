"""What the fixture `kling` costs a test, beside the same test written with bare respx, in turns.

`python -m benchmarks.fixture [--quick] [--json]`. A test submits an image, asks until its video is there and looks at
what was asked; both ask with one httpx client that lives for the whole run, and with two requests.
"""

from __future__ import annotations

import json
import statistics
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import respx

from benchmarks.figures import command
from kling_contract import pytest_plugin
from kling_contract.documents import load
from kling_contract.testing.bench import Bench
from kling_contract.testing.marks import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from kling_contract.testing import MockHandle

_OPERATION = "createImageToVideo"
_URL = load("cometapi").base_urls[0] + load("cometapi").operation(_OPERATION).path
_BODY = {"image": "https://example.com/cat.png", "model_name": "kling-v2-6"}
_TASK = "8" * 18
_VIDEO = {"id": "9" * 18, "url": "https://example.com/clip.mp4", "duration": "5"}


def ask(client: httpx.Client) -> None:
    """Do what the application under test does."""
    task = client.post(_URL, json=_BODY).json()["data"]["task_id"]
    data = client.get(f"{_URL}/{task}").json()["data"]
    assert data["task_status"] == "succeed"
    assert data["task_result"]["videos"][0]["url"]


@contextmanager
def ours(bench: Bench) -> Iterator[MockHandle]:
    """Do what the fixture does for a test."""
    sections: list[Any] = []
    node = SimpleNamespace(
        iter_markers=lambda name: iter(()),
        add_report_section=lambda *section: sections.append(section),
        path=Path(__file__),
        location=(__file__, 0, "test"),
        name="test",
        nodeid=f"{__file__}::test",
    )
    yield from pytest_plugin._handed(node, "kling", tuple(ARGUMENTS), lambda: bench.handle)  # type: ignore[arg-type]


@contextmanager
def theirs() -> Iterator[respx.MockRouter]:
    """Do what such a test's own routes do."""
    created = {"code": 0, "data": {"task_id": _TASK, "task_status": "submitted"}}
    done = {"task_id": _TASK, "task_status": "succeed", "task_result": {"videos": [_VIDEO]}}
    with respx.mock(assert_all_called=False) as routes:
        routes.post(_URL).respond(json=created)
        routes.get(f"{_URL}/{_TASK}").respond(json={"code": 0, "data": done})
        yield routes


def our_test(bench: Bench, client: httpx.Client) -> None:
    """Run the test with the fixture."""
    with ours(bench) as kling:
        ask(client)
        kling.assert_created(_OPERATION, times=1, model_name="kling-v2-6")


def their_test(client: httpx.Client) -> None:
    """Run the test with routes."""
    with theirs() as routes:
        ask(client)
        (sent,) = (call for call in routes.calls if call.request.method == "POST")
        assert json.loads(sent.request.content)["model_name"] == "kling-v2-6"


def nothing_between(opened: Callable[[], AbstractContextManager[Any]]) -> None:
    """Set up, and tear down again."""
    with opened():
        pass


def run(*, quick: bool) -> dict[str, Any]:
    """Return medians and 95th percentiles in ms of `count` rounds, in which each takes its turn."""
    bench, count = Bench(), 20 if quick else 1000
    with httpx.Client(headers={"authorization": "Bearer k"}) as client:
        measured: dict[str, Callable[[], None]] = {
            "fixture": partial(nothing_between, partial(ours, bench)),
            "respx_routes": partial(nothing_between, theirs),
            "test": partial(our_test, bench, client),
            "respx_test": partial(their_test, client),
        }
        rounds = [{name: _milliseconds(each) for name, each in measured.items()} for _ in range(count + 1)]
    bench.close()
    figures: dict[str, Any] = {"rounds": count, "first_fixture_ms": round(rounds[0]["fixture"], 1)}
    for name in measured:
        found = sorted(each[name] for each in rounds[1:])
        figures[f"{name}_ms"] = round(statistics.median(found), 3)
        figures[f"{name}_95th_ms"] = round(found[int(len(found) * 0.95)], 3)
    return {**figures, "test_to_respx": round(figures["test_ms"] / figures["respx_test_ms"], 2)}


def _milliseconds(each: Callable[[], None]) -> float:
    start = time.perf_counter()
    each()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Measure, and print the figures."""
    command("benchmarks.fixture", __doc__, "twenty rounds", run)


if __name__ == "__main__":
    main()
