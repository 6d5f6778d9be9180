from __future__ import annotations

import base64
import warnings
from typing import Any

import jwt
import pytest
from fakes import Clock
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.auth import Flaw, KeyCredential, TokenCredential, judge, sign

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
    (f"Bearer {GOOD}", KEYS, {}, "auth.token"),
    (f"Bearer {sign('other', SECRET, NOW)}", NONE, SECRETS, "auth.token"),
    (f"Bearer {sign('ak', 'x' * 32, NOW)}", NONE, SECRETS, "auth.token"),
    (f"Bearer {GOOD[:-4]}", NONE, SECRETS, "auth.token"),
    ("Bearer eyJ.a.b", NONE, {}, "auth.token"),
    (f"Bearer {unsigned(iss='ak')}", NONE, SECRETS, "auth.token"),
    (f"Bearer {unsigned(iss='ak', exp='soon')}", NONE, SECRETS, "auth.token"),
    (f"Bearer {sign('ak', SECRET, NOW - 1800)}", NONE, SECRETS, "auth.expired"),
    (f"Bearer {sign('ak', SECRET, NOW + 6)}", NONE, SECRETS, "auth.early"),
    (f"Bearer {sign('ak', SECRET, NOW + 5)}", NONE, SECRETS, None),
    (f"Bearer {sign('ak', SECRET, NOW - 1799)}", NONE, {}, None),
]


@pytest.mark.parametrize(("header", "keys", "secrets", "situation"), JUDGED)
def test_a_header_is_judged(
    header: str | None, keys: frozenset[str], secrets: dict[str, str], situation: str | None
) -> None:
    assert situation_of(judge(header, keys, secrets, (NOW,))) == situation


def situation_of(flaw: Flaw | None) -> str | None:
    return None if flaw is None else flaw.situation


def test_a_token_may_be_good_at_one_of_two_times() -> None:
    header = f"Bearer {sign('ak', SECRET, NOW)}"
    assert judge(header, NONE, SECRETS, (NOW + 10_000, NOW)) is None
    assert situation_of(judge(header, NONE, SECRETS, (NOW + 10_000, NOW - 10_000))) == "auth.expired"


@given(st.text(max_size=60))
def test_no_header_makes_it_raise(text: str) -> None:
    judge(text, KEYS, SECRETS, (NOW,))
    assert situation_of(judge(f"Bearer {text}", KEYS, SECRETS, (NOW,))) != "auth.early"


# No message of ours has letters of Cherokee.
KEYS_OF_OTHERS = st.text(min_size=3).map(lambda text: f"\u13a0\u13a1{text}\u13a2")


@given(st.sampled_from(["", "Bearer ", "Bearer  ", "Basic ", "Bearer eyJ", "Bearer Bearer "]), KEYS_OF_OTHERS)
def test_no_flaw_tells_the_credential(front: str, key: str) -> None:
    flaw = judge(front + key, KEYS, SECRETS, (NOW,))
    assert flaw is None or not {"\u13a0", "\u13a2"} & set(f"{flaw.message} {flaw.hint}")


def bearer(secret: Any = SECRET, *, alg: str = "HS256", **claims: Any) -> str:
    says = {"iss": "ak", "exp": NOW + 1800, "nbf": NOW - 5, **claims}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        return "Bearer " + jwt.encode({k: v for k, v in says.items() if v is not None}, secret, algorithm=alg)


BASE64 = "c2VjcmV0LWtleS1vZi1lbm91Z2gtYnl0ZXMtMTIzNDU2"
WHY: list[tuple[str | None, str, str]] = [
    (None, "auth.missing", "there is no Authorization header"),
    ("", "auth.missing", "is empty"),
    ("Bearer ", "auth.empty", "nothing stands after Bearer"),
    ("sk-good", "auth.scheme", "one word: the scheme Bearer is missing"),
    ("Basic YTpi", "auth.scheme", "the scheme is Basic and must be Bearer"),
    ("Token sk-good", "auth.scheme", "the scheme is Token and must be Bearer"),
    ("Bearer: sk-good", "auth.scheme", "not parted by one space"),
    ("Bearersk-good", "auth.scheme", "not parted by one space"),
    ("mykey sk-good", "auth.scheme", "begins with another word than Bearer"),
    ("Bearer Bearer sk-good", "auth.scheme", "Bearer stands twice"),
    ("Bearer sk good", "auth.space", "a space within the key"),
    ("Bearer sk-good\n", "auth.space", "a line break in the key"),
    ("Bearer sk-\tgood", "auth.space", "a sign that cannot be seen"),
    ("Bearer sk-good\\n", "auth.space", "an escaped line break"),
    ("Bearer sk-good%0A", "auth.space", "an escaped line break"),
    ("Bearer sk-g\u2013od", "auth.space", "a sign in the key that no key has"),
    ('Bearer "sk-good"', "auth.quotes", "quotes around the key"),
    ("Bearer 'sk-good'", "auth.quotes", "quotes around the key"),
    (f'Bearer "{GOOD}"', "auth.quotes", "quotes around the key"),
    ("Bearer SK-GOOD", "auth.unknown", "in capital letters only"),
    ("Bearer None", "auth.placeholder", "was to replace"),
    ("Bearer undefined", "auth.placeholder", "was to replace"),
    ("Bearer $KLING_API_KEY", "auth.placeholder", "was to replace"),
    ("Bearer YOUR_API_KEY", "auth.placeholder", "was to replace"),
    ('Bearer ""', "auth.placeholder", "was to replace"),
    ("Bearer sk-bad", "auth.unknown", "none of those that this server was given"),
    ("Bearer ak", "auth.key", "the access key itself"),
    (f"Bearer {SECRET}", "auth.key", "the secret key itself"),
    ("Bearer eyJ.a.b", "auth.malformed", "cannot be read as one"),
    (bearer(alg="HS512", secret="s" * 64), "auth.algorithm", "signed by HS512 and must be by HS256"),
    (bearer(iss=None), "auth.issuer", "has no iss"),
    (bearer(iss="other"), "auth.issuer", "an access key that this server was not given"),
    (bearer(iss=SECRET, secret="ak"), "auth.issuer", "iss is the secret key"),
    (bearer("x" * 32), "auth.secret", "not made with the secret key"),
    (bearer("ak"), "auth.secret", "made with the access key"),
    (bearer(f"{SECRET}\n"), "auth.secret", "a line break is taken for a part"),
    (bearer(f'"{SECRET}"'), "auth.secret", "quotes are taken for a part"),
    (bearer(base64.b64encode(SECRET.encode())), "auth.secret", "is encoded as base64 before"),
    (bearer(base64.b64decode(BASE64), iss="ak64"), "auth.secret", "is decoded from base64 before"),
    (bearer(exp=None), "auth.claims", "has no exp"),
    (bearer(exp=None, expires=1), "auth.claims", "has no exp"),
    (bearer(exp=str(int(NOW) + 1800)), "auth.claims", "exp is a text"),
    (bearer(nbf="now"), "auth.claims", "nbf is a text"),
    (bearer(nbf=True), "auth.claims", "nbf is no number"),
    (bearer(exp=1e400), "auth.claims", "no finite number"),
    (bearer(exp=10**400), "auth.claims", "larger than any time"),
    (bearer(nbf=NOW * 1000, exp=(NOW + 1800) * 1000), "auth.milliseconds", "in milliseconds and must be in seconds"),
    (bearer(nbf=NOW + 600), "auth.early", "good from 10 min from now on"),
    (bearer(exp=NOW - 30, nbf=NOW - 100), "auth.expired", "expired 30 s ago"),
    (bearer(exp=1800), "auth.expired", "exp is not after nbf"),
    (bearer(exp=1800, nbf=None), "auth.expired", "exp is a span"),
]


@pytest.mark.parametrize(("header", "rule", "words"), WHY)
def test_a_refused_header_is_told_why(header: str | None, rule: str, words: str) -> None:
    flaw = judge(header, KEYS, {**SECRETS, "ak64": BASE64}, (NOW,))
    assert flaw is not None
    assert (flaw.rule, words in flaw.message) == (rule, True), flaw.message


@pytest.mark.parametrize(
    ("header", "keys", "secrets", "words"),
    [
        (f"Bearer {GOOD}", KEYS, {}, "this server was given API keys only"),
        ("Bearer sk-good", NONE, SECRETS, "HS256 tokens are taken here"),
    ],
)
def test_the_other_kind_of_credential_is_named(
    header: str, keys: frozenset[str], secrets: dict[str, str], words: str
) -> None:
    flaw = judge(header, keys, secrets, (NOW,))
    assert flaw is not None
    assert words in flaw.message


def test_a_time_may_have_a_fraction() -> None:
    assert judge(bearer(exp=NOW + 0.5, nbf=NOW - 0.5), NONE, SECRETS, (NOW,)) is None
