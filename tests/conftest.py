"""What all tests share: how long properties are searched, and that no test reaches a real provider."""

from __future__ import annotations

import os
from pathlib import Path

import certifi
import pytest
from hypothesis import Phase, settings

from tests.films import draw_small

pytest_plugins = ["pytester"]

# Whether this runs in CI or has colours changes what pytest, argparse and others print, which tests read.
OF_THE_MACHINE = frozenset({"CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "FORCE_COLOR", "NO_COLOR", "COLUMNS"})

# Nobody is asked by TLS but servers of a test's own: the world's certificates take 20 ms to load, for every client.
NOBODY = str(Path(__file__).with_name("nobody.pem"))

# `find`, which says nothing of why it found something, would spend as long on that as on shrinking.
UNEXPLAINED = tuple(phase for phase in Phase if phase is not Phase.explain)
settings.register_profile("quick", deadline=None, max_examples=60, phases=UNEXPLAINED)
settings.register_profile("thorough", deadline=None, max_examples=3000)


@pytest.fixture
def small_films(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the videos of this process small, which is quick, for a test that is not about how large they are."""
    draw_small(monkeypatch)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run the exhaustive tests, and search properties longer")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: an exhaustive run, only with --thorough")
    settings.load_profile("thorough" if config.getoption("--thorough") else "quick")
    for name in [name for name in os.environ if name.startswith(("KLING_", "KLINGMOCK_")) or name in OF_THE_MACHINE]:
        del os.environ[name]
    os.environ["SSL_CERT_FILE"] = NOBODY
    certifi.where = lambda: NOBODY


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--thorough"):
        return
    exhaustive = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=exhaustive)
    items[:] = [item for item in items if item not in exhaustive]
