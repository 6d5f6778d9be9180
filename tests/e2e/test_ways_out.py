"""Every way out of the process leads to a real listener, and is closed by the mock, or told of in docs/pytest.md."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from kling_contract.interception import Named, Refusal, intercepted
from tests.answering import Desk
from tests.attack.ear import Ear
from tests.attack.places import NAME, Place, Way
from tests.attack.ways_out import WAYS

PAGE = Path(__file__).parents[2] / "docs" / "pytest.md"


@pytest.fixture(autouse=True)
def no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_logs() -> Iterator[None]:
    """A loop logs what it fails to do, which is what these tests want of it."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def gone(way: Way, meanwhile: AbstractContextManager[object]) -> bool:
    """Go a way, its last part in a context, and say whether it leads out."""
    with Ear() as ear, Ear(b"500 no\r\n") as greeting:
        going = way.go(Place(ear.port, greeting.port)) if _in_two(way) else None
        if going is not None:
            next(going)  # type: ignore[call-overload]
        with meanwhile, contextlib.suppress(Exception):
            if going is None:
                way.go(Place(ear.port, greeting.port))
            else:
                next(going, None)  # type: ignore[call-overload]
        ear.settled()
        greeting.settled()
        if way.sign:
            return way.sign in bytes(ear.heard).lower()
        return not (ear.is_untouched and greeting.is_untouched)


def _in_two(way: Way) -> bool:
    return bool(way.go.__code__.co_flags & 0x20)


def test_the_page_names_every_way_that_stays_open_and_no_other() -> None:
    part = PAGE.read_text("utf-8").partition("\n## Nothing leaves\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^- \*\*([^*]+)\*\*", part, re.MULTILINE)) == {way.open for way in WAYS if way.open}


def test_there_are_as_many_ways_as_were_told_of() -> None:
    assert len({way.name for way in WAYS}) == len(WAYS) > 63


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_way_is_closed(way: Way) -> None:
    told: list[Refusal] = []
    desk = Desk()
    assert gone(way, nullcontext()), "this way leads nowhere even without the mock"
    with_mock = intercepted(Named([f"http://{NAME}:8000"], tell=told.append), desk)
    assert gone(way, with_mock) == bool(way.open)
    assert bool(told or desk.asked) == (not way.open)
