"""The pytest plugin, run by pytest on suites of its own."""

from __future__ import annotations

import re

import pytest

from tests.e2e.suites import run

pytestmark = pytest.mark.usefixtures("small_films")


def test_the_code_of_the_readme(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
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
        plugins=("anyio", "pytest_httpx", "requests_mock", "respx", "xdist", "xdist.looponfail"),
        alone=True,
    )
    result.assert_outcomes(passed=3)


def test_the_marker_says_how_the_mock_is(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
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


def test_nothing_leaves_and_others_are_let_through(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import socket, threading, urllib.request
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Here(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
            def log_message(self, *about):
                pass

        @pytest.mark.kling(strict=False)
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


def test_a_task_that_nobody_finished_reading_is_a_hint(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(kling):\n    kling.client.videos.image_to_video(image=URL)\n", "-rA")
    result.assert_outcomes(passed=1)
    assert re.search(r"nobody learnt how task \d+ ended", result.stdout.str())


def test_code_that_knows_no_httpx(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import requests, urllib3

        URLS = "https://api.cometapi.com/kling/v1/videos/image2video", "https://api.klingai.com/v1/videos/image2video"
        HEADERS = {"authorization": "Bearer x"}
        POOLS, SESSION = urllib3.PoolManager(), requests.Session()

        def with_requests(method, url, **options):
            return SESSION.request(method, url, headers=HEADERS, timeout=5, **options).json()

        def with_urllib3(method, url, **options):
            return POOLS.request(method, url, headers=HEADERS, retries=False, **options).json()

        @pytest.mark.parametrize("ask", [with_requests, with_urllib3])
        @pytest.mark.parametrize("url", URLS)
        def test_it(kling, ask, url):
            task = ask("POST", url, json={"image": URL})["data"]["task_id"]
            done = ask("GET", f"{url}/{task}")["data"]
            assert done["task_status"] == "succeed"
            assert requests.get(done["task_result"]["videos"][0]["url"]).content[4:8] == b"ftyp"
            kling.assert_created("createImageToVideo", times=1)
            assert kling.requests.call_count == 2
        """,
    )
    result.assert_outcomes(passed=4)


def test_hosts_that_no_document_names_and_paths_that_are_no_providers(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import requests

        @pytest.mark.kling(passthrough="api.cometapi.com")
        def test_a_host_may_be_the_tests_own(kling):
            with pytest.raises(httpx.ConnectError, match="out of bounds"):
                my_app.make_video(URL)
            assert not kling.requests

        @pytest.mark.kling(ignore="/kling/v1/videos/*")
        def test_so_may_paths(kling):
            with pytest.raises(httpx.ConnectError, match="out of bounds"):
                my_app.make_video(URL)
            assert httpx.post(my_app.BASE + "/kling/v1/images/editing/expand").status_code == 404
            assert kling.requests.call_count == 1

        @pytest.mark.kling(strict=False)
        @pytest.mark.parametrize("ask", [httpx.get, requests.get])
        def test_chat_is_refused_where_nobody_answers_it(kling, ask):
            with pytest.raises(Exception, match="a mock of the test's own is to answer it"):
                ask(my_app.BASE + "/v1/chat/completions")
            assert not kling.requests.called
        """,
    )
    result.assert_outcomes(passed=4)


def test_the_plugin_imports_nothing_until_a_test_asks_for_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import sys

        HEAVY = {"asyncio", "httpx", "httpcore", "jsonschema_rs", "kling_contract.errors", "kling_contract.testing",
                 "mock_server", "msgspec", "respx", "ssl", "starlette", "urllib3", "uvicorn", "yaml"}

        def test_that_does_not():
            assert {name for name in sys.modules if name.startswith("kling_contract")} == {
                "kling_contract", "kling_contract.pytest_plugin"
            }
            assert not HEAVY & set(sys.modules)

        def test_that_does(kling):
            assert HEAVY & set(sys.modules) >= {"httpx", "kling_contract.testing", "mock_server"}
            assert not {"av", "PIL", "hypothesis", "requests", "respx"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "kling_contract.pytest_plugin")
    result.assert_outcomes(passed=2)
