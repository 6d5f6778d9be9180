"""Tests in a container of their own: what they see of the application and of the mock is what the network shows."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
import requests

STORYBOARD, KLING = os.environ["STORYBOARD"], os.environ["KLING"]
ORDER = {"drawing": "https://storyboard.example/drawings/7.png", "direction": "the tide comes in"}


def admin(method: str, path: str, **options: Any) -> requests.Response:
    """Ask the mock about itself, or tell it how to be."""
    token = {"X-Kling-Admin-Token": os.environ["KLINGMOCK_ADMIN_TOKEN"]}
    answer = requests.request(method, f"{KLING}/__admin/{path}", headers=token, timeout=30, **options)
    answer.raise_for_status()
    return answer


@pytest.fixture(autouse=True)
def _anew() -> None:
    # A reset of everything would begin with the first task id again, which the application knows already.
    admin("POST", "reset", params={"only": "tasks,requests,scenarios,faults,deliveries"})


def settled() -> dict[str, Any]:
    """Order a shot and return it once it waits no longer; ten seconds are plenty."""
    shot = requests.post(f"{STORYBOARD}/shots", json=ORDER, timeout=30).json()
    for _ in range(100):
        shot = requests.get(f"{STORYBOARD}/shots/{shot['id']}", timeout=30).json()
        if shot["status"] != "waiting":
            break
        time.sleep(0.1)
    return shot


def test_a_callback_brings_the_clip() -> None:
    assert settled()["status"] == "stored"
    told = admin("GET", "deliveries", params={"status": "succeed", "timeout": 10}).json()["deliveries"]
    assert [each["state"] for each in told] == ["delivered"]
    assert admin("POST", "requests/count", json={"status": 400}).json() == {"count": 0}


def test_the_moderator_says_why() -> None:
    armed = {"operation": "createImageToVideo", "scenario": "fail", "times": 1}
    admin("POST", "scenarios", json=armed)
    shot = settled()
    assert (shot["status"], shot["note"]) == ("failed", "Failure to pass the risk control system")
