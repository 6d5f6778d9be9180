"""Which hosts may be called, as rules over all addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mock_server.outward import Reach, Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAPPED = ipaddress.ip_network("::ffff:0:0/96")


def around(address: Address, prefix: int) -> Network:
    return ipaddress.ip_network((address, min(prefix, address.max_prefixlen)), strict=False)


networks = st.builds(around, st.ip_addresses(), st.integers(0, 128)).filter(
    lambda network: network.version == 4 or not network.overlaps(MAPPED)
)
names = st.sampled_from(["app.example.com", "web", "evil.example", "localhost"])
ports = st.integers(1, 65535)
allowed = st.lists(st.sampled_from(["web", "10.0.0.0/8", "*.example.com", "fd00::/8", "203.0.113.9"]), max_size=3)


@given(networks, st.data(), names, ports)
@settings(deadline=None)
def test_every_address_of_a_network_is_allowed(network: Network, data: st.DataObject, host: str, port: int) -> None:
    assume(network.prefixlen)  # the network of all addresses is `*`
    address = str(data.draw(st.ip_addresses(network=network)))
    assert Reach([str(network)], loopback=False).refusal(host, port, [address]) is None


@given(networks, st.ip_addresses(), names, ports)
@settings(deadline=None)
def test_no_address_outside_a_network_is_allowed(network: Network, address: Address, host: str, port: int) -> None:
    reach = Reach([str(network)], loopback=False)
    first, last, end = int(network[0]), int(network[-1]), 2**network.max_prefixlen
    near = [type(network[0])(number) for number in (first - 1, last + 1) if 0 <= number < end]
    for each in [*near, *([] if address in network else [address])]:
        if address.version != 6 or getattr(each, "ipv4_mapped", None) is None:
            assert reach.refusal(host, port, [str(each)]) is not None


@given(st.ip_addresses(v=4), networks, names, ports)
@settings(deadline=None)
def test_a_mapped_address_is_the_address_that_it_maps(address: Address, network: Network, host: str, port: int) -> None:
    reach = Reach([str(network)])
    plain, mapped = (reach.refusal(host, port, [each]) is None for each in (f"{address}", f"::ffff:{address}"))
    assert plain == mapped


HERE = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "::ffff:0.0.0.0"]


@given(st.ip_addresses(network="127.0.0.0/8").map(str) | st.sampled_from(HERE), allowed, names, ports)
@settings(deadline=None)
def test_this_machine_may_always_be_called(address: str, entries: list[str], host: str, port: int) -> None:
    assert Reach(entries).choose(host, port, [address]) == [address]


@pytest.mark.parametrize("address", HERE)
def test_this_machine_may_be_left_out(address: str) -> None:
    reach = Reach(["10.0.0.0/8"], flag="--fetch-from", loopback=False)
    assert reach.refusal("localhost", 80, [address]) == f"localhost port 80 ({address}) is no allowed host"


BEYOND = [
    "10.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "93.184.216.34",
    "fe80::1",
    "fe80::1%1",
    "fd00::1",
    "64:ff9b::7f00:1",
]
BEYOND += ["2002:7f00:1::", "::2", "::7f00:1", "128.0.0.1", "126.255.255.255", "255.255.255.255", "0.0.0.1"]


@pytest.mark.parametrize("address", BEYOND)
def test_nothing_else_may_be_called_by_default(address: str) -> None:
    with pytest.raises(Refused) as caught:
        Reach().choose("app.example.com", 443, [address])
    refused = caught.value
    assert (refused.host, refused.allow) == ("app.example.com", "--callback-to app.example.com")
    assert refused.reason == f"app.example.com port 443 ({address}) is neither this machine nor an allowed host"
    assert str(refused) == f"{refused.reason}; allowed by --callback-to app.example.com"


@given(names | st.ip_addresses().map(str), st.lists(st.ip_addresses().map(str), max_size=3), ports, st.booleans())
@settings(deadline=None)
def test_the_flag_of_a_refusal_allows_it(host: str, addresses: list[str], port: int, loopback: bool) -> None:
    known = [host] if host[-1].isdigit() or ":" in host else addresses
    reach = Reach(loopback=loopback)
    assume(reach.refusal(host, port, known) is not None)
    with pytest.raises(Refused) as caught:
        reach.choose(host, port, known)
    flag, entry = caught.value.allow.split(" ")
    assert flag == "--callback-to"
    assert Reach([entry], loopback=loopback).choose(host, port, known) == known


@given(allowed, names, ports, st.lists(st.sampled_from([*HERE, *BEYOND, "203.0.113.9"]), max_size=6))
@settings(deadline=None)
def test_what_is_chosen_is_what_is_allowed_alone(entries: list[str], host: str, port: int, known: list[str]) -> None:
    reach = Reach(entries)
    alone = [each for each in known if reach.refusal(host, port, [each]) is None]
    if reach.refusal(host, port, known) is None:
        assert reach.choose(host, port, known) == alone
    else:
        assert alone == []


NAMED = [
    ("web", "web", 80, True),
    ("WEB.", "web", 80, True),
    ("web", "web.example.com", 80, False),
    ("web:8000", "web", 8000, True),
    ("web:8000", "web", 80, False),
    ("*.example.com", "app.example.com", 443, True),
    ("*.example.com", "a.b.example.com", 443, True),
    ("*.example.com", "example.com", 443, False),
    ("*.example.com", "evilexample.com", 443, False),
    ("*.example.com", "app.example.com.evil.example", 443, False),
    ("*.example.com:443", "app.example.com", 80, False),
    ("example.com", "app.example.com", 80, False),
    ("*", "anything.example", 1, True),
    ("*:8000", "anything.example", 8000, True),
    ("*:8000", "anything.example", 8001, False),
    ("93.184.216.34", "anything.example", 80, True),
    ("93.184.216.34:80", "anything.example", 80, True),
    ("93.184.216.34:80", "anything.example", 81, False),
    ("93.184.216.32/29:80", "anything.example", 80, True),
    ("::ffff:93.184.216.34", "anything.example", 80, True),
    ("::ffff:93.184.216.32/125", "anything.example", 80, True),
    ("[::ffff:93.184.216.34]:80", "anything.example", 80, True),
    ("0x5db8d822", "anything.example", 80, True),
    ("::/0", "anything.example", 80, False),
    ("0.0.0.0/0", "anything.example", 80, True),
]


@pytest.mark.parametrize(("entry", "host", "port", "may"), NAMED)
def test_an_entry_allows_what_it_says(entry: str, host: str, port: int, may: bool) -> None:
    assert (Reach([entry]).refusal(host, port, ["93.184.216.34"]) is None) is may


def test_a_name_that_is_allowed_may_have_no_address() -> None:
    assert Reach(["web"]).choose("web", 80, []) == []
    assert Reach().refusal("web", 80, []) == (
        "web port 80 (which has no address here) is neither this machine nor an allowed host"
    )


def test_a_reach_is_widened_without_being_changed() -> None:
    narrow = Reach(["web"])
    wide = narrow.including([("db", 5432), ("fd00::1", 80)])
    assert wide.refusal("db", 5432, ["10.0.0.1"]) is wide.refusal("x", 80, ["fd00::1"]) is None
    assert wide.refusal("web", 80, ["10.0.0.1"]) is None
    assert None not in (wide.refusal("db", 80, ["10.0.0.1"]), narrow.refusal("db", 5432, ["10.0.0.1"]))


WRONG = [
    "",
    " ",
    "http://web",
    "web/",
    "web:",
    "web:0",
    "web:65536",
    "web:x",
    "a b",
    "*.",
    "*web",
    "a.*",
    "10.0.0.5/8",
    "**",
]
WRONG += [
    "10.0.0.0/33",
    "web/24",
    "::1/129",
    "[::1",
    "[::1]:",
    "[]",
    ":80",
    "a,b",
    "münchen",
    "web\n",
    "999.1.1.1",
    "**",
]


@pytest.mark.parametrize("entry", WRONG)
def test_a_wrong_entry_is_named_with_what_is_accepted(entry: str) -> None:
    with pytest.raises(ValueError, match=r"^--fetch-from .*; accepted: web, \*\.example\.com, ") as caught:
        Reach(["web", entry], flag="--fetch-from")
    assert repr(entry) in str(caught.value)


APART = [
    *(*HERE, "0.1.2.3", "169.254.0.1", "169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%1", "febf::1"),
    *("fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "100.100.100.200", "168.63.129.16"),
    *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1"),
    *("2002:a9fe:a9fe::1", "2002:7f00:1::", "2001:0:7f00:1::", "::ffff:100.100.100.200"),
]
NEXT_TO_THEM = ["10.0.0.1", "192.168.1.1", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0", "fec0::1"]
NEXT_TO_THEM += ["fd00::1", "100.100.100.201", "2002:5db8:d822::", "64:ff9b::5db8:d822", "93.184.216.34", "2001:db8::1"]
WIDEST = ["*", "*:80", "0.0.0.0/0", "::/0"]


@pytest.mark.parametrize("widest", WIDEST)
@pytest.mark.parametrize("address", APART)
def test_any_host_means_no_address_of_this_machine_its_link_or_metadata(address: str, widest: str) -> None:
    reach = Reach([widest], flag="--fetch-from", loopback=False)
    with pytest.raises(Refused) as caught:
        reach.choose("rebound.example", 80, [address])
    assert str(caught.value).endswith("; allowed by --fetch-from rebound.example")
    assert Reach([widest, "rebound.example"], loopback=False).choose("rebound.example", 80, [address]) == [address]
    assert Reach([widest, address.partition("%")[0]], loopback=False).choose("x.example", 80, [address]) == [address]


@pytest.mark.parametrize("address", NEXT_TO_THEM)
def test_any_host_means_every_other_address(address: str) -> None:
    both = Reach(["*"], loopback=False).choose("x.example", 80, ["127.0.0.1", address, "fe80::1"])
    assert both == [address]


def test_why_any_host_does_not_do_is_said() -> None:
    reach = Reach(["*"], flag="--fetch-from", loopback=False)
    assert reach.refusal("meta.example", 80, ["169.254.169.254"]) == (
        "meta.example port 80 (169.254.169.254) is this machine, its link or metadata, which * does not mean"
    )
    assert reach.choose("unknown.example", 80, []) == []
