"""Admin, asked without a socket; every answer is held against the document of admin."""

from __future__ import annotations

import functools
import json
import re
from typing import Any, NamedTuple

import jsonschema_rs
from asking import Core, example

from kling_contract.documents import bundle, folder
from mock_server.exchange import Exchange


class Said(NamedTuple):
    """An answer of admin: its JSON, or None where it has no body."""

    status: int
    body: Any

    @property
    def error(self) -> str:
        return str(self.body["error"]["message"])

    @property
    def accepted(self) -> str:
        return str(self.body["error"]["accepted"])


class Desk(Core):
    """A mock in the hand of a test, on a clock that stands still unless the test says otherwise."""

    def __init__(self, provider: Any = "kling", **settings: Any) -> None:
        super().__init__(provider, **{"clock": "frozen", **settings})

    def admin(self, method: str, path: str, body: Any = None, *, session: str | None = None, **headers: str) -> Said:
        """Ask admin; `body` is JSON-ready data, or bytes that are sent as they are."""
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"host": "127.0.0.1:4060", **{name.replace("_", "-"): value for name, value in headers.items()}}
        prefix = "" if session is None else f"/s/{session}"
        exchange = Exchange(method, f"{prefix}/__admin/{path}", query, named, data, "http://127.0.0.1:4060")
        answer = self.mock.answer(exchange)
        said = Said(answer.status, json.loads(answer.body) if answer.body else None)
        hold(method, path, said)
        return said

    def video(self, **headers: str) -> str:
        """Create a task; return its id."""
        made = self.create("createImageToVideo", example(self.provider.operation("createImageToVideo")), **headers)
        return str(made.body["data"]["task_id"])

    def status(self, task_id: str) -> str:
        return str(self.get("getImageToVideo", task_id).body["data"]["task_status"])


@functools.cache
def document() -> dict[str, Any]:
    return bundle(folder() / "admin.yaml")


def hold(method: str, path: str, said: Said) -> None:
    """Fail if an answer is none that the document of admin describes."""
    item = next((node for template, node in templates() if template.fullmatch(path)), None)
    operation = (item or {}).get({"HEAD": "get"}.get(method, method.lower()))
    if operation is None:
        assert said.status in (401, 403, 404, 405), (method, path, said)
        schema: Any = {"$ref": "#/components/schemas/Error"}
    else:
        answer = operation["responses"].get(str(said.status), operation["responses"]["default"])
        while "$ref" in answer:
            answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        if "content" not in answer:
            assert said.body is None
            return
        assert said.status == 200 or said.status >= 400
        schema = answer["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for({**schema, "components": document()["components"]})
    assert [error.message for error in validator.iter_errors(said.body)] == [], (method, path, said)


@functools.cache
def templates() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Return the document's paths, those without a parameter first."""
    paths = sorted(document()["paths"].items(), key=lambda item: "{" in item[0])
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path.strip("/"))), item) for path, item in paths]
