"""Applications of the test's process that the server of `kling_server` calls back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.suites import run

if TYPE_CHECKING:
    import pytest


def test_an_application_may_ask_the_server_that_calls_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import json

        FOUND = []

        def hook(environ, start_response):
            task = json.loads(environ["wsgi.input"].read())["task_id"]
            answer = httpx.get(f"{my_app.BASE}/kling/v1/videos/image2video/{task}", headers=my_app.CLIENT.headers)
            FOUND.append(answer.json()["data"]["task_status"])
            start_response("204 No Content", [])
            return []

        @pytest.mark.kling(clock="frozen")
        def test_it(kling_server):
            my_app.BASE = kling_server.url
            kling_server.callbacks.to(hook)
            kling_server.client.videos.image_to_video(image=URL, callback_url="https://app.example.com/hook")
            kling_server.advance("10m")
            assert FOUND == ["submitted", "processing", "succeed"]
        """,
    )
    result.assert_outcomes(passed=1)


def test_what_an_application_raises_is_raised_in_the_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def hook(environ, start_response):
            raise LookupError("order 17")

        async def ahook(scope, receive, send):
            raise LookupError("order 17")

        @pytest.mark.kling(clock="frozen")
        @pytest.mark.parametrize("app", [hook, ahook])
        def test_it(kling_server, app):
            kling_server.callbacks.to(app)
            kling_server.client.videos.image_to_video(image=URL, callback_url="https://app.example.com/hook")
            with pytest.raises(LookupError, match="order 17"):
                kling_server.advance("1m")
            assert kling_server.callbacks[0].attempts[0].status == 500
        """,
    )
    result.assert_outcomes(passed=2)


def test_what_an_application_raises_and_nobody_hears_is_a_hint(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import threading

        CALLS, AGAIN = [], threading.Event()

        def hook(environ, start_response):
            CALLS.append(environ)
            if len(CALLS) > 1:
                AGAIN.set()
            raise LookupError("order 17")

        def test_it(kling_server):
            kling_server.callbacks.to(hook)
            kling_server.client.videos.image_to_video(image=URL, callback_url="https://app.example.com/hook")
            AGAIN.wait()
        """,
        "-rP",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("a hint, no failure: the application that takes callbacks raised LookupError: order 17")
