"""What the gate does with texts and numbers that are no JSON to compute with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from gate_bodies import EXPAND, PROVIDERS, TINY, URL, VIDEO, broken, expansion, load, operation
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract.contract import check_request, check_response
from kling_contract.errors import Violation
from kling_contract.reading import parse, unreadable

DEEP = 2000
MALFORMED = [
    b'{"n": NaN}', b'{"n": Infinity}', b'{"n": -Infinity}', b"nan", b'{"a": "\\ud800"}', b'{"a": "\\udc00"}',
    b'{"a": "\\ud800\\ud800"}', b'{"\\ud800": 1}', b"\xef\xbb\xbf{}", b'{"a": 1', b'{"a": "', b"", b" ", b"{} {}",
    b"{}x", b"{'a': 1}", b'{"a": 1,}', b"[1 2]", b'"\xff"', b'{"\xed\xa0\x80": 1}', b"\xff\xfe{\x00}\x00", b"01",
    b"0x10", b"+1", b"1.", b".5", b"tru", b"\x00",
]  # fmt: skip


@pytest.mark.parametrize("data", MALFORMED)
def test_what_is_not_json_is_malformed(data: bytes) -> None:
    value, found = parse(data)
    assert value is None
    assert [(each.rule, each.pointer) for each in found] == [("json.malformed", "")]
    assert found[0].message.startswith("the body ")


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "the body is empty", "send a JSON object"),
        (b"\xef\xbb\xbf{}", "the body begins with a byte order mark", "send UTF-8 without a byte order mark"),
        ("{}".encode("utf-16"), "the body is UTF-16 and must be UTF-8", "send UTF-8 without a byte order mark"),
        (
            '{"a": 1}'.encode("utf-16-le"),
            "the body is UTF-16 and must be UTF-8",
            "send UTF-8 without a byte order mark",
        ),
        (
            '{"a": 1}'.encode("utf-16-be"),
            "the body is UTF-16 and must be UTF-8",
            "send UTF-8 without a byte order mark",
        ),
        ("{}".encode("utf-32"), "the body is UTF-32 and must be UTF-8", "send UTF-8 without a byte order mark"),
        (b'{"abc": "d\xffe"}', "the body is not JSON: byte 10 (0xff) is not UTF-8: invalid start byte", None),
        ('{"é": "'.encode() + b'\xed\xa0\x80"}', "the body is not JSON: byte 8 (0xed) is not UTF-8", None),
        (b"[1 2]", "the body is not JSON: JSON is malformed: ", None),
    ],
)
def test_why_a_body_is_not_json(data: bytes, message: str, hint: str | None) -> None:
    (found,) = parse(data)[1]
    assert found.message.startswith(message)
    assert found.hint == hint


@pytest.mark.parametrize("data", [b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b"[" * 10**6])
def test_a_body_of_endless_depth_is_refused(data: bytes) -> None:
    # How deep the parser itself goes differs from one Python to the next.
    value, found = parse(data)
    assert [each.rule for each in found or unreadable(value).values()] == ["json.depth"]


@pytest.mark.parametrize("depth", [65, 66, 500])
def test_a_body_deeper_than_64_levels_is_refused(depth: int) -> None:
    body, found = parse(b'{"a":' * depth + b"1" + b"}" * depth)
    assert found == []
    assert [each.rule for each in check_request(operation("kling", VIDEO), body)] == ["json.depth"]
    shallow, _ = parse(b'{"a":' * 63 + b"1" + b"}" * 63)
    assert broken("kling", VIDEO, shallow) == ["image-to-video.image"]


@pytest.mark.parametrize(
    "data",
    [b"9" * 6000, b"-" + b"9" * 6000, b"9" * 41, b"1e5000000", b"1e-5000000", b"1e41", b"1e-41",
     b"1." + b"1" * 50, b"1e999999999999999999999", b"-1e-999999999999999999999", b"0." + b"0" * 60 + b"1"],
)  # fmt: skip
def test_a_number_that_takes_too_long_is_refused_before_any_rule(data: bytes) -> None:
    others = b"".join(b', "%s_expansion_ratio": 2' % side for side in (b"up", b"down", b"right"))
    body, found = parse(b'{"image": "%s", "left_expansion_ratio": %s%s}' % (URL.encode(), data, others))
    violations = found or check_request(operation("kling", EXPAND), body)
    assert [each.rule for each in violations] == ["number.precision"]
    assert violations[0].pointer in ("", "/left_expansion_ratio")
    assert "40 significant digits" in violations[0].message
    assert violations[0].hint == "round it to fewer digits, between 1e-40 and 1e40"
    assert violations[0].found is None or len(violations[0].found) < 80


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1e50, "1e+50"), (Decimal("1e50"), "1E+50"), (10**40, f"1{'0' * 39}... (41 characters)"),
     (float("nan"), "nan"), (Decimal("-sNaN"), "-sNaN"), (-float("inf"), "-inf")],
)  # fmt: skip
def test_a_number_that_is_refused_is_shown(value: Any, shown: str | None) -> None:
    (found,) = check_request(operation("kling", EXPAND), expansion("kling", (0, 0, 0, value)))
    assert found.found == shown
    finite = Decimal(value).is_finite()
    assert (found.hint == "JSON has neither NaN nor infinity; leave the field out") is not finite


def test_a_number_that_python_does_not_write_is_refused_too() -> None:
    (found,) = check_request(operation("kling", EXPAND), expansion("kling", (0, 0, 0, 10**5000)))
    assert (found.rule, found.found) == ("number.precision", None)


def test_what_else_is_wrong_is_reported_beside_a_number_that_is_refused() -> None:
    body: dict[str, Any] = {
        "image": "x.png", "up_expansion_ratio": "0.1", "down_expansion_ratio": 1e50, "left_expansion_ratio": 9,
        "right_expansion_ratio": -1, "n": 10**50, "watermark_info": {"enabled": float("nan")},
    }  # fmt: skip
    before = {**body, "watermark_info": dict(body["watermark_info"])}
    assert broken("kling", EXPAND, body) == [
        "number.precision /down_expansion_ratio", "number.precision /n", "number.precision /watermark_info/enabled",
        "image.base64 /image", "schema.type /up_expansion_ratio", "schema.maximum /left_expansion_ratio",
        "schema.minimum /right_expansion_ratio",
    ]  # fmt: skip
    assert repr(body) == repr(before)


def test_no_rule_runs_on_a_number_that_is_refused() -> None:
    assert broken("kling", EXPAND, expansion("kling", (2, 1e50, 2, 2))) == ["number.precision /down_expansion_ratio"]
    assert broken("kling", EXPAND, expansion("kling", (2, 0, 2, 2))) == ["expansion.area"]


def test_a_rule_without_that_number_still_runs() -> None:
    body = {"image": URL, "image_tail": URL, "model_name": "kling-v2-master", "cfg_scale": 1e50}
    assert broken("kling", VIDEO, body) == ["number.precision /cfg_scale", "capability.image-tail"]


@given(st.integers(41, 400), st.sampled_from(["", "[", '{"b":']))
@settings(deadline=None)
def test_a_body_of_one_number_alone_is_judged_too(digits: int, start: str) -> None:
    value: Any = 10**digits if not start else [10**digits] if start == "[" else {"b": 10**digits}
    place = {"": "", "[": " /0", '{"b":': " /b"}[start]
    assert broken("tiny", "createPoster", value)[0] == f"number.precision{place}"


@pytest.mark.parametrize("data", [b"9" * 40, b"1e40", b"1e-40", b"-0", b"0e5", b"1." + b"1" * 39])
def test_a_number_within_these_limits_is_read_as_it_was_written(data: bytes) -> None:
    body, found = parse(b"[%s]" % data)
    assert found == []
    assert Decimal(body[0]) == Decimal(data.decode())
    assert [each.rule for each in check_request(operation("kling", VIDEO), {"cfg_scale": body[0], "image": URL})] in (
        ["schema.maximum"], [],
    )  # fmt: skip


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**40, -(10**40), Decimal("NaN"),
                                   Decimal("sNaN"), Decimal("Infinity"), 1e41, 1e-41])  # fmt: skip
@pytest.mark.parametrize("place", ["field", "item"])
def test_a_python_number_that_json_cannot_say_is_refused(value: Any, place: str) -> None:
    body = expansion("kling", (0, 0, 0, value)) if place == "field" else {"image": URL, "voice_list": [value]}
    found = check_request(operation("kling", EXPAND if place == "field" else VIDEO), body)
    assert [each.rule for each in found] == ["number.precision"]
    assert found[0].pointer == ("/right_expansion_ratio" if place == "field" else "/voice_list/0")


def test_every_number_that_is_too_long_is_named() -> None:
    body = {"image": URL, "cfg_scale": 10**40, "voice_list": [{"voice_id": float("nan")}]}
    assert broken("kling", VIDEO, body) == ["number.precision /cfg_scale", "number.precision /voice_list/0/voice_id"]


@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.floats(allow_nan=False))
@settings(deadline=None)
def test_parse_keeps_every_digit(number: Any) -> None:
    text = repr(number) if isinstance(number, float) else f"{number}"
    if text not in ("inf", "-inf"):
        body, found = parse(b"[%s]" % text.encode())
        assert found == []
        assert Decimal(body[0]) == Decimal(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["image", "image_tail", "n", "model_name", "camera_control", "config", "type", "mask", "trajectories",
         "dynamic_masks", "left_expansion_ratio", "subject_image_list", "subject_image", "a/b~c"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ALL = [(name, each) for name in [*PROVIDERS, "tiny"] for each in load(TINY if name == "tiny" else name).operations]


@pytest.mark.parametrize(("provider", "name"), ALL)
@given(body=json_values)
@settings(deadline=None, max_examples=40)
def test_any_value_is_judged_and_never_raises(provider: str, name: str, body: Any) -> None:
    for found in (check_request(operation(provider, name), body), check_response(operation(provider, name), 200, body)):
        assert all(isinstance(each, Violation) and each.rule and each.message for each in found)
        assert len({(each.pointer, each.rule, each.message) for each in found}) == len(found)
