"""Results on their way to a file: how far they are, and that what is not whole leaves nothing behind."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bridge import loaded
from fakes import ID, Clock, Script, async_client, done, file, images, names, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kling_contract import AsyncKling, Kling, Progress, errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL, OTHER = "https://x/a.png", "https://x/b.png"


def chunked(*chunks: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(
        200, headers={name.replace("_", "-"): value for name, value in headers.items()}, content=iter(chunks)
    )


def test_progress_is_told_with_each_chunk(tmp_path: Path) -> None:
    seen: list[Progress] = []
    script = Script(chunked(b"one", b"two", content_length="6"), chunked(b"x", b"yz"))
    done(script, URL, OTHER).save(tmp_path, progress=seen.append)
    assert seen == [Progress(1, 2, 3, 6), Progress(1, 2, 6, 6), Progress(2, 2, 1, None), Progress(2, 2, 3, None)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(min_size=1, max_size=9), max_size=9), announced=st.booleans())
def test_progress_adds_up_to_the_file(tmp_path: Path, chunks: list[bytes], announced: bool) -> None:
    seen: list[Progress] = []
    size = sum(map(len, chunks))
    headers = {"content_length": str(size)} if announced else {}
    task = done(Script(chunked(*chunks, **headers)), URL, provider=loaded("kling"))
    (path,) = task.save(tmp_path, progress=seen.append)
    assert path.read_bytes() == b"".join(chunks)
    assert [each.bytes for each in seen] == [sum(map(len, chunks[: n + 1])) for n in range(len(chunks))]
    assert {each.total for each in seen} <= {size if announced else None}
    assert not list(tmp_path.glob(".*"))


def test_a_download_that_starts_again_is_told_from_the_start(tmp_path: Path) -> None:
    seen: list[Progress] = []
    done(Script(chunked(b"half", content_length="8"), file(b"whole")), URL).save(tmp_path, progress=seen.append)
    assert seen == [Progress(1, 1, 4, 8), Progress(1, 1, 5, 5)]


def test_progress_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def progress(now: Progress) -> None:
        if now.result == 2:
            raise ZeroDivisionError(str(names(tmp_path)))

    task = done(Script(file(b"one"), file(b"two")), URL, OTHER)
    with pytest.raises(ZeroDivisionError, match=r"\.part"):
        task.save(tmp_path, progress=progress)
    assert names(tmp_path) == []


def test_the_asynchronous_twin_tells_alike(tmp_path: Path) -> None:
    seen: list[Progress] = []

    def progress(now: Progress) -> None:
        seen.append(now)
        if len(seen) == 2:
            raise ZeroDivisionError

    async def story() -> None:
        async with async_client(Script(images(URL), file(b"one"), file(b"four"))) as kling:
            task = await kling.get("getImageExpansion", ID)
            await task.save(tmp_path, progress=progress)
            with pytest.raises(ZeroDivisionError):
                await task.save(tmp_path, progress=progress)

    asyncio.run(story())
    assert seen == [Progress(1, 1, 3, 3), Progress(1, 1, 4, 4)]
    assert names(tmp_path) == [f"{ID}-0.png"]


@pytest.mark.parametrize("came", [b"too few", b"far too many bytes"])
def test_a_length_that_lies_is_tried_again_and_never_published(tmp_path: Path, came: bytes) -> None:
    lies = [chunked(came, content_length="10") for _ in range(3)]
    clock = Clock()
    with pytest.raises(errors.ConnectionLost, match=rf"save: no answer \(.*{len(came)} bytes came of a result of 10"):
        done(Script(file(), *lies), URL, OTHER, clock=clock).save(tmp_path)
    assert clock.slept == [1, 2]
    assert names(tmp_path) == []


@pytest.mark.parametrize("length", ["", "²", "x", "-1", "9" * 5000, "3, 3"])
def test_a_length_that_is_none_is_unknown(tmp_path: Path, length: str) -> None:
    seen: list[Progress] = []
    answer = httpx.Response(200, headers={"content-length": length.encode()}, content=iter([b"one"]))
    done(Script(answer), URL).save(tmp_path, progress=seen.append)
    assert seen == [Progress(1, 1, 3, None)]


def test_a_result_is_asked_for_as_it_is_and_may_come_packed(tmp_path: Path) -> None:
    seen: list[Progress] = []
    packed = gzip.compress(b"x" * 1000)
    script = Script(chunked(packed, content_encoding="gzip", content_length=str(len(packed))))
    (path,) = done(script, URL).save(tmp_path, progress=seen.append)
    assert script.requests[1].headers["accept-encoding"] == "identity"
    assert path.read_bytes() == b"x" * 1000
    assert {each.total for each in seen} == {None}
    assert seen[-1].bytes == 1000


def test_a_packed_result_is_measured_unpacked(tmp_path: Path) -> None:
    packed = chunked(gzip.compress(b"x" * 1000), content_encoding="gzip")
    with pytest.raises(errors.KlingError, match="larger than 100 bytes"):
        done(Script(packed), URL).save(tmp_path, max_bytes=100)
    assert names(tmp_path) == []


def test_a_packed_result_that_cannot_be_unpacked_is_tried_again(tmp_path: Path) -> None:
    (path,) = done(Script(chunked(b"no gzip", content_encoding="gzip"), file(b"whole")), URL).save(tmp_path)
    assert path.read_bytes() == b"whole"


def test_a_file_that_cannot_have_its_name_takes_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: Any, target: Any) -> None:
        raise PermissionError("no hard links here")

    def replace(source: Path, target: Path) -> Path:
        if target.name == f"{ID}-1.png":
            raise OSError("the disk is full")
        return source.rename(target)

    monkeypatch.setattr("os.link", link)
    monkeypatch.setattr("pathlib.Path.replace", replace)
    with pytest.raises(OSError, match="the disk is full"):
        done(Script(file(b"one"), file(b"two")), URL, OTHER).save(tmp_path)
    assert names(tmp_path) == []


@contextmanager
def host(*answers: bytes) -> Iterator[str]:
    """Give one answer to each connection, and hang up, however much of it was announced."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"
PLAIN_HTTP = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def callback_with(url: str) -> bytes:
    return json.dumps(told("succeed", task_result={"images": [{"index": 0, "url": url}]})).encode()


def test_a_connection_that_breaks_off_is_tried_again_and_leaves_nothing(tmp_path: Path) -> None:
    clock, transport = Clock(), httpx.HTTPTransport(verify=PLAIN_HTTP)
    with (
        Kling(provider="kling", api_key="sk-test", clock=clock, transport=transport) as kling,
        host(CUT, WHOLE, CUT, CUT, CUT) as url,
    ):
        task = kling.from_callback("createImageExpansion", {}, callback_with(url))
        (path,) = task.save(tmp_path)
        assert (path.read_bytes(), clock.slept) == (b"whole", [1])
        with pytest.raises(errors.ConnectionLost, match="without sending complete message body"):
            task.save(tmp_path)
    assert clock.slept == [1, 1, 2]
    assert names(tmp_path) == [path.name]


def test_an_asynchronous_connection_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        transport = httpx.AsyncHTTPTransport(verify=PLAIN_HTTP)
        async with AsyncKling(provider="kling", api_key="sk-test", clock=Clock(), transport=transport) as kling:
            task = kling.from_callback("createImageExpansion", {}, callback_with(url))
            with pytest.raises(errors.ConnectionLost, match="without sending complete message body"):
                await task.save(tmp_path)

    with host(CUT, CUT, CUT) as url:
        asyncio.run(story(url))
    assert names(tmp_path) == []
