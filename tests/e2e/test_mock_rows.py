"""The table of error rows in openapi/README.md: every name, and what it says of when each is sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from asking import URL, Core, made
from bridge import loaded

from kling_contract.auth import sign
from kling_contract.documents import bundled
from mock_server.limits import Rates

README = (Path(__file__).parents[2] / "openapi" / "README.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| `([a-z]+\.[a-z0-9-]+)`(?: \(`[a-z.]+`\))? \| ?(.*?) ?\|$", README, re.MULTILINE))
WIDER = dict(re.findall(r"^\| `([a-z]+\.[a-z0-9-]+)` \(`([a-z.]+)`\) \|", README, re.MULTILINE))
VIDEOS, BODY, SECRET = "/v1/videos/image2video", {"image": URL, "model_name": "kling-v2-6"}, "s" * 32


def test_the_table_has_every_row_of_the_bundled_documents_and_no_other() -> None:
    assert sorted(TABLE) == sorted({row for name in bundled() for row in loaded(name).errors})


def test_what_answers_for_a_row_that_a_document_lacks_is_in_the_table() -> None:
    tiny = loaded(str(Path(__file__).parents[1] / "documents" / "tiny.yaml"))
    for row, wider in WIDER.items():
        assert row not in tiny.errors
        assert tiny.error(row) is tiny.error(wider)


def token(**given: Any) -> str:
    core_now = 1_790_000_000
    return f"Bearer {sign('ak', given.pop('secret', SECRET), core_now + given.pop('ahead', 0))}"


def guarded() -> Core:
    return Core("kling", keys=frozenset({"sk"}), secrets={"ak": SECRET})


def post(core: Core, body: Any = None, **more: Any) -> Any:
    return core.ask("POST", VIDEOS, {**BODY, **(body or {})} if not isinstance(body, bytes) else body, **more)


def twice(core: Core, body: Any) -> Any:
    post(core, body)
    return post(core, body)


SENT: dict[str, Any] = {
    "auth.missing": lambda: guarded().ask("GET", VIDEOS, key=None),
    "auth.invalid": lambda: guarded().ask("GET", VIDEOS, key="Basic x"),
    "auth.unknown": lambda: guarded().ask("GET", VIDEOS, key="Bearer other"),
    "auth.token": lambda: guarded().ask("GET", VIDEOS, key=token(secret="x" * 32)),
    "auth.early": lambda: guarded().ask("GET", VIDEOS, key=token(ahead=600)),
    "auth.expired": lambda: guarded().ask("GET", VIDEOS, key=token(ahead=-9000)),
    "account.balance": lambda: post(Core("kling", rates=Rates(balance=0))),
    "body.malformed": lambda: post(Core("kling"), b"no json"),
    "body.too-large": lambda: post(Core("kling", max_body=10)),
    "image.base64": lambda: post(Core("kling"), {"image": "data:image/png;base64,AAAA"}),
    "image.invalid": lambda: post(Core("kling"), {"image": "AAAA"}),
    "value.enum": lambda: post(Core("kling"), {"mode": "turbo"}),
    "model.retired": lambda: post(Core("kling", refuse_retired=True), {"model_name": "kling-v1"}),
    "task.missing": lambda: Core("kling").ask("GET", f"{VIDEOS}/1"),
    "task.duplicate": lambda: twice(Core("kling"), {"external_task_id": "a"}),
    "request.invalid": lambda: Core("kling").ask("GET", f"{VIDEOS}?pageNum=0"),
    "method.unknown": lambda: Core("kling").ask("DELETE", VIDEOS),
    "route.unknown": lambda: Core("kling").ask("GET", "/v1"),
    "route.unavailable": lambda: Core("cometapi", opened=frozenset()).create("createImageExpansion", {}),
    "rate.limit": lambda: twice(Core("kling", rates=Rates(per_second=1)), {}),
    "rate.concurrency": lambda: twice(Core("kling", rates=Rates({"video": 1})), {}),
}


@pytest.mark.parametrize("row", SENT)
def test_a_row_is_sent_when_the_table_says(row: str) -> None:
    assert SENT[row]().entry.row == row


def test_the_table_says_of_all_others_that_they_come_when_asked_for_alone() -> None:
    assert sorted(row for row, when in TABLE.items() if when not in ("", "(CometAPI)")) == sorted(SENT)


def test_an_id_of_another_family_is_a_missing_task() -> None:
    core = Core("kling")
    assert core.ask("GET", f"/v1/images/editing/expand/{made(core)}").entry.row == "task.missing"
