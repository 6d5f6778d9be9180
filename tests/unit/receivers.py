"""The mock's core, and receivers of its callbacks that need no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from asking import URL, Core

from mock_server.outward import Reply

EPOCH = 1_789_948_800_000
HOOK = "http://127.0.0.1:9/hook"


class Receiver:
    """Stands in for the network: answers with what it was given, then with 200."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.got = list(answers), []  # type: ignore[var-annotated]

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes, **limits: Any) -> Reply:
        self.got.append((url, headers, body, limits))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer, {}, b"")

    async def acall(self, method: str, url: str, headers: Mapping[str, str], body: bytes, **limits: Any) -> Reply:
        return self.call(method, url, headers, body, **limits)

    def close(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def core(receiver: Receiver, clock: str = "frozen", **settings: Any) -> Core:
    found = Core(clock=clock, epoch=EPOCH, **settings)
    found.mock.courier.carrier = receiver  # type: ignore[assignment]
    return found


def at_the_end(found: Core) -> str:
    """Make a task that calls back once, at its end."""
    answer = found.create("createImageToVideo", {"image": URL, "callback_url": HOOK}, prefer="callbacks=terminal")
    return str(answer.body["data"]["task_id"])


def statuses(receiver: Receiver) -> list[str]:
    return [json.loads(body)["task_status"] for _, _, body, _ in receiver.got]


def session(found: Core) -> Any:
    return found.mock.sessions.get("default")
