"""The pytest plugin: `kling` and `kling_server`. What it needs is imported when a test asks for it."""

from __future__ import annotations

import os
import re
import sys
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

    from kling_contract.testing import MockHandle
    from kling_contract.testing.bench import Bench
    from kling_contract.testing.server import Serving

_MARKER = (
    'kling(provider="cometapi", clock="auto", polls=1, seed=None, strict=True, ignore=[], passthrough=[]): how the '
    "mock of a test is; strict fails a test whose requests broke the contract or were refused"
)
_MEANT_SO = "a test that means it so has @pytest.mark.kling(strict=False)"
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_bench = pytest.StashKey["Bench"]()
_serving = pytest.StashKey["Serving"]()
_told = pytest.StashKey[dict[str, str]]()
_whole_run = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --kling-server and the ini options."""
    group = parser.getgroup("kling")
    group.addoption("--kling-server", action="store_true", help="serve the mock on a port before settings are imported")
    parser.addini("kling_server", "serve the mock on a port before settings are imported", type="bool", default=False)
    parser.addini("kling_env", "variables to set for it: COMETAPI_BASE={url} COMETAPI_KEY={key}", type="args")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start the server where it is asked for. A wrapper comes before any plugin or conftest that imports settings."""
    if early_config.known_args_namespace.kling_server or early_config.getini("kling_server"):
        _start(early_config)
        early_config.stash[_whole_run] = stack = ExitStack()
        stack.enter_context(_set(early_config.stash[_told]))
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line("markers", _MARKER)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what was opened for the run."""
    if (serving := config.stash.get(_serving, None)) is not None:
        serving.stop()
    if (stack := config.stash.get(_whole_run, None)) is not None:
        stack.close()
    if (bench := config.stash.get(_bench, None)) is not None:
        bench.close()


@pytest.fixture
def kling(request: pytest.FixtureRequest) -> Iterator[MockHandle]:
    """A fresh session of a mock in this process, to which every host leads that a document names; nothing leaves."""
    from kling_contract.testing.marks import ARGUMENTS

    yield from _handed(request.node, "kling", tuple(ARGUMENTS), lambda: _bench_of(request.config).handle)


@pytest.fixture
def kling_server(request: pytest.FixtureRequest) -> Iterator[MockHandle]:
    """A fresh session of a mock on a port, `kling_server.url`, which stays the same all the run; nothing leaves."""
    from kling_contract.testing.marks import ON_A_PORT

    yield from _handed(request.node, "kling_server", ON_A_PORT, lambda: partial(_served, request.config))


def _handed(
    node: pytest.Item,
    fixture: str,
    names: tuple[str, ...],
    home: Callable[[], Callable[..., AbstractContextManager[MockHandle]]],
) -> Iterator[MockHandle]:
    """Yield a handle as the marker says; what the marker has wrong is one line, and no trace of us."""
    from kling_contract.errors import KlingError
    from kling_contract.testing.marks import options_of

    with ExitStack() as stack:
        try:
            options = options_of(reversed(list(node.iter_markers("kling"))), names, fixture)
            strict = options.pop("strict", True)
            handle = stack.enter_context(home()(**options, where=_place(node), name=node.nodeid))
        except (KlingError, ValueError, pytest.UsageError) as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        yield handle
        _close(node, handle, strict=strict)


@contextmanager
def _served(config: pytest.Config, **options: Any) -> Iterator[MockHandle]:
    """Yield a handle over a port, its variables set as long as it lasts where they are not for the whole run."""
    serving = config.stash.get(_serving, None) or _start(config)
    told = {} if _whole_run in config.stash else config.stash[_told]
    with _set(told), serving.handle(**options) as handle:
        yield handle


@contextmanager
def _set(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _bench_of(config: pytest.Config) -> Bench:
    from kling_contract.testing.bench import Bench

    if _bench not in config.stash:
        config.stash[_bench] = Bench()
    return config.stash[_bench]


def _start(config: pytest.Config) -> Serving:
    """Start the server of a run, and keep the variables that tell the code under test of it."""
    from kling_contract.errors import KlingError
    from kling_contract.testing.handle import DUMMY_KEY
    from kling_contract.testing.server import Serving

    try:
        wanted = _assignments(config.getini("kling_env"))
        serving = Serving()
    except (KlingError, ValueError) as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_serving] = serving
    serving.start()
    config.stash[_told] = _variables(wanted, {"url": serving.url, "key": DUMMY_KEY})
    return serving


def _assignments(lines: list[str]) -> dict[str, str]:
    found = {"KLING_BASE_URL": "{url}", "KLING_API_KEY": "{key}"}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not name or not {"url", "key"} >= set(_PLACEHOLDER.findall(value)):
            raise ValueError(f"kling_env has {line!r}; accepted: NAME={{url}}, NAME={{key}} and other values")
        found[name] = value
    return found


def _variables(wanted: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    found = {name: _PLACEHOLDER.sub(lambda known: values[known[1]], value) for name, value in wanted.items()}
    for name in ("NO_PROXY", "no_proxy"):
        found[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    return found


def _place(node: pytest.Item) -> Callable[[], str]:
    """Return what says which line of a test is being run, seen from whatever it calls in this thread or another."""
    path, (file, first, _) = str(node.path), node.location

    def place() -> str:
        main = sys._current_frames().get(threading.main_thread().ident or 0)
        lines = _lines_in(path, sys._getframe()) or _lines_in(path, main)
        if not lines:
            return f"{file}:{(first or 0) + 1}, in what {node.name} started"
        return f"{file}:{lines[0]}" + (f" (called from line {lines[-1]})" if len(lines) > 1 else "")

    return place


def _lines_in(path: str, frame: FrameType | None) -> list[int]:
    """Return the lines of a file that are being run, the innermost first."""
    lines = []
    while frame is not None:
        if frame.f_code.co_filename == path:
            lines.append(frame.f_lineno)
        frame = frame.f_back
    return lines


def _close(node: pytest.Item, handle: MockHandle, *, strict: bool) -> None:
    """Hint at what was left undone, and fail a test whose requests broke the contract or were refused."""
    from kling_contract.testing.wrong import hints

    if told := hints(handle):
        node.add_report_section("teardown", "kling", "\n".join(told))
    if strict and (wrong := handle.wrong()) is not None:
        pytest.fail(f"{wrong}\n\n{_MEANT_SO}", pytrace=False)
