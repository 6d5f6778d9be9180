from __future__ import annotations

import io
import os
import random
import runpy
import struct
import subprocess
import sys
import tracemalloc
import zlib
from decimal import Decimal
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from kling_contract.demo_photo import photo
from kling_contract.expansion import Ratios, canvas
from mock_server import media, pictures, png
from mock_server.files import File

LABEL = {"Software": "kling-contract mock", "kling-task": "t-1", "kling-seed": "7"}
ROOT = Path(__file__).parents[2]
SOME = Ratios.of(up=Decimal("0.25"), down=Decimal("0.1"), left=Decimal("0.4"), right=Decimal("0.2"))
NONE = Ratios.of(up=Decimal(0), down=Decimal(0), left=Decimal(0), right=Decimal(0))
sides = st.integers(1, 48)
shares = st.integers(0, 20000).map(lambda n: Decimal(n) / 10000)
ratios = st.builds(lambda u, d, l, r: Ratios.of(up=u, down=d, left=l, right=r), shares, shares, shares, shares)  # noqa: E741


def picture(width: int, height: int, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """Return noise, so that no misplaced pixel can go unseen."""
    data = random.Random(seed).randbytes(width * height * 4)
    return Image.frombytes("RGBA", (width, height), data).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def decoded(file: File) -> Image.Image:
    assert (file.content_type, file.suffix) == ("image/png", ".png")
    image = Image.open(io.BytesIO(file.data))
    image.load()
    return image


def expanded(original: bytes | None, width: int, height: int, how=SOME, *, seed=7, index=0, label=LABEL) -> File:
    return pictures.expanded_png(original, width, height, how, seed=seed, index=index, label=label)


def inside(image: Image.Image, width: int, height: int, how=SOME) -> Image.Image:
    place = canvas(width, height, how)
    return image.crop((place.x, place.y, place.x + width, place.y + height))


def same(first: Image.Image, second: Image.Image) -> bool:
    return (first.mode, first.size, first.tobytes()) == (second.mode, second.size, second.tobytes())


def boxes(data: bytes) -> list[str]:
    """Return the names of an MP4's top-level boxes; they must fill the file exactly."""
    names, at = [], 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert size >= 8
        names.append(name.decode())
        at += size
    assert at == len(data)
    return names


@pytest.fixture
def without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert pictures.pillow() is None


class TestExpanded:
    @settings(deadline=None, max_examples=60)
    @given(width=sides, height=sides, how=ratios, index=st.integers(0, 8))
    def test_size_and_original_are_exact(self, width, height, how, index):
        original = picture(width, height)
        result = decoded(expanded(encoded(original), width, height, how, index=index))
        place = canvas(width, height, how)
        assert result.size == (place.width, place.height)
        assert same(inside(result, width, height, how), original)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
    def test_every_mode_keeps_its_pixels(self, mode):
        original = picture(40, 30, "RGB" if mode == "P" else mode).convert(mode)
        result = inside(decoded(expanded(encoded(original), 40, 30)), 40, 30)
        assert same(result, original.convert("RGBA" if mode in ("RGBA", "LA") else "RGB"))

    def test_palette_with_a_transparent_colour_becomes_rgba(self):
        data = encoded(picture(40, 30).convert("P"), transparency=3)
        result = inside(decoded(expanded(data, 40, 30)), 40, 30)
        assert same(result, Image.open(io.BytesIO(data)).convert("RGBA"))

    def test_new_area_around_a_transparent_original_is_opaque_grey(self):
        result = decoded(expanded(encoded(Image.new("RGBA", (40, 30))), 40, 30))
        red, _, _, alpha = result.getpixel((0, 0))
        assert alpha == 255
        assert 90 < red < 150
        assert inside(result, 40, 30).getextrema()[3] == (0, 0)

    @pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
    def test_jpeg_keeps_what_it_decodes_to(self, mode):
        data = encoded(picture(40, 30).convert(mode), "JPEG")
        result = inside(decoded(expanded(data, 40, 30)), 40, 30)
        assert same(result, Image.open(io.BytesIO(data)).convert("RGB"))

    def test_sixteen_bit_grey_is_scaled_to_eight(self):
        grey = Image.frombytes("I;16", (2, 1), struct.pack("<2H", 0x4000, 0xFFFF))
        assert inside(decoded(expanded(encoded(grey), 2, 1)), 2, 1).tobytes() == bytes((64,) * 3 + (255,) * 3)

    def test_each_side_continues_its_own_edge(self):
        """Edges of four colours: the band beyond each must be nearest to that edge's colour."""
        original = Image.new("RGB", (90, 90), (128, 128, 128))
        edges = {"up": (255, 0, 0), "down": (0, 0, 255), "left": (0, 255, 0), "right": (255, 255, 0)}
        for side, box in zip(edges, ((0, 0, 90, 25), (0, 65, 90, 90), (0, 25, 25, 65), (65, 25, 90, 65)), strict=True):
            original.paste(edges[side], box)
        one = Decimal("0.5")
        result = decoded(expanded(encoded(original), 90, 90, Ratios.of(up=one, down=one, left=one, right=one)))
        at = {"up": (90, 20), "down": (90, 160), "left": (20, 90), "right": (160, 90)}
        for side, spot in at.items():
            found = result.getpixel(spot)
            distance = {name: sum(abs(a - b) for a, b in zip(found, edge, strict=True)) for name, edge in edges.items()}
            assert min(distance, key=distance.get) == side

    @pytest.mark.parametrize("turn", [0, 90, 180, 270])
    def test_the_continuation_is_mirrored_so_that_nothing_jumps_at_an_edge(self, turn):
        """A ramp from white at one edge to black: what continues it is lightest at that edge and darkens outwards."""
        ramp = ImageChops.invert(Image.linear_gradient("L")).rotate(turn).convert("RGB")
        half = Decimal("0.5")
        result = decoded(expanded(encoded(ramp), 256, 256, Ratios.of(up=half, down=half, left=half, right=half)))
        column = result.rotate(-turn).convert("L").crop((250, 0, 262, 128)).resize((1, 128), Image.Resampling.BOX)
        assert column.getpixel((0, 115)) > column.getpixel((0, 10)) + 3

    def test_the_new_area_is_out_of_focus_and_darker(self):
        original = picture(200, 200)
        result = decoded(expanded(encoded(original), 200, 200, Ratios.of(up=Decimal(1))))
        new, old = (ImageStat.Stat(part) for part in (result.crop((0, 0, 200, 190)), original))
        assert max(new.stddev) < min(old.stddev) / 4
        assert max(new.mean) < min(old.mean)

    def test_the_images_of_one_task_have_tints_of_their_own(self):
        data, how = encoded(Image.new("RGB", (100, 100), (128,) * 3)), Ratios.of(up=Decimal(1))
        first, second = (decoded(expanded(data, 100, 100, how, index=index)).crop((0, 0, 100, 90)) for index in (0, 1))
        means = zip(ImageStat.Stat(first).mean, ImageStat.Stat(second).mean, strict=True)
        assert max(abs(a - b) for a, b in means) > 2

    def test_a_seam_brighter_than_both_sides_shows_where_the_original_begins(self):
        result = decoded(expanded(encoded(Image.new("RGB", (200, 100), (90, 60, 60))), 200, 100))
        place = canvas(200, 100, SOME)
        column = [sum(result.getpixel((place.x + 50, place.y + step))) for step in (-4, -1, 0)]
        assert column[1] > max(column[0], column[2]) + 200

    @settings(deadline=None, max_examples=25)
    @given(width=sides, height=sides, how=ratios, shade=st.sampled_from([0, 128, 255]))
    def test_the_images_of_one_task_differ_in_the_new_area_only(self, width, height, how, shade):
        data = encoded(Image.new("RGB", (width, height), (shade,) * 3))
        results = [decoded(expanded(data, width, height, how, index=index, label={})) for index in range(9)]
        grown = results[0].size != (width, height)
        assert len({result.tobytes() for result in results}) == (9 if grown else 1)
        assert {inside(result, width, height, how).tobytes() for result in results} == {
            bytes([shade]) * width * height * 3
        }

    def test_another_seed_is_another_picture(self):
        data = encoded(picture(40, 30))
        assert expanded(data, 40, 30, seed=1).data != expanded(data, 40, 30, seed=2).data

    def test_same_inputs_give_same_bytes(self):
        data = encoded(picture(40, 30))
        assert expanded(data, 40, 30, index=3) == expanded(data, 40, 30, index=3)
        assert expanded(None, 40, 30, index=3) == expanded(None, 40, 30, index=3)

    @pytest.mark.parametrize(
        "damaged",
        [
            b"",
            b"no picture",
            encoded(picture(300, 300))[:900],
            encoded(picture(300, 300), "JPEG")[:900],
            b"\x89PNG\r\n\x1a\n",
        ],
        ids=["empty", "text", "short png", "short jpeg", "signature"],
    )
    def test_a_damaged_original_is_replaced_by_the_stand_in(self, damaged):
        assert expanded(damaged, 300, 300) == expanded(None, 300, 300)

    @pytest.mark.parametrize(
        "other",
        [
            encoded(picture(300, 300), "GIF", save_all=True, append_images=[picture(300, 300, seed=2)]),
            encoded(picture(300, 300), "WEBP"),
            b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>',
        ],
        ids=["animated gif", "webp", "svg"],
    )
    def test_what_is_neither_png_nor_jpeg_is_replaced_by_the_stand_in(self, other):
        assert expanded(other, 300, 300) == expanded(None, 300, 300)

    def test_of_an_animated_png_the_first_picture_counts(self):
        first = picture(40, 30)
        data = encoded(first, save_all=True, append_images=[picture(40, 30, seed=2)])
        assert same(inside(decoded(expanded(data, 40, 30)), 40, 30), first)

    @pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
    def test_text_that_unpacks_to_a_hundred_megabytes_is_not_unpacked(self, kind):
        whole = encoded(picture(40, 30))
        packed = kind + b"a\0\0" + zlib.compress(b"x" * 100_000_000)
        bomb = struct.pack(">I", len(packed) - 4) + packed + struct.pack(">I", zlib.crc32(packed))
        tracemalloc.start()
        try:
            file = expanded(whole[: png.HEADER_END] + bomb + whole[png.HEADER_END :], 40, 30)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 10_000_000
        assert decoded(file).size == (canvas(40, 30, SOME).width, canvas(40, 30, SOME).height)

    def test_an_original_of_another_size_is_replaced_by_the_stand_in(self):
        assert expanded(encoded(picture(30, 40)), 40, 30) == expanded(None, 40, 30)

    def test_the_stand_in_is_sky_over_ground_with_writing_between(self):
        result = inside(decoded(expanded(None, 300, 200)), 300, 200)
        sky, ground = result.getpixel((5, 5)), result.getpixel((5, 195))
        assert sky[2] > sky[1] > sky[0]
        assert ground[1] > max(ground[0], ground[2])
        writing = result.crop((60, 60, 240, 140))
        assert ImageChops.difference(writing, result.crop((0, 60, 1, 140)).resize(writing.size)).getbbox() is not None

    def test_more_than_64_megapixels_is_refused_before_anything_is_drawn(self):
        with pytest.raises(ValueError, match="10000 x 20000 pixels is not drawn: the limit is 64000000"):
            expanded(None, 10_000, 10_000, Ratios.of(up=Decimal(1)))


class TestText:
    def test_label_becomes_text(self):
        assert decoded(expanded(None, 40, 30)).text == LABEL

    def test_a_label_beyond_latin_1_survives(self):
        label = {"kling-task": "任务 é", "plain": "é"}
        data = expanded(None, 40, 30, label=label).data
        assert decoded(File("image/png", data, ".png")).text == label
        assert (data.count(b"iTXt"), data.count(b"tEXt")) == (1, 1)

    def test_no_label_no_text(self):
        assert decoded(expanded(None, 40, 30, label={})).text == {}


class TestPlain:
    @settings(deadline=None, max_examples=60)
    @given(width=sides, height=sides, how=ratios)
    def test_two_colours_with_the_original_in_its_place(self, width, height, how):
        file = pictures.plain_expanded_png(width, height, how, seed=7, index=0, label=LABEL)
        result, place = decoded(file), canvas(width, height, how)
        mask = Image.new("P", (place.width, place.height))
        mask.paste(1, (place.x, place.y, place.x + width, place.y + height))
        assert (result.size, result.tobytes(), result.text) == (mask.size, mask.convert("P").tobytes(), LABEL)
        palette = result.getpalette()
        assert palette[:3] != palette[3:6]

    def test_images_of_one_task_differ(self):
        files = {pictures.plain_expanded_png(40, 30, NONE, seed=7, index=index, label={}).data for index in range(9)}
        assert len(files) == 9

    @pytest.mark.usefixtures("without_pillow")
    def test_stands_in_where_pillow_is_missing(self):
        options = {"seed": 7, "index": 1, "label": LABEL}
        original = b"never looked at"
        assert pictures.expanded_png(original, 40, 30, SOME, **options) == pictures.plain_expanded_png(
            40, 30, SOME, **options
        )
        assert pictures.composed_png([original], 40, 30, **options) == pictures.plain_composed_png(40, 30, **options)

    @pytest.mark.usefixtures("without_pillow")
    def test_clips_need_no_pillow(self):
        assert media.clip(5, label={}).content_type == "video/mp4"

    def test_two_hundred_megapixels_take_little_memory_and_few_bytes(self):
        tracemalloc.start()
        try:
            file = pictures.plain_expanded_png(10_000, 10_000, Ratios.of(up=Decimal(1)), seed=7, index=0, label={})
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1_000_000
        assert len(file.data) < 100_000
        assert file.data[16:24] == struct.pack(">II", 10_000, 20_000)


class TestClips:
    @pytest.mark.parametrize(("asked", "given"), [(0, 5), (3, 5), (5, 5), (6, 10), (10, 10), (15, 10)])
    def test_nearest_clip_that_is_not_shorter(self, asked, given):
        with av.open(io.BytesIO(media.clip(asked, label={}).data)) as container:
            assert abs(container.duration / av.time_base - given) <= 1 / 24

    @pytest.mark.parametrize("seconds", media.CLIP_SECONDS)
    def test_every_frame_decodes_and_the_picture_moves(self, seconds):
        with av.open(io.BytesIO(media.clip(seconds, label=LABEL).data)) as container:
            stream = container.streams.video[0]
            frames = list(container.decode(stream))
            context = stream.codec_context
            assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 640, 360)
        assert [frame.time for frame in frames] == pytest.approx([number / 24 for number in range(24 * seconds)])
        first, last = (frames[at].to_image() for at in (0, -1))
        assert sum(ImageStat.Stat(ImageChops.difference(first, last)).mean) > 3

    @pytest.mark.parametrize("seconds", media.CLIP_SECONDS)
    def test_file_starts_fast_is_small_and_says_where_it_came_from(self, seconds):
        file = media.clip(seconds, label=LABEL)
        names = boxes(file.data)
        assert (file.content_type, file.suffix, names[0], names[-1]) == ("video/mp4", ".mp4", "ftyp", "free")
        assert names.index("moov") < names.index("mdat")
        assert len(file.data) < 60_000
        assert file.data.endswith(b"Software: kling-contract mock\nkling-task: t-1\nkling-seed: 7\n")

    def test_script_makes_a_clip_of_the_asked_length_twice_the_same(self, tmp_path, capsys):
        script = runpy.run_path(str(ROOT / "scripts" / "make_clips.py"))
        for name in ("first", "second"):
            script["main"](["--seconds", "1", "--folder", str(tmp_path / name)])
        first, second = ((tmp_path / name / "1s.mp4").read_bytes() for name in ("first", "second"))
        assert first == second
        assert capsys.readouterr().out.count("1s.mp4: ") == 2
        with av.open(io.BytesIO(first)) as container:
            assert len(list(container.decode(video=0))) == 24


class TestAspect:
    @pytest.mark.parametrize(
        ("aspect", "size"),
        [
            ("16:9", (1024, 576)), ("9:16", (576, 1024)), ("1:1", (1024, 1024)), ("4:3", (1024, 768)),
            ("3:2", (1024, 682)), ("2:3", (682, 1024)), ("21:9", (1024, 438)), ("2.35:1", (1024, 434)),
        ],
    )  # fmt: skip
    def test_documented_aspects(self, aspect, size):
        assert media.size_for_aspect(aspect) == size

    @given(across=st.integers(1, 10**6), down=st.integers(1, 10**6))
    def test_both_sides_are_even_and_the_longer_is_1024(self, across, down):
        width, height = media.size_for_aspect(f"{across}:{down}")
        assert (max(width, height), width % 2, height % 2) == (1024, 0, 0)
        assert min(width, height) >= 2
        assert (width >= height) == (across >= down) or width == height

    @pytest.mark.parametrize("aspect", ["", "auto", "16", "16:", ":9", "0:9", "16:0", "-16:9", "16:9:2", "nan:1"])
    def test_anything_else_is_refused(self, aspect):
        with pytest.raises(ValueError, match="as in 16:9"):
            media.size_for_aspect(aspect)


class TestPhoto:
    def test_size_and_repeatability(self):
        image = Image.open(io.BytesIO(photo(160, 120)))
        assert (image.mode, image.size, image.format) == ("RGB", (160, 120), "PNG")
        assert photo(160, 120) == photo(160, 120) != photo(160, 120, seed=8)

    def test_the_sky_is_bright_at_the_sun_and_dark_at_the_top(self):
        image = Image.open(io.BytesIO(photo())).convert("L")
        sun, top = image.crop((470, 240, 500, 270)), image.crop((0, 0, 768, 30))
        assert ImageStat.Stat(sun).mean[0] > ImageStat.Stat(top).mean[0] + 80

    @settings(deadline=None, max_examples=15)
    @given(width=st.integers(64, 200), height=st.integers(64, 200), seed=st.integers(0, 99))
    def test_any_shape_and_seed_can_be_drawn(self, width, height, seed):
        assert Image.open(io.BytesIO(photo(width, height, seed))).size == (width, height)

    def test_a_tiny_photo_is_refused(self):
        with pytest.raises(ValueError, match="not 63 x 64"):
            photo(63, 64)


def test_import_is_cheap():
    """Neither Pillow nor PyAV is loaded before the first file is asked for."""
    code = "import sys, mock_server.media, kling_contract.demo_photo; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    command = [sys.executable, "-c", code]
    modules = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert "mock_server.media" in modules
    assert not {"PIL", "av"} & set(modules)
