"""A mock on a port and those that it calls back, as tests have them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from mock_server import MockServer

VIDEOS = "/kling/v1/videos/image2video"


class Wire:
    """A mock on a port, asked as any client asks."""

    def __init__(self, server: MockServer) -> None:
        self.url = server.url
        self.client = httpx.Client(base_url=server.url, headers={"authorization": "Bearer test"}, trust_env=False)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def create(self, callback_url: str, **headers: str) -> str:
        body = {"image": "https://example.com/cat.png", "callback_url": callback_url}
        answer = self.client.post(VIDEOS, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["task_id"])

    def admin(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.client.request(method, f"/__admin/{path}", json=body, params=query, timeout=60)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else None

    def advance(self, seconds: float) -> Any:
        return self.admin("POST", "clock/advance", {"seconds": seconds})

    def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.admin("GET", "deliveries", **query)["deliveries"]
        return found


class Asking:
    """A receiver in a thread, which does something before it answers."""

    def __init__(self, act: Any) -> None:
        self.bodies: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                act()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *about: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self) -> Asking:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
