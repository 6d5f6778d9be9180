"""What the plugin says when something is wrong: enough to mend it, in lines that a stranger understands."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run

pytestmark = pytest.mark.usefixtures("small_films")

ASK = """
    VIDEOS = my_app.BASE + "/kling/v1/videos/image2video"
    HEADERS = {"authorization": "Bearer x"}

    def ask(url=VIDEOS, **body):
        return httpx.post(url, json={"image": URL, **body}, headers=HEADERS)

"""


def test_a_request_that_breaks_the_contract_fails_the_test_with_a_message_worth_reading(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
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
            "",
            "test_app.py:6: POST /kling/v1/videos/image2video was answered 400",
            '  sent: {"image": "https://example.com/cat.png", "mode": "turbo", "model_name": "kling-v2-6"}',
            "  schema.enum: /mode: mode value 'turbo' is not accepted; accepted: 'std', 'pro'",
            '  this would be accepted: {"image": "https://example.com/cat.png", "model_name": "kling-v2-6"}',
            "",
            "a test that means it so has @pytest.mark.kling(strict=False)",
        ],
        consecutive=True,
    )


def test_the_nearest_body_is_what_was_sent_changed_by_hints(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        ASK
        + """
    SIDES = {f"{side}_expansion_ratio": 1 for side in ("up", "down", "left", "right")}

    def test_limit(kling):
        ask(cfg_scale=3, model_name="kling-v2-6")

    def test_another_providers_names_and_an_area(kling):
        kling.open("createImageExpansion")
        ask(my_app.BASE + "/kling/v1/images/editing/expand", **SIDES)

    def test_from_the_example(kling):
        ask(image="data:image/png;base64,AAAA", duration="5")

    def test_a_number_in_place_of_a_text(kling):
        ask(duration=5)

    def test_nothing_is_near(kling):
        httpx.post(VIDEOS, content=b"{", headers=HEADERS)
""",
    )
    result.assert_outcomes(passed=5, errors=5)
    result.stdout.fnmatch_lines(
        [
            '  this would be accepted: {"image": "https://example.com/cat.png", "cfg_scale": 1, '
            '"model_name": "kling-v2-6"}',
            '  this would be accepted: {"image": "https://example.com/cat.png", "up_expansion_ratio": 0.366, '
            '"left_expansion_ratio": 0.366, "right_expansion_ratio": 0.366, "bottom_expansion_ratio": 0.366}',
            "  image.prefix: /image: *remove everything up to and including the first comma*",
            '  this would be accepted: {"image": "https://*", "duration": "5"}',
            '  this would be accepted: {"image": "https://example.com/cat.png", "duration": "5"}',
            "  json.malformed: the body is not JSON*",
        ]
    )
    assert result.stdout.str().count("this would be accepted") == 4


def test_the_line_is_found_from_a_thread_and_from_a_task(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        ASK
        + """
    import asyncio, threading

    def test_helper(kling):
        ask(mode="helper")

    def test_thread(kling):
        thread = threading.Thread(target=lambda: my_app.CLIENT.post(VIDEOS, json={"image": URL, "mode": "thread"}))
        thread.start()
        thread.join()

    async def submit():
        import background
        await asyncio.gather(*(background.submit(VIDEOS, URL) for _ in range(3)))

    def test_task(kling):
        asyncio.run(submit())
""",
        *background(pytester),
    )
    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(
        [
            "test_app.py:8 (called from line 14): POST /kling/v1/videos/image2video was answered 400",
            "test_app.py:*: POST /kling/v1/videos/image2video was answered 400",
            '  sent: *"mode": "thread"*',
            "test_app.py:26: POST /kling/v1/videos/image2video was answered 400",
            '  sent: *"mode": "task"*',
            "  3 times",
        ]
    )


def background(pytester: pytest.Pytester) -> tuple[str, ...]:
    """Write a module of the application that asks in tasks."""
    pytester.makepyfile(
        background="""
        import httpx

        async def submit(url, image):
            async with httpx.AsyncClient(headers={"authorization": "Bearer x"}) as client:
                await client.post(url, json={"image": image, "mode": "task"})
        """
    )
    return ()


def test_a_route_there_is_not_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_mistypes(kling):
            httpx.get(my_app.BASE + "/kling/v1/videos/image2vidoe/1", headers={"authorization": "Bearer x"})
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*route.unknown: *has no route GET /kling/v1/videos/image2vidoe/1*image2video*"])


def test_a_field_that_no_document_knows_is_a_hint(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_misspelt(kling):
            for _ in range(2):
                my_app.make_video(URL, lenght="5")
            assert [note.rule for note in kling.requests("createImageToVideo").last.notes] == ["field.unknown"]

        def test_well_spelt(kling):
            my_app.make_video(URL, duration="5")
            assert not any(request.notes for request in kling.requests)
        """,
        "-rP",
    )
    result.assert_outcomes(passed=2)
    hint = "POST /kling/v1/videos/image2video: field.unknown: /lenght: lenght is not in CometAPI's document"
    assert [line for line in result.outlines if "a hint" in line] == [f"a hint, no failure: {hint}"]


MARKERS = {
    "kling(provder='anyapi')": "the marker kling has no provder; did you mean 'provider'? accepted: provider, clock, *",
    "kling(speed=3)": "the marker kling has no speed; did you mean 'seed'? accepted: provider, clock, polls, *",
    "kling('anyapi')": "the marker kling takes no 'anyapi' without a name; accepted: provider, *",
    "kling(provider='anyapy')": "anyapy: no such provider; accepted: anyapi, cometapi, kling, or a file; *",
    "kling(provider=3)": "the marker kling has provider=3; accepted: a provider's name, or an OpenAPI file",
    "kling(clock='fast')": "the marker kling has clock='fast'; accepted: auto, frozen, real",
    "kling(polls=0)": "the marker kling has polls=0; accepted: 1 to 1000",
    "kling(seed='7')": "the marker kling has seed='7'; accepted: a whole number",
    "kling(strict='no')": "the marker kling has strict='no'; accepted: True, False",
    "kling(ignore=7)": "the marker kling has ignore=7; accepted: a pattern of paths such as /chat/[*], or a list *",
    "kling(passthrough='cometapi')": "no document names the host 'cometapi'; accepted: api.cometapi.com, *",
}
ON_A_PORT = {
    "kling(ignore='/v1/*')": "the marker's ignore is not for kling_server; accepted: provider, clock, polls, seed, *",
    "kling(provider='anyapy')": "anyapy: no such provider; accepted: anyapi, cometapi, kling, or a file; *",
}


def test_a_marker_with_a_mistake_is_one_line(pytester: pytest.Pytester) -> None:
    marks = [(mark, "kling", line) for mark, line in MARKERS.items()]
    marks += [(mark, "kling_server", line) for mark, line in ON_A_PORT.items()]
    tests = [f"@pytest.mark.{mark}\ndef test_{n}({fixture}): pass\n" for n, (mark, fixture, _) in enumerate(marks)]
    result = run(pytester, "\n".join(tests))
    result.assert_outcomes(errors=len(marks))
    expected = [text for n, mark in enumerate(marks) for text in (f"_* ERROR at setup of test_{n} _*", mark[2])]
    result.stdout.fnmatch_lines([*expected, "=* short test summary info *"], consecutive=True)


def test_wrong_use_of_the_handle_shows_the_line_of_the_test_and_no_line_of_ours(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_next(kling):
            kling.next("createImageToVidoe", scenario="fail")

        def test_requests(kling):
            kling.requests("createImageToVidoe")

        def test_created(kling):
            kling.assert_created("createImageToVideo", mode="pro")

        def test_wait_for(kling):
            kling.callbacks.wait_for("succeed")
        """,
        "--tb=short",
    )
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "E   ValueError: CometAPI has no operation 'createImageToVidoe'; did you mean 'createImageToVideo'?",
            "E   ValueError: CometAPI has no operation 'createImageToVidoe'; did you mean 'createImageToVideo'?",
            "E   AssertionError: createImageToVideo(mode='pro') was to be created at least once, and was never",
            "E   nothing was created",
            "E   AssertionError: no callback of succeed was taken; there are none",
            "E   none of 0 tasks was created with a URL for callbacks",
        ]
    )
    result.stdout.no_fnmatch_line("*kling_contract/testing*")
