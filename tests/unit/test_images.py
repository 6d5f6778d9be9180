from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from kling_contract.images import Header, ImageRule, describe, encode, is_url, judge, read_header, sides

DOCUMENTED: dict[str, Any] = {"formats": ["jpeg", "png"], "bytes": 10485760, "side": 300, "aspect": "2.5"}
RULE = ImageRule.from_document(DOCUMENTED)
RULE_IDS = {f"image.{name}" for name in ("format", "bytes", "sides", "aspect", "prefix", "base64", "truncated")}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *, rows: bool = True, total: int | None = None) -> bytes:
    """A black 1-bit PNG; without rows only its header is true; `total` pads the file to that many bytes."""
    pixels = zlib.compress(bytes((1 + (width + 7) // 8) * height) if rows else b"")
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    tail = chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    padding = chunk(b"paDd", bytes(total - len(head) - len(tail) - 12)) if total else b""
    return head + padding + tail


def saved(kind: str, size: tuple[int, int], mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **options)
    return file.getvalue()


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + body


def exif_with(thumbnail: bytes) -> bytes:
    """An EXIF block without tags, followed by a thumbnail."""
    return b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + thumbnail


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def rules(text: str, rule: ImageRule = RULE) -> list[str]:
    return [violation.rule for violation in judge(text, rule)]


PNG, JPEG = png(9, 5), saved("JPEG", (9, 5), "L")
side = st.integers(1, 400)


class TestReadHeader:
    @given(side, side, st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]))
    @settings(deadline=None, max_examples=40)
    def test_png_as_pillow_reads_it(self, width: int, height: int, mode: str) -> None:
        data = saved("PNG", (width, height), mode)
        assert Image.open(io.BytesIO(data)).size == (width, height)
        assert read_header(data) == Header("png", width, height, False, None)

    @given(side, side, st.sampled_from(["L", "RGB", "CMYK"]), st.booleans(), st.sampled_from([0, 8, 160]))
    @settings(deadline=None, max_examples=60)
    def test_jpeg_as_pillow_reads_it(
        self, width: int, height: int, mode: str, progressive: bool, thumbnail: int
    ) -> None:
        exif = exif_with(saved("JPEG", (thumbnail, thumbnail))) if thumbnail else b""
        data = saved("JPEG", (width, height), mode, progressive=progressive, exif=exif)
        assert Image.open(io.BytesIO(data)).size == (width, height)
        assert read_header(data) == Header("jpeg", width, height, False, None)

    def test_the_hand_made_png_is_real(self) -> None:
        with Image.open(io.BytesIO(png(751, 300, total=5000))) as image:
            image.load()
            assert image.size == (751, 300)

    def test_an_orientation_is_not_applied(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        assert read_header(saved("JPEG", (40, 20), exif=exif.tobytes())) == Header("jpeg", 40, 20, False, None)

    def test_an_icc_profile_of_many_segments_is_passed_over(self) -> None:
        data = saved("JPEG", (40, 20), icc_profile=b"\xff\xc0\xff\xd9" * 50_000)
        assert read_header(data) == Header("jpeg", 40, 20, False, None)

    def test_tables_before_the_frame_are_no_frame(self) -> None:
        tables = b"".join(b"\xff" + bytes([marker]) + b"\0\x08\0\0\1\0\1\0" for marker in (0xC4, 0xC8, 0xCC, 0xDB))
        assert read_header(JPEG[:20] + tables + JPEG[20:]) == read_header(JPEG)

    @pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCF])
    def test_every_kind_of_frame(self, marker: int) -> None:
        assert read_header(JPEG.replace(b"\xff\xc0", bytes([0xFF, marker]))) == read_header(JPEG)

    @pytest.mark.parametrize("between", [b"\xff\xff\xff", b"\xff\x01", b"\xff\xd3", b"\xff\xd8", b"\0\x12\xff\0"])
    def test_fill_bytes_standalone_markers_and_stray_bytes(self, between: bytes) -> None:
        assert read_header(JPEG[:20] + between + JPEG[20:]) == read_header(JPEG)

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (saved("GIF", (7, 3)), Header("gif", 7, 3, False, None)),
            (saved("WEBP", (7, 3)), Header("webp", 7, 3, False, None)),
            (saved("WEBP", (700, 300), lossless=True), Header("webp", 700, 300, False, None)),
            (saved("WEBP", (7000, 3), "RGBA", exif=exif_with(b"")), Header("webp", 7000, 3, False, None)),
            (saved("BMP", (7, 3)), Header("bmp", 0, 0, False, None)),
            (saved("TIFF", (7, 3)), Header("tiff", 0, 0, False, None)),
            (b"\0\0\0\x1cftypavif" + bytes(16), Header("avif/heic", 0, 0, False, None)),
            (b"\0\0\0\x1cftypheic" + bytes(16), Header("avif/heic", 0, 0, False, None)),
            (b"\0\0\0\x1cftypisom" + bytes(16), Header("unknown", 0, 0, False, "not a known image type")),
            (b"BM is how this text begins, no bitmap", Header("unknown", 0, 0, False, "not a known image type")),
            (webp(b"VP8X", bytes(8) + b"\1\0\1\2\0\3"), Header("webp", 0x10002, 0x30003, False, None)),
            (webp(b"VP8 ", bytes(10) + b"\7\x40\3\xc0"), Header("webp", 7, 3, False, None)),
            (b"RIFF\x10\0\0\0WAVEVP8 " + bytes(30), Header("unknown", 0, 0, False, "not a known image type")),
            (b"\xff\xd8 is no JPEG yet", Header("unknown", 0, 0, False, "not a known image type")),
            (b"GIF89a\x01", Header("gif", 0, 0, True, "the header is cut")),
            (b"", Header("unknown", 0, 0, False, "not a known image type")),
        ],
    )
    def test_other_types_are_named(self, data: bytes, expected: Header) -> None:
        assert read_header(data) == expected

    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            (PNG.replace(b"IHDR", b"CgBI"), "the first chunk is not IHDR"),
            (png(0, 5), "the header says 0x5"),
            (png(5, 0), "the header says 5x0"),
            (JPEG[:2] + JPEG[JPEG.index(b"\xff\xda") :], "no frame header before the image data"),
            (JPEG[:2] + JPEG[JPEG.index(b"\xff\xda") : -2] + JPEG, "no frame header before the image data"),
            (b"\xff\xd8\xff\xd9", "no frame header before the image data"),
            (b"\xff\xd8" + b"\xff\x01" * 20_000 + JPEG[2:], "no frame header in the first 10000 segments"),
        ],
    )
    def test_a_broken_header_is_a_problem_and_not_a_cut(self, data: bytes, problem: str) -> None:
        header = read_header(data)
        assert (header.problem, header.truncated) == (problem, False)

    @pytest.mark.parametrize("junk", [b"\0" * 9, b"\n", b"\xff" * 70000, PNG, JPEG])
    @pytest.mark.parametrize("data", [PNG, JPEG])
    def test_bytes_after_the_end_are_tolerated(self, data: bytes, junk: bytes) -> None:
        assert read_header(data + junk) == read_header(data)

    @pytest.mark.parametrize(("data", "start"), [(PNG, 8), (JPEG, 3)])
    def test_every_cut_is_seen(self, data: bytes, start: int) -> None:
        headers = [read_header(data[:end]) for end in range(start, len(data))]
        assert {header.format for header in headers} == {read_header(data).format}
        assert all(header.truncated for header in headers)
        assert {(header.width, header.height) for header in headers} == {(0, 0), (9, 5)}

    def test_a_cut_after_a_whole_thumbnail_is_seen(self) -> None:
        data = saved("JPEG", (90, 50), exif=exif_with(saved("JPEG", (8, 8))))
        assert read_header(data[:-2]) == Header("jpeg", 90, 50, True, None)

    @pytest.mark.parametrize(("data", "header_end"), [(PNG, 24), (JPEG, JPEG.index(b"\xff\xc0") + 9)])
    def test_no_cut_and_no_changed_byte_raises(self, data: bytes, header_end: int) -> None:
        assert {read_header(data[:end]).width for end in range(len(data))} == {0, 9}
        for place in range(len(data)):
            changed = bytearray(data)
            for value in range(256):
                changed[place] = value
                header = read_header(bytes(changed))
                assert header.problem or header.truncated or header.width
                assert place < header_end or (header.width, header.height) == (9, 5)

    @given(
        st.sampled_from([b"", PNG[:8], PNG[:16], JPEG[:3], JPEG[:25], b"RIFF1234WEBPVP8 ", b"GIF89a", b"BM"]),
        st.binary(),
    )
    @settings(deadline=None, max_examples=300)
    def test_no_bytes_raise(self, start: bytes, rest: bytes) -> None:
        header = read_header(start + rest)
        assert header.problem or header.truncated or header.format in ("tiff", "bmp", "avif/heic") or header.width

    @pytest.mark.parametrize("data", [png(9, 5, total=4_000_000), JPEG[:-2] + bytes(4_000_000) + JPEG[-2:]])
    def test_nothing_is_copied(self, data: bytes) -> None:
        tracemalloc.start()
        header = read_header(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert header.width == 9
        assert peak < 20_000


class TestRule:
    def test_from_a_document(self) -> None:
        rule = ImageRule.from_document(DOCUMENTED | {"pixels": 100, "accepts": ["url"]})
        assert rule == ImageRule(("jpeg", "png"), 10485760, 300, Fraction(5, 2), 100, ("url",))

    def test_what_is_absent_is_not_limited(self) -> None:
        rule = ImageRule.from_document({})
        assert (rule.bytes, rule.side, rule.aspect, rule.pixels) == (None, None, None, 178_956_970)
        assert judge(encode(png(1, 90)), rule) == []
        assert judge("https://example.com", rule) == []

    def test_every_type_that_is_named_can_be_allowed(self) -> None:
        names = ["png", "jpeg", "gif", "webp", "bmp", "tiff", "avif/heic"]
        assert ImageRule.from_document({"formats": names, "aspect": 1}) == ImageRule(tuple(names), aspect=Fraction(1))

    @pytest.mark.parametrize("written", ["2.1", 2.1, "2.10"])
    def test_an_aspect_is_the_decimal_that_was_written(self, written: str | float) -> None:
        assert ImageRule.from_document({"aspect": written}).aspect == Fraction(21, 10)

    def test_an_unknown_key_is_named_with_the_accepted_ones(self) -> None:
        with pytest.raises(ValueError, match=r"'sides'; accepted: formats, bytes, side, aspect, pixels, accepts"):
            ImageRule.from_document({"sides": 300})

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("formats", ["jpg"]),
            ("formats", "png"),
            ("formats", []),
            ("accepts", ["data"]),
            ("bytes", 0),
            ("bytes", "10"),
            ("side", True),
            ("side", 1.5),
            ("pixels", -1),
            ("aspect", "wide"),
            ("aspect", 0.5),
            ("aspect", "1/0"),
            ("aspect", True),
            ("aspect", float("nan")),
        ],
    )
    def test_a_wrong_value_is_named(self, key: str, value: object) -> None:
        with pytest.raises(ValueError, match=f"x-image {key} is .*; accepted: "):
            ImageRule.from_document({key: value})


class TestJudgeText:
    @pytest.mark.parametrize(
        "url",
        [
            "http://a",
            "HTTPS://Example.com/cat.gif?size=1#top",
            "https://user:secret@example.com:8080/x",
            "https://[::1]:99/x",
            "https://example.com?x=1",
            "https://例え.jp/猫.png",
        ],
    )
    def test_behind_a_url_nothing_is_judged(self, url: str) -> None:
        assert judge(url, RULE) == []

    @pytest.mark.parametrize("url", ["http://", "https:///x.png", "https://?q", "http:x", "http://a:b", "https://u@/x"])
    def test_a_url_needs_a_host(self, url: str) -> None:
        (violation,) = judge(url, RULE)
        assert violation.rule == "image.base64"
        assert "URL without a host" in violation.message

    @pytest.mark.parametrize(
        "gap",
        [
            "\n",
            "\r\n",
            " ",
            "\t",
            "\x0b",
            "\u2028",
            "\u3000",
            "\xa0",
            "\0",
            "\x1f",
            "\x7f",
            "\xad",
            "\u200b",
            "\u200e",
            "\u2060",
            "\ufeff",
            "\u3164",
            "\x85",
            "\U000e0041",
        ],
    )
    @pytest.mark.parametrize(
        "url", ["https://a.com/x.png{}", "https://a.com/{}x.png", "https://a.com{}/x", "http{}://a"]
    )
    def test_a_url_has_neither_whitespace_nor_control_characters(self, url: str, gap: str) -> None:
        assert is_url(url.format(""))
        assert not is_url(url.format(gap))
        (violation,) = judge(url.format(gap), RULE)
        assert violation.rule == "image.base64"
        assert rules(url.format(gap), ImageRule(accepts=("url",))) == ["image.base64"]

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("https://a.com/x.png\n", "has whitespace at character 19"),
            ("https://a.com/my cat.png", "has whitespace at character 16"),
            ("https://a.com/x\u200b.png", "has an invisible character (U+200B) at character 15"),
            ("https://a.com/x\x07.png", "has a control character at character 15"),
            (" https://a.com/x.png", "has whitespace at character 0"),
            ("https://a.com/x\x00.png", "has a control character at character 15"),
        ],
    )
    def test_what_stands_in_a_url_is_shown_where_it_is(self, url: str, message: str) -> None:
        (violation,) = judge(url, RULE)
        assert (violation.rule, violation.message) == ("image.base64", message)
        assert violation.hint == "a URL has none; write a space inside of one as %20"

    @pytest.mark.parametrize("scheme", ["ftp", "file", "blob", "s3", "chrome-extension", "FTP"])
    def test_another_scheme_is_named(self, scheme: str) -> None:
        (violation,) = judge(f"{scheme}://host/cat.png", RULE)
        assert violation.rule == "image.base64"
        assert violation.message == f"starts with {scheme.lower()}:, which is not accepted"
        assert violation.hint == "send an http(s) URL or raw base64"

    def test_what_a_rule_does_not_accept(self) -> None:
        assert rules("https://example.com/a", ImageRule(accepts=("base64",))) == ["image.base64"]
        assert rules(encode(PNG), ImageRule(accepts=("url",))) == ["image.base64"]
        assert judge("https://example.com/a", ImageRule(accepts=("url",))) == []
        (violation,) = judge("ftp://example.com/a", ImageRule(accepts=("url",)))
        assert violation.hint == "send an http(s) URL"

    @pytest.mark.parametrize("start", ["data:image/png;base64,", "DATA:,", "data:image/svg+xml;charset=utf-8,"])
    def test_a_data_prefix_is_shown(self, start: str) -> None:
        (violation,) = judge(start + encode(png(300, 300)), RULE)
        assert violation.rule == "image.prefix"
        assert violation.message == "starts with a data: prefix; send raw base64"
        assert violation.hint == f"remove everything up to and including the first comma ({start})"

    @pytest.mark.parametrize("text", ["data:image/png;base64;" + "A" * 90, "data:" + "a" * 90 + ",AAAA"])
    def test_a_long_data_prefix_is_shortened(self, text: str) -> None:
        (violation,) = judge(text, RULE)
        assert violation.rule == "image.prefix"
        assert f"({text[:30]}...)" in str(violation.hint)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is empty"),
            ("AAAA\nAAAA", "has whitespace at character 4"),
            ("AAAA ", "has whitespace at character 4"),
            (" https://example.com", "has whitespace at character 0"),
            ("AA-_", "uses the URL-safe alphabet (- and _)"),
            ("AAé=", "is not base64: a sign outside ASCII at character 2"),
            ("AA\ud800A", "is not base64: a sign outside ASCII at character 2"),
            ("AA%2B", "is not base64: '%' at character 2"),
            ("images/my-cat.PNG", "looks like a file path"),
            ("A" * 4092 + ".png", "is not base64: '.' at character 4092"),
            ("C:\\pictures\\cat.jpeg", "looks like a file path"),
            ("AAAAA", "is cut: 5 base64 digits cannot be whole bytes"),
            ("AA=A", "has padding (=) before its end, at character 2"),
            ("AAA", "is padded wrongly: 3 characters"),
            ("AAAA=", "is padded wrongly: 5 characters"),
            ("====", "is padded wrongly: 4 characters"),
        ],
    )
    def test_what_keeps_a_text_from_being_base64(self, text: str, message: str) -> None:
        (violation,) = judge(text, RULE)
        assert (violation.rule, violation.message) == ("image.base64", message)
        assert violation.hint

    @pytest.mark.parametrize(("text", "times"), [("AA", 2), ("AAA", 1), ("AAAA=", 0)])
    def test_the_hint_counts_the_padding(self, text: str, times: int) -> None:
        assert judge(text, RULE)[0].hint == f"end it with {times} times ="

    @given(st.text() | st.text(alphabet="AZaz09+/=-_ .:") | st.binary().map(as_base64))
    @settings(deadline=None, max_examples=400)
    @example("http://[")
    @example("data:")
    @example("A" * 300_000 + "\n")
    def test_no_text_raises_and_none_is_repeated(self, text: str) -> None:
        violations = judge(text, RULE)
        assert violations or text.lower().startswith("http")
        for violation in violations:
            assert violation.pointer == ""
            assert violation.rule in RULE_IDS
            assert len(json.dumps(violation.as_dict())) < 700
            assert set(violation.found) <= {"format", "width", "height", "bytes", "characters"}

    @given(st.binary(max_size=40), st.integers(0, 60), st.characters())
    @settings(deadline=None)
    def test_base64_is_exactly_what_the_strict_decoder_takes(self, data: bytes, place: int, sign: str) -> None:
        good = as_base64(data)
        text = good[:place] + sign + good[place:]
        try:
            strict = bool(base64.b64decode(text, validate=True)) and len(text) % 4 == 0
        except ValueError:
            strict = False
        assert ("image.base64" in rules(text, ImageRule())) == (not strict)


class TestJudgePicture:
    @pytest.mark.parametrize("data", [png(300, 300), png(750, 300), png(300, 750), saved("JPEG", (301, 400))])
    def test_a_good_picture(self, data: bytes) -> None:
        assert judge(encode(data), RULE) == []

    @pytest.mark.parametrize(
        ("size", "message", "hint"),
        [
            ((338, 191), "338x191: both sides must be at least 300 px", "enlarge it to 531x300"),
            ((299, 300), "299x300: both sides must be at least 300 px", "enlarge it to 300x302"),
            ((300, 299), "300x299: both sides must be at least 300 px", "enlarge it to 302x300"),
        ],
    )
    def test_a_side_is_too_short(self, size: tuple[int, int], message: str, hint: str) -> None:
        (violation,) = judge(encode(png(*size)), RULE)
        assert (violation.rule, violation.message, violation.hint) == ("image.sides", message, hint)
        assert violation.found == {"format": "png", "width": size[0], "height": size[1], "bytes": len(png(*size))}

    @pytest.mark.parametrize(
        ("size", "ratio", "cropped"), [((751, 300), "751/300", "750x300"), ((300, 751), "751/300", "300x750")]
    )
    def test_an_aspect_is_too_long(self, size: tuple[int, int], ratio: str, cropped: str) -> None:
        (violation,) = judge(encode(png(*size)), RULE)
        assert violation.rule == "image.aspect"
        assert violation.message == f"{size[0]}x{size[1]}: the longer side may be at most 2.5 times the shorter"
        assert violation.hint == f"the ratio is {ratio}, about 2.5033; crop it to {cropped}"

    @given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1), st.sampled_from([("2.5", 25), ("2.1", 21), (3, 30)]))
    @settings(deadline=None)
    @example(21, 10, ("2.1", 21))
    @example(210_000_001, 100_000_000, ("2.1", 21))
    @example(10**9, 21 * 10**8, ("2.1", 21))
    def test_an_aspect_is_compared_exactly(self, width: int, height: int, limit: tuple[str | int, int]) -> None:
        rule = ImageRule.from_document({"aspect": limit[0], "pixels": 2**62})
        expected = ["image.aspect"] if max(width, height) * 10 > min(width, height) * limit[1] else []
        assert rules(encode(png(width, height, rows=False)), rule) == expected

    @given(side, side)
    @settings(deadline=None, max_examples=40)
    def test_the_hints_name_sides_that_would_be_accepted(self, width: int, height: int) -> None:
        rule = ImageRule.from_document({"side": 120, "aspect": "2.5"})
        violations = judge(encode(png(width, height)), rule)
        assert bool(violations) == (min(width, height) < 120 or max(width, height) * 2 > min(width, height) * 5)
        for violation in violations:
            better = [int(length) for length in str(violation.hint).rpartition(" ")[2].split("x")]
            assert violation.rule not in rules(encode(png(*better)), rule)

    @pytest.mark.parametrize(
        ("total", "expected"), [(10485760, []), (10485761, ["image.bytes"]), (10485762, ["image.bytes"])]
    )
    def test_the_size_of_the_file_not_of_its_text(self, total: int, expected: list[str]) -> None:
        assert rules(encode(png(300, 300, total=total)), RULE) == expected

    def test_of_a_file_too_large_only_the_head_is_decoded(self) -> None:
        text = encode(png(900, 100, total=15_000_000))
        tracemalloc.start()
        violations = judge(text, RULE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [violation.rule for violation in violations] == ["image.bytes", "image.sides", "image.aspect"]
        assert violations[0].message == "the file has 15000000 bytes; at most 10485760 are allowed"
        assert violations[0].found == {"format": "png", "width": 900, "height": 100, "bytes": 15_000_000}
        assert peak < 1_000_000

    def test_a_cut_file_of_just_the_largest_size(self) -> None:
        assert rules(encode(png(300, 300, total=400_004)[:-4]), ImageRule(bytes=400_000)) == ["image.truncated"]

    def test_sides_beyond_the_decoded_head_are_not_called_a_cut(self) -> None:
        data = saved("JPEG", (400, 400), icc_profile=bytes(400_000))
        assert rules(encode(data), ImageRule(bytes=300_000, side=500)) == ["image.bytes"]
        assert rules(encode(data), ImageRule(side=500)) == ["image.sides"]

    def test_a_text_too_large_that_is_no_base64(self) -> None:
        rule = ImageRule(bytes=300_000)
        assert rules("A" * 100 + "\n" + "A" * 599_899, rule) == ["image.base64"]
        assert rules("A" * 600_001, rule) == ["image.base64"]

    @pytest.mark.parametrize(("kind", "name"), [("GIF", "gif"), ("WEBP", "webp"), ("BMP", "bmp"), ("TIFF", "tiff")])
    def test_a_type_that_is_not_allowed_is_named(self, kind: str, name: str) -> None:
        (violation,) = judge(encode(saved(kind, (300, 300))), RULE)
        assert (violation.rule, violation.message) == ("image.format", f"is {name}; allowed: jpeg, png")
        assert violation.hint == "convert it to png"

    def test_a_type_is_judged_by_the_rule(self) -> None:
        assert rules(encode(png(300, 300)), ImageRule(formats=("jpeg",))) == ["image.format"]
        assert rules(encode(saved("WEBP", (300, 30))), ImageRule(formats=("webp",), side=300)) == ["image.sides"]

    def test_no_image_at_all(self) -> None:
        (violation,) = judge(encode(b"<html>404 Not Found</html>"), RULE)
        assert violation.message == "is not a known image type; allowed: jpeg, png"
        assert violation.hint is None

    @pytest.mark.parametrize("data", [PNG, JPEG])
    def test_base64_of_base64_is_told(self, data: bytes) -> None:
        (violation,) = judge(encode(encode(data).encode()), RULE)
        assert violation.rule == "image.format"
        assert "encoded twice" in str(violation.hint)

    def test_a_broken_header(self) -> None:
        (violation,) = judge(encode(png(0, 300)), RULE)
        assert (violation.rule, violation.message) == ("image.format", "is a broken png: the header says 0x300")

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (png(300, 300)[:-4], "the png file is cut: it has no IEND chunk"),
            (png(300, 300)[:20], "the png file is cut: the header is cut"),
            (saved("JPEG", (300, 300))[:-2], "the jpeg file is cut: it has no end marker (EOI)"),
            (saved("JPEG", (300, 300))[:50], "the jpeg file is cut: the header is cut"),
        ],
    )
    def test_a_file_that_was_cut(self, data: bytes, message: str) -> None:
        (violation,) = judge(encode(data), RULE)
        assert (violation.rule, violation.message) == ("image.truncated", message)

    @pytest.mark.parametrize(
        ("at", "message"),
        [
            (23, "the checksum of its IHDR chunk at byte 8 is wrong"),
            (29, "the checksum of its IHDR chunk at byte 8 is wrong"),
            (41, "the checksum of its IDAT chunk at byte 33 is wrong"),
            (37, "the checksum of its HDAT chunk at byte 33 is wrong"),
            (33, "its chunk at byte 33 is longer than the file"),
        ],
    )
    def test_a_png_with_a_wrong_checksum_or_length(self, at: int, message: str) -> None:
        data = bytearray(png(300, 300))
        data[at] ^= 1
        found = judge(encode(data), ImageRule(("png",)))
        assert [(each.rule, each.message) for each in found] == [("image.format", f"is a broken png: {message}")]

    def test_each_byte_of_a_png_before_its_end_counts(self) -> None:
        whole = png(300, 300)
        for at in range(8, len(whole) - 12):
            data = bytearray(whole)
            data[at] ^= 0x40
            assert judge(encode(data), ImageRule(("png",))), at

    def test_what_follows_the_end_of_a_png_does_not_count(self) -> None:
        assert judge(encode(png(300, 300) + b"\0" * 100), RULE) == []

    def test_a_png_from_elsewhere_has_right_checksums(self) -> None:
        for mode in ("RGB", "L", "P", "RGBA", "1"):
            assert judge(encode(saved("PNG", (300, 300), mode)), RULE) == []

    def test_the_last_checksum_is_one_too(self) -> None:
        data = bytearray(png(300, 300))
        data[-1] ^= 1
        (violation,) = judge(encode(bytes(data)), RULE)
        said = f"is a broken png: the checksum of its IEND chunk at byte {len(data) - 12} is wrong"
        assert (violation.rule, violation.message) == ("image.format", said)

    def test_a_file_that_was_cut_has_no_wrong_checksum(self) -> None:
        whole = png(300, 300)
        for end in range(40, len(whole) - 1):
            assert rules(encode(whole[:end]), RULE) == ["image.truncated"], end

    def test_only_the_head_of_a_file_that_is_too_large_is_looked_at(self) -> None:
        data = bytearray(png(300, 300, total=400_000))
        data[-20] ^= 1
        assert rules(encode(data), ImageRule(bytes=300_000)) == ["image.bytes"]
        assert rules(encode(data), ImageRule(bytes=400_000)) == ["image.format"]

    def test_a_decompression_bomb(self) -> None:
        most = ImageRule().pixels
        assert judge(encode(png(most // 10, 10, rows=False)), ImageRule()) == []
        (violation,) = judge(encode(png(most + 1, 1, rows=False)), ImageRule())
        assert violation.rule == "image.sides"
        assert violation.message == "178956971x1 is 178956971 pixels; at most 178956970 are allowed"

    def test_all_that_is_wrong_is_told_together(self) -> None:
        rule = ImageRule.from_document(DOCUMENTED | {"formats": ["jpeg"], "bytes": 100, "pixels": 1000})
        text = encode(png(400, 100, total=200)[:-4])
        found = ["bytes", "format", "truncated", "sides", "sides", "aspect"]
        assert rules(text, rule) == [f"image.{name}" for name in found]


class TestEncode:
    @given(st.binary(min_size=1))
    @settings(deadline=None)
    def test_bytes_become_raw_base64_which_stays_as_it_is(self, data: bytes) -> None:
        text = encode(data)
        assert base64.b64decode(text, validate=True) == data
        assert encode(text) == text

    def test_a_file_by_path_or_by_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("cat.png", "Cat.JPEG", "cat.jpg", "cat.webp", "cat.GIF", "cat:1.png"):
            Path(name).write_bytes(PNG)
            assert encode(Path(name)) == encode(name) == encode(str(tmp_path / name)) == encode(PNG)

    @pytest.mark.parametrize("name", ["cat", "id_rsa", ".env", "secret.txt", "cat.png.bak", "cat.png ", "png"])
    def test_a_text_opens_no_file_but_an_image(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path(name).write_bytes(PNG)
        assert encode(name) == name
        assert encode(str(tmp_path / name)) == str(tmp_path / name)
        assert encode(tmp_path / name) == encode(PNG)

    @pytest.mark.parametrize("name", ["cat.png", "pictures/cat.JPG", "/no/such/cat.jpeg", "C:\\cat.webp", "a\0b.png"])
    def test_a_missing_file_is_named(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FileNotFoundError) as caught:
            encode(name)
        assert caught.value.filename == name

    def test_a_missing_path_and_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.bin"):
            encode(tmp_path / "none.bin")
        assert encode(str(tmp_path)) == str(tmp_path)

    def test_no_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "empty.png").touch()
        for empty in (b"", tmp_path / "empty.png", str(tmp_path / "empty.png")):
            with pytest.raises(ValueError, match="no bytes"):
                encode(empty)

    @pytest.mark.parametrize(
        "text",
        [
            "https://example.com/cat.png",
            "HTTP://example.com/cat.png",
            "data:image/png;base64,AAAA",
            "ftp://example.com/cat.png",
            "",
            "not base64 at all",
            "a\0b",
            "A" * 300,
            "A" * 5000 + ".png",
            "x" * 1000 + ".png/AAAA",
            "\ud800",
        ],
    )
    def test_other_text_is_left_to_the_gate(self, text: str) -> None:
        assert encode(text) == text

    def test_a_long_text_is_never_looked_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked: list[str] = []

        def isfile(path: str) -> bool:
            looked.append(path)
            return False

        monkeypatch.setattr(os.path, "isfile", isfile)
        for text in ("A" * 4092 + ".png", "HTTPS://example.com/a.png", "Data:image/png,a.png"):
            encode(text)
        assert looked == []
        with pytest.raises(FileNotFoundError):
            encode("A" * 4091 + ".png")
        assert len(looked) == 1

    @pytest.mark.parametrize("kind", [bytearray, memoryview])
    def test_any_bytes_will_do(self, kind: Any) -> None:
        assert encode(kind(PNG)) == encode(PNG)
        with pytest.raises(ValueError, match="no bytes"):
            encode(kind(b""))

    @pytest.mark.parametrize("other", [3, None, [b"x"]])
    def test_another_type_is_refused(self, other: Any) -> None:
        with pytest.raises(TypeError):
            encode(other)


class TestDescribe:
    def test_a_picture(self) -> None:
        digest = hashlib.sha256(PNG).hexdigest()[:12]
        expected = {"type": "png", "bytes": len(PNG), "width": 9, "height": 5, "sha256": digest}
        assert describe(encode(PNG)) == expected

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("https://user:secret@example.com:81/a/cat.png?token=secret#secret", "https://example.com:81/a/cat.png"),
            ("https://example.com?token=secret", "https://example.com"),
            ("https://secret@user:secret@example.com", "https://example.com"),
            ("https://a/" + "b" * 900, "https://a/" + "b" * 290),
        ],
    )
    def test_a_url_without_its_secrets(self, url: str, shown: str) -> None:
        assert describe(url) == {"url": shown}

    @pytest.mark.parametrize("text", ["", "data:image/png;base64,AAAA", "https://", "\ud800", "AAA"])
    def test_another_text(self, text: str) -> None:
        assert describe(text) == {"text": len(text)}

    @given(st.text() | st.none() | st.integers() | st.binary().map(as_base64))
    @settings(deadline=None)
    def test_it_never_raises(self, value: object) -> None:
        assert len(json.dumps(describe(value))) < 2000


class TestSides:
    @given(side, side, st.booleans())
    @settings(deadline=None, max_examples=30)
    def test_of_a_picture(self, width: int, height: int, as_jpeg: bool) -> None:
        data = saved("JPEG", (width, height)) if as_jpeg else png(width, height)
        assert sides(encode(data)) == (width, height)

    @pytest.mark.parametrize(("data", "expected"), [(png(30, 20, total=3_000_000), (30, 20)), (bytes(3_000_000), None)])
    def test_of_a_long_text_whose_tail_is_not_needed(self, data: bytes, expected: tuple[int, int] | None) -> None:
        text = encode(data)
        tracemalloc.start()
        found = sides(text)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found == expected
        assert peak < 1_000_000

    def test_behind_a_long_profile(self) -> None:
        text = encode(saved("JPEG", (40, 20), icc_profile=bytes(400_000)))
        assert sides(text) == (40, 20)
        assert sides(text[:300_001]) is None

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "https://example.com/a.png",
            "AAAA",
            "data:image/png;base64,AAAA",
            encode(png(0, 3)),
            encode(png(3, 0)),
            encode(PNG[:18]),
        ],
    )
    def test_of_what_has_none(self, text: str) -> None:
        assert sides(text) is None


def test_importing_stays_light() -> None:
    heavy = "{'PIL', 'httpx', 'jsonschema_rs', 'yaml', 'urllib.request', 'asyncio'}"
    program = f"import sys, kling_contract.images; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
