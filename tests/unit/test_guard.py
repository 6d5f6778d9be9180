"""Who may use admin: DNS rebinding and pages of elsewhere may not."""

from __future__ import annotations

import pytest
from asking import example
from desk import Desk
from hypothesis import given
from hypothesis import strategies as st

from mock_server.app import create_app
from mock_server.guard import Guard, is_loopback

HERE = [
    "localhost",
    "LOCALHOST:4060",
    "127.0.0.1",
    "127.0.0.1:4060",
    "127.9.9.9",
    "[::1]:4060",
    "app.localhost",
    "localhost.",
]
ELSEWHERE = [
    "evil.example",
    "evil.example:4060",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "192.168.1.7:4060",
    "0.0.0.0:4060",
    "[::]:4060",
    "mock:4060",
    "notlocalhost",
    "2130706433",
    "0x7f.1",
    "[::1",
    "",
    " ",
    "\x00",
]


@pytest.mark.parametrize("host", HERE)
def test_this_machine_may(host: str) -> None:
    assert Guard(None).refusal({"host": host}) is None
    assert Guard(None).refusal({"host": host, "origin": f"http://{host}"}) is None


@pytest.mark.parametrize("host", ELSEWHERE)
def test_another_name_may_not(host: str) -> None:
    no = Guard(None).refusal({"host": host})
    assert no is not None
    assert no.status == 403


PAGES = ["null", "", "http://evil.example", "https://evil.example:9", "file://", "http://[", "localhost"]


@pytest.mark.parametrize("origin", PAGES)
def test_a_page_of_elsewhere_may_not(origin: str) -> None:
    no = Guard(None).refusal({"host": "localhost:4060", "origin": origin})
    assert no is not None
    assert (no.status, "may not use admin" in no.message) == (403, True)


def test_a_request_without_a_host_may_not() -> None:
    assert Guard(None).refusal({}) is not None


@pytest.mark.parametrize("host", ["evil.example", "localhost", ""])
def test_with_the_token_any_host_is_fine(host: str) -> None:
    guard = Guard("s3cret-token", exposed=True)
    for headers in ({"authorization": "Bearer s3cret-token"}, {"x-kling-admin-token": "s3cret-token"}):
        assert guard.refusal({"host": host, "origin": "http://evil.example", **headers}, near=False) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20))
def test_no_other_token_is_good(token: str) -> None:
    guard = Guard("s3cret-token")
    for headers in ({"authorization": f"Bearer {token}"}, {"x-kling-admin-token": token}, {"authorization": token}):
        no = guard.refusal({"host": "localhost", **headers})
        assert no is not None
        assert no.status == 401
        assert "s3cret" not in no.message + no.accepted


@pytest.mark.parametrize("token", ["", None])
def test_an_empty_token_opens_nothing(token: str | None) -> None:
    no = Guard(token).refusal({"host": "evil.example", "authorization": "Bearer ", "x-kling-admin-token": ""})
    assert no is not None


def test_a_server_beyond_loopback_needs_a_token() -> None:
    for no in (
        Guard(None, exposed=True).refusal({"host": "localhost"}),
        Guard(None).refusal({"host": "localhost"}, near=False),
    ):
        assert no is not None
        assert no.status == 403
        assert "KLINGMOCK_ADMIN_TOKEN" in no.message


PROXIED = [("127.0.0.1", True), ("::1, 127.0.0.1", True), ("203.0.113.9", False), ("127.0.0.1, 203.0.113.9", False)]


@pytest.mark.parametrize(("asked_for", "may"), PROXIED)
def test_a_proxy_on_this_machine_asks_for_this_machine_alone(asked_for: str, may: bool) -> None:
    no = Guard(None).refusal({"host": "localhost", "x-forwarded-for": asked_for})
    assert (no is None) is may


PROXIES = [
    ({"x-real-ip": "203.0.113.9"}, False),
    ({"x-real-ip": "127.0.0.1"}, True),
    ({"forwarded": "for=203.0.113.9;proto=http"}, False),
    ({"forwarded": 'For="[2001:db8::1]:4711"'}, False),
    ({"forwarded": "for=127.0.0.1, for=203.0.113.9"}, False),
    ({"forwarded": "for=unknown"}, False),
    ({"forwarded": "for=_hidden;by=127.0.0.1"}, False),
    ({"forwarded": "host=mock.example;proto=https"}, False),
    ({"forwarded": "nonsense"}, False),
    ({"forwarded": 'for="[::1]:4711";by=203.0.113.43;proto=https;host="localhost:3000"'}, True),
    ({"forwarded": "for=127.0.0.1:5000"}, True),
    ({"x-forwarded-for": "[::1]:4711, 127.0.0.1:80"}, True),
    ({"x-forwarded-for": "127.0.0.1", "x-real-ip": "203.0.113.9"}, False),
    ({"x-forwarded-host": "mock.example"}, False),
    ({"x-forwarded-host": "localhost:3000"}, True),
    *(
        ({name: "203.0.113.9"}, False)
        for name in ("cf-connecting-ip", "true-client-ip", "x-client-ip", "fly-client-ip")
    ),
]


@pytest.mark.parametrize(("headers", "may"), PROXIES)
def test_whatever_header_a_proxy_says_it_by(headers: dict[str, str], may: bool) -> None:
    no = Guard(None).refusal({"host": "localhost", **headers})
    assert (no is None) is may
    assert no is None or no.status == 403


SITES = [("cross-site", False), ("same-site", False), ("other", False), ("same-origin", True), ("none", True)]


@pytest.mark.parametrize(("site", "may"), SITES)
def test_a_page_that_sends_no_origin_is_known_by_its_site(site: str, may: bool) -> None:
    here = {"host": "localhost:4060", "sec-fetch-site": site}
    assert (Guard(None).refusal(here) is None) is may
    assert Guard(None).refusal({**here, "origin": "http://localhost:3000"}) is None
    assert Guard("t").refusal({**here, "authorization": "Bearer t"}) is None


UNSENDABLE = [
    ("ключ", "character 1 of 4 is not ASCII"),
    ("s3crét", "character 5 of 6 is not ASCII"),
    ("s3cret\n", "character 7 of 7 is a control character"),
    (" s3cret", "character 1 of 7 is a space"),
    ("\udcff", "character 1 of 1 is not ASCII"),
]


@pytest.mark.parametrize(("token", "why"), UNSENDABLE)
def test_a_token_that_no_header_carries_is_refused_at_once(token: str, why: str) -> None:
    for options in ({"admin_token": token}, {"keys": frozenset([token])}):
        with pytest.raises(ValueError, match=why) as caught:
            create_app(provider="kling", **options)
        assert "accepted: printable ASCII without spaces" in str(caught.value)
        assert token not in str(caught.value)


def test_a_token_may_have_spaces_within_and_a_key_none() -> None:
    assert Guard("my token").refusal({"authorization": "Bearer my token"}) is None
    with pytest.raises(ValueError, match="an API key: character 3 of 8 is a space"):
        create_app(provider="kling", keys=frozenset(["my token"]))


ADDRESSES = [("::ffff:127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("::", False)]


@pytest.mark.parametrize(("host", "here"), ADDRESSES)
def test_addresses_of_this_machine_are_known(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_a_refused_request_does_nothing() -> None:
    desk = Desk()
    before = desk.admin("GET", "clock").body
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        said = desk.admin("POST", "clock/advance", {"seconds": 600}, content_type="text/plain", **headers)
        assert said.status == 403
        assert desk.admin("POST", "reset", **headers).status == 403
        assert desk.admin("GET", "requests", session="new", **headers).status == 403
    assert desk.admin("GET", "clock").body == before
    assert [each["name"] for each in desk.admin("GET", "sessions").body["sessions"]] == ["default"]


def test_provider_routes_take_any_host() -> None:
    desk = Desk()
    body = example(desk.provider.operation("createImageToVideo"))
    headers = {"host": "mock.compose.internal", "origin": "http://evil.example"}
    assert desk.create("createImageToVideo", body, **headers).status == 200
