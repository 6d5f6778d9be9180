"""A server on this machine is asked directly, whatever proxy the environment names; through real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening import Listener
from ports import unheard

from kling_contract import AsyncKling, Kling, RemoteClock, errors
from kling_contract.cli import main
from mock_server import MockServer

URL = "https://example.com/cat.png"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name a proxy at which nobody listens, and no exceptions."""
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with unheard() as place:
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://{place}")
        yield place


def names(server: MockServer) -> list[str]:
    """Return the URLs by which a server on loopback can be asked, on this machine."""
    port = server.url.rpartition(":")[2]
    return [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", "kling.localhost") if _resolves(host)]


def _resolves(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None, socket.AF_INET))
    except OSError:
        return False


@pytest.mark.usefixtures("dead_proxy")
def test_the_mock_is_asked_past_a_dead_proxy_and_its_results_are_fetched(tmp_path: Path) -> None:
    with MockServer(clock="auto") as server:
        urls = names(server)
        assert len(urls) >= 2
        for number, url in enumerate(urls):
            with Kling(base_url=url, api_key="test") as kling:
                task = kling.images.multi_image_to_image(subject_image_list=[URL, URL]).wait()
                assert [path.suffix for path in task.save(tmp_path / str(number))] == [".png"]


@pytest.mark.usefixtures("dead_proxy")
def test_so_it_is_asynchronously(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        async with AsyncKling(base_url=url, api_key="test") as kling:
            task = await kling.images.multi_image_to_image(subject_image_list=[URL, URL])
            assert len(await (await task.wait()).save(tmp_path)) == 1

    with MockServer(clock="auto") as server:
        asyncio.run(story(server.url))


@pytest.mark.usefixtures("dead_proxy")
def test_clock_log_and_probe_ask_the_mock_past_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer(clock="frozen") as server:
        with RemoteClock(server.url) as clock:
            before = clock.now()
            clock.sleep(60)
            assert clock.now() == before + 60
        assert main(["log", "--url", server.url]) == 0
        port = server.url.rpartition(":")[2]
        options = ["--base-url", f"http://localhost:{port}", "--level", "2", "--operations", "getImageToVideo"]
        assert main(["probe", *options, "--key-env", "PROBE_KEY"]) in (0, 3)
    assert "net.proxy" not in capsys.readouterr().out


def test_any_other_host_is_asked_by_the_proxy(dead_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener() as listener:
        for name in PROXIES:
            monkeypatch.setenv(name, listener.url)
        with Kling(base_url="http://kling.test", api_key="k", retries=0) as kling, pytest.raises(errors.APIError):
            kling.get("getImageToVideo", "1")
    assert listener.heads[0].startswith("GET http://kling.test/")
