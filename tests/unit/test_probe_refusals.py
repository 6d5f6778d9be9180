"""What a success to a create may be without being a trip: a page, and a refusal in the words of its document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from edited_tiny import edited

from kling_contract.probe import make_plan
from kling_contract.probe.classify import judge
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.pages import is_page
from kling_contract.probe.tripwire import Tripwire

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.documents import Provider

ROW = {"status": 200, "means": "request", "body": {"code": 402, "msg": "$message"}}
GIVEN = {"code": 402, "msg": "pay"}


def of(provider: Provider, status: int, body: Any) -> Exchange:
    """Return an answer to a create of the tiny provider."""
    steps = make_plan(provider, "http://test", level=1).steps
    step = next(each for each in steps if each.operation is not None and each.operation.kind == "create")
    return Exchange(step, "http://test", 0.0, 1, status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "body", "trips"),
    [
        (200, GIVEN, False),
        (201, GIVEN, True),
        (200, {**GIVEN, "data": None}, True),
        (200, {**GIVEN, "code": 403}, True),
        (200, {**GIVEN, "msg": {"id": "job-81723"}}, True),
        (200, [GIVEN], True),
    ],
)
def test_a_refusal_under_http_200_is_what_its_row_says_and_no_more(
    status: int, body: Any, trips: bool, tmp_path: Path
) -> None:
    provider = edited(tmp_path, (("info", "x-errors", "request.refused"), ROW))
    found = Tripwire(provider).judge(of(provider, status, body))
    assert (found is not None) is trips


@pytest.mark.parametrize(("means", "reason"), [("request", "route.alive"), ("server", "server.error")])
def test_a_refusal_under_http_200_has_the_reason_that_its_row_means(means: str, reason: str, tmp_path: Path) -> None:
    provider = edited(tmp_path, (("info", "x-errors", "request.refused"), {**ROW, "means": means}))
    assert judge(provider, of(provider, 200, GIVEN), 5000).reason in (reason, "contract.schema")


@pytest.mark.parametrize(
    ("data", "page"),
    [
        (b"<html>", True),
        (b"<!DOCTYPE HTML PUBLIC>", True),
        (b"<html", True),
        (b"<htmlx>", False),
        (b"<!doctype htm", False),
        (b"", False),
        (b"\xef\xbb\xbf", False),
        (b"<!---->" * 100_000 + b"<html>", True),
        (b"<!--" * 100_000, False),
        (b" " * 1_000_000, False),
    ],
)
def test_a_page_is_what_begins_as_one(data: bytes, page: bool) -> None:
    assert is_page(data) is page
