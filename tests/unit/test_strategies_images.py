"""Image files of the strategies: real to any reader, of any size that is allowed, and broken in one way only."""

from __future__ import annotations

import base64
import io
import json
import math
import random
import zlib
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.strategies import main
from kling_contract import load, strategies
from kling_contract.documents import bundled
from kling_contract.images import Header, ImageRule, judge, read_header
from kling_contract.strategies.files import gif, jpeg, png, webp
from kling_contract.strategies.pictures import Picture, broken_texts, edges, encoded

DOCUMENTED = ImageRule(("jpeg", "png"), 10_485_760, 300, Fraction(5, 2))
RULES = {
    "documented": DOCUMENTED,
    "one type": ImageRule(("png",), 1_048_576, 64, Fraction(4)),
    "no limits": ImageRule(),
    "only files": ImageRule(("jpeg",), 2_000_000, 10, Fraction("1.5"), accepts=("base64",)),
    "only URLs": ImageRule(("png",), accepts=("url",)),
    "few pixels": ImageRule(("png", "webp"), pixels=10_000, side=20),
}
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
patient = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=30)
side = st.integers(1, 700)


def broken_rules(text: str, rule: ImageRule) -> list[str]:
    return [each.rule for each in judge(text, rule)]


def drawn(data: st.DataObject, picture: Picture) -> str:
    return picture.drawn(data.draw)


def reached(strategy: Any, wanted: Any) -> Any:
    return find(strategy, wanted, settings=settings(patient, max_examples=3000), random=random.Random(0))


@patient
@given(side, side, st.sampled_from([png, jpeg]))
def test_a_file_is_whole_to_another_reader(width: int, height: int, made: Any) -> None:
    with Image.open(io.BytesIO(made(width, height))) as image:
        image.load()
        assert image.size == (width, height)
        assert len(set(image.convert("L").tobytes())) == 1


@patient
@given(st.integers(1, 20_000), st.integers(1, 8_000))
def test_the_rows_of_a_png_are_zeros_to_the_last(width: int, height: int) -> None:
    data = png(width, height)
    at = data.index(b"IDAT")
    rows = zlib.decompress(data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at])])
    assert len(rows) == (1 + math.ceil(width / 8)) * height
    assert not any(rows)


def test_files_are_tiny() -> None:
    assert len(png(300, 300)) < 250
    assert len(png(13_000, 13_000)) < 30_000
    assert len(jpeg(300, 300)) < 600
    assert len(jpeg(2000, 1000)) < 9_000


@patient
@given(side, side)
def test_other_types_have_their_sides_too(width: int, height: int) -> None:
    assert read_header(gif(width, height)) == Header("gif", width, height, False, None)
    assert read_header(webp(width, height)) == Header("webp", width, height, False, None)


@each_rule
def test_a_text_keeps_its_rule(rule: ImageRule) -> None:
    @patient
    @given(st.data())
    def kept(data: st.DataObject) -> None:
        assert broken_rules(drawn(data, Picture(rule)), rule) == []

    kept()


@each_rule
def test_a_text_breaks_one_promise(rule: ImageRule) -> None:
    ways = broken_texts(rule)

    @patient
    @given(st.data())
    def broken(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(ways.keys() - {"image.bytes"})))
        assert broken_rules(data.draw(ways[name]), rule) == [name]

    broken()


@pytest.mark.parametrize("name", ["documented", "one type", "only files"])
def test_a_pixel_makes_the_difference(name: str) -> None:
    rule = RULES[name]
    limits = edges(rule)
    assert sorted(limits) == ["image.aspect", "image.sides"]

    @patient
    @given(st.data())
    def three(data: st.DataObject) -> None:
        limit = data.draw(st.sampled_from(sorted(limits)))
        told = [broken_rules(text, rule) for text in data.draw(limits[limit])]
        assert told == ([[limit], [], []] if limit == "image.sides" else [[], [], [limit]])

    three()


@settings(patient, max_examples=3)
@given(broken_texts(DOCUMENTED)["image.bytes"])
def test_a_file_is_too_large(text: str) -> None:
    assert broken_rules(text, DOCUMENTED) == ["image.bytes"]


def test_a_file_that_is_too_large_shrinks_to_one_byte_too_many() -> None:
    rule = ImageRule(("png",), 2000, 8)
    text = reached(broken_texts(rule)["image.bytes"], lambda text: True)
    assert len(base64.b64decode(text)) == 2001


def test_a_field_that_takes_only_urls_has_no_limit_of_pixels() -> None:
    assert edges(ImageRule(("png",), side=10, aspect=Fraction(2), accepts=("url",))) == {}


def test_the_largest_files_are_short_to_print() -> None:
    assert len(repr(png(7000, 7000))) < 30_000
    assert len(encoded(jpeg(2236, 2236))) < 30_000


@patient
@given(strategies.images())
def test_images_are_files_that_the_provider_accepts(data: bytes) -> None:
    assert broken_rules(encoded(data), DOCUMENTED) == []


@patient
@given(strategies.images(valid=False))
def test_broken_images_come_with_what_they_break(pair: tuple[bytes, str]) -> None:
    data, rule = pair
    assert broken_rules(encoded(data), DOCUMENTED) == [rule]


@pytest.mark.parametrize("kind", ["png", "jpeg"])
@pytest.mark.parametrize(
    "size",
    [
        lambda width, height: width == height == 300,
        lambda width, height: 2 * width == 5 * height,
        lambda width, height: 2 * height == 5 * width,
        lambda width, height: min(width, height) > 2000,
    ],
    ids=["smallest", "widest", "tallest", "large"],
)
def test_every_corner_of_the_sizes_is_reached(kind: str, size: Any) -> None:
    def wanted(data: bytes) -> bool:
        header = read_header(data)
        return header.format == kind and size(header.width, header.height)

    assert wanted(reached(strategies.images(), wanted))


def test_broken_images_are_of_each_kind() -> None:
    for rule in ("image.format", "image.truncated", "image.sides", "image.aspect"):
        assert reached(strategies.images(valid=False), lambda pair, rule=rule: pair[1] == rule)[1] == rule


def test_the_benchmark_tells_a_rate_of_each_create(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert all(math.isfinite(each["ours"]) and each["ours"] > 0 for each in results)
    creates = [each for name in bundled() for each in load(name).operations.values() if each.kind == "create"]
    assert sum(each["goal"] == 2000 for each in results) == len(creates)
    assert all(each["theirs"] > 0 for each in results if each["theirs"] is not None)
