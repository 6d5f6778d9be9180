"""What the environment says of the network, and which of it cannot be used."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from fakes import ID, Script, async_client, client, images, task

from kling_contract import AsyncKling, Kling, errors
from kling_contract.cli import main
from kling_contract.client.environment import certificates
from kling_contract.client.network import is_loopback, way_to
from mock_server import MockServer

LOCAL = "http://127.0.0.1:4060"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take away what the machine that runs the tests says of its network."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
    for name in [each for each in os.environ if each.lower().endswith("_proxy") or each in names]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("kling.localhost", True),
        ("127.0.0.1", True),
        ("127.255.3.4", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("127.1", True),
        ("0x7f.1", True),
        ("2130706433", True),
        ("2130706434.example.com", False),
        ("8.8.2056", False),
        ("localhost.example.com", False),
        ("notlocalhost", False),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("127.0.0.1.example.com", False),
        ("api.cometapi.com", False),
        ("", False),
    ],
)
def test_a_host_is_this_machine_by_its_name_or_address(host: str, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("url", "way"),
    [("http://[::1]:1/a", "plain"), ("https://a.localhost/", "local"), ("https://api.example.com/", "environment")],
)
def test_a_url_has_its_way(url: str, way: str) -> None:
    assert way_to(httpx.URL(url)) == way


NEEDS_SOCKS = r"SOCKS needs one more package: pip install 'httpx\[socks\]', or unset it"
NO_URL = "which is no URL of a proxy; accepted: http://host:port, https://, socks5://"
UNUSABLE: list[tuple[str, str, str]] = [
    ("ALL_PROXY", "socks5://me:hunter2@p:1080", rf"ALL_PROXY is 'socks5://\*\*\*@p:1080'; {NEEDS_SOCKS}"),
    ("https_proxy", "socks5h://p:1", rf"https_proxy is 'socks5h://p:1'; {NEEDS_SOCKS}"),
    ("HTTPS_PROXY", "socks4://p:1", f"HTTPS_PROXY is 'socks4://p:1', {NO_URL}"),
    ("HTTPS_PROXY", "http://me:hunter2@p:port", rf"HTTPS_PROXY is 'http://\*\*\*@p:port', {NO_URL}"),
    ("HTTP_PROXY", "me:hunter2@p:port", rf"HTTP_PROXY is '\*\*\*@p:port', {NO_URL}"),
    ("HTTP_PROXY", "ftp://p", f"HTTP_PROXY is 'ftp://p', {NO_URL}"),
    ("ALL_PROXY", "http://", f"ALL_PROXY is 'http://', {NO_URL}"),
    ("ALL_PROXY", " ", f"ALL_PROXY is ' ', {NO_URL}"),
    ("HTTPS_PROXY", "http://p:99999", f"HTTPS_PROXY is 'http://p:99999', {NO_URL}"),
    ("HTTPS_PROXY", "http://p:0", f"HTTPS_PROXY is 'http://p:0', {NO_URL}"),
    ("HTTPS_PROXY", "http://p\n:1", rf"HTTPS_PROXY is 'http://p\\n:1', {NO_URL}"),
    ("SSL_CERT_FILE", "/no/such.pem", "SSL_CERT_FILE is '/no/such.pem', which cannot be read; accepted: a PEM file"),
    ("SSL_CERT_FILE", __file__, "SSL_CERT_FILE is '.*test_network.py', which has no certificates; accepted: a PEM"),
    ("SSL_CERT_DIR", "/no/such", "SSL_CERT_DIR is '/no/such', which is no folder; accepted: a folder of cert"),
    ("SSL_CERT_DIR", __file__, "SSL_CERT_DIR is '.*test_network.py', which is no folder; accepted: a folder of cert"),
    ("SSLKEYLOGFILE", "/no/such/log", "SSLKEYLOGFILE is '/no/such/log', which cannot be written to; unset it"),
]
unusable = pytest.mark.parametrize(
    ("name", "value", "words"), UNUSABLE, ids=[f"{each[0]}={each[1]}" for each in UNUSABLE]
)


@unusable
@pytest.mark.parametrize("kind", [Kling, AsyncKling])
def test_what_cannot_be_used_is_named(
    name: str, value: str, words: str, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.ConfigurationError, match=words) as caught:
        kind(api_key="k")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "value", "words"), [each for each in UNUSABLE if each[0] != "SSLKEYLOGFILE"])
def test_what_nobody_needs_stops_nobody(name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    Kling(api_key="k", base_url=LOCAL).close()
    assert client(Script(task())).get("getImageToVideo", ID).id == ID


@unusable
def test_the_probe_ends_with_one_line_that_names_it(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    url = "http://kling.test" if name.lower() == "http_proxy" else "https://kling.test"
    assert main(["probe", "--base-url", url, "--level", "0"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("kling-contract: ")
    assert name in err
    assert "hunter2" not in err


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_probe_without_tls_needs_no_certificates(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "/no/such")
    with MockServer(provider="kling") as server:
        options = ("--provider", "kling", "--level", "1", "--operations", "createImageToVideo")
        assert main(["probe", "--base-url", server.url, *options]) == 0
    assert capsys.readouterr().err == ""


def test_of_two_spellings_the_one_in_force_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://good:1")
    monkeypatch.setenv("https_proxy", "socks4://p:1")
    with pytest.raises(errors.ConfigurationError, match=r"^https_proxy is"):
        Kling(api_key="k")


@pytest.mark.parametrize("exceptions", ["localhost,[::1]", "bücher.example"])
def test_exceptions_that_nobody_can_read_are_named_where_there_is_a_proxy(
    exceptions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert repr(Kling(api_key="k"))
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    with pytest.raises(errors.ConfigurationError, match=r"NO_PROXY is '.*', which httpx cannot read; .* without brack"):
        Kling(api_key="k")


def test_certificates_that_can_be_used_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", f"/no/such{os.pathsep}{tmp_path}")
    with pytest.raises(errors.ConfigurationError, match=r"SSL_CERT_DIR is '.*', which has no certificates; accepted:"):
        Kling(api_key="k")
    (tmp_path / "all.pem").write_bytes(Path(certifi.where()).read_bytes())
    assert repr(Kling(api_key="k"))


def test_a_folder_that_is_none_is_named_also_behind_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert repr(Kling(api_key="k"))
    monkeypatch.setenv("SSL_CERT_DIR", "/no/such")
    with pytest.raises(errors.ConfigurationError, match=r"SSL_CERT_DIR is '/no/such', which is no folder"):
        Kling(api_key="k")


def test_what_httpx_brings_is_read_once_and_what_the_environment_names_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bool] = []
    create = httpx.create_ssl_context
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **given: read.append(True) or create(**given))
    brought = certificates()
    read.clear()
    assert certificates() is brought
    assert read == []
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert certificates() is not certificates()
    assert len(read) == 2


def test_socks_is_good_where_its_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is not installed here; what is asked for is whether it would be found."""
    from kling_contract.client import environment

    monkeypatch.setattr(environment, "find_spec", lambda name: importlib.util.find_spec("httpx"))
    environment.check_proxy("all", "socks5://p:1")


def test_a_result_elsewhere_names_what_cannot_be_used_when_it_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://p:1080")
    found = client(Script(images("https://cdn.example/a.png"))).get("getImageToVideo", ID)
    with Kling(api_key="k", base_url=LOCAL) as kling:
        found._run = kling._run
        with pytest.raises(errors.ConfigurationError, match="ALL_PROXY is"):
            found.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_client_says_so() -> None:
    kling = client(Script(task("processing")))
    found = kling.get("getImageToVideo", ID)
    kling.close()
    kling.close()
    for ask in (found.refresh, found.wait, lambda: kling.get("getImageToVideo", ID)):
        with pytest.raises(
            errors.KlingError, match="the client is closed; make another, and get the task there by its"
        ):
            ask()

    async def story() -> None:
        async with async_client(Script(task("processing"))) as kling:
            found = await kling.get("getImageToVideo", ID)
        with pytest.raises(errors.KlingError, match="the client is closed"):
            await found.refresh()

    asyncio.run(story())
