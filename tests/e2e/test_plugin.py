"""The pytest plugin, run by pytest on suites of its own."""

from __future__ import annotations

import re
import textwrap

import pytest

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
URL = "https://example.com/cat.png"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of a user's: an application, and no word about the mock in it."""
    pytester.makepyfile(my_app=textwrap.dedent(APP))
    return pytester


def run(suite: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    suite.makepyfile(test_app=f"import httpx, my_app, pytest\nURL = {URL!r}\n" + textwrap.dedent(test))
    return suite.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *options)


def test_the_code_of_the_readme(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_makes_a_video(kling):
            assert my_app.make_video(URL, model_name="kling-v2-master")[4:8] == b"ftyp"
            kling.assert_created("createImageToVideo", times=1, model_name="kling-v2-master")

        def test_survives_moderation(kling):
            kling.next("createImageToVideo", scenario="fail")
            with pytest.raises(my_app.Rejected, match="risk control"):
                my_app.make_video(URL)

        def test_shares_nothing(kling):
            assert kling.tasks == []
            assert not kling.requests().called
        """,
    )
    result.assert_outcomes(passed=3)


def test_a_request_that_breaks_the_contract_fails_the_test_with_a_message_worth_reading(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_asks_for_a_mode_there_is_not(kling):
            with pytest.raises(httpx.HTTPStatusError):
                my_app.make_video(URL, mode="turbo", model_name="kling-v2-6")

        @pytest.mark.kling(strict=False)
        def test_may(kling):
            with pytest.raises(httpx.HTTPStatusError):
                my_app.make_video(URL, mode="turbo")
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "the code under test broke the contract:",
            "test_app.py:6: POST /kling/v1/videos/image2video was answered 400",
            '  sent: {"image": "https://example.com/cat.png", "mode": "turbo", "model_name": "kling-v2-6"}',
            "  schema.enum: /mode: mode value 'turbo' is not accepted; accepted: 'std', 'pro'",
            '  this would be accepted: {"image": "https://example.com/cat.png", "model_name": "kling-v2-6"}',
        ]
    )


def test_a_route_there_is_not_fails_the_test(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_mistypes(kling):
            httpx.get(my_app.BASE + "/kling/v1/videos/image2vidoe/1", headers={"authorization": "Bearer x"})
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*route.unknown: *has no route GET /kling/v1/videos/image2vidoe/1*image2video*"])


def test_the_marker_says_how_the_mock_is(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        @pytest.mark.kling(clock="frozen", seed=7)
        def test_time_stands_still(kling):
            task = kling.client.videos.image_to_video(image=URL)
            assert kling.seed == 7
            assert task.refresh().status == "submitted"
            kling.advance("10m")
            assert task.refresh().status == "succeed"
            assert kling.tasks[0].status == "succeed"

        @pytest.mark.kling(polls=3)
        def test_polls(kling):
            task = kling.client.videos.image_to_video(image=URL)
            assert [task.refresh().status for _ in range(3)] == ["submitted", "processing", "succeed"]

        @pytest.mark.kling(provider="anyapi")
        def test_another_provider(kling):
            sides = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
            assert kling.client.images.expand(image=URL, n=1, **sides).wait().images
            assert httpx.post("https://www.anyapi.vip/kling/v1/images/editing/expand").status_code == 401

        def test_a_closed_route_can_be_opened(kling):
            sides = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
            with pytest.raises(Exception, match="does not serve"):
                kling.client.images.expand(image=URL, **sides)
            kling.open("createImageExpansion")
            assert kling.client.images.expand(image=URL, **sides).wait().images
        """,
    )
    result.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("marker", "found"), [("kling(speed=3)", "no speed; accepted: provider, clock"), ("kling('anyapi')", "no 'anyapi'")]
)
def test_a_marker_with_a_mistake_says_what_there_is(suite: pytest.Pytester, marker: str, found: str) -> None:
    result = run(suite, f"@pytest.mark.{marker}\ndef test_it(kling):\n    pass\n")
    assert result.ret != 0
    result.stdout.fnmatch_lines([f"*the marker kling has {found}*"])


def test_nothing_leaves_and_others_are_let_through(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import socket, threading, urllib.request
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Here(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
            def log_message(self, *about):
                pass

        def test_every_provider_is_held_back(kling):
            for host in ("api.cometapi.com", "www.anyapi.vip", "api-singapore.klingai.com"):
                with pytest.raises(OSError, match="kling_server"):
                    socket.getaddrinfo(host, 443)
                with pytest.raises(OSError, match="kling_server"):
                    urllib.request.urlopen(f"https://{host}/kling/v1/x")

        def test_a_server_of_the_test_is_reached(kling):
            with HTTPServer(("127.0.0.1", 0), Here) as server:
                thread = threading.Thread(target=server.handle_request)
                thread.start()
                assert httpx.get(f"http://127.0.0.1:{server.server_port}/").status_code == 200
                thread.join()

        def test_it_is_over_when_the_test_is():
            assert socket.getaddrinfo.__module__ == "socket"
        """,
    )
    result.assert_outcomes(passed=3)


def test_the_users_own_mocks_of_other_routes(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import respx

        def test_the_chat_route_is_the_users(kling):
            with respx.mock:
                respx.post("https://api.cometapi.com/v1/chat/completions").respond(json={"said": "hello"})
                answer = httpx.post("https://api.cometapi.com/v1/chat/completions", json={})
                assert answer.json() == {"said": "hello"}
                assert my_app.make_video(URL)

        @respx.mock
        def test_entered_before(kling):
            respx.get("https://db.example.com/").respond(204)
            assert httpx.get("https://db.example.com/").status_code == 204
            assert my_app.make_video(URL)

        @pytest.mark.kling(ignore=["/kling/v1/account/*"])
        def test_ignored(kling):
            with respx.mock:
                respx.get("https://api.cometapi.com/kling/v1/account/costs").respond(json={})
                assert httpx.get("https://api.cometapi.com/kling/v1/account/costs").json() == {}
        """,
    )
    result.assert_outcomes(passed=3)


def test_async_code(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import asyncio

        async def story(kling):
            async with httpx.AsyncClient(headers={"authorization": "Bearer x"}) as client:
                answer = await client.post(my_app.BASE + "/kling/v1/videos/image2video", json={"image": URL})
                assert answer.status_code == 200
                await kling.aadvance("10m")
            task = await kling.async_client.videos.image_to_video(image=URL)
            assert (await task.wait()).status == "succeed"
            await kling.async_client.aclose()

        def test_async(kling):
            asyncio.run(story(kling))
        """,
    )
    result.assert_outcomes(passed=1)


def test_requests_as_well(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import requests

        def test_requests(kling):
            headers = {"authorization": "Bearer x"}
            answer = requests.post(my_app.BASE + "/kling/v1/videos/image2video", json={"image": URL}, headers=headers)
            task = answer.json()["data"]["task_id"]
            shown = requests.get(my_app.BASE + "/kling/v1/videos/image2video/" + task, headers=headers).json()
            assert requests.get(shown["data"]["task_result"]["videos"][0]["url"]).content[4:8] == b"ftyp"
            kling.assert_created("createImageToVideo")
        """,
    )
    result.assert_outcomes(passed=1)


def test_a_task_that_nobody_finished_reading_is_a_hint(suite: pytest.Pytester) -> None:
    result = run(suite, "def test_it(kling):\n    kling.client.videos.image_to_video(image=URL)\n", "-rA")
    result.assert_outcomes(passed=1)
    assert re.search(r"nobody learnt how task \d+ ended", result.stdout.str())


def test_a_server_for_the_whole_run_is_there_before_settings_are_imported(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nkling_server = true\nkling_env = COMETAPI_BASE={url} COMETAPI_KEY={key}\n")
    suite.makeconftest("import os\nBASE, KEY = os.environ['COMETAPI_BASE'], os.environ['COMETAPI_KEY']\n")
    result = run(
        suite,
        """
        import conftest, os

        def test_url(kling_server):
            assert conftest.BASE == kling_server.url == os.environ["KLING_BASE_URL"]
            assert "dummy" in conftest.KEY
            assert "127.0.0.1" in os.environ["NO_PROXY"]
            my_app.BASE = conftest.BASE
            assert my_app.make_video(URL)[4:8] == b"ftyp"
            kling_server.assert_created("createImageToVideo", times=1)

        def test_is_fresh(kling_server):
            assert kling_server.tasks == []
            task = kling_server.client.videos.image_to_video(image=URL, callback_url=kling_server.url + "/__inbox/x")
            assert kling_server.callbacks.wait_for("succeed").task == task.id

        @pytest.mark.kling(clock="frozen")
        def test_time(kling_server):
            task = kling_server.client.videos.image_to_video(image=URL)
            assert task.refresh().status == "submitted"
            assert kling_server.advance("10m") == 2
            assert task.wait().status == "succeed"
        """,
    )
    result.assert_outcomes(passed=3)


def test_a_late_request_for_an_earlier_tests_task_is_answered_in_that_ones(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        tasks = []

        def test_first(kling_server):
            tasks.append(kling_server.client.videos.image_to_video(image=URL))

        def test_second(kling_server):
            answer = httpx.get(f"{kling_server.url}/kling/v1/videos/image2video/{tasks[0].id}",
                               headers={"authorization": "Bearer x"})
            assert answer.json()["data"]["task_status"] == "succeed"
            assert not kling_server.requests().called
        """,
        "--kling-server",
    )
    result.assert_outcomes(passed=2)


def test_parallel_runs_do_not_meet(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        @pytest.mark.parametrize("number", range(8))
        def test_alone(kling_server, number):
            kling_server.client.videos.image_to_video(image=URL)
            assert len(kling_server.tasks) == 1
        """,
        "-n",
        "2",
    )
    result.assert_outcomes(passed=8)


def test_the_plugin_costs_nothing_where_it_is_not_used(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        import subprocess, sys

        def test_it():
            names = "httpx", "mock_server", "respx", "yaml", "msgspec"
            code = f"import sys, kling_contract.pytest_plugin; print([n for n in {names} if n in sys.modules])"
            assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\\n"
        """,
    )
    result.assert_outcomes(passed=1)


def test_a_mistake_in_kling_env_is_one_line(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nkling_server = true\nkling_env = COMETAPI\n")
    result = run(suite, "def test_it():\n    pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*kling_env has 'COMETAPI'; accepted: NAME={url}*"])
