from __future__ import annotations

from typing import Any

import jwt
import pytest
from fakes import Clock
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.auth import KeyCredential, TokenCredential, judge, sign

NOW = 1_790_000_000.0
SECRET = "s" * 32
SECRETS = {"ak": SECRET}
KEYS = frozenset({"sk-good"})
NONE: frozenset[str] = frozenset()


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False})


def test_a_token_says_what_the_official_sample_says() -> None:
    token = sign("ak", SECRET, NOW)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert claims(token) == {"iss": "ak", "exp": NOW + 1800, "nbf": NOW - 5}


def test_a_short_secret_is_the_providers_choice() -> None:
    assert sign("ak", "s", NOW).count(".") == 2


def test_a_key_is_sent_as_it_is() -> None:
    assert KeyCredential("sk-1").bearer() == "sk-1"


def test_no_secret_is_shown() -> None:
    token = TokenCredential("ak", "sk-secret", Clock())
    token.bearer()
    assert repr(token) == "TokenCredential(access_key='ak')"
    assert "sk-secret" not in repr(KeyCredential("sk-secret"))


@given(st.lists(st.floats(0, 5000), max_size=20), st.integers(2, 7200))
def test_a_token_is_always_good_for_a_while_and_not_made_twice_for_nothing(waits: list[float], lifetime: int) -> None:
    clock = Clock(NOW)
    credential = TokenCredential("ak", SECRET, clock, lifetime=lifetime)
    last, made_at = credential.bearer(), clock.now()
    for wait in waits:
        clock.time += wait
        token = credential.bearer()
        if token == last:
            assert clock.now() < made_at + lifetime - min(60, lifetime / 2)
        else:
            assert clock.now() >= made_at + lifetime - min(60, lifetime / 2)
            last, made_at = token, clock.now()
        assert claims(token)["exp"] > clock.now()


def test_a_renewed_token_has_new_times() -> None:
    clock = Clock(NOW)
    credential = TokenCredential("ak", SECRET, clock)
    first = credential.bearer()
    clock.time += 1739
    assert credential.bearer() == first
    clock.time += 1
    assert claims(credential.bearer())["exp"] == NOW + 1740 + 1800


def unsigned(**says: Any) -> str:
    return jwt.encode(says, SECRET, algorithm="HS256")


GOOD = sign("ak", SECRET, NOW)
JUDGED: list[tuple[str | None, frozenset[str], dict[str, str], str | None]] = [
    (None, NONE, {}, "auth.missing"),
    ("", NONE, {}, "auth.missing"),
    ("Bearer", NONE, {}, "auth.missing"),
    ("Bearer  ", KEYS, {}, "auth.missing"),
    ("Basic abc", NONE, {}, "auth.invalid"),
    ("sk-good", KEYS, {}, "auth.invalid"),
    ("Bearer a b", NONE, {}, "auth.invalid"),
    ("Bearer anything", NONE, {}, None),
    ("bearer sk-good", KEYS, {}, None),
    ("Bearer sk-bad", KEYS, {}, "auth.unknown"),
    ("Bearer sk-good", NONE, SECRETS, "auth.unknown"),
    (f"Bearer {GOOD}", NONE, {}, None),
    (f"Bearer {GOOD}", NONE, SECRETS, None),
    (f"Bearer {GOOD}", KEYS, {}, "auth.invalid"),
    (f"Bearer {sign('other', SECRET, NOW)}", NONE, SECRETS, "auth.invalid"),
    (f"Bearer {sign('ak', 'x' * 32, NOW)}", NONE, SECRETS, "auth.invalid"),
    (f"Bearer {GOOD[:-4]}", NONE, SECRETS, "auth.invalid"),
    ("Bearer eyJ.a.b", NONE, {}, "auth.invalid"),
    (f"Bearer {unsigned(iss='ak')}", NONE, SECRETS, "auth.invalid"),
    (f"Bearer {unsigned(iss='ak', exp='soon')}", NONE, SECRETS, "auth.invalid"),
    (f"Bearer {sign('ak', SECRET, NOW - 1800)}", NONE, SECRETS, "auth.expired"),
    (f"Bearer {sign('ak', SECRET, NOW + 6)}", NONE, SECRETS, "auth.early"),
    (f"Bearer {sign('ak', SECRET, NOW + 5)}", NONE, SECRETS, None),
    (f"Bearer {sign('ak', SECRET, NOW - 1799)}", NONE, {}, None),
]


@pytest.mark.parametrize(("header", "keys", "secrets", "situation"), JUDGED)
def test_a_header_is_judged(
    header: str | None, keys: frozenset[str], secrets: dict[str, str], situation: str | None
) -> None:
    assert judge(header, keys, secrets, (NOW,)) == situation


def test_a_token_may_be_good_at_one_of_two_times() -> None:
    header = f"Bearer {sign('ak', SECRET, NOW)}"
    assert judge(header, NONE, SECRETS, (NOW + 10_000, NOW)) is None
    assert judge(header, NONE, SECRETS, (NOW + 10_000, NOW - 10_000)) == "auth.expired"


@given(st.text(max_size=60))
def test_no_header_makes_it_raise(text: str) -> None:
    judge(text, KEYS, SECRETS, (NOW,))
    assert judge(f"Bearer {text}", KEYS, SECRETS, (NOW,)) != "auth.early"
