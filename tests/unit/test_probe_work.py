"""What is made of an answer is bounded, whatever stands in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from probed import plan

from kling_contract import load
from kling_contract.client.answers import parse_response
from kling_contract.contract import check_response
from kling_contract.envelopes import Envelope, Mismatch
from kling_contract.errors import APIError
from kling_contract.probe import classify
from kling_contract.probe.classify import beginning, judge
from kling_contract.probe.exchange import LONGEST, Exchange
from kling_contract.probe.heard import LONGEST_BLANK, Heard
from kling_contract.probe.telling import LONGEST_DETAIL, SEARCHED, told, without_amounts
from kling_contract.probe.tripwire import Tripwire
from kling_contract.reading import VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER = load("kling")
TASK = "831922345719271433"


def exchange(kind: str, status: int, data: bytes, **headers: str) -> Exchange:
    steps = [each for each in plan(4, "kling").steps if each.operation is not None]
    step = next(each for each in steps if each.operation is not None and each.operation.kind == kind)
    return Exchange(step, "http://x", 0.0, 1, status, headers, data)


def fill(text: str) -> bytes:
    return (text * (LONGEST // len(text) + 1))[:LONGEST].encode()


# Each of these took seconds, a minute or for ever.
SLOW: dict[str, tuple[bytes, dict[str, str]]] = {
    "blanks after a name": (b'{"task_id"' + b" " * LONGEST, {}),
    "blanks after a colon": (b'{"task_id" :' + b" " * LONGEST + b"[" + b" " * 9000, {}),
    "backslashes": (b'{"task_id' + b"\\" * LONGEST, {}),
    "numbers in a Location": (b"", {"location": "9," * 50_000}),
    "lists": (b"[" * 100_000 + b"]" * 100_000, {}),
    "objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, {}),
    "a whole number": (b'{"code": ' + b"9" * LONGEST + b"}", {}),
    "a number with a point": (b'{"code": 0.' + b"9" * LONGEST + b"}", {}),
    "escapes over each other": (fill("%25"), {}),
    "entities": (fill("&amp;"), {}),
    "names of tasks": (fill("task_id: "), {}),
    "comments": (fill("<!--"), {}),
    "cookies": (b"", {"set-cookie": "a=b;" * 25_000}),
}


@pytest.mark.parametrize("how", SLOW)
@pytest.mark.parametrize(("kind", "status"), [("create", 400), ("create", 302), ("get", 200)])
def test_an_answer_made_to_be_judged_for_ever_is_judged(how: str, kind: str, status: int) -> None:
    data, headers = SLOW[how]
    given = exchange(kind, status, data, **headers)
    assert Tripwire(PROVIDER).judge(given) is None
    detail = judge(PROVIDER, given, 5000).detail
    assert detail.startswith(f"HTTP {status}")
    assert len(detail) <= LONGEST_DETAIL
    assert given.shown.data is not None


def test_a_task_behind_blanks_without_end_is_seen() -> None:
    data = b'{"code": 1201, "task_id"' + b" " * 500_000 + b":" + b"\n" * 500_000 + f'"{TASK}"}}'.encode()
    found = Tripwire(PROVIDER).judge(exchange("get", 400, data))
    assert found is not None
    assert TASK in found.detail


@pytest.mark.parametrize("item", ["{}", "1.5e3", '{"task_id": 1, "task_status": "x"}', "[[[]]]"])
def test_no_more_of_a_list_is_held_against_the_contract_than_its_beginning(
    item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its items may break the contract anew: a megabyte of them took a minute and a half."""
    held: list[Any] = []

    def counted(operation: Any, status: int, body: Any) -> Any:
        held.append(body)
        return check_response(operation, status, body)

    monkeypatch.setattr(classify, "check_response", counted)
    more = f", {item}" * min((LONGEST - 100) // (len(item) + 2), VALUES // 8)  # of more values no text is read
    data = f'{{"code": 0, "message": "S", "request_id": "r", "data": [{item}{more}]}}'
    assert judge(PROVIDER, exchange("list", 200, data.encode()), 5000).reason == "contract.schema"
    assert [len(each["data"]) for each in held] == [100, 100]


def test_the_beginning_of_a_body_is_what_it_was_but_for_long_lists_and_great_depths() -> None:
    body = {"a": [{"b": [1, 2]}, None], "c": "x"}
    assert beginning(body) == body
    assert beginning({"a": list(range(500))}) == {"a": list(range(100))}
    assert beginning([[list(range(50))] * 50])[0][0] == [0, 1, 2]
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    assert len(json.dumps(beginning(deep))) < 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("balance 12,34.5 left", "balance [amount] left"),
        ("you have 12.50 USD, and -3元", "you have [amount] USD, and [amount]元"),
        ("$5 of 7", "$[amount] of 7"),
        ("balance of id 5", "balance of id 5"),
        ("quota: x" + "." * 60 + " 5", "quota: x" + "." * 60 + " 5"),
        ("5 usdx and 5   credits", "5 usdx and [amount]   credits"),
        ("余额不足：8", "余额不足：[amount]"),
        ("code 1102", "code 1102"),
    ],
)
def test_amounts_are_left_out(text: str, shown: str) -> None:
    assert without_amounts(text) == shown


def test_an_amount_at_the_end_of_what_is_looked_at_is_not_told() -> None:
    for length in range(SEARCHED - 8, SEARCHED + 2):
        text = "$" + "1" * (length - 3) + "; 23456 USD" + " x" * 1000
        assert told(text).startswith("$[amount];")
        assert "2" not in told(text)
    assert told("9" * 100_000) == "..."


def heard(*pieces: bytes) -> int:
    given = Heard()
    for each in pieces:
        given.hear(each)
    return given.status


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"HTTP/1.1 200 OK\r\n"], 200),
        ([b"H", b"TTP", b"/1.1 20", b"1 X"], 201),
        ([b"HTTP/1.1 2"], 200),
        ([b"HTTP/1.1 4"], 0),
        ([b"HTTP/1.1 404"], 404),
        ([b"\r\nHTTP/1.1 200"], 200),
        ([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\nA: b\n\nHTTP/1.1 202 X"], 202),
        ([b"HTTP/1.1 100 Continue\r\nX: HTTP/1.1 200"], 0),
        ([b"ICY 200 OK"], 0),
        ([b"x" * 100, b"HTTP/1.1 200 OK"], 0),
        ([], 0),
    ],
)
def test_the_status_of_an_answer_is_heard_before_its_head_is_read(pieces: list[bytes], status: int) -> None:
    assert heard(*pieces) == status


def in_bytes(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


@pytest.mark.parametrize("blank", [b" ", b"\t", b"\r\n "])
def test_blanks_in_a_head_or_a_trailer_are_refused_and_those_of_json_are_not(blank: bytes) -> None:
    many = blank * (LONGEST_BLANK // len(blank) + 1)
    for pieces in ([b"HTTP/1.1 400 X\r\nX:" + many], list(in_bytes(b"HTTP/1.1 400 X\r\nX:" + many))):
        with pytest.raises(Exception, match="blanks before its value"):
            heard(*pieces)
    with pytest.raises(Exception, match="blanks before its value"):
        heard(b"HTTP/1.1 200 X\r\n\r\n" + b"x" * 600_000, b"\r\n0\r\nX-Trailer:" + many)
    assert heard(b"HTTP/1.1 400 X\r\n\r\n", b'{\n "task_id":' + many) == 400


def test_a_page_of_titles_is_read_once() -> None:
    for data, title in ((fill("<title"), False), (fill("<title>"), False), (b"<title> a </title>" + fill(" "), True)):
        with pytest.raises(APIError) as caught:
            parse_response(PROVIDER, PROVIDER.operation("getImageToVideo"), 500, "text/html", data)
        assert ("('a')" in str(caught.value)) is title


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("no a of b", True),
        ("no  of ", True),
        ("no a of", False),
        ("no of b", False),
        ("xno a of b", False),
        ("no a\nb of c of d", True),
        ("no " + " ofx" * 100_000, False),
    ],
)
def test_a_text_fits_what_is_expected_with_anything_in_place_of_its_values(text: str, fits: bool) -> None:
    envelope = Envelope({"message": {"$equals": "no $id of $model"}})
    if fits:
        assert envelope.match({"message": text}) == {}
    else:
        with pytest.raises(Mismatch):
            envelope.match({"message": text})
