"""Entries of the journal: what an exchange leaves in its session."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys

import pytest
from asking import URL, Core, example
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.errors import Violation
from mock_server.journal import Entry, Journal, in_words

EXPANSION = {
    "image": URL,
    "up_expansion_ratio": 0.1,
    "down_expansion_ratio": 0.1,
    "left_expansion_ratio": 0.1,
    "right_expansion_ratio": 0.1,
}
WRONG = Violation("/n", "schema.maximum", "n is 10, above the maximum of 9", 10, "the nearest is 9")


def entry(number: int = 1, **values: object) -> Entry:
    return Entry(number, 1000, "default", "GET", "/", **values)


@given(st.integers(0, 30), st.integers(1, 10))
def test_a_journal_keeps_the_last_entries_and_counts_all(total: int, most: int) -> None:
    journal = Journal(most)
    for number in range(total):
        one = entry(number, violations=[WRONG, WRONG], notes=[WRONG])
        journal.open(one)
        journal.close(one)
    assert [each.id for each in journal.entries] == list(range(total))[-most:]
    assert journal.total == total
    assert journal.refused[WRONG.rule] == 2 * total
    assert journal.noted[WRONG.rule] == total


def test_an_image_is_told_by_type_sides_bytes_and_digest() -> None:
    data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\x02\x58" + b"x" * 100
    digest = hashlib.sha256(data).hexdigest()[:12]
    assert in_words(base64.b64encode(data).decode()) == f"png 300x600 {len(data)} bytes {digest}"


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("https://user:secret@example.com/cat.png?token=secret#secret", "https://example.com/cat.png"),
        ("", "0 characters that are no image"),
        ("data:image/png;base64,AAAA", "26 characters that are no image"),
        ("secret text", "11 characters that are no image"),
    ],
)
def test_an_image_field_shows_no_secret(image: str, words: str) -> None:
    assert in_words(image) == words


@given(st.text(max_size=200))
def test_any_text_can_be_told_in_words(text: str) -> None:
    assert len(in_words(text)) < 330


def test_an_exchange_is_journalled_in_its_session() -> None:
    core = Core(verbose=True)
    made = core.create("createImageExpansion", {**EXPANSION, "extra": 1}, x_kling_session="a")
    core.create("createImageExpansion", {**EXPANSION, "n": 10}, x_kling_session="a")
    core.ask("GET", "/nowhere", x_kling_session="b")
    first, second = core.mock.sessions.get("a").journal.entries
    (third,) = core.mock.sessions.get("b").journal.entries
    assert (first.id, first.operation, first.status, first.task) == (
        1,
        "createImageExpansion",
        200,
        made.body["data"]["task_id"],
    )
    assert (first.task_status, first.images, [note.pointer for note in first.notes]) == (
        "submitted",
        (URL,),
        ["/extra"],
    )
    assert (second.id, second.status, [each.rule for each in second.violations]) == (2, 400, ["schema.maximum"])
    assert (third.operation, third.status, third.row) == (None, 404, "route.unknown")
    assert made.headers["x-kling-mock-exchange"] == "a-1"


def test_an_entry_is_bounded_however_much_is_wrong() -> None:
    core = Core()
    many = core.create(
        "createImageToVideo", {"image": URL, "dynamic_masks": [{}] * 5000, **dict.fromkeys(map(str, range(500)), 1)}
    )
    assert many.status == 400
    assert len(many.entry.violations) == len(many.entry.notes) == 51
    assert [each.rule for each in (many.entry.violations[-1], many.entry.notes[-1])] == ["remarks.more"] * 2


def test_the_images_of_a_refused_request_are_told_too() -> None:
    refused = Core(verbose=True).create("createImageToVideo", {"image": URL, "mode": "turbo"})
    assert (refused.status, refused.entry.images) == (400, (URL,))
    assert Core().create("createImageToVideo", {"image": URL}).entry.images == ()


def test_no_secret_reaches_the_journal() -> None:
    core = Core("kling", verbose=True, secrets={"access": "hidden-secret"}, keys=frozenset({"sk-hidden"}))
    body = {**example(core.provider.operation("createImageToVideo")), "callback_url": "https://a.b/?key=hidden"}
    for key in ("Bearer sk-hidden", "Bearer sk-hidden-wrong", "Basic sk-hidden", "sk-hidden"):
        core.create("createImageToVideo", body, key=key)
    entries = core.mock.sessions.get("default").journal.entries
    assert [each.status for each in entries] == [200, 401, 401, 401]
    assert "hidden" not in json.dumps([each.as_dict() for each in entries])


def test_the_package_leads_to_its_testing_part() -> None:
    code = "import kling_contract; print(kling_contract.testing.mock.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "mock\n"
