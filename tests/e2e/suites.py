"""Suites of a user's own, which pytest runs in a process of theirs with the plugin installed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
# These take long to load, and two of them warn or look for settings where they are not used.
_ABSENT = ("schemathesis", "hypothesispytest", "asyncio", "django")


def run(
    pytester: pytest.Pytester, test: str, *options: str, plugins: tuple[str, ...] = (), app: str = APP
) -> pytest.RunResult:
    """Run a test file beside an application that knows nothing of the mock; warnings are errors."""
    absent = [f"-pno:{name}" for name in _ABSENT if name not in plugins]
    pytester.makepyfile(my_app=textwrap.dedent(app))
    pytester.makepyfile(test_app=f"import httpx, my_app, pytest\nURL = {URL!r}\n" + textwrap.dedent(test))
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *absent, "-W", "error", *options)
