"""The pytest plugin: `kling` and `kling_server`. What it needs is imported when a test asks for it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.testing import MockHandle
    from kling_contract.testing.bench import Bench
    from kling_contract.testing.server import Serving

_MARKER = (
    'kling(provider="cometapi", clock="auto", polls=1, seed=None, strict=True, ignore=[], passthrough=[]): how the '
    "mock of a test is; strict fails a test whose requests broke the contract"
)
_MARKED = ("provider", "clock", "polls", "seed", "strict", "ignore", "passthrough")
_SERVED = ("clock", "polls", "seed")
_bench = pytest.StashKey["Bench"]()
_serving = pytest.StashKey["Serving"]()
_before = pytest.StashKey[dict[str, str | None]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --kling-server and the ini options."""
    group = parser.getgroup("kling")
    group.addoption("--kling-server", action="store_true", help="serve the mock on a port before settings are imported")
    parser.addini("kling_server", "serve the mock on a port before settings are imported", type="bool", default=False)
    parser.addini("kling_env", "variables to set for it: COMETAPI_BASE={url} COMETAPI_KEY={key}", type="args")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the server where it is asked for, before any other plugin or conftest imports settings."""
    if early_config.known_args_namespace.kling_server or early_config.getini("kling_server"):
        _start(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line("markers", _MARKER)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what was opened for the run."""
    if (serving := config.stash.get(_serving, None)) is not None:
        serving.stop()
        _restore(config.stash[_before])
    if (bench := config.stash.get(_bench, None)) is not None:
        bench.close()


@pytest.fixture
def kling(request: pytest.FixtureRequest) -> Iterator[MockHandle]:
    """A fresh session of a mock in this process, to which every host leads that a document names; nothing leaves."""
    options = _marked(request.node)
    strict = options.pop("strict", True)
    path = str(request.node.path)
    with _bench_of(request.config).handle(**options, where=lambda: _line_in(path)) as handle:
        yield handle
        _close(request.node, handle, strict=strict)


@pytest.fixture
def kling_server(request: pytest.FixtureRequest) -> Iterator[MockHandle]:
    """A fresh session of a mock on a port, `kling_server.url`, which stays the same all the run."""
    options = _marked(request.node)
    strict = options.pop("strict", True)
    serving = request.config.stash.get(_serving, None) or _start(request.config)
    with serving.handle(**{name: value for name, value in options.items() if name in _SERVED}) as handle:
        yield handle
        _close(request.node, handle, strict=strict)


def _restore(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
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
    """Start the server of a run, and set what tells the code under test of it, until the run ends."""
    from kling_contract.testing.handle import DUMMY_KEY
    from kling_contract.testing.server import Serving

    serving = Serving()
    variables = _variables(config.getini("kling_env"), {"url": serving.url, "key": DUMMY_KEY})
    config.stash[_serving] = serving
    config.stash[_before] = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    serving.start()
    return serving


def _variables(lines: list[str], values: dict[str, str]) -> dict[str, str]:
    found = {"KLING_BASE_URL": values["url"], "KLING_API_KEY": values["key"]}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not name:
            raise pytest.UsageError(f"kling_env has {line!r}; accepted: NAME={{url}}, NAME={{key}} and other values")
        found[name] = value.format(**values)
    for name in ("NO_PROXY", "no_proxy"):
        found[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    return found


def _marked(node: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("kling"))):
        unknown = [name for name in marker.kwargs if name not in _MARKED]
        if unknown or marker.args:
            found = unknown[0] if unknown else repr(marker.args[0])
            raise pytest.UsageError(f"the marker kling has no {found}; accepted: {', '.join(_MARKED)}")
        options |= marker.kwargs
    return options


def _line_in(path: str) -> str | None:
    """Return the line of a test's file that is being run, seen from whatever it calls."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == path:
            return f"{os.path.relpath(path)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _close(node: Any, handle: MockHandle, *, strict: bool) -> None:
    """Hint at what was left undone, and fail a test whose requests broke the contract."""
    from kling_contract.testing.wrong import broken, report, unfinished

    hint = unfinished(handle.session)
    if hint is not None:
        node.add_report_section("teardown", "kling", hint)
    entries = broken(handle.session) if strict else []
    if entries:
        text = f"the code under test broke the contract:\n\n{report(entries, handle.lines)}"
        pytest.fail(text, pytrace=False)
