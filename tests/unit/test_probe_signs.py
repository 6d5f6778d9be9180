"""The table that tells answers apart: every row of it, and every row of the facts that it was made from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import load
from kling_contract.documents import folder
from kling_contract.documents.files import read
from kling_contract.probe.classify import judge, observe
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.plan import Step
from kling_contract.probe.tables import VERDICTS, holds, reasons, signs

HTML = "<!doctype html><html><title>Welcome</title></html>"
NULL_404 = {"code": None, "message": "404"}
INVALID_URL = {"error": {"message": "Invalid URL (POST /v1/x)", "type": "invalid_request_error", "code": ""}}
NO_TASK = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
COMET_401 = {"error": {"code": "", "message": "Invalid token (request id: x)", "type": "comet_api_error"}}
NO_CHANNEL = {"error": {"code": "model_not_found", "message": "no available channel for model m", "type": "x"}}

# what was asked (kind, with our key?), the answer (status, body), and the reason that it has
ROWS: list[tuple[str, bool, int, Any, str]] = [
    # 1. redirects and pages
    ("get", True, 200, HTML, "route.missing"),
    ("create", False, 200, HTML, "route.missing"),
    ("create", True, 301, HTML, "route.missing"),
    ("create", True, 302, "", "route.missing"),
    ("get", True, 404, HTML, "route.missing"),
    ("get", True, 502, HTML, "server.error"),
    ("create", False, 500, HTML, "server.error"),
    ("get", True, 403, HTML, "gateway.blocked"),
    ("create", False, 446, HTML, "gateway.blocked"),
    ("get", True, 200, "404 page not found", "route.missing"),
    ("get", True, 404, "404 page not found", "route.missing"),
    # 2. and 3. a missing route that says so in its body
    ("create", True, 404, NULL_404, "route.missing"),
    ("create", False, 200, NULL_404, "route.missing"),
    ("get", True, 500, NULL_404, "route.missing"),
    ("create", True, 404, INVALID_URL, "route.missing"),
    # 4. credentials
    ("get", True, 401, COMET_401, "auth.rejected"),
    ("create", False, 401, COMET_401, "auth.required"),
    ("create", False, 401, {"code": 1001, "message": "Authorization is empty"}, "auth.required"),
    ("get", True, 401, {"code": 1002, "message": "api key not found"}, "auth.rejected"),
    ("get", True, 200, {"code": 1004, "message": "Authorization has expired"}, "auth.rejected"),
    ("create", False, 401, {"code": 1000, "message": "Authentication failed"}, "auth.required"),
    ("create", False, 200, {"code": 1000, "message": "Authentication failed"}, "probe.created_task"),
    ("get", True, 401, "who are you", "auth.rejected"),
    # 5. a task that cannot exist
    ("get", True, 400, NO_TASK, "route.alive"),
    ("get", True, 400, {"code": 1201, "message": "Task not found by id/external id: 0"}, "route.alive"),
    ("get", True, 400, {"code": 1203, "message": "The requested resource does not exist"}, "route.alive"),
    ("get", True, 404, {"code": 1203, "message": "The requested resource does not exist"}, "route.ambiguous"),
    ("get", True, 404, {"message": "nothing here"}, "route.ambiguous"),
    ("create", True, 404, {"message": "nothing here"}, "route.missing"),
    ("create", True, 404, {"code": 1203, "message": "The requested resource does not exist"}, "route.missing"),
    ("create", False, 405, {"message": "method not allowed"}, "route.missing"),
    # 6. a request that is refused
    ("create", True, 400, {"code": 1201, "message": "Failed to resolve the request body"}, "route.alive"),
    ("create", True, 400, {"error": {"message": "model name is required"}}, "route.alive"),
    ("create", True, 400, {"code": "invalid_request", "message": "prompt is required", "data": None}, "route.alive"),
    ("create", True, 200, {"code": 1201, "message": "n is invalid"}, "probe.created_task"),
    ("create", True, 409, {"code": 1201, "message": "n is invalid"}, "route.alive"),
    ("create", True, 422, {"message": "image"}, "route.alive"),
    # 7. a living route without that model
    ("create", True, 503, NO_CHANNEL, "model.missing"),
    ("create", True, 400, {"code": 1201, "message": "invalid model name"}, "model.missing"),
    # 8. our account, and our haste
    ("get", True, 429, {"code": 1101, "message": "Account in arrears"}, "account.balance"),
    ("get", True, 429, {"code": 1102, "message": "Account balance not enough"}, "account.balance"),
    ("create", True, 402, {"message": "pay"}, "account.balance"),
    ("get", True, 429, {"code": 1302, "message": "too frequent"}, "rate.limited"),
    ("create", True, 429, {"code": 1303, "message": "parallel task over resource pack limit"}, "rate.limited"),
    ("get", True, 429, {"message": "saturated"}, "rate.limited"),
    ("get", True, 403, {"code": 1103, "message": "No permission"}, "account.permission"),
    ("get", True, 429, {"code": 1304, "message": "allow-list"}, "account.permission"),
    # 9. a living route that dies of a bad body
    ("create", True, 500, {"error": {"code": "invalid_request", "message": "field"}}, "route.alive"),
    ("create", True, 500, {"code": "invalid_request", "message": "field", "data": None}, "route.alive"),
    ("create", True, 500, {"code": 5000, "message": "Internal server error"}, "server.error"),
    ("get", True, 503, {"code": 5001, "message": "The server is temporarily unavailable"}, "server.error"),
    ("get", True, 504, "", "server.error"),
    # 10. accepted
    ("create", True, 200, {"code": 0, "message": "SUCCEED"}, "probe.created_task"),
    ("create", False, 500, {"code": 0, "message": "SUCCEED"}, "probe.created_task"),
    ("create", True, 200, {"object": "video", "status": "queued"}, "probe.created_task"),
    ("create", False, 202, {"anything": "else"}, "probe.created_task"),
    ("create", True, 204, "", "probe.created_task"),
    # what is left
    ("get", True, 200, {"code": 0, "message": "SUCCEED"}, "contract.schema"),
    ("list", True, 200, {"code": 0, "message": "SUCCEED", "request_id": "x", "data": []}, "list.answered"),
    ("get", True, 418, {"message": "teapot"}, "answer.unclear"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
OPERATIONS = {"create": "createImageToVideo", "get": "getImageToVideo", "list": "listImageToVideos"}


def exchange(kind: str, key: bool, status: int, body: Any, **more: Any) -> Exchange:
    operation = load("kling").operation(OPERATIONS[kind])
    step = Step(2, operation, operation.method, operation.path, "", "", key=key)
    text = body if isinstance(body, str) else json.dumps(body)
    html, json_like = text.startswith("<"), not isinstance(body, str)
    content_type = "text/html" if html else "application/json" if json_like else "text/plain"
    given = {"ms": 5, "headers": {"content-type": content_type}, "data": text.encode(), **more}
    return Exchange(step=step, url="http://test", at=0.0, status=status, **given)


@pytest.mark.parametrize(("kind", "key", "status", "body", "reason"), ROWS)
def test_an_answer_has_the_reason_of_its_row(kind: str, key: bool, status: int, body: Any, reason: str) -> None:
    seen = observe(load("kling"), exchange(kind, key, status, body))
    assert next(sign.reason for sign in signs() if sign.holds(seen)) == reason


def test_a_page_is_known_by_its_first_sign_though_it_says_that_it_is_json() -> None:
    page = exchange("get", True, 200, HTML, headers={"content-type": "application/json"})
    assert judge(load("kling"), page, 5000).reason == "route.missing"


def test_json_that_is_none_breaks_the_contract() -> None:
    broken = exchange("get", True, 200, {}, data=b'{"code": 0, "da')
    assert judge(load("kling"), broken, 5000).reason == "contract.schema"


def test_an_answer_without_end_tells_nothing() -> None:
    endless = exchange("get", True, 200, {}, data=b"x" * 100, cut=True, headers={})
    assert judge(load("kling"), endless, 5000).reason == "answer.oversized"


def test_a_living_route_that_answers_slowly_is_degraded() -> None:
    missing = {"code": 1201, "message": "Task not found by id/external id: 0", "request_id": "x"}
    assert judge(load("kling"), exchange("get", True, 400, missing, ms=5000), 5000).reason == "route.alive"
    assert judge(load("kling"), exchange("get", True, 400, missing, ms=5001), 5000).reason == "latency.slow"


def test_a_living_route_whose_error_has_another_shape_is_degraded() -> None:
    judged = judge(load("kling"), exchange("get", True, 400, {"code": 1201, "msg": "renamed"}), 5000)
    assert judged.reason == "contract.schema"
    assert "message" in judged.detail


def test_a_list_that_is_none_is_degraded() -> None:
    no_list = {"code": 0, "message": "SUCCEED", "data": {}}
    assert judge(load("kling"), exchange("list", True, 200, no_list), 5000).reason == "contract.schema"


def test_every_sign_decides_some_row() -> None:
    def first(kind: str, key: bool, status: int, body: Any) -> int:
        seen = observe(load("kling"), exchange(kind, key, status, body))
        return next(number for number, sign in enumerate(signs()) if sign.holds(seen))

    deciding = {first(*row[:4]) for row in ROWS}
    extra = {"answer.oversized", "contract.schema"}  # the tests above
    silent = [sign for number, sign in enumerate(signs()) if number not in deciding and sign.reason not in extra]
    assert silent == []


def test_every_reason_has_a_verdict_and_words_and_every_sign_a_reason_of_the_list() -> None:
    assert {each.verdict for each in reasons().values()} == set(VERDICTS)
    assert all(each.says for each in reasons().values())
    assert {sign.reason for sign in signs()} <= set(reasons())


def test_every_sign_names_a_source_that_is_there_or_says_why_it_is_assumed() -> None:
    tags = {*load("kling").sources, *read(folder() / "probe.yaml").tree["x-sources"]}
    assert all(sign.source in tags or sign.assumed for sign in signs())


@given(JSON, st.integers(100, 599), st.sampled_from(["create", "get", "list"]), st.booleans())
def test_any_answer_has_a_reason_and_a_2xx_to_a_create_is_never_good_news(
    body: Any, status: int, kind: str, key: bool
) -> None:
    reason = judge(load("kling"), exchange(kind, key, status, body), 5000).reason
    assert reason in reasons()
    if kind == "create" and 200 <= status < 300:
        assert reason not in ("route.alive", "auth.required") or (isinstance(body, dict) and body.get("code"))


@pytest.mark.parametrize(
    ("expected", "seen", "is_so"),
    [
        (None, None, True),
        (True, 1, False),
        (0, False, False),
        ("1", 1, False),
        ("200-299", 250, True),
        ("200-299", 300, False),
        ("200-299", "250", False),
        ([403, "500-599"], 503, True),
        ("~Invalid", "an Invalid URL", True),
        ("~Invalid", 5, False),
        ({"a": None}, {}, False),
        ({"a": None}, {"a": None, "b": 1}, True),
        ({}, "no object", False),
    ],
)
def test_how_a_sign_compares(expected: Any, seen: Any, is_so: bool) -> None:
    assert holds(expected, seen) is is_so
