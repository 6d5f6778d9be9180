from __future__ import annotations

import io
import itertools
import math
import random
import struct
import sys
from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from kling_contract.demo_photo import photo
from mock_server import pictures
from mock_server.files import Unwanted
from mock_server.film import Shot, film

LABEL = {"Software": "kling-contract mock", "kling-task": "t-1", "kling-seed": "7"}
SKY = photo(160, 90)
NIGHT = photo(160, 90, seed=11)
SHORT = Shot(seconds=1, short_side=90, rate=24, start=SKY)


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


def opened(data: bytes, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(Image.open(io.BytesIO(data)).convert("RGB"), size)


def made(shot: Shot) -> bytes:
    file = film(shot, label=LABEL)
    assert file is not None
    assert (file.content_type, file.suffix) == ("video/mp4", ".mp4")
    return file.data


def frames(shot: Shot) -> list[Image.Image]:
    with av.open(io.BytesIO(made(shot))) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def size(shot: Shot) -> tuple[int, int]:
    with av.open(io.BytesIO(made(shot))) as container:
        context = container.streams.video[0].codec_context
        return context.width, context.height


def unlike(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures, in levels of 256."""
    means = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(means) / len(means)


def quarters(*colours: str) -> bytes:
    picture = Image.new("RGB", (160, 90))
    for number, colour in enumerate(colours):
        picture.paste(colour, (number % 2 * 80, number // 2 * 45, number % 2 * 80 + 80, number // 2 * 45 + 45))
    return encoded(picture)


def boxes(data: bytes) -> list[bytes]:
    """Return the names of an MP4's top-level boxes, in order."""
    names, at = [], 0
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        names.append(name)
        at += length
    return names


class TestFile:
    @settings(deadline=None, max_examples=25)
    @given(
        seconds=st.integers(1, 4),
        short_side=st.integers(32, 70).map(lambda half: 2 * half),
        rate=st.sampled_from([24, 30]),
        sides=st.tuples(st.integers(20, 90), st.integers(20, 90)),
        tail=st.booleans(),
    )
    def test_every_frame_of_the_asked_size_and_duration(self, seconds, short_side, rate, sides, tail):
        start = encoded(Image.new("RGB", sides, (120, 60, 30)))
        data = made(Shot(seconds, short_side, rate, start, tail=NIGHT if tail else None))
        with av.open(io.BytesIO(data)) as container:
            (stream,) = container.streams
            context = stream.codec_context
            shape = min(Fraction(max(sides), min(sides)), Fraction(5, 2))
            long_side = max(context.width, context.height)
            assert abs(container.duration / av.time_base - seconds) <= 1 / rate
            assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
            assert min(context.width, context.height) == short_side
            assert long_side % 2 == 0
            assert 0 <= short_side * shape - long_side < 2
            assert context.width == long_side or sides[0] < sides[1] or short_side == long_side
            times = [frame.time for frame in container.decode(stream)]
        assert times == pytest.approx([number / rate for number in range(seconds * rate)], abs=1e-4)

    @pytest.mark.parametrize(
        ("shot", "expected"),
        [
            (replace(SHORT, start=encoded(Image.new("RGB", (30, 40)))), (90, 120)),
            (replace(SHORT, start=encoded(Image.new("RGB", (300, 100)))), (224, 90)),
            (replace(SHORT, start=encoded(Image.new("RGB", (50, 50))), tail=NIGHT, aspect=(1, 2)), (90, 90)),
            (replace(SHORT, start=None, tail=encoded(Image.new("RGB", (30, 40))), aspect=(1, 2)), (90, 120)),
            (replace(SHORT, start=b"damaged", tail=encoded(Image.new("RGB", (30, 40)))), (90, 120)),
            (replace(SHORT, start=None, aspect=(1, 2)), (90, 180)),
            (replace(SHORT, start=None, aspect=(1, 20)), (90, 224)),
            (replace(SHORT, start=None), (160, 90)),
            (replace(SHORT, start=None, short_side=121), (214, 120)),
        ],
    )
    def test_shape_follows_the_start_then_the_tail_then_the_aspect(self, shot, expected):
        assert size(shot) == expected

    def test_index_comes_before_the_data(self):
        names = boxes(made(SHORT))
        assert names[0] == b"ftyp"
        assert names.index(b"moov") < names.index(b"mdat")

    def test_label_is_metadata(self):
        with av.open(io.BytesIO(made(SHORT))) as container:
            assert container.metadata.items() >= LABEL.items()
            assert "encoder" not in container.metadata

    def test_colours_are_said_to_be_those_of_high_definition(self):
        with av.open(io.BytesIO(made(SHORT))) as container:
            context = container.streams.video[0].codec_context
            assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)

    def test_same_shot_gives_same_bytes_and_another_seed_or_index_does_not(self):
        shot = replace(SHORT, tail=NIGHT, still=quarters("white", "black", "black", "black"), seed=7, index=1)
        assert made(shot) == made(shot)
        assert len({made(each) for each in (shot, replace(shot, seed=8), replace(shot, index=2))}) == 3

    @pytest.mark.parametrize("module", ["av", "PIL"])
    def test_nothing_without_its_libraries(self, module, monkeypatch):
        monkeypatch.setitem(sys.modules, module, None)
        assert film(SHORT, label=LABEL) is None


class TestPicture:
    def test_first_frame_is_the_start_image_upright_and_in_its_colours(self):
        start = quarters("red", "lime", "blue", "yellow")
        first = frames(replace(SHORT, start=start))[0]
        assert unlike(first, opened(start, first.size)) < 4

    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    def test_both_formats_are_read(self, kind):
        start = encoded(Image.open(io.BytesIO(SKY)), kind)
        first = frames(replace(SHORT, start=start))[0]
        assert unlike(first, opened(start, first.size)) < 5

    @pytest.mark.parametrize("rate", [24, 30])
    def test_every_frame_moves_a_little(self, rate):
        shown = frames(replace(SHORT, short_side=720, rate=rate))
        steps = [unlike(first, second) for first, second in itertools.pairwise(shown)]
        assert min(steps) > 0.02
        assert max(steps) < 1

    @settings(deadline=None, max_examples=8)
    @given(seed=st.integers(0, 9999), index=st.integers(0, 8))
    def test_the_picture_comes_nearer_at_an_even_pace_and_undistorted(self, seed, index):
        start = Image.new("L", (320, 180))
        ImageDraw.Draw(start).ellipse((110, 40, 210, 140), fill=255)
        shown = frames(Shot(4, 180, 24, encoded(start), seed=seed, index=index))
        disc = [each.convert("L").point(lambda value: 255 * (value > 128)) for each in (shown[0], shown[48], shown[-1])]
        sides = [math.sqrt(ImageStat.Stat(each).sum[0]) for each in disc]
        left, top, right, bottom = disc[-1].getbbox()
        assert 1.04 < sides[2] / sides[0] < 1.11
        assert sides[1] - sides[0] == pytest.approx(sides[2] - sides[1], rel=0.3)
        assert right - left == pytest.approx(bottom - top, abs=2)

    def test_a_higher_rate_is_no_faster(self):
        shot = Shot(4, 90, 24, quarters("red", "lime", "blue", "yellow"))
        slow, quick = (frames(replace(shot, rate=rate)) for rate in (24, 30))
        assert unlike(slow[-1], quick[-1]) < 1
        assert unlike(slow[0], slow[-1]) > 4

    @pytest.mark.parametrize("start", [None, b"", b"damaged", SKY[: len(SKY) // 2]])
    def test_a_start_that_is_not_at_hand_or_damaged_is_a_stand_in(self, start):
        shot = replace(SHORT, start=start, aspect=(16, 9))
        assert made(shot) == made(replace(shot, start=None))
        first = frames(shot)[0]
        assert unlike(first, pictures.stand_in(pictures.pillow(), (240, 134)).resize(first.size)) < 4

    def test_transparent_parts_are_grey(self):
        first = frames(replace(SHORT, start=encoded(Image.new("RGBA", (160, 90), (255, 0, 0, 0)))))[0]
        assert unlike(first, Image.new("RGB", first.size, (128, 128, 128))) < 2


class TestTail:
    @settings(deadline=None, max_examples=12)
    @given(sides=st.tuples(st.integers(40, 160), st.integers(40, 160)), seed=st.integers(0, 99))
    def test_ends_on_the_whole_tail_whatever_its_shape(self, sides, seed):
        tail = encoded(Image.frombytes("RGB", (4, 4), random.Random(seed).randbytes(48)).resize(sides))
        shown = frames(replace(SHORT, tail=tail, seed=seed))
        assert unlike(shown[-1], opened(tail, shown[-1].size)) < 5
        assert unlike(shown[0], opened(SKY, shown[0].size)) < 5

    def test_last_frame_is_whole_and_upright_and_in_its_colours(self):
        tail = quarters("red", "lime", "blue", "yellow")
        last = frames(replace(SHORT, seconds=4, tail=tail))[-1]
        assert unlike(last, opened(tail, last.size)) < 4

    def test_the_crossfade_fills_the_last_third(self):
        shot = replace(SHORT, seconds=3)
        plain, faded = frames(shot), frames(replace(shot, tail=NIGHT))
        gaps = [unlike(*each) for each in zip(plain, faded, strict=True)]
        assert max(gaps[:46]) < 1
        assert gaps[50] < gaps[56] < gaps[62] < gaps[68] < gaps[71]

    @pytest.mark.parametrize("tail", [b"", b"damaged", NIGHT[: len(NIGHT) // 2]])
    def test_a_damaged_tail_is_ignored(self, tail):
        assert made(replace(SHORT, tail=tail)) == made(SHORT)


class TestMask:
    MASK = quarters("white", "black", "black", "white")
    STILL, MOVING = ((0, 0, 76, 41), (84, 49, 160, 90)), ((84, 0, 160, 41), (0, 49, 76, 90))

    @pytest.mark.parametrize("tail", [None, NIGHT])
    @pytest.mark.parametrize("scale", [1, 2])
    def test_white_areas_stay_and_the_others_move(self, tail, scale):
        noisy = encoded(Image.effect_noise((160, 90), 80).convert("RGB"))
        still = encoded(Image.open(io.BytesIO(self.MASK)).resize((160 * scale, 90 * scale)))
        shown = frames(replace(SHORT, seconds=3, start=noisy, still=still, tail=tail))
        for box in self.STILL:
            assert max(unlike(shown[0].crop(box), each.crop(box)) for each in shown) < 3
        for box in self.MOVING:
            assert unlike(shown[0].crop(box), shown[-1].crop(box)) > 10

    def test_grey_counts_as_the_nearer_of_black_and_white(self):
        grey = quarters("#d0d0d0", "#303030", "#303030", "#d0d0d0")
        assert made(replace(SHORT, still=grey)) == made(replace(SHORT, still=self.MASK))

    @pytest.mark.parametrize("still", [b"", b"damaged", MASK[:60]])
    def test_a_damaged_mask_is_ignored(self, still):
        assert made(replace(SHORT, still=still)) == made(SHORT)


def test_a_film_that_nobody_waits_for_is_not_drawn_to_its_end() -> None:
    asked: list[int] = []

    def wanted() -> bool:
        asked.append(1)
        return len(asked) < 5

    with pytest.raises(Unwanted):
        film(Shot(5, 90, 24, None), label={}, wanted=wanted)
    assert len(asked) == 5
