"""Certificates are loaded for TLS and for nothing else, and verify as if they always had been there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi
import httpx
import pytest

from kling_contract import AsyncKling, Kling
from kling_contract.trust import LateTrust, late_trust
from tests.e2e.listening import Listener

PEM = Path(__file__).parents[1] / "e2e" / "app.example.pem"
SENT = {"extensions": {"sni_hostname": "app.example"}}


def ask(url: str, trust: ssl.SSLContext) -> int:
    with httpx.Client(verify=trust, trust_env=False) as client:
        return client.get(url, **SENT).status_code


def ask_in_a_loop(url: str, trust: ssl.SSLContext) -> int:
    async def story() -> int:
        async with httpx.AsyncClient(verify=trust, trust_env=False) as client:
            return (await client.get(url, **SENT)).status_code

    return asyncio.run(story())


ways = pytest.mark.parametrize("way", [ask, ask_in_a_loop])


@pytest.fixture
def url() -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with Listener(tls=context) as listener:
        yield listener.url.replace("http:", "https:")


@ways
def test_whom_the_certificates_vouch_for_is_spoken_to(
    way: Callable[..., int], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certifi, "where", lambda: str(PEM))
    trust = late_trust()
    assert [way(url, trust), way(url, trust)] == [200, 200]
    assert trust.cert_store_stats()["x509"] == 1


@ways
def test_nobody_else_is(way: Callable[..., int], url: str) -> None:
    with pytest.raises(httpx.ConnectError) as caught:
        way(url, late_trust())
    causes = [caught.value]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    assert any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes)


@ways
def test_a_certificate_of_another_name_is_none(
    way: Callable[..., int], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certifi, "where", lambda: str(PEM))
    monkeypatch.setitem(SENT["extensions"], "sni_hostname", "other.example")
    with pytest.raises(httpx.ConnectError):
        way(url, late_trust())


@pytest.mark.parametrize("kind", [Kling, AsyncKling])
def test_a_client_of_a_server_on_this_machine_loads_none(
    kind: type[Kling] | type[AsyncKling], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*arguments: object, **options: object) -> None:
        raise AssertionError("certificates were loaded for plain HTTP")

    made: list[LateTrust] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", loaded)
    monkeypatch.setattr("kling_contract.client.network.late_trust", lambda: made.append(late_trust()) or made[-1])
    client = kind(api_key="k", base_url="http://127.0.0.1:9")
    client._http.to(httpx.URL("http://127.0.0.1:9/x"))
    assert len(made) == 1
    assert made[0].cert_store_stats()["x509"] == 0
