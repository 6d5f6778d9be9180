"""Suites of a user's own, which pytest runs with the plugin installed."""

from __future__ import annotations

import gc
import sys
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

# A suite that is refused before it begins leaves nothing behind; these it may import nevertheless.
import kling_contract.testing.server  # noqa: F401
import mock_server.server  # noqa: F401

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

URL = "https://example.com/cat.png"
APP = """
    import httpx

    BASE = "https://api.cometapi.com"
    CLIENT = httpx.Client(headers={"authorization": "Bearer sk-real"})


    class Rejected(Exception):
        pass


    def make_video(image, **fields):
        answer = CLIENT.post(f"{BASE}/kling/v1/videos/image2video", json={"image": image, **fields})
        answer.raise_for_status()
        task = answer.json()["data"]["task_id"]
        while True:
            data = CLIENT.get(f"{BASE}/kling/v1/videos/image2video/{task}").json()["data"]
            if data["task_status"] == "failed":
                raise Rejected(data["task_status_msg"])
            if data["task_status"] == "succeed":
                return CLIENT.get(data["task_result"]["videos"][0]["url"]).content
"""
# What is installed beside ours takes longer to load than a suite to run, and some warn where they are not used.
OTHERS = (
    *("anyio", "asyncio", "django", "hypothesispytest", "pytest_httpx", "requests_mock", "respx", "schemathesis"),
    *("xdist", "xdist.looponfail"),
)


class _Keeping:
    """Keeps what a suite imported for the next one: its end would forget it, and much of it loads but once."""

    def __init__(self, suite: Path) -> None:
        self.suite = suite
        self.found: dict[str, ModuleType] = {}

    def pytest_unconfigure(self) -> None:
        self.found = dict(sys.modules)
        if (client := getattr(self.found.get("my_app"), "CLIENT", None)) is not None:
            client.close()

    def keep(self) -> None:
        for name, module in self.found.items():
            file = getattr(module, "__file__", None)
            if file is not None and not Path(file).is_relative_to(self.suite):
                sys.modules.setdefault(name, module)


def run(
    pytester: pytest.Pytester,
    test: str,
    *options: str,
    plugins: tuple[str, ...] = (),
    app: str = APP,
    alone: bool = False,
) -> pytest.RunResult:
    """Run a test file beside an application that knows nothing of the mock; warnings are errors.

    `alone`, it has a process of its own, which takes longer than most suites.
    """
    absent = [f"-pno:{name}" for name in OTHERS if name not in plugins]
    pytester.makepyfile(my_app=textwrap.dedent(app))
    pytester.makepyfile(test_app=f"import httpx, my_app, pytest\nURL = {URL!r}\n" + textwrap.dedent(test))
    arguments = ("-p", "no:cacheprovider", *absent, "-W", "error", *options)
    if alone:
        return pytester.runpytest_subprocess(*arguments)
    keeping = _Keeping(pytester.path)
    gc.freeze()  # so that looking for what the suite leaves, as pytest does at its end, looks at nothing else
    try:
        return pytester.runpytest_inprocess(*arguments, plugins=[keeping])
    finally:
        keeping.keep()
        with warnings.catch_warnings(action="ignore"):
            gc.collect()
        gc.unfreeze()
