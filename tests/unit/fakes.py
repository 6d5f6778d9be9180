"""A provider of the test's own making, which gives its answers one after the other, and a clock beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from bridge import Moving as Clock

from kling_contract import AsyncKling, Kling, Task

PICTOR = Path(__file__).parent / "pictor.yaml"
URL = "https://example.com/cat.png"
ID = "831922345719271433"


class Script:
    """Answers requests with what it was given, in that order; an exception is raised. One request more is a failure."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert self.answers, f"nobody expected {request.method} {request.url}"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return _fresh(answer)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Method and path of each request."""
        return [(request.method, request.url.raw_path.decode()) for request in self.requests]

    def body(self, index: int = 0) -> Any:
        return json.loads(self.requests[index].content)


def _fresh(answer: httpx.Response) -> httpx.Response:
    """Copy a whole answer, since httpx binds one to the client that it went through; a stream is what it is."""
    if not hasattr(answer, "_content"):
        return answer
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def client(script: Script, provider: str | Path = "kling", **options: Any) -> Kling:
    options = {"api_key": "sk-test", "clock": Clock(), **options}
    return Kling(provider=provider, transport=httpx.MockTransport(script), **options)


def async_client(script: Script, provider: str | Path = "kling", **options: Any) -> AsyncKling:
    options = {"api_key": "sk-test", "clock": Clock(), **options}
    return AsyncKling(provider=provider, transport=httpx.MockTransport(script), **options)


def told(status: str = "submitted", task_id: Any = ID, **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "task_status": status, "created_at": 1722769557708, "updated_at": 1722769560000, **more}


def answer(data: Any, status: int = 200) -> httpx.Response:
    body = {"code": 0, "message": "SUCCEED", "request_id": "9984d27b", "data": data}
    return httpx.Response(status, json=body)


def task(status: str = "submitted", task_id: Any = ID, **more: Any) -> httpx.Response:
    return answer(told(status, task_id, **more))


def images(*urls: str) -> httpx.Response:
    return task("succeed", task_result={"images": [{"index": i, "url": url} for i, url in enumerate(urls)]})


def videos(*urls: str) -> httpx.Response:
    found = [{"id": f"v{index}", "url": url, "duration": "5.041"} for index, url in enumerate(urls)]
    return task("succeed", task_result={"videos": found})


def file(content: bytes = b"result", content_type: str = "") -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-type": content_type} if content_type else {})


def done(script: Script, *urls: str, kind: Any = images, **options: Any) -> Task:
    """Return a task whose results are at `urls`."""
    script.answers.insert(0, kind(*urls))
    return client(script, **options).get("getImageToVideo", ID)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(status: int, code: Any, message: str, **headers: str) -> httpx.Response:
    body = {"code": code, "message": message, "request_id": "f00d"}
    return httpx.Response(status, json=body, headers=headers)


MISSING = refused(400, 1201, "Task not found by id/external id: job-1")
BUSY = refused(429, 1303, "parallel task over resource pack limit")
