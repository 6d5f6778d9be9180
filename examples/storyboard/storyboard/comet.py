"""Kling's image to video, bought from CometAPI."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

# What passes by waiting. An unpaid account is answered as 429 too, with other codes, and does not.
BUSY = (1302, 1303)
PAUSES = (2, 8, 30)  # seconds
TIMEOUT = 30  # seconds


class CometError(Exception):
    """CometAPI says no."""


class Refused(CometError):
    """It does not take this request, and would not later."""


class Busy(CometError):
    """It had no room for this request, however often it was asked."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task as CometAPI tells of it; `url` is where its clip is, once it has succeeded."""

    status: str
    reason: str
    url: str | None


class Comet:
    """The two calls that we need. Both raise `CometError`, and `requests.RequestException` where it cannot be asked."""

    def __init__(self, base: str, key: str) -> None:
        self._url = f"{base}/kling/v1/videos/image2video"
        self._headers = {"Authorization": f"Bearer {key}"}

    def submit(self, **body: Any) -> str:
        """Return the id of a new task."""
        answer = self._post(body)
        for pause in PAUSES:
            if not _is_busy(answer):
                break
            time.sleep(pause)
            answer = self._post(body)
        return str(_data(answer)["task_id"])

    def task(self, task_id: str) -> Task:
        """Return a task as it is now."""
        data = _data(requests.get(f"{self._url}/{task_id}", headers=self._headers, timeout=TIMEOUT))
        videos = (data.get("task_result") or {}).get("videos") or [{}]
        return Task(data["task_status"], data.get("task_status_msg") or "", videos[0].get("url"))

    def _post(self, body: dict[str, Any]) -> requests.Response:
        return requests.post(self._url, json=body, headers=self._headers, timeout=TIMEOUT)


def _is_busy(answer: requests.Response) -> bool:
    return answer.status_code == 429 and answer.json().get("code") in BUSY


def _data(answer: requests.Response) -> dict[str, Any]:
    if 400 <= answer.status_code < 500:
        raise _error(answer)
    answer.raise_for_status()
    data: dict[str, Any] = answer.json()["data"]
    return data


def _error(answer: requests.Response) -> CometError:
    body = answer.json()
    kind = Busy if _is_busy(answer) else Refused if answer.status_code == 400 else CometError
    return kind(body.get("message") or body["error"]["message"])
