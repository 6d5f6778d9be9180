"""A refusal that the code under test keeps to itself: the test is told of it when it ends."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run

QUIET = """
    import asyncio, contextlib, requests, threading

    CHAT = my_app.BASE + "/v1/chat/completions"

    def quietly(ask, *arguments, **options):
        with contextlib.suppress(Exception):
            ask(*arguments, **options)

    async def aquietly(client, method, url):
        async with client:
            with contextlib.suppress(Exception):
                await client.request(method, url)

"""
CHAT_TOLD = "POST https://api.cometapi.com/v1/chat/completions was refused"
CHAT_ADVICE = [
    "  the path is none of the provider's: a mock of the test's own is to answer it, or it may be refused by",
    '  @pytest.mark.kling(ignore="/v1/chat/completions")',
]


def test_a_path_that_is_none_of_the_providers_is_told_however_it_was_asked_for(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        QUIET
        + """
    @pytest.mark.parametrize("ask", [httpx.post, requests.post])
    def test_swallowed(kling, ask):
        quietly(ask, CHAT, json={})
        quietly(ask, CHAT, json={})

    def test_in_a_thread(kling):
        thread = threading.Thread(target=quietly, args=(my_app.CLIENT.post, CHAT))
        thread.start()
        thread.join()

    def test_in_a_loop(kling):
        asyncio.run(aquietly(httpx.AsyncClient(), "POST", CHAT))

    def test_tried_again_by_the_library(kling):
        with requests.Session() as session:
            session.mount("https://", requests.adapters.HTTPAdapter(max_retries=2))
            quietly(session.post, CHAT)
""",
    )
    result.assert_outcomes(passed=5, errors=5)
    result.stdout.fnmatch_lines(
        [
            "the code under test asked hosts for which the mock stands in, and nobody answered:",
            "",
            f"test_app.py:*(called from line 2?): {CHAT_TOLD}",
            *CHAT_ADVICE,
            "",
            f"test_app.py:*(called from line 2?): {CHAT_TOLD}",
            *CHAT_ADVICE,
            "",
            "a test that means it so has @pytest.mark.kling(strict=False)",
        ],
        consecutive=True,
    )
    assert result.stdout.str().count(CHAT_TOLD) == 7
    assert result.stdout.str().count("  3 times") == 1


def test_what_a_test_means_or_answers_is_not_told(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        QUIET
        + """
    import respx, responses, urllib.request

    @pytest.mark.kling(strict=False)
    def test_means_it(kling):
        with pytest.raises(httpx.ConnectError, match="out of bounds"):
            httpx.get(CHAT)

    @pytest.mark.kling(ignore="/v1/*")
    def test_ignores_it(kling):
        quietly(httpx.get, CHAT)

    @pytest.mark.kling(passthrough="api.cometapi.com")
    def test_keeps_the_host(kling):
        quietly(httpx.get, CHAT)
        quietly(urllib.request.urlopen, CHAT)

    @respx.mock
    def test_answers_it(kling):
        respx.get(CHAT).respond(204)
        assert httpx.get(CHAT).status_code == 204

    @responses.activate
    def test_answers_requests(kling):
        responses.get(CHAT, status=204)
        assert requests.get(CHAT).status_code == 204
""",
    )
    result.assert_outcomes(passed=5)


def test_what_is_not_intercepted_is_told_by_its_host(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        QUIET
        + """
    import aiohttp, httpx2, pycurl, urllib.request

    VIDEOS = my_app.BASE + "/kling/v1/videos/image2video"

    def curl(url):
        pycurl.Curl().setopt(pycurl.URL, url)

    @pytest.mark.parametrize("ask", [urllib.request.urlopen, httpx2.get, curl])
    def test_swallowed(kling, ask):
        quietly(ask, VIDEOS)

    def test_in_a_loop(kling):
        asyncio.run(aquietly(httpx2.AsyncClient(), "GET", VIDEOS))

    async def with_aiohttp():
        await aquietly(aiohttp.ClientSession(), "GET", VIDEOS)

    def test_with_aiohttp(kling):
        asyncio.run(with_aiohttp())
""",
    )
    result.assert_outcomes(passed=5, errors=5)
    result.stdout.fnmatch_lines(
        [
            "the code under test asked hosts for which the mock stands in, and nobody answered:",
            "",
            "test_app.py:*: api.cometapi.com was refused",
            "  what asked is not intercepted: kling_server, which serves the mock on a port, is for it",
            "",
            "a test that means it so has @pytest.mark.kling(strict=False)",
        ],
        consecutive=True,
    )
    assert result.stdout.str().count("api.cometapi.com was refused") == 5


def test_beside_a_server_the_advice_is_to_ask_that(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        QUIET
        + """
    def test_swallowed(kling_server):
        quietly(my_app.make_video, URL)

    def test_both(kling, kling_server):
        assert my_app.make_video(URL)
""",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_app.py:*: POST https://api.cometapi.com/kling/v1/videos/image2video was refused",
            "  let the code under test ask http://127.0.0.1:* instead, for which there is kling_env",
        ],
        consecutive=True,
    )


def test_it_stands_beside_what_broke_the_contract(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        QUIET
        + """
    def test_both_wrong(kling):
        quietly(my_app.make_video, URL, mode="turbo")
        quietly(httpx.get, CHAT)
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "the code under test broke the contract:",
            "*schema.enum*",
            "the code under test asked hosts for which the mock stands in, and nobody answered:",
            "*GET https://api.cometapi.com/v1/chat/completions was refused",
            "a test that means it so has @pytest.mark.kling(strict=False)",
        ]
    )
    assert result.stdout.str().count("strict=False") == 1
