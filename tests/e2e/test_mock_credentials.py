"""Who is let in, and what the others are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest
from asking import URL, Core

from kling_contract.auth import sign
from kling_contract.probe.plan import make_plan
from kling_contract.soundness import load
from kling_contract.verify.conformance import Settings, verify
from kling_contract.verify.lint import lint
from mock_server import MockServer, log

VIDEO = "createImageToVideo"

WALL = 1_790_000_000
GOOD = sign("access", "secret", WALL)


def token(secret: str = "secret", *, algorithm: str = "HS256", **claims: Any) -> str:
    body = {"iss": "access", "exp": WALL + 1800, "nbf": WALL - 5, **claims}
    wanted = {name: value for name, value in body.items() if value is not None}
    return "Bearer " + jwt.encode(wanted, secret.ljust(64, "."), algorithm=algorithm)


SECRETS = {"access": "secret".ljust(64, ".")}
BAD_KEYS: list[tuple[str | None, int, str]] = [
    (None, 1001, "Authorization is empty"),
    ("", 1001, "Authorization is empty"),
    ("Bearer", 1001, "Authorization is empty"),
    ("Bearer ", 1001, "Authorization is empty"),
    ("Basic a2V5OnNlY3JldA==", 1002, "The token was expected to have 3 parts"),
    ("sk-key", 1002, "The token was expected to have 3 parts"),
    ("Bearer two words", 1002, "The token was expected to have 3 parts"),
    ("Bearer sk-wrong", 1002, "api key not found"),
    (token(exp=WALL - 1), 1004, "Authorization has expired"),
    (token(exp=WALL), 1004, "Authorization has expired"),
    (token(nbf=WALL + 1), 1003, "Authorization is not yet valid"),
    (token(iss="stranger"), 1002, "Authorization is invalid"),
    (token(iss=None), 1002, "Authorization is invalid"),
    (token(exp=None), 1002, "Authorization is invalid"),
    (token(secret="wrong"), 1002, "Authorization is invalid"),
    (token(algorithm="HS512"), 1002, "Authorization is invalid"),
    (token()[:-3] + "AAA", 1002, "Authorization is invalid"),
    ("Bearer eyJ.eyJ.x", 1002, "Authorization is invalid"),
    ("Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJhY2Nlc3MiLCJleHAiOjk5OTk5OTk5OTl9.", 1002, "Authorization is invalid"),
]


@pytest.mark.parametrize(("key", "code", "text"), BAD_KEYS)
def test_a_bad_credential_is_refused_in_klings_words(key: str | None, code: int, text: str) -> None:
    core = Core("kling", keys=frozenset({"sk-good"}), secrets=SECRETS)
    for answer in (
        core.create(VIDEO, {"image": URL}, key=key),
        core.create(VIDEO, b"not json", key=key),
        core.get("getImageToVideo", "1", key=key),
        core.ask("GET", "/v1/videos/image2video?pageNum=0", key=key),
    ):
        assert (answer.status, answer.body["code"]) == (401, code)
        assert answer.body["message"].startswith(text)


@pytest.mark.parametrize(("key", "code", "text"), BAD_KEYS)
def test_a_bad_credential_is_refused_in_cometapis_words(key: str | None, code: int, text: str) -> None:
    answer = Core("cometapi", keys=frozenset({"sk-good"}), secrets=SECRETS).create(VIDEO, {"image": URL}, key=key)
    assert answer.status == 401
    assert answer.body.keys() == {"error"}
    assert answer.body["error"]["type"] == "comet_api_error"
    assert answer.body["error"]["message"].startswith("Invalid token (request id: ")


GOOD_KEYS = ["Bearer sk-good", "bearer sk-good", "BEARER  sk-good "]


@pytest.mark.parametrize("key", [*GOOD_KEYS, token(), token(exp=WALL + 1, nbf=WALL), token(nbf=None)])
def test_a_good_credential_is_let_in(key: str) -> None:
    core = Core("kling", keys=frozenset({"sk-good"}), secrets=SECRETS)
    assert core.create(VIDEO, {"image": URL}, key=key).status == 200


@pytest.mark.parametrize("key", ["Bearer x", f"Bearer {GOOD}", "Bearer a.b.c", "bearer 作"])
def test_any_well_formed_credential_is_let_in_where_none_is_asked_for(key: str) -> None:
    assert Core("kling").create(VIDEO, {"image": URL}, key=key).status == 200


@pytest.mark.parametrize(
    ("key", "code"), [(None, 1001), ("Basic x", 1002), (token(exp=1), 1004), (token(nbf=2**40), 1003)]
)
def test_without_keys_a_credential_must_be_well_formed_still(key: str | None, code: int) -> None:
    assert Core("kling").create(VIDEO, {"image": URL}, key=key).body["code"] == code


def test_a_token_may_be_good_by_session_time() -> None:
    core = Core("kling", speed=1000.0, secrets=SECRETS)
    made_then = core.ask("GET", "/v1/videos/image2video", key=token())
    core.clock.sleep(100)
    then = WALL + 100_000
    by_session = token(exp=then + 60, nbf=then - 60)
    assert made_then.status == 200
    assert core.ask("GET", "/v1/videos/image2video", key=by_session).status == 200
    assert core.ask("GET", "/v1/videos/image2video", key=token()).status == 200
    assert core.ask("GET", "/v1/videos/image2video", key=token(exp=WALL + 50)).body["code"] == 1004


def noted(core: Core, key: str | None, **headers: str) -> tuple[str, str]:
    """Return the rule and the words of the one note that a refused credential leaves in the journal."""
    answer = core.get("getImageToVideo", "1", key=key, **headers)
    assert answer.status == 401
    [note] = core.mock.sessions.get("default").journal.entries[-1].as_dict()["notes"]
    return note["rule"], note["message"]


@pytest.mark.parametrize(("key", "code", "text"), BAD_KEYS)
def test_why_a_credential_is_refused_stands_in_log_and_journal_and_the_credential_does_not(
    key: str | None, code: int, text: str
) -> None:
    core = Core("kling", keys=frozenset({"sk-good"}), secrets=SECRETS)
    rule, message = noted(core, key)
    line = log.text(core.mock.sessions.get("default").journal.entries[-1].brief())
    assert f"note {rule}: {message}" in line
    credential = (key or "").removeprefix("Bearer").strip()
    assert not credential or credential not in line


def test_the_header_of_the_answer_names_the_mistake() -> None:
    answer = Core("kling", secrets=SECRETS).get("getImageToVideo", "1", key=token(secret="wrong"))
    assert answer.headers["x-kling-mock-notes"] == "auth.secret"


@pytest.mark.parametrize("key", [None, "Basic x", "sk-key", token(secret="wrong"), token(iss="x"), "Bearer eyJ.a.b"])
def test_a_server_that_was_given_ak_and_sk_does_not_deny_that_it_takes_them(key: str | None) -> None:
    answer = Core("kling", secrets=SECRETS).get("getImageToVideo", "1", key=key)
    assert (answer.status, "AK/SK" in answer.body["message"]) == (401, False)


@pytest.mark.parametrize(
    ("where", "headers", "query"),
    [("the header x-api-key", {"x_api_key": "sk-good"}, ""), ("the query", {}, "?api_key=sk-good")],
)
def test_a_key_in_another_place_is_seen(where: str, headers: dict[str, str], query: str) -> None:
    core = Core("kling", keys=frozenset({"sk-good"}))
    rule, message = noted(core, None, **headers) if not query else _asked(core, query)
    assert rule == "auth.place"
    assert where in message
    assert "sk-good" not in message


def _asked(core: Core, query: str) -> tuple[str, str]:
    entry = core.ask("GET", f"/v1/videos/image2video{query}", key=None).entry
    return entry.notes[0].rule, entry.notes[0].message


def tokens_only(folder: Path, auth: str) -> Any:
    text = (Path(__file__).parents[1] / "documents" / "tiny.yaml").read_text(encoding="utf-8")
    path = folder / "tiny.yaml"
    path.write_text(text.replace("auth: {key: true}", f"auth: {auth}"), encoding="utf-8")
    return load(path)


def test_a_document_that_takes_no_keys_is_served_without_them(tmp_path: Path) -> None:
    core = Core(tokens_only(tmp_path, "{key: false, hs256: {lifetime: 60, early: 5}}"))
    assert core.ask("GET", "/jobs/clip", key=token()).status == 200
    refused = core.ask("GET", "/jobs/clip", key="Bearer sk-any")
    assert (refused.status, refused.entry.notes[0].rule) == (403, "auth.key")


def without_row(folder: Path) -> Any:
    """Return a document that takes no credential, and has no row for one that is missing."""
    path = tokens_only(folder, "{key: false}").file
    text = path.read_text(encoding="utf-8")
    start, end = text.index("    auth.missing:\n"), text.index("    task.missing:\n")
    text = text[:start] + text[end:]
    path.write_text(text.replace("security:\n  - bearer: []\n", ""), encoding="utf-8")
    return load(path)


def test_a_document_that_takes_no_credential_needs_no_row_for_one_that_is_missing(tmp_path: Path) -> None:
    provider = without_row(tmp_path)
    assert "auth.missing" not in provider.errors
    core = Core(provider)
    assert core.ask("GET", "/jobs/clip", key=None).status == 200
    assert not [each for each in lint(provider) if "auth." in each.message]
    guarded = Core(provider, keys=frozenset({"k"})).ask("GET", "/jobs/clip", key=None)
    assert (guarded.status, guarded.body["fault"]["kind"]) == (422, "bad-field")
    assert "there is no Authorization header" in guarded.body["fault"]["text"]
    assert all(each.operation is None or each.level > 1 for each in make_plan(provider, "http://acme.example").steps)


@pytest.mark.usefixtures("small_films")
def test_a_document_that_takes_no_credential_is_verified_without_one(tmp_path: Path) -> None:
    provider = without_row(tmp_path)
    with MockServer(provider=provider, clock="auto") as server:
        verification = verify(provider, server.url, Settings(poll=0, examples=2, lives=1, schemathesis=True))
    assert [failure.as_dict() for failure in verification.failures] == []
    assert all(each.status != 403 for each in verification.asked)


def test_a_document_that_takes_no_credential_asks_for_none(tmp_path: Path) -> None:
    core = Core(tokens_only(tmp_path, "{key: false}"))
    assert core.ask("GET", "/jobs/clip", key=None).status == 200
    assert Core(core.provider, keys=frozenset({"k"})).ask("GET", "/jobs/clip", key=None).status == 403
