"""No key and no balance is in any report, however a provider writes it back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from probed import BASE, NOW, plan

from kling_contract.auth import KeyCredential, TokenCredential
from kling_contract.clock import RealClock
from kling_contract.probe import History, Manner, Run, Target, probe
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.reports import FORMATS
from kling_contract.probe.reports.evidence import write

SECRET = "sk-Ab/9+xyz-0123456789"


def echoes(secret: str) -> list[str]:
    """Return a secret as a provider may write it back."""
    escaped = "".join(f"\\u{ord(each):04x}" for each in secret)
    return [
        secret,
        secret.upper(),
        json.dumps(secret)[1:-1],
        secret.replace("/", "\\/"),
        escaped,
        json.dumps(escaped)[1:-1],
        httpx.QueryParams({"k": secret}).get("k", ""),
        str(httpx.QueryParams({"k": secret}))[2:],
        "".join(f"%{ord(each):02x}" for each in secret),
        "".join(f"&#{ord(each)};" for each in secret),
    ]


BODIES = [
    '{"code": 1, "message": "no %s"}',
    '{"code": "%s", "data": {"%s": "%s"}}',
    '{"error": {"message": "%s", "code": "%s"}}',
    '{"code": 0, "data": {"task_id": "%s"}}',
    '{"code": 1102, "message": "%s", "request_id": "%s"}',
    "<html>%s</html>",
    "%s",
]
answers = st.tuples(
    st.sampled_from([200, 302, 400, 401, 404, 429, 500, 503]),
    st.sampled_from(["application/json", "text/html", "text/plain"]),
    st.sampled_from(BODIES),
    st.sampled_from(echoes(SECRET)),
    st.sampled_from(["location", "x-request-id", "x-echo", "set-cookie", "date", "content-type"]),
)


class _Nothing:
    """A socket that opens and closes."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Stream(httpx.SyncByteStream):
    """A body as it comes from a socket."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()

    def __iter__(self) -> Iterator[bytes]:
        yield self.data


class _Still(RealClock):
    def now(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        pass


def everything(run: Run, directory: Path) -> dict[str, str]:
    """Return all that a run writes anywhere."""
    history = History(directory / "history")
    history.add(run.findings)
    found = {name: each.render(run, History.read(history.path)) for name, each in FORMATS.items()}
    found |= {path.name: path.read_text() for path in write(run, directory / "evidence")}
    return {**found, "history": (directory / "history").read_text(), "repr": repr(run)}


def probed(handler: Any, credential: Any, secrets: Secrets, name: str = "cometapi") -> Run:
    target = Target(plan(4, name), credential, secrets)
    manner = Manner(clock=_Still())
    connect: Any = lambda address, timeout: _Nothing()  # noqa: E731 - it is typed so
    target = replace(target, plan=replace(target.plan, base_url=BASE.replace("https", "http")))
    return probe([target], manner=manner, transport=httpx.MockTransport(handler), connect=connect)


def decoded(text: str) -> str:
    """Return a text with whatever is escaped in it undone, as often as there is something to undo."""
    before = ""
    while before != text:
        before = text
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")
        text = unquote(html.unescape(text))
    return text.casefold()


@given(answers, st.data())
def test_a_key_that_a_provider_writes_back_is_in_no_report(
    tmp_path_factory: pytest.TempPathFactory, answer: tuple[int, str, str, str, str], data: st.DataObject
) -> None:
    status, kind, body, echo, header = answer
    header_value = data.draw(st.sampled_from(["%s", "https://x/%s", "/?k=%s"])) % echo

    def handler(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": kind, header: header_value, f"x-{SECRET}": "1"}
        return httpx.Response(status, headers=headers, stream=Stream(body.replace("%s", echo)))

    run = probed(handler, KeyCredential(SECRET), Secrets({"$KEY": SECRET}))
    for name, text in everything(run, tmp_path_factory.mktemp("reports")).items():
        assert SECRET.casefold() not in decoded(text), name


def test_a_token_made_of_two_keys_is_in_no_report(tmp_path: Path) -> None:
    credential = TokenCredential("access-key-1", "secret-key-1", _Still())
    token = credential.bearer()

    def handler(request: httpx.Request) -> httpx.Response:
        body = {"code": 7, "request_id": "r-1", "message": f"what is {request.headers.get('authorization')}?"}
        return httpx.Response(400, stream=Stream(json.dumps(body)))

    run = probed(handler, credential, Secrets({"$A": "access-key-1", "$S": "secret-key-1"}), "kling")
    for name, text in everything(run, tmp_path).items():
        assert not re.search(f"{re.escape(token)}|access-key-1|secret-key-1", text), name
    assert any("what is Bearer $TOKEN?" in each.detail for each in run.findings)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 1102, "message": "Account balance 4711.25 is not enough", "data": {"balance": 4711.25}},
        {"code": 1101, "message": {"balance": 4711.25}},
        {"error": {"message": "need 4711.25 USD, remaining $4711.25", "code": "insufficient_user_quota"}},
        {"code": 0, "message": "SUCCEED", "data": {"final_balance_deduction": {"quota": "4711.25"}}},
    ],
    ids=str,
)
def test_a_balance_is_in_no_report(tmp_path: Path, body: dict[str, Any]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        headers = {"x-balance": "4711.25", "x-quota-left": "4711.25"}
        return httpx.Response(429, stream=Stream(json.dumps(body)), headers=headers)

    run = probed(handler, KeyCredential(SECRET), Secrets({"$KEY": SECRET}))
    for name, text in everything(run, tmp_path).items():
        assert "4711.25" not in text, name
