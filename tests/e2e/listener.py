"""An application that is called back, in a process of its own: verifies what comes, and counts it.

`POST /hook` is for callbacks; `PUT /answers` says what the next ones are answered, `[500, 503]`, and 200 after that;
`GET /seen` shows what came: status of the task, webhook-id, timestamp, and whether the signature was good.
"""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from kling_contract import SignatureError, verify_callback


class Listener:
    """The process, as a test has it. Leaving the block ends it."""

    def __init__(self, secret: str, provider: str = "cometapi") -> None:
        self.process = subprocess.Popen([sys.executable, __file__, secret, provider], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.client = httpx.Client(base_url=self.url, trust_env=False)

    @property
    def hook(self) -> str:
        return f"{self.url}/hook"

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.communicate()

    def answer(self, *statuses: int) -> None:
        """Begin anew, answering the next callbacks so."""
        assert self.client.put("/answers", json=list(statuses)).status_code == 204

    def seen(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/seen").json()
        return found

    def statuses(self) -> list[str]:
        return [each["status"] for each in self.seen()]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    secret, provider = "", ""
    answers: list[int] = []  # noqa: RUF012 - one process has one listener
    seen: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self._body()
        try:
            state = verify_callback(dict(self.headers), body, self.secret, provider=self.provider)
            status, good = state.status, True
        except SignatureError:
            status, good = json.loads(body)["task_status"], False
        about = {"id": self.headers["webhook-id"], "timestamp": self.headers["webhook-timestamp"]}
        self.seen.append({"status": status, "good": good, **about, "path": self.path})
        self._answer(self.answers.pop(0) if self.answers else 200)

    def do_PUT(self) -> None:
        self.answers[:] = json.loads(self._body())
        self.seen.clear()
        self._answer(204)

    def do_GET(self) -> None:
        self._answer(200, json.dumps(self.seen).encode())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["content-length"]))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: Any) -> None:
        pass


def main() -> None:
    _Handler.secret, _Handler.provider = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
