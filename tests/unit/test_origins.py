"""URLs to call: read in one way, or not at all."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_server.outward.origins import MOST, Origin, canonical, origin_of, target_of

READ = [
    ("http://web", Origin("http", "web", 80), "/"),
    ("https://app.example.com/hook?a=1&b=%20#top", Origin("https", "app.example.com", 443), "/hook?a=1&b=%20"),
    ("HTTP://App.Example.COM.:8080?x", Origin("http", "app.example.com", 8080), "/?x"),
    ("http://my_app:0080/a;b//c", Origin("http", "my_app", 80), "/a;b//c"),
    ("http://xn--mnchen-3ya.example/", Origin("http", "xn--mnchen-3ya.example", 80), "/"),
    ("http://[::1]:81/", Origin("http", "::1", 81), "/"),
    ("http://[0:0::0001]", Origin("http", "::1", 80), "/"),
    ("http://[::ffff:127.0.0.1]/", Origin("http", "127.0.0.1", 80), "/"),
    ("http://127.1/", Origin("http", "127.0.0.1", 80), "/"),
    ("http://2130706433/", Origin("http", "127.0.0.1", 80), "/"),
    ("http://017700000001/", Origin("http", "127.0.0.1", 80), "/"),
    ("http://0x7f.0.0x0.1./", Origin("http", "127.0.0.1", 80), "/"),
    ("http://localhost./", Origin("http", "localhost", 80), "/"),
    ("http://host:/", Origin("http", "host", 80), "/"),
    ("http://host/@a:b", Origin("http", "host", 80), "/@a:b"),
]


@pytest.mark.parametrize(("url", "origin", "path"), READ)
def test_a_url_is_read(url: str, origin: Origin, path: str) -> None:
    assert target_of(url) == (origin, path)


WRONG = [
    "",
    "web",
    "//web/",
    "/path",
    "http:",
    "http://",
    "http:///path",
    "http://.",
    "http://a..b/",
    "http://localhost../",
    f"http://{'a' * 64}.example/",
    f"http://{'a.' * 127}b/",
    "http://:80/",
    "http://host:0/",
    "http://host:65536/",
    "http://host:99999999999999999999/",
    "http://host:-1/",
    "http://host:8o/",
    "http://host:80:80/",
    "http://::1/",
    "http://[::1",
    "http://[::1]evil/",
    "http://evil[::1]/",
    "http://[]/",
    "http://[127.0.0.1]/",
    "http://[v1.abc]/",
    "http://[fe80::1%25eth0]/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://127.0.0.0x100/",
    "http://127.0.0.09/",
    "http://4294967296/",
    "http://user@host/",
    "http://user:secret@host/",
    "http://127.0.0.1\\@evil.example/",
    "http://evil.example\\.127.0.0.1/",
    "http://ho st/",
    "http://host/a b",
    "http://host/\r\nX-Evil: 1",
    "http://ho\tst/",
    "\x00http://host/",
    " http://host/",
    "http://host/\x7f",
    "http://münchen.example/",
    "http://host/ä",
    "http://\u212aelvin.example/",
    "http://１２７.0.0.1/",
    "http://ho%73t/",
    "ftp://host/",
    "file:///etc/passwd",
    "gopher://host/",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:,x",
    "http://host/" + "a" * 100_000,
]


@pytest.mark.parametrize("url", WRONG, ids=lambda url: ascii(url[:40]))
def test_what_is_no_url_is_refused_in_one_short_line(url: str) -> None:
    with pytest.raises(ValueError, match=r"^no URL to call: ") as caught:
        target_of(url)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_the_longest_url_is_read() -> None:
    assert len(target_of("http://host/".ljust(MOST, "a")).path) == MOST - len("http://host")


SIGNS = st.sampled_from([*"abz09.:/@[]%?#\\- _\r\n\tä", "http://", "https://", "::1", "127.0.0.1", "xn--", "0x"])


@given(st.lists(SIGNS, max_size=12).map("".join) | st.text(max_size=30))
@example("http://[")
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"http://{text}"):
        try:
            origin, path = target_of(url)
        except ValueError:
            continue
        assert canonical(origin.host) == origin.host
        assert 1 <= origin.port <= 65535
        assert path.startswith("/")
        assert path.isascii()
        assert not set(path) & set(" \r\n\t#")
        assert origin_of(f"{origin.scheme}://{origin.authority}") == origin


@given(st.ip_addresses())
@settings(deadline=None)
def test_an_address_is_itself(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert canonical(str(address)) == str(getattr(address, "ipv4_mapped", None) or address)
    if address.version == 4:
        assert canonical(str(int(address))) == canonical(hex(int(address))) == str(address)


AUTHORITIES = [("http://web:80", "web"), ("https://web:80", "web:80"), ("http://[::1]:8000", "[::1]:8000")]


@pytest.mark.parametrize(("url", "authority"), AUTHORITIES)
def test_the_usual_port_is_left_out(url: str, authority: str) -> None:
    assert origin_of(url).authority == authority


@pytest.mark.parametrize(
    "text", ["http://web/path", "http://web?", "http://web/#", "web:8000", "http://web/#a", "http://web?a", ""]
)
def test_more_or_less_than_an_origin_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^no "):
        origin_of(text)
