"""What all tests share: how long properties are searched, and that no test reaches a real provider."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("quick", deadline=None, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=3000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run the exhaustive tests, and search properties longer")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: an exhaustive run, only with --thorough")
    settings.load_profile("thorough" if config.getoption("--thorough") else "quick")
    for name in [name for name in os.environ if name.startswith(("KLING_", "KLINGMOCK_"))]:
        del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--thorough"):
        return
    exhaustive = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=exhaustive)
    items[:] = [item for item in items if item not in exhaustive]
