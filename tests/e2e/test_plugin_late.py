"""What a test left running asks while the next one is run: refused, told there, and no failure of it."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run

pytestmark = pytest.mark.usefixtures("small_films")

LEFT = """
    import threading

    GO, CAME = threading.Event(), []

    def late():
        GO.wait()
        try:
            my_app.make_video(URL)
        except httpx.ConnectError as error:
            CAME.append(str(error))

    LEFT = threading.Thread(target=late)
"""
TOLD = (
    "a hint, no failure: what test_app.py::test_first left running asked POST "
    "https://api.cometapi.com/kling/v1/videos/image2video: it was refused; "
    "wait for its threads and tasks before it ends"
)


@pytest.mark.parametrize("second", ["kling", "kling_server"])
def test_a_thread(pytester: pytest.Pytester, second: str) -> None:
    result = run(
        pytester,
        LEFT
        + f"""
    def test_first(kling):
        LEFT.start()

    def test_second({second}):
        GO.set()
        LEFT.join()
        assert "left running by test_app.py::test_first, which is over" in CAME[0]
        assert not {second}.requests.called
        assert not {second}.tasks
""",
        "-rA",
    )
    result.assert_outcomes(passed=2)
    assert result.stdout.lines.count(TOLD) == 1


def test_a_thread_that_dies_of_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import requests, threading

        GO = threading.Event()

        def late(fails):
            GO.wait()
            fails()

        def wrong():
            raise LookupError("a fault of its own")

        def asks():
            try:
                my_app.make_video(URL)
            except httpx.HTTPError as error:
                raise LookupError("no video") from error

        ASKING = asks, lambda: requests.post(my_app.BASE + "/kling/v1/videos/image2video")
        LEFT = [threading.Thread(target=late, args=(fails,)) for fails in ASKING]

        def test_first(kling):
            for each in LEFT:
                each.start()

        def test_second(kling):
            GO.set()
            for each in LEFT:
                each.join()

        def test_third(kling):
            thread = threading.Thread(target=wrong)
            thread.start()
            thread.join()
        """,
        "-rA",
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([TOLD, "  2 times"], consecutive=True)
    assert "no video" not in result.stdout.str()
    assert "a fault of its own" in result.stdout.str()


LASTING = """
    import asyncio

    LEFT, GO = [], asyncio.Event()

    async def late():
        await GO.wait()
        async with httpx.AsyncClient() as client:
            await client.post("https://api.cometapi.com/kling/v1/videos/image2video", json={"image": URL})

    async def ask():
        async with httpx.AsyncClient(headers={"authorization": "Bearer x"}) as client:
            await client.post("https://api.cometapi.com/kling/v1/videos/image2video", json={"image": URL})

    @mark
    async def test_first(kling):
        LEFT.append(asyncio.create_task(late()))
        await asyncio.gather(ask(), asyncio.sleep(0))
        assert kling.requests.call_count == 1

    @mark
    async def test_second(kling):
        GO.set()
        with pytest.raises(httpx.ConnectError, match="left running by test_app.py::test_first"):
            await LEFT[0]
        await asyncio.gather(ask(), asyncio.create_task(ask()))
        assert kling.requests.call_count == 2

    @mark
    async def test_third(kling):
        await asyncio.create_task(ask())
        assert kling.requests.call_count == 1
"""


def test_a_task_in_a_loop_that_outlives_the_test_of_pytest_asyncio(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = module\n")
    mark = "    mark = pytest.mark.asyncio(loop_scope='module')\n"
    result = run(pytester, mark + LASTING, "-rA", plugins=("asyncio",))
    result.assert_outcomes(passed=3)
    assert result.stdout.lines.count(TOLD) == 1


def test_a_task_in_a_loop_that_outlives_the_test_of_anyio(pytester: pytest.Pytester) -> None:
    backend = """
    mark = pytest.mark.anyio

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="module", autouse=True)
    async def lasting(anyio_backend):
        yield
"""
    result = run(pytester, backend + LASTING, "-rA", plugins=("anyio",))
    result.assert_outcomes(passed=3)
    assert result.stdout.lines.count(TOLD) == 1


def test_workers_that_serve_all_tests_of_a_run(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import queue, threading
        from concurrent.futures import ThreadPoolExecutor

        POOL = ThreadPoolExecutor(2)
        WORK = queue.Queue()

        def works():
            while (answer := WORK.get()) is not None:
                answer.put(my_app.make_video(URL))

        WORKER = threading.Thread(target=works)

        @pytest.mark.parametrize("number", range(3))
        def test_it(kling, number):
            if not number:
                WORKER.start()
            answer = queue.Queue()
            WORK.put(answer)
            assert POOL.submit(my_app.make_video, URL).result()[4:8] == answer.get()[4:8] == b"ftyp"
            kling.assert_created("createImageToVideo", times=2)

        def test_the_end(kling):
            WORK.put(None)
            WORKER.join()
            POOL.shutdown()
        """,
    )
    result.assert_outcomes(passed=4)
