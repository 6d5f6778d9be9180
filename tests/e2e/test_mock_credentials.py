"""Who is let in, and what the others are told."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from asking import URL, Core

from kling_contract.auth import sign

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
    ("Basic a2V5OnNlY3JldA==", 1002, "Authentication error."),
    ("sk-key", 1002, "Authentication error."),
    ("Bearer two words", 1002, "Authentication error."),
    ("Bearer sk-wrong", 1002, "api key not found"),
    (token(exp=WALL - 1), 1004, "Authorization has expired"),
    (token(exp=WALL), 1004, "Authorization has expired"),
    (token(nbf=WALL + 1), 1003, "Authorization is not yet valid"),
    (token(iss="stranger"), 1002, "Authentication error."),
    (token(iss=None), 1002, "Authentication error."),
    (token(exp=None), 1002, "Authentication error."),
    (token(secret="wrong"), 1002, "Authentication error."),
    (token(algorithm="HS512"), 1002, "Authentication error."),
    (token()[:-3] + "AAA", 1002, "Authentication error."),
    ("Bearer eyJ.eyJ.x", 1002, "Authentication error."),
    ("Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJhY2Nlc3MiLCJleHAiOjk5OTk5OTk5OTl9.", 1002, "Authentication error."),
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
