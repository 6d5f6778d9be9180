"""A key that a JSON object has twice: noted, wherever it stands, without reading the body again."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import reading
from kling_contract.cli import main
from kling_contract.reading import parse, repeated


def noted(data: bytes) -> list[str]:
    return [each.pointer for each in repeated(data, parse(data)[0])]


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        (b'{"a": 1, "a": 2}', ["/a"]),
        (b'{"a" : 1, "b": 2, "a" :"x"}', ["/a"]),
        (b'{"a": {"b": 1, "b": 2}}', ["/a/b"]),
        (b'{"a": [{"b": 1}, {"b": 1, "b": 1}]}', ["/a/1/b"]),
        (b'{"a": {"b": 1}, "a": {"b": 2}}', ["/a"]),
        (b'{"a": 1, "\\u0061": 2}', ["/a"]),
        (b'{"a/b": 1, "a/b": 2}', ["/a~1b"]),
        (b'{"": 1, "": 2}', ["/"]),
        (b'{"a": 1, "a": 2, "b": 1, "b": 2}', ["/a", "/b"]),
        (b'{"a": "\\u0022", "a": "x"}', ["/a"]),
        (b'[{"a": 1, "a": 1}]', ["/0/a"]),
        (b'{"a": 1}', []),
        (b"{}", []),
        (b"[]", []),
        (b"1", []),
        (b'"a"', []),
        (b'{"a": "a", "b": "\\"a\\": 1, \\"a\\": 2"}', []),
        (b'{"a": "\\u0022a\\u0022", "b": {"a": 1}}', []),
        (b'{"a": "\\\\u0022", "b": "\\\\"}', []),
        (b'{"a": "\\\\\\"", "\\"": "\\""}', []),
        (b'{"n": 1.5, "m": 1e30, "k": 123456789012345678901234567890, "n": 2}', ["/n"]),
    ],
)
def test_a_key_that_is_there_twice_is_noted_where_it_stands(data: bytes, pointers: list[str]) -> None:
    assert noted(data) == pointers


def test_a_note_says_how_often_and_which_one_counts() -> None:
    data = b'{"mode": "std", "mode": "pro", "mode": "4k"}'
    (found,) = repeated(data, parse(data)[0])
    assert found.rule == "json.duplicate"
    assert found.message == "mode is given 3 times in one object; the last one counts"
    assert (found.found, found.hint) == (3, "give it once")
    assert parse(data)[0] == {"mode": "4k"}


def test_a_number_of_thousands_of_digits_does_not_stop_it() -> None:
    assert [each.pointer for each in repeated(b'{"a": 1, "a": ' + b"9" * 5000 + b"}", {"a": 1})] == ["/a"]


def test_a_body_without_end_is_no_error() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert repeated(b"[" * 5001 + b"]" * 5001, deep) == []


class Members(list[tuple[str, Any]]):
    """The members of an object, as they are to be written."""


names = st.sampled_from(["a", "b", '"', "\\", '\\"', "u0022", '\\u0022"', "é", " : ", ""])
leaves = st.one_of(names, st.integers(-9, 9), st.none(), st.booleans(), st.text(max_size=5))
pairs = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(names, inner), max_size=4).map(Members),
    max_leaves=12,
)


def text(node: Any, ascii_only: bool) -> str:
    if isinstance(node, Members):
        inside = (f"{text(key, ascii_only)} : {text(value, ascii_only)}" for key, value in node)
        return "{" + ",".join(inside) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(text(each, ascii_only) for each in node) + "]"
    return quoted(node, ascii_only) if isinstance(node, str) else json.dumps(node)


def quoted(text: str, ascii_only: bool) -> str:
    """Return a text as JSON, with its quotes written as numbers where all else is, too."""
    signs = (json.dumps(sign, ensure_ascii=ascii_only)[1:-1] for sign in text)
    return '"' + "".join("\\u0022" if ascii_only and sign == '\\"' else sign for sign in signs) + '"'


def doubled(node: Any) -> bool:
    if isinstance(node, Members):
        counted = Counter(key for key, _ in node)
        return max(counted.values(), default=1) > 1 or any(doubled(value) for _, value in node)
    return isinstance(node, list) and any(map(doubled, node))


@given(pairs, st.booleans())
def test_whatever_a_text_says_its_doubled_keys_are_found_and_no_others(node: Any, ascii_only: bool) -> None:
    data = text(node, ascii_only).encode("utf-8", "replace")
    assert bool(noted(data)) is doubled(node)


def test_a_body_without_doubled_keys_is_never_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps(
        {"image": "A" * 1_500_000, "prompt": 'say "hello", \\ and \u2028', "list": [{"a": 1}] * 9}
    ).encode()
    body = parse(data)[0]
    monkeypatch.setattr(reading, "json", None)
    assert repeated(data, body) == []


def test_validate_prints_it_as_a_note(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "body.json"
    file.write_text('{"image": "https://a.example/x.png", "mode": "pro", "mode": "std"}', encoding="utf-8")
    assert main(["validate", "createImageToVideo", str(file), "--provider", "kling"]) == 0
    assert "note json.duplicate: /mode: mode is given 2 times in one object" in capsys.readouterr().out
