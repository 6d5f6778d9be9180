"""`kling-contract serve` as a process of its own: what it prints where, how it ends, and each of its options."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asking import URL
from PIL import Image
from serving import TINY, Serve
from wire import wire

from kling_contract.auth import sign
from kling_contract.clock import RealClock

VIDEOS = "/v1/videos/image2video"
POST = (f"POST {VIDEOS} HTTP/1.1", "Host: x", "Authorization: Bearer test")


def picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (320, 300), "teal").save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_standard_output_is_one_line_and_a_signal_ends_it_with_0(number: int) -> None:
    with Serve("--provider", "kling") as server:
        assert server.ask("POST", VIDEOS, {"image": URL}).status_code == 200
        server.end(number)
    port = server.url.rpartition(":")[2]
    assert (server.ready, server.out, server.code) == (f"ready http://127.0.0.1:{port}\n", "", 0)
    first, *_, last = server.err.splitlines()
    assert first == "Kling as of 2026-11-21; a minute of a task's life takes 1 s (--speed 60)"
    assert last == "noted: model.retired 1"
    assert "\n200  createImageToVideo " in server.err
    assert "\n1 exchange, 1 task\n" in server.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_whatever_clients_do(number: int) -> None:
    with (
        Serve("--provider", "kling") as server,
        wire(server.url) as kept,
        wire(server.url) as half_a_head,
        wire(server.url) as half_a_body,
    ):
        kept.send("GET /livez HTTP/1.1", "Host: x")
        assert kept.reply().status == 200
        half_a_head.sock.sendall(b"POST /v1")
        half_a_body.send(*POST, "Content-Length: 100", body=b"{")
        assert server.ask("GET", VIDEOS).status_code == 200
        server.end(number)
        assert server.code == 0
        assert "Traceback" not in server.err
        assert [each.is_closed() for each in (kept, half_a_head, half_a_body)] == [True] * 3


def test_a_wildcard_host_is_shown_as_the_loopback_one() -> None:
    with Serve("--host", "0.0.0.0") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.ask("GET", "/livez").text == "ok\n"


def test_options_come_from_the_environment_too() -> None:
    environment = {
        "KLINGMOCK_PROVIDER": "anyapi",
        "KLINGMOCK_SPEED": "1",
        "KLINGMOCK_API_KEY": "sk-env",
        "KLINGMOCK_LENIENT": "yes",
        "KLINGMOCK_FAIL_ON_VIOLATION": "0",
        "KLINGMOCK_HOST": "",
    }
    with Serve(**environment) as server:
        assert server.ask("POST", "/kling/v1/images/editing/expand", {}, "Bearer sk-env").status_code == 200
        assert server.ask("POST", "/kling/v1/images/editing/expand", {}, "Bearer other").status_code == 401
    assert server.err.startswith("AnyAPI as of 2026-11-21; a minute of a task's life takes 60 s (--speed 1)")
    assert server.code == 0


def test_an_option_goes_before_the_environment() -> None:
    with Serve("--provider", "kling", KLINGMOCK_PROVIDER="nobody", KLINGMOCK_PORT="1") as server:
        assert server.ask("GET", VIDEOS).status_code == 200


def test_an_invented_provider_is_served_from_its_file() -> None:
    with Serve("--provider", TINY, "--speed", "1e6") as server:
        made = server.ask("POST", "/make/poster", {"headline": "Tonight"}).json()
        shown = server.ask("GET", f"/jobs/poster/{made['job']['key']}").json()["job"]
        refused = server.ask("POST", "/make/poster", {"headline": ""})
    assert (made["ok"], made["job"]["state"], shown["state"]) == (True, "QUEUED", "DONE")
    assert (refused.status_code, refused.json()["fault"]["field"]) == (422, "headline")


def test_keys_let_in_and_keep_out() -> None:
    now = RealClock().now()
    options = (
        "--api-key",
        "sk-one,sk-two",
        "--api-key",
        "sk-three",
        "--access-key",
        "access",
        "--secret-key",
        "secret",
    )
    keys = {
        **dict.fromkeys(("Bearer sk-one", "Bearer sk-two", "Bearer sk-three"), 200),
        **dict.fromkeys((None, "Bearer sk-four", "Basic sk-one", "Bearer secret", "Bearer access"), 401),
        f"Bearer {sign('access', 'secret', now)}": 200,
        f"Bearer {sign('access', 'other', now)}": 401,
        f"Bearer {sign('access', 'secret', now - 3600)}": 401,
        f"Bearer {sign('access', 'secret', now + 3600)}": 401,
    }
    with Serve("--provider", "kling", "--speed", "0.001", *options) as server:
        assert {key: server.ask("GET", VIDEOS, key=key).status_code for key in keys} == keys
    assert not [secret for secret in ("sk-", "secret'", "eyJ") if secret in server.err]


@pytest.mark.parametrize(
    ("body", "options", "code"),
    [
        ({"image": URL}, ("--fail-on-violation",), 0),
        ({"image": URL, "mode": "turbo"}, ("--fail-on-violation",), 1),
        ({"image": URL, "mode": "turbo"}, (), 0),
    ],
)
def test_a_violation_fails_it_if_it_is_told_to(body: Any, options: tuple[str, ...], code: int) -> None:
    with Serve("--provider", "kling", *options) as server:
        server.ask("POST", VIDEOS, body)
    assert server.code == code


def test_lines_of_json_say_what_happened_and_never_a_key() -> None:
    image = picture()
    body = {
        "image": base64.b64encode(image).decode(),
        "mode": "turbo",
        "callback_url": "https://a.b/?token=very-secret",
    }
    with Serve("--provider", "kling", "--log-format", "json", "--api-key", "sk-very-secret") as server:
        server.ask("POST", VIDEOS, body, "Bearer sk-very-secret")
        server.ask("GET", VIDEOS, key="Bearer sk-very-secret-but-wrong")
        server.ask("GET", f"{VIDEOS}?key=very-secret", key="Basic very-secret")
    lines = [json.loads(line) for line in server.err.splitlines() if line.startswith("{")]
    assert [(line["operation"], line["status"]) for line in lines] == [
        ("createImageToVideo", 400),
        ("listImageToVideos", 401),
        ("listImageToVideos", 401),
    ]
    digest = hashlib.sha256(image).hexdigest()[:12]
    assert lines[0]["images"] == [f"png 320x300 {len(image)} bytes {digest}"]
    assert [each["rule"] for each in lines[0]["violations"]] == ["schema.enum"]
    assert "secret" not in server.err


def test_an_image_is_shown_by_type_size_and_digest_only() -> None:
    image = picture()
    text = base64.b64encode(image).decode()
    with Serve("--provider", "kling") as server:
        server.ask("POST", VIDEOS, {"image": text})
        server.ask("POST", VIDEOS, {"image": "data:image/png;base64," + text})
        server.ask("POST", VIDEOS, {"image": f"https://u:very-secret@a.b/c.png?k={text}"})
    assert f"image png 320x300 {len(image)} bytes {hashlib.sha256(image).hexdigest()[:12]}\n" in server.err
    assert "image https://a.b/c.png\n" in server.err
    assert text[40:80] not in server.err
    assert "very-secret" not in server.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_a_client_sends_controls_the_terminal(form: str) -> None:
    with Serve("--provider", "kling", "--log-format", form) as server:
        with wire(server.url) as connection:
            session = "X-Kling-Session: \x9b31m\x85"
            connection.send("GET /%1b[31m%0a%0d%00%c2%9b/\x1f HTTP/1.1", "Host: x", session)
            connection.reply()
        server.ask("POST", VIDEOS, {"image": URL, "\x1b[31m\r\nok\u2028\u202e\x7f": 1, "mode": "\x1b]0;x\x07"})
        server.ask("GET", "/s/%1b%5b31m%0aready/v1/x")
    lines = server.err.split("\n")
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith(("ready", "ok"))]


def test_a_log_may_be_silent() -> None:
    with Serve("--provider", "kling", "--log-format", "none") as server:
        server.ask("POST", VIDEOS, {"mode": "turbo"})
    assert "refused schema.enum" not in server.err
    assert server.err.endswith("refused: schema.enum 1, image-to-video.image 1\nnoted: model.retired 1\n")


def run(lines: str) -> Any:
    """Run lines as a person would paste them, and return the JSON that they print."""
    environment = {"PATH": os.environ["PATH"], "KLING_API_KEY": "sk-mine", "no_proxy": "*"}
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--provider", "kling"), ("data", "task_id")),
        (("--provider", "cometapi"), ("data", "task_id")),
        (("--provider", "cometapi", "--open", "createImageExpansion"), ("data", "task_id")),
        (("--provider", "anyapi", "--api-key", "sk-mine"), ("data", "task_id")),
        (("--provider", TINY), ("job", "key")),
    ],
)
def test_the_curl_lines_work_as_printed(options: tuple[str, ...], where: tuple[str, str]) -> None:
    with Serve(*options) as server:
        assert server.process.stderr is not None
        head = [server.process.stderr.readline() for _ in range(5)]
        assert head[1] == "try:\n"
        made = run("".join(head[2:4]))
        task_id = made[where[0]][where[1]]
        shown = run(head[4].replace("TASK_ID", task_id))
    assert shown[where[0]][where[1]] == task_id
    assert "sk-mine" not in "".join(head) + server.err


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ("{key: true}", "Authorization: Bearer test"),
        ("{key: true, hs256: {lifetime: 1800, early: 5}}", "Authorization: Bearer test"),
        ("{key: false, hs256: {lifetime: 1800, early: 5}}", "Authorization: Bearer eyJ"),
        ("{key: false}", None),
    ],
)
def test_the_curl_lines_have_a_credential_of_the_kind_that_the_document_takes(
    auth: str, told: str | None, tmp_path: Path
) -> None:
    document = tmp_path / "auth.yaml"
    document.write_text(Path(TINY).read_text().replace("auth: {key: true}", f"auth: {auth}"))
    with Serve("--provider", str(document)) as server:
        assert server.process.stderr is not None
        head = [server.process.stderr.readline() for _ in range(5)]
        assert run("".join(head[2:4]))["ok"] is True
        assert run(head[4].replace("TASK_ID", "job_1"))["ok"] is False
    assert [line.count("Authorization") for line in (head[2], head[4])] == [int(told is not None)] * 2
    assert told is None or (told in head[2] and told in head[4])


def test_the_curl_lines_tell_of_a_token_where_only_those_of_an_access_key_are_taken() -> None:
    with Serve("--provider", "kling", "--access-key", "ak", "--secret-key", "sk") as server:
        assert server.process.stderr is not None
        head = [server.process.stderr.readline() for _ in range(5)]
    assert head[1] == "try, with an HS256 token of the access key in KLING_TOKEN:\n"
    assert "Bearer $KLING_TOKEN" in head[2]


def test_a_quote_in_an_example_does_not_end_the_curl_line(tmp_path: Path) -> None:
    document = tmp_path / "quote.yaml"
    document.write_text(Path(TINY).read_text().replace("https://pictures.example/cat.png", "https://a.b/it''s.png"))
    with Serve("--provider", str(document)) as server:
        assert server.process.stderr is not None
        head = [server.process.stderr.readline() for _ in range(5)]
        assert run("".join(head[2:4]))["job"]["state"] == "QUEUED"


def test_the_remaining_options_reach_the_mock() -> None:
    options = ("--seed", "7", "--refuse-retired", "--public-url", "https://tunnel.example/", "--speed", "1e6")
    ids = []
    for _ in range(2):
        with Serve("--provider", "kling", *options) as server:
            retired = server.ask("POST", VIDEOS, {"image": URL, "model_name": "kling-v1"})
            made = server.ask("POST", VIDEOS, {"image": URL, "model_name": "kling-v2-6"}).json()["data"]["task_id"]
            shown = server.ask("GET", f"{VIDEOS}/{made}").json()["data"]
        assert "has been discontinued" in retired.json()["message"]
        assert shown["task_result"]["videos"][0]["url"] == f"https://tunnel.example/__media/{made}-0.mp4"
        ids.append(made)
    assert ids[0] == ids[1]
