from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fakes import (
    ID,
    PICTOR,
    URL,
    Clock,
    Script,
    answer,
    async_client,
    client,
    done,
    file,
    images,
    names,
    refused,
    task,
    told,
    videos,
)

from kling_contract import Kling, Task, Video, bundled, errors, load
from kling_contract.client.downloads import safe_name, suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def made(script: Script, clock: Clock | None = None, **options: Any) -> Task:
    script.answers.insert(0, task())
    return client(script, clock=clock or Clock(), **options).videos.image_to_video(image=URL, model_name="kling-v2-6")


def test_waiting_asks_ever_less_often_until_the_end() -> None:
    clock = Clock()
    script = Script(task("submitted"), *[task("processing")] * 9, videos("https://x/1.mp4"))
    done = made(script, clock).wait()
    assert (done.status, done.done) == ("succeed", True)
    assert done.videos == [Video("v0", "https://x/1.mp4", 5.041)]
    assert clock.slept[0] == 1
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == 5
    assert len(clock.slept) == 11
    assert script.answers == []


def test_waiting_at_an_interval_of_ones_own() -> None:
    clock = Clock()
    made(Script(task("processing"), task("processing"), images("https://x/1.png")), clock).wait(poll=0.25)
    assert clock.slept == [0.25] * 3


@pytest.mark.parametrize("poll", [0, -1])
def test_an_interval_is_above_zero(poll: float) -> None:
    with pytest.raises(ValueError, match="poll"):
        made(Script()).wait(poll=poll)


def test_a_failed_task_says_why() -> None:
    script = Script(task("failed", task_status_msg="Failure to pass the risk control system"))
    with pytest.raises(errors.TaskFailed, match="Failure to pass the risk control system") as caught:
        made(script).wait()
    assert caught.value.task.id == ID
    assert caught.value.task.reason == "Failure to pass the risk control system"


def test_time_runs_out_on_the_clients_clock() -> None:
    clock, start = Clock(), Clock().now()
    script = Script(*[task("processing")] * 4)
    with pytest.raises(errors.WaitTimeout, match="still processing after 10 s") as caught:
        made(script, clock).wait(timeout=10, poll=3)
    assert clock.slept == [3, 3, 3, 1]
    assert clock.now() == start + 10
    assert isinstance(caught.value, TimeoutError)
    assert script.answers == []


def test_waiting_without_an_end() -> None:
    clock = Clock()
    made(Script(*[task("processing")] * 3, images("https://x/1.png")), clock).wait(timeout=math.inf, poll=1000)
    assert sum(clock.slept) == 4000


def test_a_task_that_has_ended_is_not_asked_about() -> None:
    script = Script(images("https://x/1.png"))
    with client(script) as kling:
        done = kling.get("getImageToVideo", ID)
        assert done.wait() is done
    assert len(script.requests) == 1


def test_an_unknown_status_ends_the_wait() -> None:
    with pytest.raises(errors.UnexpectedAnswer, match="'succeeded'"):
        made(Script(task("processing"), task("succeeded"))).wait()


def test_a_passing_failure_does_not_end_the_wait() -> None:
    script = Script(refused(500, 5000, "x"), httpx.ReadTimeout("slow"), images("https://x/1.png"))
    assert made(script).wait().status == "succeed"


def test_refreshing_keeps_what_a_later_answer_leaves_out() -> None:
    script = Script(answer(told(task_info={"external_task_id": "job-1"})), task("processing"))
    with client(script) as kling:
        found = kling.get("getImageToVideo", ID)
        assert (found.refresh().status, found.external_task_id) == ("processing", "job-1")


@pytest.mark.parametrize(
    ("result", "seconds"),
    [
        ({"duration": "14.666"}, 14.666),
        ({"duration": 5}, 5.0),
        ({}, None),
        ({"duration": "?"}, None),
        ({"duration": 10**400}, None),
    ],
)
def test_a_video_knows_its_seconds(result: dict[str, Any], seconds: float | None) -> None:
    body = task("succeed", task_result={"videos": [{"id": 7, "url": "https://x/a", **result}, {"id": "no url"}]})
    assert made(Script(body)).wait().videos == [Video("7", "https://x/a", seconds)]


@pytest.mark.parametrize("created", [None, "yesterday", 10**30, 1.5])
def test_a_time_that_is_none_is_none(created: Any) -> None:
    found = made(Script(answer({**told("processing"), "created_at": created}))).refresh()
    assert found.created_at is None


def test_results_are_saved_under_the_tasks_name(tmp_path: Path) -> None:
    script = Script(file(b"one"), file(b"two"))
    folder = tmp_path / "new" / "folder"
    saved = done(script, "https://cdn.example/a.png?signature=1", "https://cdn.example/b.jpg").save(folder)
    assert [path.name for path in saved] == [f"{ID}-0.png", f"{ID}-1.jpg"]
    assert [path.read_bytes() for path in saved] == [b"one", b"two"]
    assert names(folder) == [f"{ID}-0.png", f"{ID}-1.jpg"]


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_file_is_no_folder(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(errors.KlingError, match=r"cannot be saved: .*file.* is no folder"):
        done(Script(), "https://cdn.example/a.png").save(tmp_path / folder)


def test_the_key_stays_with_the_provider(tmp_path: Path) -> None:
    script = Script(file())
    done(script, "https://cdn.example/a.png?signature=1").save(tmp_path)
    sent = script.requests[1]
    assert str(sent.url) == "https://cdn.example/a.png?signature=1"
    assert "authorization" not in sent.headers
    assert "sk-test" not in str(sent.headers)


def test_a_result_may_have_moved(tmp_path: Path) -> None:
    script = Script(httpx.Response(302, headers={"location": "https://other.example/b"}), file())
    (path,) = done(script, "https://cdn.example/a.mp4", kind=videos).save(tmp_path)
    assert path.name == f"{ID}-0.mp4"
    assert "authorization" not in script.requests[2].headers


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / f"{ID}-0.png").write_bytes(b"mine")
    task = done(Script(file(b"one"), file(b"two")), "https://x/a.png")
    assert [path.name for path in task.save(tmp_path) + task.save(tmp_path)] == [f"{ID}-0-2.png", f"{ID}-0-3.png"]
    assert (tmp_path / f"{ID}-0.png").read_bytes() == b"mine"
    assert (tmp_path / f"{ID}-0-2.png").read_bytes() == b"one"


def test_without_hard_links_nothing_is_overwritten_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: Any) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr("os.link", no_link)
    (tmp_path / f"{ID}-0.png").write_bytes(b"mine")
    (path,) = done(Script(file(b"one")), "https://x/a.png").save(tmp_path)
    assert (path.name, path.read_bytes()) == (f"{ID}-0-2.png", b"one")
    assert names(tmp_path) == [f"{ID}-0-2.png", f"{ID}-0.png"]


class Cut(httpx.SyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("reset")


def test_half_a_result_is_never_seen(tmp_path: Path) -> None:
    script = Script(file(b"whole"), *[httpx.Response(200, stream=Cut()) for _ in range(3)])
    task = done(script, "https://x/a.png", "https://x/b.png")
    with pytest.raises(errors.ConnectionLost, match="reset"):
        task.save(tmp_path)
    assert names(tmp_path) == []


def test_a_download_that_breaks_off_starts_again(tmp_path: Path) -> None:
    script = Script(httpx.Response(200, stream=Cut()), httpx.Response(503), file(b"whole"))
    clock = Clock()
    (path,) = done(script, "https://x/a.png", clock=clock).save(tmp_path)
    assert path.read_bytes() == b"whole"
    assert clock.slept == [1, 2]
    assert names(tmp_path) == [path.name]


def test_a_result_that_is_gone_says_so(tmp_path: Path) -> None:
    script = Script(httpx.Response(403, text="<xml>expired</xml>"))
    with pytest.raises(
        errors.UnexpectedAnswer, match=r"https://x/a\.png cannot be fetched; a result's URL expires"
    ) as caught:
        done(script, "https://x/a.png?secret=1").save(tmp_path)
    assert "secret" not in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_result_that_is_too_large_is_refused(tmp_path: Path, declared: bool) -> None:
    large = file(b"x" * 101)
    if not declared:
        large = httpx.Response(200, content=iter([b"x" * 60, b"x" * 41]))
    with pytest.raises(errors.KlingError, match="larger than 100 bytes"):
        done(Script(large), "https://x/a.png").save(tmp_path, max_bytes=100)
    assert names(tmp_path) == []
    assert len(done(Script(file(b"x" * 100)), "https://x/a.png").save(tmp_path, max_bytes=100)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://x/a.png",
        "https:///a.png",
        "//x/a",
        "http://[x",
        "a.png",
        "http://x/\0",
        "http://a..b/",
        f"http://{'a' * 64}.test/",
        "http://x:99999/",
        "http://x:0/",
    ],
)
def test_only_http_is_fetched(tmp_path: Path, url: str) -> None:
    script = Script()
    task = done(script, "https://x/a.png", url)
    with pytest.raises(errors.KlingError, match=r"only http\(s\) URLs are fetched"):
        task.save(tmp_path)
    assert len(script.requests) == 1


def test_there_must_be_something_to_save(tmp_path: Path) -> None:
    with pytest.raises(errors.KlingError, match="it is processing; wait"):
        made(Script(task("processing"))).refresh().save(tmp_path)
    with pytest.raises(errors.KlingError, match="it has no results"):
        done(Script()).save(tmp_path)
    with pytest.raises(errors.TaskFailed):
        made(Script(task("failed"))).refresh().save(tmp_path)


def test_an_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    evil = {"job": {"ref": "../../evil", "phase": "ok", "out": [{"href": "https://x/a"}]}}
    script = Script(httpx.Response(200, json=evil), file(content_type="image/png"))
    kling: Kling = client(script, PICTOR, api_key=None, access_key="a", secret_key="s")
    (path,) = kling.get("getUpscale", "job_1").save(tmp_path / "in")
    assert path.name == "_evil-0.png"
    assert names(tmp_path) == ["in"]


@pytest.mark.parametrize(
    ("url", "content_type", "suffix"),
    [
        ("https://x/a.png", "", ".png"),
        ("https://x/a.JPEG?x=.exe", "video/mp4", ".jpeg"),
        ("https://x/a", "image/jpeg; charset=binary", ".jpg"),
        ("https://x/a.php", "video/mp4", ".mp4"),
        ("https://x/a.exe", "application/octet-stream", None),
        ("https://x/.png", "", None),
    ],
)
def test_a_suffix_is_that_of_a_known_media_type(url: str, content_type: str, suffix: str | None) -> None:
    assert suffix_of(url, content_type) == suffix


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\\b", "C:x", "a\0b", "é", "x" * 500])
def test_a_safe_name_is_one_name(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name) <= 120
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"half"
            assert names(tmp_path)
            raise asyncio.CancelledError

    script = Script(images("https://x/a.png"), httpx.Response(200, stream=Endless()))

    async def story() -> None:
        async with async_client(script) as kling:
            found = await kling.get("getImageExpansion", ID)
            with pytest.raises(asyncio.CancelledError):
                await found.save(tmp_path)

    asyncio.run(story())
    assert names(tmp_path) == []


def test_the_asynchronous_twin_waits_alike() -> None:
    clock = Clock()
    script = Script(task(), task("processing"), task("failed", task_status_msg="no"))

    async def story() -> None:
        async with async_client(script, clock=clock) as kling:
            created = await kling.videos.image_to_video(image=URL, model_name="kling-v2-6")
            with pytest.raises(errors.TaskFailed, match="no"):
                await created.wait(poll=2)

    asyncio.run(story())
    assert clock.slept == [2, 2]


def succeeded(**more: Any) -> httpx.Response:
    return task("succeed", **more)


USELESS: dict[str, dict[str, Any]] = {
    "no block": {},
    "null": {"task_result": None},
    "an empty block": {"task_result": {}},
    "an empty list": {"task_result": {"videos": []}},
    "an item without a URL": {"task_result": {"videos": [{"id": "v0", "duration": "5.0"}]}},
    "an empty URL": {"task_result": {"videos": [{"id": "v0", "url": "", "duration": "5.0"}]}},
    "a null URL": {"task_result": {"images": [{"index": 0, "url": None}]}},
    "a blank URL": {"task_result": {"images": [{"index": 0, "url": " "}]}},
}
useless = pytest.mark.parametrize("more", USELESS.values(), ids=USELESS)


@useless
def test_success_without_a_usable_result_raises_when_it_is_waited_for(more: dict[str, Any]) -> None:
    found = made(Script(task("processing"), succeeded(**more)))
    with pytest.raises(errors.UnexpectedAnswer, match=f"task {ID} has succeeded and has no result") as caught:
        found.wait()
    error = caught.value
    assert error.task is found
    assert (error.task.id, error.task.status, error.task.images, error.task.videos) == (ID, "succeed", [], [])
    assert (error.operation, error.status, error.code, error.request_id) == ("getImageToVideo", 200, 0, "9984d27b")
    assert error.body == error.task.raw


@useless
def test_refreshing_only_looks(more: dict[str, Any]) -> None:
    assert made(Script(succeeded(**more))).refresh().status == "succeed"


@useless
def test_the_asynchronous_twin_raises_too(more: dict[str, Any]) -> None:
    async def story() -> None:
        async with async_client(Script(task(), succeeded(**more))) as kling:
            created = await kling.videos.image_to_video(image=URL, model_name="kling-v2-6")
            with pytest.raises(errors.UnexpectedAnswer, match="has succeeded and has no result") as caught:
                await created.wait()
            assert caught.value.task is created

    asyncio.run(story())


def test_one_usable_result_is_enough() -> None:
    found = [{"index": 0, "url": ""}, {"index": 1, "url": "https://x/1.png"}]
    assert [each.index for each in made(Script(succeeded(task_result={"images": found}))).wait().images] == [1]


def test_a_list_or_callback_that_leaves_the_result_out_is_asked_about_once() -> None:
    script = Script(succeeded(), images("https://x/1.png"))
    assert len(client(script).get("getImageToVideo", ID).wait().images) == 1
    script = Script(succeeded(), task("processing"), images("https://x/1.png"))
    assert client(script).get("getImageToVideo", ID).wait().status == "succeed"
    script = Script(succeeded(), succeeded())
    with pytest.raises(errors.UnexpectedAnswer, match="has no result"):
        client(script).get("getImageToVideo", ID).wait()
    assert script.answers == []


def test_where_a_document_names_no_results_none_are_missed(tmp_path: Path) -> None:
    text = PICTOR.read_text(encoding="utf-8")
    plain = tmp_path / "plain.yaml"
    plain.write_text(text.replace("          out: {$each: images, item: {href: $url}}\n", ""), encoding="utf-8")
    script = Script(httpx.Response(200, json={"job": {"ref": "job_1", "phase": "ok"}}))
    kling: Kling = client(script, plain, api_key=None, access_key="a", secret_key="s")
    assert kling.get("getUpscale", "job_1").wait().status == "succeed"


def test_an_unknown_status_leaves_the_task_readable() -> None:
    found = made(Script(task("processing"), task("succeeded")))
    with pytest.raises(errors.UnexpectedAnswer, match="'succeeded'") as caught:
        found.wait()
    assert caught.value.task is found
    assert found.status == "processing"


@pytest.mark.parametrize("seconds", [-1, math.nan])
def test_a_time_to_wait_is_no_less_than_nothing(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"timeout is .*; accepted: seconds from 0 on, math.inf, or None"):
        made(Script()).wait(timeout=seconds)
    with pytest.raises(ValueError, match="poll is nan; accepted"):
        made(Script()).wait(poll=math.nan)


def test_a_task_whose_time_is_up_says_how_long_and_how_to_wait_longer() -> None:
    clock = Clock()
    with pytest.raises(
        errors.WaitTimeout, match=r"after 0 s; .*wait\(timeout=SECONDS\), or timeout=math.inf"
    ) as caught:
        made(Script(), clock).wait(timeout=0)
    assert (caught.value.seconds, clock.slept) == (0, [])


BUNDLED = [
    (name, each.id) for name in bundled() for each in load(name).operations.values() if each.lifecycle is not None
]


@pytest.mark.parametrize(("provider", "operation"), BUNDLED)
def test_waiting_lasts_longer_than_the_documents_longest_time(provider: str, operation: str) -> None:
    found = load(provider)
    create = found.operations[operation]
    assert create.lifecycle is not None
    longest = sum(step.most for step in create.lifecycle.transitions)
    clock = Clock()
    family = [each.id for each in found.operations.values() if each.family == create.family]
    for name in family:
        talk = client(Script(), provider, clock=clock)._talk
        assert talk.longest_wait(name) >= max(4 * longest, 600)
    assert create.lifecycle.longest == longest


@pytest.mark.parametrize("provider", [None, "kling"])
def test_waiting_by_default_ends_when_that_time_is_up(provider: str | None) -> None:
    """Pictor's longest time is 3 s: what is short gets ten minutes all the same."""
    clock = Clock()
    state = task("processing") if provider else httpx.Response(200, json={"job": {"ref": "job_1", "phase": "running"}})
    keys: dict[str, Any] = {} if provider else {"api_key": None, "access_key": "a", "secret_key": "s"}
    kling = client(Script(*[state] * 9), provider or PICTOR, clock=clock, **keys)
    name = next(each.id for each in kling.provider.operations.values() if each.kind == "get")
    waited = kling._talk.longest_wait(name)
    with pytest.raises(errors.WaitTimeout, match=f"after {waited:g} s") as caught:
        kling.get(name, "job_1").wait(poll=waited / 4)
    assert caught.value.seconds == waited == sum(clock.slept)
    assert waited >= 600


def test_a_document_with_longer_times_is_waited_for_longer(tmp_path: Path) -> None:
    slow = tmp_path / "slow.yaml"
    text = PICTOR.read_text(encoding="utf-8")
    slow.write_text(text.replace("typical: 3}", "typical: 3000, most: 9000}"), encoding="utf-8")
    kling: Kling = client(Script(), slow, api_key=None, access_key="a", secret_key="s")
    assert kling._talk.longest_wait("getUpscale") >= 4 * 9000
