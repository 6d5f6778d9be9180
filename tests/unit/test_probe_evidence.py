"""Evidence: what is handed to a provider says what was promised and answered, and can be asked again by pasting it."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probed import BASE, HOSTILE, finding, plan, run_of, texts, with_exchange

from kling_contract import load
from kling_contract.auth import KeyCredential
from kling_contract.probe import Finding, Run, Target, make_plan, probe
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.plan import Step
from kling_contract.probe.reports import evidence, har
from mock_server import MockServer

KEY = "sk-secret-key-1"
PROVIDER = load("cometapi")


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture(scope="module")
def run(server: MockServer) -> Run:
    """A run against the mock: CometAPI's expansion answers 404, as documented."""
    names = ["createImageExpansion", "getImageExpansion"]
    made = make_plan(PROVIDER, f"{server.url}/p/cometapi", level=3, operations=names)
    return probe([Target(made, KeyCredential(KEY), Secrets({"$COMETAPI_KEY": KEY}))])


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "deep"
    evidence.write(run, folder)
    return folder


def test_a_claim_and_an_archive_for_each_finding_that_is_not_up(run: Run, folder: Path) -> None:
    assert [each.verdict for each in run.findings].count("down") == 3
    assert sorted(each.name for each in folder.iterdir()) == [
        "cometapi-1-createImageExpansion.har",
        "cometapi-1-createImageExpansion.md",
        "cometapi-2-getImageExpansion.har",
        "cometapi-2-getImageExpansion.md",
        "cometapi-3-createImageExpansion.har",
        "cometapi-3-createImageExpansion.md",
    ]


def test_a_claim_says_what_was_promised_and_what_was_answered(folder: Path) -> None:
    text = (folder / "cometapi-3-createImageExpansion.md").read_text()
    for part in (
        "# CometAPI: createImageExpansion is down",
        "route.missing: nothing is registered on this path.",
        "`POST /kling/v1/images/editing/expand` is unavailable, as observed on 2026-03-13.",
        "Source: CometAPI, image expansion, Japanese page, 2026-03-13, apidoc.cometapi.com/ja/",
        "authorization: Bearer $KEY",
        '"message": "404"',
        "HTTP 404 Not Found",
        f"The document of CometAPI of {PROVIDER.date}, digest `{PROVIDER.digest}`",
    ):
        assert part in text
    assert re.search(r"^- Date: `\w{3}, \d\d \w{3} \d{4} ", text, re.MULTILINE)
    assert KEY not in text


def test_an_assumption_is_said_to_be_one(folder: Path) -> None:
    text = (folder / "cometapi-2-getImageExpansion.md").read_text()
    assert "Assumed: no page documents this path" in text


def test_an_archive_is_har(folder: Path) -> None:
    log = json.loads((folder / "cometapi-3-createImageExpansion.har").read_text())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "kling-contract")
    (entry,) = log["entries"]
    assert set(entry) == {"startedDateTime", "time", "request", "response", "cache", "timings", "comment"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["startedDateTime"])
    request, response = entry["request"], entry["response"]
    both = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
    assert set(request) == both | {"method", "url", "queryString", "postData"}
    assert set(response) == both | {"status", "statusText", "content", "redirectURL"}
    assert {"name": "authorization", "value": "Bearer $KEY"} in request["headers"]
    assert json.loads(request["postData"]["text"]).keys() >= {"image"}
    assert (response["status"], response["content"]["mimeType"]) == (404, "application/json")
    assert json.loads(response["content"]["text"])["message"] == "404"
    assert sum(entry["timings"].values()) == entry["time"]


def commands(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.glob("*.md")):
        block = re.search(r"```sh\n(.*?)\n```", path.read_text(), re.DOTALL)
        assert block is not None, path
        found[path.stem] = block[1]
    return found


def pasted(command: str, key: str) -> subprocess.CompletedProcess[str]:
    environment = {"KEY": key, "PATH": os.environ["PATH"]}
    return subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True)


def test_every_command_pastes_and_runs(server: MockServer, folder: Path) -> None:
    assert shutil.which("curl"), "curl is needed for this test"
    for name, command in commands(folder).items():
        subprocess.run(["sh", "-n", "-c", command], check=True)
        done = pasted(command, KEY)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("HTTP/1.1 404"), name
        assert '"message":"404"' in done.stdout.replace(" ", "")


def test_the_key_of_the_one_who_pastes_it_is_sent(folder: Path) -> None:
    heard: list[dict[str, Any]] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append({"authorization": self.headers["Authorization"], "body": json.loads(body), "path": self.path})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as listener:
        thread = threading.Thread(target=listener.handle_request)
        thread.start()
        command = commands(folder)["cometapi-3-createImageExpansion"]
        command = re.sub(r"http://127\.0\.0\.1:\d+", f"http://127.0.0.1:{listener.server_port}", command)
        assert pasted(command, "k$(x) '\"").returncode == 0
        thread.join()
    assert heard[0]["authorization"] == "Bearer k$(x) '\""
    assert heard[0]["path"] == "/p/cometapi/kling/v1/images/editing/expand"
    assert set(heard[0]["body"]) >= {"image", "left_expansion_ratio"}


printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
hostile = printable | st.sampled_from(
    ["$(id)", "`id`", "'; id #", '"$KEY"', "\\", "-x", "@/etc/passwd", "!!", "[1-9]{a,b}"]
)


@given(hostile, hostile, hostile)
def test_a_shell_reads_back_what_was_quoted(path: str, value: str, body: str) -> None:
    step = Step(3, None, "POST", f"/{path}", "", "", body.encode(), key=True)
    sent = {"authorization": "Bearer $KEY", "x-odd": value}
    command = evidence.curl(Exchange(step, f"{BASE}/p", at=0.0, ms=1, sent=sent))
    words = shlex.split(command.replace(" \\\n", " "))
    assert words[:6] == ["curl", "--globoff", "--include", "--silent", "--show-error", "--request"]
    assert words[6:] == [
        "POST",
        f"{BASE}/p",
        "--header",
        "authorization: Bearer $KEY",
        "--header",
        f"x-odd: {har.sent_headers(Exchange(step, BASE, at=0.0, ms=1, sent=sent))['x-odd']}",
        "--data-raw",
        body,
    ]


@pytest.mark.parametrize("body", ["$(echo no)", "`echo no`", "a'b", 'a"b', "a\nb", "\\", "!x", "@/etc/passwd", "%s"])
def test_a_shell_says_back_what_was_quoted(body: str) -> None:
    step = Step(1, None, "POST", "/x", "", "", body.encode())
    command = evidence.curl(Exchange(step, f"{BASE}/x y?[1]{{a,b}}", at=0.0, ms=1))
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    told = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    words = told.stdout.decode().split("\0")
    assert words[words.index("--data-raw") + 1] == body
    assert f"{BASE}/x y?[1]{{a,b}}" in words


ODD = [
    {"operation": "../../etc/passwd"},
    {"operation": "a/b"},
    {"operation": "A/B"},
    {"operation": "a b"},
    {"operation": "\0"},
    {"operation": "é" * 300},
    {"operation": "..."},
    {"operation": HOSTILE},
    {"provider": "../x", "operation": None},
]


def test_names_of_files_are_safe_and_none_is_given_twice() -> None:
    names = list(evidence._names([finding(**each) for each in ODD] * 2))
    assert len({each.casefold() for each in names}) == len(names) == 18
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,90}", each) for each in names)


def test_what_waits_for_the_next_run_has_no_evidence_and_a_host_no_archive(tmp_path: Path) -> None:
    waiting = finding("route.missing", raw_reason="route.alive", pending=True)
    flip = finding("route.alive", raw_reason="route.missing", pending=True)
    host = finding("net.timeout", operation=None, level=0, method="", path="")
    assert [each.name for each in evidence.write(run_of(waiting, flip, host), tmp_path)] == ["cometapi-0-host.md"]
    assert f"That `{BASE}` can be reached." in (tmp_path / "cometapi-0-host.md").read_text()


def answered(data: bytes = b"{}", reason: str = "route.missing", **changes: Any) -> Finding:
    return with_exchange(finding(reason), data=data, **changes)


def claim(given: Finding) -> str:
    return evidence.claim(given, PROVIDER, "0.1.0")


@pytest.mark.parametrize(
    ("data", "headers", "request_id"),
    [
        (b'{"code": 1201, "message": "no", "request_id": "r-1"}', {"x-request-id": "r-2"}, "r-1"),
        (b'{"nothing": 1}', {"x-request-id": "r-2"}, "r-2"),
        (b"<html>", {"cf-ray": "r-3"}, "r-3"),
        (b"<html>", {"x-trace-id": "r-4"}, "r-4"),
        (b"", {"server": "x"}, None),
    ],
)
def test_the_request_id_is_found(data: bytes, headers: dict[str, str], request_id: str | None) -> None:
    given = answered(data, headers=headers)
    assert given.exchange is not None
    assert evidence.request_id(given.exchange, PROVIDER) == request_id
    assert f"- Request id: {f'`{request_id}`' if request_id else 'none was given'}" in claim(given)


def test_where_no_answer_came_the_archive_says_so() -> None:
    given = answered(b"", "net.timeout", status=0, failure="net.timeout", detail="timed out")
    assert given.exchange is not None
    (entry,) = json.loads(har.archive(given.exchange, "1"))["log"]["entries"]
    assert (entry["response"]["status"], entry["comment"]) == (0, "net.timeout: timed out")
    assert "No answer after 120 ms: timed out" in claim(given)


def test_a_real_task_is_not_made_again_without_a_word() -> None:
    step = replace(plan().steps[2], level=5, key=True)
    exchange = Exchange(step, BASE, at=0.0, ms=1, status=500)
    given = finding("task.failed", level=5, operation=step.name, exchange=exchange)
    assert "This creates a task, which is billed." in claim(given)
    assert "This creates a task" not in claim(answered())


@given(texts | st.sampled_from([HOSTILE, "```\n# no", '{"message": "```"}', "\x1b[31m"]))
def test_whatever_is_answered_stays_in_its_block(text: str) -> None:
    lines = claim(answered(text.encode("utf-8", "replace"), detail=text, headers={"x-odd": text})).split("\n")
    titles = [line for line in outside(lines) if line.startswith("#")]
    assert titles == [
        "# CometAPI: getImageToVideo is down",
        "## What is promised",
        "## What was answered",
        "## Ask again",
        "## Held against",
    ]


def outside(lines: list[str]) -> Iterator[str]:
    """Yield the lines that are in no fenced block."""
    fence = ""
    for line in lines:
        if fence:
            fence = "" if line == fence else fence
        elif opened := re.match("`{3,}(?=[a-z]*$)", line):
            fence = opened[0]
        else:
            yield line


def test_cookies_tokens_images_and_long_bodies_are_left_out() -> None:
    image = "iVBORw0KGgo" + "A" * 5000
    body = {"access_token": "t-1", "image": image, "data": {"balance": 12.5, "list_price": "3 USD"}}
    headers = {"set-cookie": "...", "x-auth-token": "t-2", "location": "https://u:p@h/?sig=t-3#t-4", "x-quota": "12"}
    given = answered(json.dumps(body).encode(), headers=headers)
    assert given.exchange is not None
    for text in (claim(given), har.archive(given.exchange, "1")):
        assert not re.search(r"t-[1234]|A{300}|12\.5|3 USD|u:p|\"12\"|: 12$", text, re.MULTILINE)


def test_an_address_has_no_user() -> None:
    step = plan().steps[-1]
    exchange = Exchange(step, "https://me:pass@h:1/x?pageNum=1&key=k", at=0.0, ms=1)
    assert har.address(exchange) == "https://h:1/x?pageNum=1&key=[redacted]"
