"""A request of what a test left running reaches no mock of a later one, fails none, and is told."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests
import respx
import urllib3
import uvloop
from anyio import create_memory_object_stream, to_thread
from pytest_httpx import HTTPXMock

from kling_contract.interception.stacks import is_waiting, stacks
from kling_contract.testing import MockHandle, mock
from kling_contract.testing.bench import Bench
from kling_contract.testing.server import Serving

URL = "https://example.com/cat.png"
VIDEOS = "https://api.cometapi.com/kling/v1/videos/image2video"
HEADERS = {"authorization": "Bearer sk-real"}


def with_httpx() -> object:
    return httpx.post(VIDEOS, json={"image": URL}, headers=HEADERS).status_code


def with_requests() -> object:
    return requests.post(VIDEOS, json={"image": URL}, headers=HEADERS).status_code


def with_urllib3() -> object:
    return urllib3.PoolManager().request("POST", VIDEOS, json={"image": URL}, headers=HEADERS, retries=False).status


def with_a_socket() -> object:
    return socket.getaddrinfo("api.cometapi.com", 443)


async def in_a_loop() -> object:
    async with httpx.AsyncClient(headers=HEADERS) as client:
        return (await client.post(VIDEOS, json={"image": URL})).status_code


def with_a_loop() -> object:
    return asyncio.run(in_a_loop())


class Left:
    """A thread that asks when it is told to, and what came of that."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self.go, self.came = threading.Event(), queue.SimpleQueue[object]()
        self.thread = threading.Thread(target=self._run, args=(ask,))
        self.thread.start()

    def _run(self, ask: Callable[[], object]) -> None:
        self.go.wait()
        try:
            self.came.put(ask())
        except Exception as error:
            self.came.put(error)

    def asked(self) -> object:
        self.go.set()
        self.thread.join()
        return self.came.get()


ASKING = [with_httpx, with_requests, with_urllib3, with_a_loop, with_a_socket]
REFUSED = "^a hint, no failure: what an earlier mock\\(\\) left running asked .*: it was refused"


def hints(kling: MockHandle) -> list[str]:
    from kling_contract.testing.wrong import hints

    return [each for each in hints(kling) if "left running" in each]


@pytest.mark.parametrize("ask", ASKING)
def test_a_thread_that_goes_on_is_refused_and_told(ask: Callable[[], object]) -> None:
    with mock():
        left = Left(ask)
    with mock() as kling:
        error = left.asked()
        assert isinstance(error, Exception)
        assert "left running" in str(error)
        assert (list(kling.requests), kling.tasks, kling.wrong()) == ([], [], None)
        assert len(hints(kling)) == 1
        assert "api.cometapi.com" in hints(kling)[0]
        assert with_httpx() == 200


@pytest.mark.parametrize("opened", ["bench", "server"])
def test_it_is_refused_under_either_fixture(opened: str) -> None:
    bench, serving = Bench(), Serving()
    serving.start()
    try:
        with bench.handle(name="test_first"):
            lefts = Left(with_httpx), Left(with_a_socket)
        with bench.handle() if opened == "bench" else serving.handle() as kling:
            assert [isinstance(left.asked(), Exception) for left in lefts] == [True, True]
            assert (list(kling.requests), kling.wrong()) == ([], None)
            assert hints(kling) == [
                f"a hint, no failure: what test_first left running asked {what}: it was refused; wait for its threads "
                "and tasks before it ends"
                for what in (f"POST {VIDEOS}", "api.cometapi.com")
            ]
    finally:
        serving.stop()
        bench.close()


def test_a_thread_of_a_test_with_a_server_is_no_less_late() -> None:
    serving = Serving()
    serving.start()
    try:
        with serving.handle(name="test_first"):
            left = Left(with_httpx)
        with mock() as kling:
            assert isinstance(left.asked(), httpx.ConnectError)
            assert (list(kling.requests), kling.wrong(), len(hints(kling))) == ([], None, 1)
    finally:
        serving.stop()


def test_a_thread_that_was_there_before_is_the_test_it_asks_in() -> None:
    left = Left(with_httpx)
    with mock():
        pass
    with mock() as kling:
        assert left.asked() == 200
        assert kling.requests.call_count == 1


def test_a_thread_of_the_test_itself_is_answered() -> None:
    with mock() as kling:
        assert Left(with_httpx).asked() == 200
        assert kling.requests.call_count == 1


def worker(work: queue.Queue[Callable[[], None] | None]) -> None:
    while (job := work.get()) is not None:
        job()


def test_a_worker_that_waits_for_work_serves_whoever_gives_it() -> None:
    work: queue.Queue[Callable[[], None] | None] = queue.Queue()
    done = threading.Event()

    def job() -> None:
        with_httpx()
        done.set()

    with mock():
        thread = threading.Thread(target=worker, args=(work,))
        thread.start()
        work.put(job)
        done.wait()
        while not threads_wait(thread):
            pass
    done.clear()
    with mock() as kling:
        work.put(job)
        done.wait()
        assert kling.requests.call_count == 1
        work.put(None)
        thread.join()


def threads_wait(thread: threading.Thread) -> bool:
    """Say whether a thread waits in a queue, or in what a worker waits in."""
    stack = stacks()[thread]
    return is_waiting(stack) or any(each.f_globals["__name__"] == "queue" for each in stack)


def test_a_timer_that_runs_out_later_is_refused() -> None:
    go, came = threading.Event(), queue.SimpleQueue[object]()
    with mock():
        timer = threading.Timer(3600, lambda: came.put(outcome(with_httpx)))
        timer.finished = SimpleNamespace(wait=go.wait, is_set=lambda: False, set=go.set)  # type: ignore[assignment]
        timer.start()
    with mock() as kling:
        go.set()
        timer.join()
        assert isinstance(came.get(), httpx.ConnectError)
        assert kling.requests == []


def test_what_was_given_to_a_pool_and_waits_there_is_refused_when_its_turn_comes() -> None:
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with mock():
            pool.submit(go.wait)
            late = pool.submit(outcome, with_httpx)
        with mock() as kling:
            go.set()
            assert isinstance(late.result(), httpx.ConnectError)
            assert pool.submit(outcome, with_httpx).result() == 200
            assert len(kling.requests) == 1


def test_a_thread_that_what_was_left_behind_starts_is_left_behind_too() -> None:
    came = queue.SimpleQueue[object]()

    def start_another() -> None:
        child = threading.Thread(target=lambda: came.put(outcome(with_httpx)))
        child.start()
        child.join()

    with mock():
        left = Left(start_another)
    with mock() as kling:
        left.asked()
        assert isinstance(came.get(), httpx.ConnectError)
        assert kling.requests == []


def outcome(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except Exception as error:
        return error


def test_a_pool_serves_whoever_submits() -> None:
    with ThreadPoolExecutor(1) as pool:
        with mock() as kling:
            assert pool.submit(with_httpx).result() == 200
        with mock() as kling:
            assert pool.submit(with_httpx).result() == 200
            assert kling.requests.call_count == 1


def test_what_a_pool_still_does_for_an_earlier_test_is_refused_and_the_pool_goes_on() -> None:
    go, begun = threading.Event(), threading.Event()

    def late() -> object:
        begun.set()
        go.wait()
        return with_httpx()

    with ThreadPoolExecutor(1) as pool:
        with mock():
            left = pool.submit(late)
            begun.wait()
        with mock() as kling:
            go.set()
            assert isinstance(left.exception(), httpx.ConnectError)
            assert not kling.requests.called
            assert pool.submit(with_httpx).result() == 200
            assert kling.requests.call_count == 1


@pytest.mark.parametrize("kind", ["pool", "queue"])
def test_what_a_worker_of_the_whole_run_still_does_for_an_earlier_test_is_refused(kind: str) -> None:
    work: queue.Queue[Callable[[], None] | None] = queue.Queue()
    go, begun, done = threading.Event(), threading.Event(), queue.SimpleQueue[object]()

    def late() -> None:
        begun.set()
        go.wait()
        with pytest.raises(httpx.ConnectError):
            with_httpx()
        done.put("refused")

    with ThreadPoolExecutor(1) as pool:
        thread = threading.Thread(target=worker, args=(work,))
        thread.start()
        pool.submit(int).result()
        while not threads_wait(thread):
            pass
        give: Callable[[Callable[[], None]], object] = pool.submit if kind == "pool" else work.put
        with mock():
            give(late)
            begun.wait()
        with mock() as kling:
            go.set()
            assert done.get() == "refused"
            give(lambda: done.put(with_httpx()))
            assert done.get() == 200
            assert kling.requests.call_count == 1
        work.put(None)
        thread.join()


def test_work_that_began_before_a_test_is_not_that_ones() -> None:
    go, begun = threading.Event(), threading.Event()

    def early() -> object:
        begun.set()
        go.wait()
        return with_httpx()

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(early)
        begun.wait()
        with mock():
            pass
        with mock() as kling:
            go.set()
            assert asked.result() == 200
            assert kling.requests.call_count == 1


loops = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


@loops
def test_a_task_that_goes_on_is_refused_with_all_that_it_starts(loop: Any) -> None:
    async def late(go: asyncio.Event) -> None:
        await go.wait()
        await asyncio.gather(in_a_loop(), asyncio.to_thread(with_httpx), to_thread.run_sync(with_httpx))

    async def story() -> None:
        go = asyncio.Event()
        with mock():
            left = asyncio.create_task(late(go))
            await asyncio.sleep(0)
        with mock() as kling:
            go.set()
            with pytest.raises(httpx.ConnectError, match="left running"):
                await left
            assert (list(kling.requests), kling.wrong()) == ([], None)
            assert await asyncio.create_task(in_a_loop()) == 200
            assert await asyncio.to_thread(with_httpx) == 200
            assert kling.requests.call_count == 2

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(story())


def test_a_factory_of_tasks_that_knows_no_context_is_asked_as_ever() -> None:
    async def story() -> int:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coroutine: asyncio.Task(coroutine, loop=loop))  # type: ignore[arg-type]
        with mock() as kling:
            await asyncio.gather(in_a_loop(), asyncio.create_task(in_a_loop(), name="own"))
            return kling.requests.call_count

    assert asyncio.run(story()) == 2


def test_a_loop_of_a_thread_serves_whoever_gives_it_work() -> None:
    with mock():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        assert asyncio.run_coroutine_threadsafe(in_a_loop(), loop).result() == 200
        go = asyncio.Event()
        left = asyncio.run_coroutine_threadsafe(waiting(go), loop)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    with mock() as kling:
        assert asyncio.run_coroutine_threadsafe(in_a_loop(), loop).result() == 200
        loop.call_soon_threadsafe(go.set)
        assert isinstance(left.exception(), httpx.ConnectError)
        assert kling.requests.call_count == 1
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def waiting(go: asyncio.Event) -> object:
    await go.wait()
    return await in_a_loop()


@pytest.mark.parametrize("kind", ["asyncio", "anyio"])
def test_a_task_that_waits_for_work_serves_whoever_gives_it(kind: str) -> None:
    async def story() -> None:
        work: asyncio.Queue[asyncio.Future[object]] = asyncio.Queue()
        send, receive = create_memory_object_stream[asyncio.Future[object]](1)

        async def next_job() -> asyncio.Future[object]:
            return await work.get() if kind == "asyncio" else await receive.receive()

        async def works() -> None:
            while True:
                (await next_job()).set_result(await in_a_loop())

        async def ask() -> object:
            job: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            await (work.put(job) if kind == "asyncio" else send.send(job))
            return await job

        with mock():
            lasting = asyncio.create_task(works())
            assert await ask() == 200
            await asyncio.sleep(0)
        with mock() as kling:
            assert await ask() == 200
            assert kling.requests.call_count == 1
        lasting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lasting
        send.close()
        receive.close()

    asyncio.run(story())


@contextlib.contextmanager
def routed(kling: MockHandle, router: respx.MockRouter) -> Iterator[respx.Route]:
    yield router.route(host="api.cometapi.com").mock(side_effect=kling.respx)


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize("prefers", [True, False])
def test_a_router_of_the_next_test_hears_nothing_either(first: str, prefers: bool) -> None:
    with mock():
        left = Left(with_httpx)
    router, ours = respx.mock(assert_all_called=False), mock()
    with contextlib.ExitStack() as stack:
        if first == "theirs":
            stack.enter_context(router)
        kling = stack.enter_context(ours)
        if first == "ours":
            stack.enter_context(router)
        route = router.route(host="api.cometapi.com")
        if prefers:
            route.mock(side_effect=kling.respx)
        assert isinstance(left.asked(), httpx.ConnectError)
        assert (route.called, kling.requests.called, len(hints(kling))) == (False, False, 1)


@pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
def test_a_callback_of_pytest_httpx_is_refused_too(httpx_mock: HTTPXMock) -> None:
    with mock():
        left = Left(with_httpx)
    with mock() as kling:
        httpx_mock.add_callback(kling.httpx, is_reusable=True)
        assert isinstance(left.asked(), httpx.ConnectError)
        assert (kling.requests.called, len(hints(kling))) == (False, 1)


@contextlib.contextmanager
def loop_of_a_thread(loop: Any) -> Iterator[Any]:
    """A loop that another thread runs, in a function of its own."""
    made = loop()

    def run() -> None:
        asyncio.set_event_loop(made)
        made.run_forever()
        made.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()


def answered(loop: Any, function: Callable[[], object]) -> object:
    came = queue.SimpleQueue[object]()
    loop.call_soon_threadsafe(lambda: came.put(outcome(function)))
    return came.get()


@loops
def test_a_timer_of_a_loop_in_a_thread_is_refused_when_it_runs_out(loop: Any) -> None:
    came = queue.SimpleQueue[object]()
    go = threading.Event()

    def tick(running: Any) -> None:
        if go.is_set():
            came.put(outcome(with_httpx))
            running.create_task(in_a_loop()).add_done_callback(lambda asked: came.put(asked.exception()))
        else:
            running.call_later(0.001, tick, running)

    with loop_of_a_thread(loop) as running:
        with mock():
            running.call_soon_threadsafe(running.call_later, 0.001, tick, running)
            assert answered(running, with_httpx) == 200
        with mock() as kling:
            go.set()
            assert [type(came.get()), type(came.get())] == [httpx.ConnectError] * 2
            assert answered(running, with_httpx) == 200
            assert asyncio.run_coroutine_threadsafe(in_a_loop(), running).result() == 200
            assert kling.requests.call_count == 2


@loops
def test_what_a_left_task_calls_when_it_is_done_is_refused(loop: Any) -> None:
    came = queue.SimpleQueue[object]()

    async def late(go: asyncio.Event) -> None:
        await go.wait()

    async def story() -> None:
        go = asyncio.Event()
        with mock():
            left = asyncio.create_task(late(go))
            left.add_done_callback(lambda _: came.put(outcome(with_httpx)))
            await asyncio.sleep(0)
        with mock() as kling:
            go.set()
            await left
            await asyncio.sleep(0)
            assert isinstance(came.get(), httpx.ConnectError)
            assert kling.requests == []

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(story())


@loops
def test_a_server_in_a_thread_serves_whoever_asks_it(loop: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"%d\n" % await in_a_loop())  # type: ignore[str-bytes-safe]
        writer.close()

    def ask(port: int) -> int:
        with socket.create_connection(("127.0.0.1", port)) as asking, asking.makefile("rwb") as told:
            told.write(b"go\n")
            told.flush()
            return int(told.readline())

    with loop_of_a_thread(loop) as running:
        with mock():
            server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), running).result()
            port = server.sockets[0].getsockname()[1]
            assert ask(port) == 200
        with mock() as kling:
            assert ask(port) == 200
            assert kling.requests.call_count == 1
        running.call_soon_threadsafe(server.close)


def polling(work: queue.Queue[Callable[[], None] | None], came: queue.SimpleQueue[object]) -> None:
    """Ask whenever there was nothing to do for a moment."""
    while True:
        try:
            job = work.get(timeout=0.001)
        except queue.Empty:
            came.put(outcome(with_httpx))
        else:
            if job is None:
                return
            job()


@pytest.mark.parametrize("kind", [queue.Queue, queue.LifoQueue, queue.PriorityQueue])
def test_a_thread_that_asks_when_a_queue_gave_nothing_for_a_while_is_refused(kind: Any) -> None:
    work, came = kind(), queue.SimpleQueue[object]()
    with mock():
        thread = threading.Thread(target=polling, args=(work, came))
        thread.start()
        assert came.get() == 200
    with mock() as kling:
        while (asked := came.get()) == 200:  # what was asked before the end
            pass
        assert isinstance(asked, httpx.ConnectError)
        assert kling.requests == []
        answer = queue.SimpleQueue[object]()
        work.put(lambda: answer.put(outcome(with_httpx)))
        assert answer.get() == 200
        assert kling.requests.call_count == 1
        work.put(None)
        thread.join()


@pytest.mark.parametrize("timeout", [None, 60])
def test_what_waits_in_a_queue_is_the_work_of_whoever_put_it(timeout: float | None) -> None:
    work: queue.Queue[queue.SimpleQueue[object] | None] = queue.Queue()

    def works() -> None:
        while (answer := work.get(timeout=timeout)) is not None:
            answer.put(outcome(with_httpx))

    late, early = queue.SimpleQueue[object](), queue.SimpleQueue[object]()
    with mock():
        work.put(late)
    with mock() as kling:
        worker = threading.Thread(target=works)
        worker.start()
        work.put(early)
        assert isinstance(late.get(), httpx.ConnectError)
        assert early.get() == 200
        assert kling.requests.call_count == 1
    with mock(), mock() as kling:
        work.put(early)
        assert early.get() == 200
        work.put(None)
        worker.join()
        assert kling.requests.call_count == 1


def test_a_task_that_asks_when_a_queue_gave_nothing_for_a_while_is_refused() -> None:
    async def story() -> None:
        work: asyncio.Queue[object] = asyncio.Queue()

        async def polls() -> object:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    await work.get()
            return await in_a_loop()

        with mock():
            left = asyncio.create_task(polls())
            await asyncio.sleep(0)
        with mock() as kling:
            with pytest.raises(httpx.ConnectError):
                await left
            assert kling.requests == []

    asyncio.run(story())


def test_what_waits_in_a_queue_of_a_loop_is_the_work_of_whoever_put_it() -> None:
    async def story() -> None:
        work: asyncio.Queue[asyncio.Future[object]] = asyncio.Queue()

        async def works() -> None:
            while True:
                (await work.get()).set_result(await asyncio.to_thread(outcome, with_httpx))

        def put() -> asyncio.Future[object]:
            work.put_nowait(job := asyncio.get_running_loop().create_future())
            return job

        with mock():
            late = put()
        with mock() as kling:
            worker = asyncio.create_task(works())
            assert isinstance(await late, httpx.ConnectError)
            assert await put() == 200
            assert kling.requests.call_count == 1
            worker.cancel()

    asyncio.run(story())


def test_who_reads_what_was_left_behind_is_not_left_behind() -> None:
    answers: queue.Queue[object] = queue.Queue()
    with mock():
        left = Left(lambda: answers.put("late"))
    with mock() as kling:
        left.asked()
        assert answers.get() == "late"
        assert with_httpx() == 200
        assert kling.requests.call_count == 1


def test_the_workers_of_a_pool_of_multiprocessing_serve_whoever_gives_them_work() -> None:
    with ThreadPool(1) as pool:
        for _ in range(2):
            with mock() as kling:
                assert pool.apply(outcome, (with_httpx,)) == 200
                assert kling.requests.call_count == 1
        pool.close()
        pool.join()


def test_what_goes_on_between_two_tests_stays_left_behind() -> None:
    go, begun, came = threading.Event(), threading.Event(), queue.SimpleQueue[object]()

    def poll() -> None:
        """Poll every hour, as a timer that sets the next one does."""
        go.wait()
        came.put(outcome(with_httpx))

    def tick() -> None:
        go.wait()
        threading.Thread(target=begins_anew).start()

    def begins_anew() -> None:
        go.clear()
        begun.set()
        poll()

    with mock():
        threading.Thread(target=tick).start()
    go.set()
    begun.wait()
    with mock() as kling:
        go.set()
        assert isinstance(came.get(), httpx.ConnectError)
        assert kling.requests == []
        start = threading.Thread.start
    assert threading.Thread.start is not start
    with mock():
        pass
    assert threading.Thread.start.__module__ == "threading"


def test_what_others_patch_between_two_tests_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock():
        left = Left(lambda: None)
    died = threading.excepthook
    ours = threading.Thread.start
    started: list[threading.Thread] = []

    def start(thread: threading.Thread) -> None:
        started.append(thread)
        ours(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(threading, "excepthook", lambda died: None)
    hook = threading.excepthook
    with mock():
        left.asked()
    assert died.__module__ != "kling_contract.interception.left_behind"
    assert (threading.Thread.start, threading.excepthook) == (start, hook)
