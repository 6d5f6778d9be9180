from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fakes import ID, PICTOR, told
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import errors
from kling_contract.client.answers import is_safe_to_resend, parse_response
from kling_contract.documents import load

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.documents import Provider

PROVIDERS = {name: load(name) for name in ("kling", "cometapi", "anyapi")} | {"pictor": load(PICTOR)}
JSON = "application/json"


def parse(
    provider: str, body: Any, status: int = 200, operation: str = "createImageExpansion", content_type: str = JSON
) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = PROVIDERS[provider]
    return parse_response(found, found.operations[operation], status, content_type, data)


def error(provider: str, body: Any, status: int, **more: Any) -> errors.APIError:
    with pytest.raises(errors.APIError) as caught:
        parse(provider, body, status, **more)
    return caught.value


# The official table, and the texts that were seen.
OFFICIAL = [
    (401, 1000, "Authentication failed", errors.AuthenticationError),
    (401, 1001, "Authorization is empty", errors.AuthenticationError),
    (401, 1002, "api key not found", errors.AuthenticationError),
    (401, 1003, "Authorization is not yet valid", errors.AuthenticationError),
    (401, 1004, "Authorization has expired", errors.AuthenticationError),
    (429, 1100, "Account exception", errors.AccountError),
    (429, 1101, "Account in arrears", errors.AccountError),
    (429, 1102, "Account balance not enough", errors.AccountError),
    (403, 1103, "No permission for the requested resource", errors.AccountError),
    (400, 1200, "Invalid request parameters", errors.RequestError),
    (400, 1201, "model_name value 'kling-v9' is invalid", errors.RequestError),
    (400, 1201, "image and image_tail can not be empty", errors.RequestError),
    (400, 1201, "File is not in a valid base64 format", errors.RequestError),
    (400, 1201, "External_task_id job-1 already exists", errors.RequestError),
    (400, 1201, "The model 'kling-v1' has been discontinued and is no longer available.", errors.RequestError),
    (400, 1201, "Task not found by id/external id: 831922345719271433", errors.TaskNotFound),
    (404, 1202, "The requested method is invalid", errors.RouteUnavailable),
    (404, 1203, "The requested resource does not exist", errors.RouteUnavailable),
    (400, 1300, "The request triggered the platform's policy", errors.PolicyError),
    (400, 1301, "The request triggered the platform's content security policy", errors.PolicyError),
    (429, 1302, "The request is too frequent", errors.RateLimitError),
    (429, 1303, "parallel task over resource pack limit", errors.RateLimitError),
    (429, 1304, "The request triggered the platform's IP allow-list policy", errors.AccountError),
    (500, 5000, "Internal server error", errors.ServerError),
    (503, 5001, "The server is temporarily unavailable", errors.ServerError),
    (504, 5002, "Internal server timeout", errors.ServerError),
]


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"), OFFICIAL, ids=[f"{row[1]}-{row[2]}" for row in OFFICIAL]
)
@pytest.mark.parametrize("provider", ["kling", "anyapi"])
def test_an_official_error_is_its_kind(provider: str, status: int, code: int, message: str, kind: type) -> None:
    body = {"code": code, "message": message, "request_id": "9984d27b-a408"}
    found = error(provider, body, status)
    assert type(found) is kind
    assert (found.status, found.code, found.request_id) == (status, code, "9984d27b-a408")
    assert (found.body, found.operation) == (body, "createImageExpansion")
    assert found.message == message
    assert PROVIDERS[provider].errors[str(found.row)].body.template["code"] == code
    assert f"{message} (HTTP {status}, code {code}, request 9984d27b-a408)" in str(found)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"), OFFICIAL, ids=[f"{row[1]}-{row[2]}" for row in OFFICIAL]
)
def test_an_official_code_on_http_200_is_the_same_error(status: int, code: int, message: str, kind: type) -> None:
    found = error("kling", {"code": code, "message": message}, 200)
    assert type(found) is kind
    assert (found.status, found.code) == (200, code)


COMET: list[tuple[int, Any, type, Any]] = [
    (
        401,
        {"error": {"code": "", "message": "Invalid token (request id: 2026)", "type": "comet_api_error"}},
        errors.AuthenticationError,
        None,
    ),
    (200, {"code": None, "message": "404"}, errors.RouteUnavailable, None),
    (404, {"code": None, "message": "404"}, errors.RouteUnavailable, None),
    (
        503,
        {"error": {"code": "model_not_found", "message": "no available channel for model kling-v9"}},
        errors.RequestError,
        "model_not_found",
    ),
    (400, {"error": {"code": "", "message": "prompt", "type": "comet_api_error"}}, errors.RequestError, None),
    (500, {"code": "invalid_request", "message": "model name is required"}, errors.ServerError, "invalid_request"),
    (400, {"code": "task_not_exist", "message": "task_not_exist"}, errors.RequestError, "task_not_exist"),
    (401, {"detail": "Missing credentials"}, errors.AuthenticationError, None),
    (402, {"code": "INSUFFICIENT_CREDITS"}, errors.AccountError, "INSUFFICIENT_CREDITS"),
    (403, {"code": "insufficient_user_quota"}, errors.AccountError, "insufficient_user_quota"),
    (404, {"error": {"message": "Invalid URL (POST /v1/x)", "code": ""}}, errors.RouteUnavailable, None),
    (429, {"message": "group upstream saturated"}, errors.RateLimitError, None),
    (502, {}, errors.ServerError, None),
    (301, {}, errors.UnexpectedAnswer, None),
]


@pytest.mark.parametrize(("status", "body", "kind", "code"), COMET)
def test_what_wrappers_answer(status: int, body: Any, kind: type, code: Any) -> None:
    found = error("cometapi", body, status)
    assert type(found) is kind
    assert found.code == code
    said = body.get("message") or body.get("error", {}).get("message")
    assert (said or "") in found.message


def test_an_unavailable_route_says_what_its_document_says() -> None:
    found = error("cometapi", {"code": None, "message": "404"}, 200)
    path = "/kling/v1/images/editing/expand"
    assert found.message == f"404; CometAPI does not serve POST {path}, as observed on 2026-03-13"


PAGE = b"<!doctype html><html><head><title>Sign in</title></head></html>"


@pytest.mark.parametrize(("content_type", "data"), [("text/html", PAGE), (JSON, b"\n " + PAGE), ("TEXT/HTML", b"hm")])
@pytest.mark.parametrize(
    ("provider", "status", "kind"),
    [
        ("cometapi", 200, errors.RouteUnavailable),
        ("kling", 200, errors.UnexpectedAnswer),
        ("kling", 404, errors.UnexpectedAnswer),
        ("kling", 502, errors.ServerError),
    ],
)
def test_html_is_an_error_that_says_so(content_type: str, data: bytes, provider: str, status: int, kind: type) -> None:
    found = error(provider, data, status, content_type=content_type)
    assert type(found) is kind
    assert "is an HTML page" in found.message
    assert ("'Sign in'" in found.message) is (b"Sign in" in data)
    assert found.body == data.decode()


@pytest.mark.parametrize("data", [b"", b"upstream error", b'{"code": 0, "data": {"task_id"', b'{"code": NaN}', b"\xff"])
def test_what_is_not_json_is_an_error(data: bytes) -> None:
    assert type(error("kling", data, 200)) is errors.UnexpectedAnswer
    assert type(error("kling", data, 502)) is errors.ServerError
    assert type(error("kling", data, 401)) is errors.AuthenticationError


def test_an_empty_answer_says_so() -> None:
    assert error("kling", b"", 200).message == "the answer is empty"


@pytest.mark.parametrize("operation", ["createImageToVideo", "getImageToVideo", "listImageToVideos"])
@pytest.mark.parametrize("body", [[], None, 5, "ok", {}, {"code": 0}, {"code": 0, "data": {}}, {"code": 7, "data": []}])
def test_a_body_that_no_document_describes_is_an_error(operation: str, body: Any) -> None:
    found = error("kling", body, 200, operation=operation)
    assert type(found) is errors.UnexpectedAnswer
    assert found.message


def test_a_code_without_a_row_keeps_the_providers_words() -> None:
    found = error("kling", {"code": 4711, "message": "the moon is full"}, 200)
    assert type(found) is errors.UnexpectedAnswer
    assert "4711" in found.message
    assert "the moon is full" in found.message
    assert found.code == 4711


def test_an_unknown_status_word_is_named_with_the_known_ones() -> None:
    found = error("kling", {"code": 0, "data": told("succeeded")}, 200, operation="getImageToVideo")
    assert type(found) is errors.UnexpectedAnswer
    assert "'succeeded'" in found.message
    assert "submitted, processing, succeed, failed" in found.message


@pytest.mark.parametrize("word", ["SUCCEED", "success", "succeed", "OK"])
def test_a_stray_word_of_success_is_no_reason(word: str) -> None:
    found = error("kling", {"code": 0, "message": word, "data": told("done")}, 200, operation="getImageToVideo")
    assert f"({word})" not in str(found)
    assert found.message.endswith("submitted, processing, succeed, failed")
    refused = error("kling", {"code": 0, "message": "out of stock", "data": told("done")}, 200)
    assert refused.message.endswith("(out of stock)")


@pytest.mark.parametrize("word", [None, 3, "", "SUCCEED"])
def test_a_task_without_a_known_status_is_no_task(word: Any) -> None:
    body = {"code": 0, "data": {**told(), "task_status": word}}
    assert type(error("kling", body, 200, operation="getImageToVideo")) is errors.UnexpectedAnswer
    listed = {"code": 0, "data": [told(), {**told(), "task_status": word}]}
    assert type(error("kling", listed, 200, operation="listImageToVideos")) is errors.UnexpectedAnswer


def test_an_accepted_create_without_a_status_is_submitted() -> None:
    assert parse("kling", {"code": 0, "data": {"task_id": ID}})["status"] == "submitted"


@pytest.mark.parametrize("task_id", ["", None, True, 1.5, [], {}])
def test_a_task_without_an_id_is_no_task(task_id: Any) -> None:
    body = {"code": 0, "data": {**told(), "task_id": task_id}}
    for operation in ("createImageToVideo", "getImageToVideo"):
        assert "no task id" in error("kling", body, 200, operation=operation).message


@given(st.integers(min_value=1, max_value=10**30))
def test_an_id_keeps_every_digit(number: int) -> None:
    for written in (number, str(number)):
        assert parse("kling", {"code": 0, "data": told(task_id=written)})["id"] == str(number)


def test_each_task_of_a_list_has_its_own_body() -> None:
    tasks = [told("succeed", "1"), told("failed", "2", task_status_msg="no")]
    values = parse("kling", {"code": 0, "data": tasks}, operation="listImageToVideos")
    assert [each["raw"] for each in values["tasks"]] == tasks
    assert [(each["id"], each["status"]) for each in values["tasks"]] == [("1", "succeed"), ("2", "failed")]


def test_another_envelope_needs_no_python() -> None:
    body = {"job": {"ref": "j1", "phase": "ok", "born": 1.5, "changed": "2026-01-01T00:00:00", "out": [{"href": "u"}]}}
    values = parse("pictor", body, operation="getUpscale")
    assert (values["id"], values["status"], values["images"]) == ("j1", "succeed", [{"url": "u"}])
    assert (values["created_ms"], values["updated_ms"]) == (1500, 1767225600000)
    assert (
        "waiting, running, ok, broken"
        in error("pictor", {"job": {"ref": "1", "phase": "lost"}}, 200, operation="getUpscale").message
    )
    assert (
        type(error("pictor", {"fault": {"kind": 8, "text": "gone"}}, 410, operation="getUpscale"))
        is errors.TaskNotFound
    )
    assert (
        type(error("pictor", {"fault": {"kind": 9, "text": "x"}}, 200, operation="getUpscale")) is errors.RequestError
    )


def test_only_the_documented_rows_may_be_sent_again() -> None:
    provider = PROVIDERS["kling"]
    resent = {
        row[1]
        for row in OFFICIAL
        if is_safe_to_resend(provider, error("kling", {"code": row[1], "message": row[2]}, row[0]))
    }
    assert resent == {1302, 1303, 5001}


def test_a_code_on_another_status_is_not_safe_to_send_again() -> None:
    found = error("kling", {"code": 5001, "message": "unavailable"}, 504)
    assert type(found) is errors.ServerError
    assert not is_safe_to_resend(PROVIDERS["kling"], found)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode), st.sampled_from([200, 302, 400, 404, 500]))
def test_no_bytes_make_it_raise_anything_else(data: bytes, status: int) -> None:
    found = error("cometapi", data, status)
    assert found.status == status
    assert str(found)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["task_id", "code", "succeed"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "data", "message", "error", "task_id", "task_status"]), inner)
    ),
    max_leaves=8,
)


@given(_JSON, st.sampled_from(["createImageToVideo", "getImageToVideo", "listImageToVideos"]))
def test_no_json_makes_it_raise_anything_else(body: Any, operation: str) -> None:
    try:
        raw = parse("kling", body, operation=operation)["raw"]
    except errors.APIError as found:
        raw = found.body
    assert raw == body


def test_a_providers_words_are_found_where_its_row_has_a_text() -> None:
    found = error("pictor", {"fault": {"kind": 8, "text": "job 7 is gone"}}, 410, operation="getUpscale")
    assert found.message == "job 7 is gone"
    found = error("pictor", {"fault": {"kind": 8}}, 410, operation="getUpscale")
    assert found.message == "the provider gives no reason (task.missing)"


def own(rows: str, tmp_path: Path) -> Provider:
    """Return Pictor with error rows of one's own."""
    text = PICTOR.read_text(encoding="utf-8")
    start, end = text.index("  x-errors:"), text.index("servers:")
    path = tmp_path / "own.yaml"
    path.write_text(f"{text[:start]}  x-errors:\n{rows}{text[end:]}", encoding="utf-8")
    return load(path)


# Error tables in which every row has its own text, at a place that no other document has it.
TABLES: dict[str, tuple[str, Any, Any]] = {
    "in an object": ("{fault: {kind: %d, text: %s}}", {"fault": {"kind": 99, "text": "?"}}, 99),
    "one word each": ("{num: %d, msg: %s}", {"num": 99, "msg": "?"}, 99),
    "in a list": ("{errors: [{id: %d, detail: %s}]}", {"errors": [{"id": 99, "detail": "?"}]}, 99),
    "beside a constant": (
        "{ok: false, type: {$equals: acme}, why: {n: %d, text: %s}, ref: $request_id}",
        {"ok": False, "type": "acme", "why": {"n": 99, "text": "?"}, "ref": "r-1"},
        99,
    ),
}
WORDS = ["busy", "gone", "refused", "unknown"]
SENTENCES = ["come back later", "no such job", "that is wrong", "no such place"]


def table(template: str, texts: list[str]) -> str:
    rows = zip(
        ("auth.missing", "task.missing", "request.invalid", "route.unknown", "server.error"),
        ((401, "authentication"), (410, "task-missing"), (422, "request"), (404, "route-missing"), (500, "server")),
        [*texts, texts[0]],
        range(1, 6),
        strict=True,
    )
    lines = ""
    for name, (status, means), text, number in rows:
        extra = "rules: ['*'], " if name == "request.invalid" else ""
        lines += f"    {name}: {{status: {status}, means: {means}, {extra}body: {template % (number, repr(text))}}}\n"
    return lines


def filled(body: Any, number: int, text: str) -> Any:
    if isinstance(body, dict):
        return {key: filled(each, number, text) for key, each in body.items()}
    if isinstance(body, list):
        return [filled(each, number, text) for each in body]
    return {"?": text, 99: number}.get(body, body) if isinstance(body, str | int) else body


@pytest.mark.parametrize("texts", [WORDS, SENTENCES], ids=["words", "sentences"])
@pytest.mark.parametrize(("template", "body", "code"), TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("text", ["overheated", "the farm has lost its power"])
def test_a_providers_text_is_kept_wherever_its_document_has_texts(
    template: str, body: Any, code: int, texts: list[str], text: str, tmp_path: Path
) -> None:
    provider = own(table(template, texts), tmp_path)
    operation = provider.operations["getUpscale"]

    def told(status: int, answer: Any) -> errors.APIError:
        with pytest.raises(errors.APIError) as caught:
            parse_response(provider, operation, status, JSON, json.dumps(answer).encode())
        return caught.value

    known = told(500, filled(body, 5, text))
    assert (type(known), known.row, known.message, known.code) == (errors.ServerError, "server.error", text, 5)
    unknown = told(500, filled(body, code, text))
    assert (type(unknown), unknown.row, unknown.message, unknown.code) == (errors.ServerError, None, text, code)
    refused = told(400, filled(body, code, text))
    assert (type(refused), refused.message) == (errors.RequestError, text)
    assert told(500, filled(body, 5, text)).request_id == ("r-1" if "ref" in body else None)


def test_an_error_without_a_text_does_not_have_the_name_of_our_row_for_one(tmp_path: Path) -> None:
    provider = own(table(TABLES["in an object"][0], SENTENCES), tmp_path)
    for said in ({}, {"text": ""}, {"text": None}, {"text": " "}):
        body = json.dumps({"fault": {"kind": 5, **said}}).encode()
        with pytest.raises(errors.ServerError) as caught:
            parse_response(provider, provider.operations["getUpscale"], 500, JSON, body)
        assert caught.value.message == "the provider gives no reason (server.error)"


def test_a_text_at_no_known_place_is_kept_where_the_status_says_that_it_is_an_error() -> None:
    assert error("cometapi", {"detail": "Missing credentials"}, 401).message == "Missing credentials"
    assert error(
        "pictor", {"errors": [{"x": "a"}, {"x": "the moon is full"}]}, 500, operation="getUpscale"
    ).message == ("the moon is full")
    assert "yawns" not in error("kling", {"prompt": "the cat yawns"}, 200).message
