"""The one door to a provider, what may go through it and how often; and the one task that two words may buy."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from bridge import Bridge, Moving
from hypothesis import given
from hypothesis import strategies as st
from ports import unheard
from probed import connected

from kling_contract import check_request, load
from kling_contract.auth import KeyCredential
from kling_contract.cli import main
from kling_contract.errors import ConfigurationError
from kling_contract.probe import Manner, Run, Step, Target, make_plan, probe
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.guard import Allowed, Guard, Stopped, proxy_for
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.reports.text import render
from kling_contract.probe.spending import with_real_task
from kling_contract.probe.tripwire import Tripwire

URL = "http://kling.test"
KEY = "sk-0123456789"
REFUSED = {"code": 1201, "message": "refused", "request_id": "r"}
FAMILY = ("createImageToVideo", "getImageToVideo", "listImageToVideos")
REDIRECTS = (301, 302, 303, 307, 308)


def target(level: int = 4, base_url: str = URL, name: str = "kling", operations: tuple[str, ...] = FAMILY) -> Target:
    plan = make_plan(load(name), base_url, level=level, operations=operations)
    return Target(plan, KeyCredential(KEY), Secrets({"$KEY": KEY}))


def probed(answer: Any, *targets: Target, **manner: Any) -> tuple[Run, list[httpx.Request]]:
    """Probe with answers of a function, and return what was sent too."""
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        given = answer(request)
        return given if isinstance(given, httpx.Response) else httpx.Response(400, json=given)

    run = probe(
        targets or [target()],
        manner=Manner(**{"clock": Moving(), **manner}),
        transport=httpx.MockTransport(handle),
        connect=connected,
    )
    return run, sent


POST = Allowed("POST", f"{URL}/make", b'{"a": 1}', key=False, times=1)
GET = Allowed("GET", f"{URL}/tasks/0", b"", key=True, times=3)


def guard(budget: int = 100, answer: int = 200) -> Guard:
    return Guard(httpx.MockTransport(lambda request: httpx.Response(answer)), [POST, GET], budget)


def send(through: Guard, method: str, url: str, body: bytes = b"", *, key: bool = False) -> httpx.Response:
    headers = {"Authorization": "Bearer x"} if key else {}
    return httpx.Client(transport=through).request(method, url, content=body, headers=headers)


def test_what_a_plan_holds_goes_through_and_a_post_once_and_a_get_three_times() -> None:
    through = guard()
    send(through, "POST", POST.url, POST.body)
    for _ in range(3):
        send(through, "GET", GET.url, key=True)
    with pytest.raises(Stopped, match=r"POST .*/make was sent already"):
        send(through, "POST", POST.url, POST.body)
    with pytest.raises(Stopped, match=r"GET .*/tasks/0 was sent already"):
        send(through, "GET", GET.url, key=True)


@pytest.mark.parametrize(
    ("method", "url", "body", "key"),
    [
        ("POST", POST.url, b'{"a": 2}', False),
        ("POST", POST.url, b"", False),
        ("POST", POST.url, POST.body, True),
        ("PUT", POST.url, POST.body, False),
        ("GET", POST.url, b"", False),
        ("POST", f"{URL}/make/", POST.body, False),
        ("POST", f"{URL}/make?x=1", POST.body, False),
        ("POST", "http://kling.test:81/make", POST.body, False),
        ("POST", "https://kling.test/make", POST.body, False),
        ("POST", "http://other.test/make", POST.body, False),
        ("GET", f"{URL}/tasks/1", b"", True),
        ("GET", GET.url, b"", False),
        ("GET", GET.url, b"x", True),
        ("HEAD", GET.url, b"", True),
        ("OPTIONS", GET.url, b"", True),
    ],
)
def test_anything_else_does_not(method: str, url: str, body: bytes, key: bool) -> None:
    through = guard()
    with pytest.raises(Stopped, match="is not in the plan"):
        send(through, method, url, body, key=key)
    assert not through.sent


@given(st.lists(st.sampled_from([POST, GET]), max_size=8), st.integers(0, 8))
def test_no_order_of_requests_breaks_a_limit(order: list[Allowed], budget: int) -> None:
    through = guard(budget)
    for each in order:
        try:
            send(through, each.method, each.url, each.body, key=each.key)
        except Stopped:
            continue
    assert through.sent[POST] <= 1
    assert through.sent[GET] <= 3
    assert through.sent.total() <= budget


def test_once_it_is_stopped_nothing_goes_through() -> None:
    through = guard()
    through.stop.set()
    with pytest.raises(Stopped, match="the probe was stopped"):
        send(through, "POST", POST.url, POST.body)
    assert not through.sent


def test_a_redirect_is_an_answer_like_any_other() -> None:
    through = guard(answer=307)
    with pytest.raises(Stopped, match="is not in the plan"):
        httpx.Client(transport=guard_that_redirects(), follow_redirects=True).post(POST.url, content=POST.body)
    assert send(through, "POST", POST.url, POST.body).status_code == 307


def guard_that_redirects() -> Guard:
    away = httpx.Response(307, headers={"Location": "http://other.test/make"})
    return Guard(httpx.MockTransport(lambda request: away), [POST], 10)


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_run_follows_no_redirect(status: int) -> None:
    run, sent = probed(lambda request: httpx.Response(status, headers={"Location": str(request.url)}))
    assert len(sent) == len(target().plan.steps) - 1
    assert {each.reason for each in run.findings if each.level} == {"route.missing"}


def test_a_cookie_of_one_answer_is_not_sent_with_the_next() -> None:
    answer = httpx.Response(404, headers={"Set-Cookie": "visitor=1; Path=/"})
    _, asked = probed(lambda request: answer, target(2, base_url="http://api.example.com"))
    assert len(asked) > 2
    assert not any("cookie" in each.headers for each in asked)


def test_a_create_is_sent_once_and_a_get_that_failed_three_times() -> None:
    run, sent = probed(lambda request: httpx.Response(503, text="no"))
    counted = Counter((each.method, each.url.path, "authorization" in each.headers) for each in sent)
    assert {count for (method, *_), count in counted.items() if method == "POST"} == {1}
    assert {count for (method, *_), count in counted.items() if method == "GET"} == {3}
    assert {each.reason for each in run.findings if each.level} == {"server.error"}


def test_a_get_that_failed_once_is_fine_and_waits_in_between() -> None:
    clock, answers = Moving(), itertools.count()

    def answer(request: httpx.Request) -> Any:
        if request.method == "GET" and next(answers) % 2 == 0:
            raise httpx.ReadError("reset by peer", request=request)
        return REFUSED

    run, sent = probed(answer, target(2), clock=clock)
    assert {each.reason for each in run.findings if each.level} == {"route.alive"}
    assert [each.method for each in sent] == ["GET", "GET", "POST", "GET", "GET"]
    assert clock.slept == [0.05, 1.0, 0.05, 0.05, 0.05, 1.0, 0.05]


@pytest.mark.parametrize("budget", [1, 2, 3, 4])
def test_the_budget_ends_a_run_with_4(budget: int) -> None:
    run, sent = probed(lambda request: REFUSED, budget=budget)
    assert len(sent) == budget
    assert run.exit_code == 4
    assert f"the budget of {budget} requests is used up" in run.stopped[0]


def test_the_budget_is_each_providers_own() -> None:
    run, sent = probed(lambda request: REFUSED, target(), target(name="cometapi", operations=FAMILY[:2]), budget=4)
    assert len(sent) == 8
    assert len(run.stopped) == 1


def test_a_plan_needs_no_more_than_its_own_budget() -> None:
    plan = target().plan
    _, sent = probed(lambda request: httpx.Response(503), Target(plan, KeyCredential(KEY)))
    assert len(sent) == 2 + 3 * 3


def test_a_provider_cannot_be_probed_twice_in_a_run() -> None:
    with pytest.raises(ConfigurationError, match=r"kling at http://kling\.test is to be probed twice"):
        probed(lambda request: REFUSED, target(), target(level=1))
    run, _ = probed(lambda request: REFUSED, target(), target(level=1, base_url="http://b.test"))
    assert {each.base_url for each in run.findings} == {URL, "http://b.test"}
    assert {key: len(many) for key, many in run.left.items()} == {("kling", URL): 0, ("kling", "http://b.test"): 0}


def test_what_is_left_out_at_one_url_is_not_told_of_another() -> None:
    def answer(request: httpx.Request) -> Any:
        return httpx.Response(429) if request.url.host == "b.test" else REFUSED

    run, _ = probed(answer, target(level=1), target(level=1, base_url="http://b.test"))
    first, second = render(run).split("http://b.test", 1)
    assert ("asked for fewer requests" in first, "asked for fewer requests" in second) == (False, True)
    assert {each["base_url"] for each in run.as_dict()["left_out"]} == {"http://b.test"}


def test_a_trip_stops_every_provider() -> None:
    begun, tripped = threading.Event(), threading.Event()

    def answer(request: httpx.Request) -> Any:
        if request.url.host == "bad.test":
            assert begun.wait(10)
            return {**REFUSED, "data": {"task_id": "831922345719271433"}}
        begun.set()
        assert tripped.wait(10)
        return REFUSED

    class Closing(httpx.MockTransport):
        # A provider's transport is closed when its plan has ended.
        def close(self) -> None:
            tripped.set()

    sent: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.host)
        return httpx.Response(400, json=answer(request))

    targets = [target(base_url="http://bad.test"), target(base_url="http://good.test", name="cometapi", operations=())]
    run = probe(targets, manner=Manner(clock=Moving()), transport=Closing(counted), connect=connected)
    assert Counter(sent) == {"bad.test": 1, "good.test": 1}
    assert run.exit_code == 4
    assert run.stopped == ("cometapi: the probe was stopped",)


PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://kling.test", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://kling.test", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https://kling.test", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://kling.test", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://kling.test:8080/v1", "http://p:1"),
        ({"ALL_PROXY": "https://p:1"}, "https://kling.test", "https://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "kling.test"}, "https://kling.test", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".test"}, "https://kling.test", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://kling.test", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.test"}, "https://kling.test", "http://p:1"),
        ({"HTTPS_PROXY": ""}, "https://kling.test", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:4060", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://localhost:4060", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.9.9.9:4060", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://kling.localhost:4060", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://[::1]:4060", None),
        ({"ALL_PROXY": "socks5://p:1"}, "http://127.0.0.1:4060", None),
    ],
)
def test_the_proxy_in_force_is_that_of_the_environment(
    no_proxies: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        no_proxies.setenv(name, value)
    assert proxy_for(url) == proxy


def by_proxy(patch: pytest.MonkeyPatch, proxy: str, url: str = "http://kling.test") -> Run:
    patch.setenv("HTTP_PROXY", proxy)
    patch.setenv("HTTPS_PROXY", proxy)
    return probe([target(2, url)], manner=Manner(clock=Moving(), timeout=5))


def served(answer: bytes, seen: list[bytes]) -> tuple[threading.Thread, int]:
    """Serve one answer to each connection until the listening socket is shut."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(3):
            with listening.accept()[0] as line:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += line.recv(65_536)
                seen.append(data)
                line.sendall(answer)
        listening.close()

    thread = threading.Thread(target=serve)
    thread.start()
    return thread, listening.getsockname()[1]


def test_a_proxy_in_force_is_used_and_named_without_its_password(no_proxies: pytest.MonkeyPatch) -> None:
    body, seen = json.dumps(REFUSED).encode(), list[bytes]()
    head = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    thread, port = served(head + body, seen)
    run = by_proxy(no_proxies, f"http://me:hunter2@127.0.0.1:{port}")
    thread.join()
    assert [each.split(b" ")[1][:17] for each in seen] == [b"http://kling.test"] * 3
    assert all(b"Proxy-Authorization: Basic" in each for each in seen)
    assert run.findings[0].reason == "net.proxy"
    assert "127.0.0.1" in run.findings[0].detail
    assert {each.reason for each in run.findings if each.level} == {"route.alive"}
    assert run.exit_code == 0
    assert not re.search("hunter2|bWU6aHVudGVyMg", render(run) + repr(run) + json.dumps(run.as_dict()))


def test_a_proxy_that_is_not_there_is_no_outage(no_proxies: pytest.MonkeyPatch) -> None:
    for url in ("http://kling.test", "https://kling.test"):
        with unheard() as place:
            run = by_proxy(no_proxies, f"http://me:hunter2@{place}", url)
        assert {(each.reason, each.verdict) for each in run.findings} == {("net.proxy", "unknown")}
        assert run.exit_code == 3
        assert "hunter2" not in render(run)


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_lets_nobody_through_is_no_outage(no_proxies: pytest.MonkeyPatch, status: str) -> None:
    seen: list[bytes] = []
    answer = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
    thread, port = served(answer, seen)
    run = by_proxy(no_proxies, f"http://me:hunter2@127.0.0.1:{port}", "https://kling.test")
    thread.join()
    assert all(each.startswith(b"CONNECT kling.test:443") for each in seen)
    assert {each.reason for each in run.findings} == {"net.proxy"}
    assert run.exit_code == 3
    assert status.partition(" ")[0] in run.findings[1].detail


@pytest.mark.parametrize("proxy", ["ftp://me:hunter2@p", "http://me:hunter2@p:port", "socks5://me:hunter2@p:1"])
def test_a_proxy_that_cannot_be_used_is_named_and_nothing_goes_past_it(
    no_proxies: pytest.MonkeyPatch, proxy: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"HTTP_PROXY is '.*'.*or unset it") as caught:
        by_proxy(no_proxies, proxy)
    assert "hunter2" not in str(caught.value)


def test_behind_a_proxy_a_provider_that_answers_with_an_error_is_down_all_the_same(
    no_proxies: pytest.MonkeyPatch,
) -> None:
    answer = b"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(7):
            with listening.accept()[0] as line:
                line.recv(65_536)
                line.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    run = by_proxy(no_proxies, f"http://127.0.0.1:{listening.getsockname()[1]}")
    thread.join()
    listening.close()
    assert {each.reason for each in run.findings if each.level} == {"server.error"}
    assert run.exit_code == 1


def spent(most: float, answer: Any = None, *, name: str = "cometapi", **settings: Any) -> tuple[Run, Bridge]:
    """Let one real task be made at the mock, with a clock that waiting moves."""
    bridge = Bridge(name, **settings)
    plan = make_plan(load(name), URL, level=0)
    clock = bridge.clock
    run = probe(
        [Target(with_real_task(plan, most), KeyCredential(KEY))],
        manner=Manner(clock=clock, stopwatch=clock.now),
        transport=httpx.MockTransport(answer) if answer else bridge.transport,
        connect=connected,
    )
    return run, bridge


def test_one_real_task_is_created_followed_and_its_result_fetched() -> None:
    run, bridge = spent(100)
    (made,) = [each for each in bridge.requests if each.method == "POST"]
    step = with_real_task(make_plan(load("cometapi"), URL, level=0), 100).steps[-1]
    assert step.operation is not None
    assert check_request(step.operation, json.loads(made.content)) == []
    assert made.headers["authorization"] == f"Bearer {KEY}"
    fetched = bridge.requests[-1]
    assert "/__media/" in fetched.url.path
    assert "authorization" not in fetched.headers
    assert len({each.url for each in bridge.requests[1:-1]}) == 1
    finding = run.findings[-1]
    assert (finding.reason, finding.verdict, run.exit_code) == ("task.succeeded", "up", 0)
    assert "1.5 units" in finding.detail
    assert run.as_dict()["providers"][0]["level"] == finding.level == 5


def test_where_a_real_task_is_looked_at_is_told_before_it_ends() -> None:
    bridge, begun = Bridge("cometapi"), list[Step]()
    plan = with_real_task(make_plan(load("cometapi"), URL, level=0), 100)
    run = probe(
        [Target(plan, KeyCredential(KEY))],
        manner=Manner(clock=bridge.clock, stopwatch=bridge.clock.now),
        transport=bridge.transport,
        connect=connected,
        progress=lambda _, step: begun.append(step),
    )
    assert [step.method for step in begun] == ["", "POST", "GET"]
    assert f"task {begun[-1].path.rpartition('/')[2]} in" in run.findings[-1].detail


def bought(key: str, transport: httpx.MockTransport, clock: Any) -> Run:
    plan = with_real_task(make_plan(load("cometapi"), URL, level=0), 100)
    target = Target(plan, KeyCredential(key), Secrets({"$KEY": key}))
    return probe([target], manner=Manner(clock=clock), transport=transport, connect=connected)


@pytest.mark.parametrize("key", ["task", "http", "succeed"])
def test_a_task_is_followed_by_what_was_answered_though_a_simple_key_is_hidden_in_it(key: str) -> None:
    bridge = Bridge("cometapi")
    run = bought(key, bridge.transport, bridge.clock)
    exchange = run.findings[-1].exchange
    assert run.findings[-1].reason == "task.succeeded"
    assert exchange is not None
    assert key not in exchange.text.casefold()


@pytest.mark.parametrize("at", range(185, 201))
def test_what_is_cut_of_a_strange_answer_to_a_real_create_holds_no_piece_of_the_key(at: int) -> None:
    bridge = Bridge("cometapi")
    strange = httpx.MockTransport(lambda request: httpx.Response(200, text="." * at + KEY + "." * 99))
    run = bought(KEY, strange, bridge.clock)
    assert run.findings[-1].reason == "contract.schema"
    assert "sk-" not in run.findings[-1].detail


def test_the_cheapest_task_is_the_one_that_is_made() -> None:
    plan = make_plan(load("cometapi"), URL, level=0)
    prices = {each.units for most in (1.5, 3, 8, 100) for each in [with_real_task(plan, most)]}
    assert prices == {1.5}


def test_a_task_that_costs_more_than_was_allowed_is_not_made() -> None:
    run, bridge = spent(1.4)
    assert bridge.requests == []
    assert run.exit_code == 4
    assert run.stopped == ("cometapi: costs 1.5 units, and 1.4 may be spent",)


def test_a_task_that_fails_is_degraded_and_no_second_one_is_made() -> None:
    run, bridge = spent(100, scenario="fail")
    assert run.findings[-1].reason == "task.failed"
    assert "Failure to pass the risk control system" in run.findings[-1].detail
    assert Counter(each.method for each in bridge.requests)["POST"] == 1


def test_a_task_that_never_ends_is_given_up_by_the_clock() -> None:
    run, bridge = spent(100, scenario="stuck")
    assert run.findings[-1].reason == "task.failed"
    assert "is still processing after" in run.findings[-1].detail
    waited = sum(bridge.clock.slept)
    assert 120 <= waited <= 3600
    assert len(bridge.requests) <= waited / 5 + 2


def test_a_task_is_followed_through_answers_that_say_nothing_of_it() -> None:
    bridge, asked = Bridge("cometapi"), itertools.count()
    odd = [httpx.Response(503, text="no"), httpx.Response(429, json={})]

    def answer(request: httpx.Request) -> httpx.Response:
        number = next(asked)
        if number == 3:
            raise httpx.ReadError("reset", request=request)
        return odd[number - 1] if number in (1, 2) else bridge.transport.handle_request(request)

    plan = with_real_task(make_plan(load("cometapi"), URL, level=0), 100)
    transport = httpx.MockTransport(answer)
    manner = Manner(clock=bridge.clock)
    run = probe([Target(plan, KeyCredential(KEY))], manner=manner, transport=transport, connect=connected)
    assert run.findings[-1].reason == "task.succeeded"


def test_a_task_that_is_not_followed_to_its_end_is_named() -> None:
    bridge = Bridge("cometapi")

    def answer(request: httpx.Request) -> httpx.Response:
        return bridge.transport.handle_request(request) if request.method == "POST" else httpx.Response(400, json={})

    plan = with_real_task(make_plan(load("cometapi"), URL, level=0), 100)
    transport = httpx.MockTransport(answer)
    manner = Manner(clock=bridge.clock)
    run = probe([Target(plan, KeyCredential(KEY))], manner=manner, transport=transport, connect=connected)
    (task,) = bridge.mock.sessions.get("default").store.ids()
    assert run.findings[-1].reason == "contract.schema"
    assert f"task {task}: " in run.findings[-1].detail


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_create_that_is_refused_makes_no_task_and_is_not_sent_again(status: int) -> None:
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(status, json={"code": 1, "message": "no"})

    run, _ = spent(100, refuse)
    assert len(sent) == 1
    assert run.findings[-1].verdict != "up"
    assert not run.tripped


def test_a_create_whose_answer_breaks_off_may_have_made_a_task_and_says_so() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    run, _ = spent(100, cut)
    assert run.findings[-1].reason == "net.timeout"
    assert "billed" in run.findings[-1].detail


def command(*options: str) -> int:
    try:
        return main(["probe", *options])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    ("options", "switch", "complaint"),
    [
        (["--level", "5"], "1", "it needs --spend"),
        (["--level", "5", "--spend"], None, "KLING_PROBE_SPEND=1 in the environment"),
        (["--level", "5", "--spend", "--max-spend", "9"], None, "KLING_PROBE_SPEND=1 in the environment"),
        (["--level", "5", "--spend", "--max-spend", "9"], "yes", "KLING_PROBE_SPEND=1 in the environment"),
        (["--level", "5", "--spend"], "1", "needs --max-spend"),
        (["--level", "5", "--max-spend", "9"], "1", "it needs --spend"),
        (["--spend", "--max-spend", "9"], "1", "for level 5 alone"),
        (["--level", "5", "--spend", "--max-spend", "0"], "1", "no number above 0"),
        (["--level", "5", "--spend", "--max-spend", "-1"], "1", "no number above 0"),
        (["--level", "5", "--spend", "--max-spend", "nan"], "1", "no number above 0"),
        (["--level", "5", "--spend", "--max-spend", "inf"], "1", "no number above 0"),
    ],
)
def test_money_is_spent_only_if_a_person_said_so_twice(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    switch: str | None,
    complaint: str,
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    if switch is not None:
        monkeypatch.setenv("KLING_PROBE_SPEND", switch)
    # Nothing listens there: what is asked for must be refused before anything is sent.
    assert command(*options, "--base-url", "http://127.0.0.1:9") == 2
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


@pytest.mark.parametrize("most", ["0.1", "1.5"])
def test_a_dry_run_of_level_5_shows_its_price_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], most: str
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    monkeypatch.setenv("KLING_PROBE_SPEND", "1")
    options = ("--level", "5", "--spend", "--max-spend", most, "--base-url", "http://127.0.0.1:9", "--dry-run")
    assert command(*options) == 0
    shown = capsys.readouterr().out
    assert "costs 1.5 units" in shown
    assert ("and 0.1 may be spent" in shown) == (most == "0.1")


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ('{"ok": true, "job": {"key": "job_1234"}}', "job_1234"),
        ('{"fault": {"x-key": "abc", "keys": "abc"}}', None),
        ("key: abcdefgh1", None),
        ('{"text": "{\\"key\\": \\"job_1234\\"}"}', "job_1234"),
    ],
)
def test_a_task_is_known_by_the_name_that_a_document_of_ones_own_gives_its_id(text: str, task: str | None) -> None:
    tiny = load(str(Path(__file__).parents[1] / "documents" / "tiny.yaml"))
    step = make_plan(tiny, URL, level=0).steps[0]
    exchange = Exchange(step, URL, 0.0, 1, status=400, data=text.encode())
    assert Tripwire(tiny).task(exchange, "job_" + "0" * 20) == task


def test_no_level_below_5_has_a_price() -> None:
    assert {make_plan(load(name), URL, level=level).units for name in ("kling", "cometapi") for level in range(5)} == {
        0
    }


def test_a_key_is_in_no_plan_and_no_step() -> None:
    shown = repr(target())
    assert KEY not in shown
    assert "KLING" not in "".join(os.environ)


def test_a_real_task_without_a_key_is_left_out() -> None:
    plan = with_real_task(make_plan(load("cometapi"), URL, level=0), 100, no_key="no key: X is not set")
    assert [each.why for each in plan.left] == ["no key: X is not set"]
    assert replace(plan, left=()).steps == make_plan(load("cometapi"), URL, level=0).steps
