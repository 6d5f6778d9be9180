from __future__ import annotations

import io
import itertools
import math
import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from kling_contract.demo_photo import photo
from mock_server import pictures
from mock_server.collage import SHAPES, arranged
from mock_server.files import File
from mock_server.media import size_for_aspect

LABEL = {"Software": "kling-contract mock", "kling-task": "t-1", "kling-seed": "7"}
WIDE = (256, 144)
COLOURS = [*itertools.product((5, 250), repeat=3), (120, 60, 0)]
indices = st.integers(0, 8)
counts = st.integers(1, 9)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def flat(colour, size=(60, 60), mode="RGB") -> bytes:
    return encoded(Image.new(mode, size, colour))


def noise(width: int, height: int, seed: int = 1) -> bytes:
    return encoded(Image.frombytes("RGBA", (width, height), random.Random(seed).randbytes(width * height * 4)))


def composed(subjects, size=WIDE, *, seed=7, index=0, label=LABEL, **others) -> File:
    return pictures.composed_png(subjects, *size, seed=seed, index=index, label=label, **others)


def decoded(file: File) -> Image.Image:
    assert (file.content_type, file.suffix) == ("image/png", ".png")
    image = Image.open(io.BytesIO(file.data))
    image.load()
    return image


def drawn(*given, **options) -> Image.Image:
    return decoded(composed(*given, **options))


def amounts(image: Image.Image) -> dict[tuple[int, ...], int]:
    return {colour: amount for amount, colour in image.getcolors(1 << 20)}


def mean(image: Image.Image) -> list[float]:
    return ImageStat.Stat(image).mean


def apart(first, second) -> float:
    """Return the mean distance of two colours, or of two pictures pixel by pixel, on a scale from 0 to 255."""
    if isinstance(first, Image.Image):
        return math.fsum(mean(ImageChops.difference(first, second))) / 3
    return math.fsum(abs(a - b) for a, b in zip(first, second, strict=True)) / 3


class TestSize:
    @pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"])
    def test_is_exactly_what_the_aspect_asks_for(self, aspect):
        size = size_for_aspect(aspect)
        assert drawn([flat(COLOURS[0])], size).size == size

    @settings(deadline=None, max_examples=50)
    @given(
        subjects=st.lists(st.sampled_from([noise(9, 7), noise(1, 40), None, b"", b"damaged"]), max_size=12),
        scene=st.sampled_from([None, b"", noise(30, 20)]),
        style=st.sampled_from([None, b"", noise(5, 5)]),
        size=st.tuples(st.integers(1, 48), st.integers(1, 48)),
        index=indices,
    )
    def test_any_cast_on_any_canvas(self, subjects, scene, style, size, index):
        result = drawn(subjects, size, scene=scene, style=style, index=index)
        assert (result.size, result.mode, result.text) == (size, "RGB", LABEL)

    def test_more_than_64_megapixels_is_refused(self):
        with pytest.raises(ValueError, match="8001 x 8000 pixels is not drawn"):
            composed([], (8001, 8000))


class TestArrangement:
    @settings(deadline=None)
    @given(
        shapes=st.lists(st.floats(0.2, 5), min_size=1, max_size=9),
        size=st.tuples(st.integers(200, 1024), st.integers(200, 1024)),
        index=indices,
    )
    def test_tiles_stand_apart_on_the_canvas_in_their_shapes(self, shapes, size, index):
        boxes = list(arranged(shapes, size, index))
        assert len(boxes) == len(shapes)
        for shape, (left, top, right, bottom) in zip(shapes, boxes, strict=True):
            assert 0 < left < right < size[0]
            assert 0 < top < bottom < size[1]
            wanted = min(max(shape, SHAPES[0]), SHAPES[1])
            assert abs((right - left) - (bottom - top) * wanted) <= 1 + wanted
        for one, other in itertools.combinations(boxes, 2):
            assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]

    def test_a_wide_canvas_has_one_row_and_a_tall_one_a_column(self):
        assert len({top for _, top, _, _ in arranged([1, 1, 1], (600, 100), 0)}) == 1
        assert len({left for left, _, _, _ in arranged([1, 1, 1], (100, 600), 0)}) == 1

    @pytest.mark.parametrize("size", [(1024, 576), (576, 1024), (1024, 1024), (1024, 438)])
    @pytest.mark.parametrize("count", range(1, 10))
    def test_tiles_of_one_shape_are_of_like_size_and_fill_a_good_part(self, size, count):
        areas = [(right - left) * (bottom - top) for left, top, right, bottom in arranged([1] * count, size, 0)]
        assert sum(areas) > math.prod(size) * 0.28
        assert max(areas) < 5 * min(areas)

    def test_the_first_picture_has_its_tiles_in_the_middle(self):
        [(left, top, right, bottom)] = arranged([1], (400, 300), 0)
        assert abs(left + right - 400) <= 1
        assert abs(top + bottom - 300) <= 1


class TestSubjects:
    @settings(deadline=None, max_examples=30)
    @given(count=counts, size=st.tuples(st.integers(160, 400), st.integers(160, 400)), index=indices)
    def test_every_subject_is_seen(self, count, size, index):
        seen = amounts(drawn([flat(colour) for colour in COLOURS[:count]], size, index=index))
        assert min(seen.get(colour, 0) for colour in COLOURS[:count]) > math.prod(size) / 100

    @pytest.mark.parametrize("index", [0, 1, 2, 3])
    def test_each_result_begins_with_another_subject(self, index):
        result = drawn([flat(colour) for colour in COLOURS[:3]], index=index)
        boxes = arranged([1, 1, 1], WIDE, index)
        centres = [result.getpixel(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)) for box in boxes]
        assert centres == [COLOURS[(index + place) % 3] for place in range(3)]

    def test_a_photograph_keeps_its_colours_and_its_upright(self):
        original = Image.open(io.BytesIO(photo(192, 128)))
        [box] = arranged([1.5], WIDE, 0)
        tile = drawn([photo(192, 128)]).crop(box)
        assert apart(tile, original.resize(tile.size)) < 12
        assert apart(tile, original.rotate(180).resize(tile.size)) > 24

    @pytest.mark.parametrize(
        ("subject", "colour"),
        [
            (flat(90, mode="L"), (90, 90, 90)),
            (flat(1, mode="1"), (255, 255, 255)),
            (flat((90, 255), mode="LA"), (90, 90, 90)),
            (flat((10, 200, 30, 255), mode="RGBA"), (10, 200, 30)),
            (flat(0x8000, mode="I;16"), (128, 128, 128)),
            (encoded(Image.new("RGB", (60, 60), (10, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE)), None),
            (encoded(Image.new("CMYK", (60, 60), (0, 0, 0, 155)), "JPEG"), (100, 100, 100)),
        ],
        ids=["grey", "black and white", "grey with alpha", "alpha", "16-bit", "palette", "CMYK"],
    )
    def test_every_mode_shows_its_colour(self, subject, colour):
        assert amounts(drawn([subject])).get(colour or (10, 200, 30), 0) > math.prod(WIDE) / 5

    def test_a_pale_card_shines_through_a_transparent_subject(self):
        image = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
        image.paste((255, 0, 0, 255), (0, 0, 30, 60))
        [(left, top, right, bottom)] = arranged([1], WIDE, 0)
        result, middle = drawn([encoded(image)], scene=flat((9, 9, 9))), (top + bottom) // 2
        assert result.getpixel((left + (right - left) // 4, middle)) == (255, 0, 0)
        assert min(result.getpixel((right - (right - left) // 4, middle))) > 200

    def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(self):
        image = encoded(Image.new("RGB", (3000, 2000), (200, 40, 40)), "JPEG")
        assert pictures.decoded(pictures.pillow(), image, enough=1000).size == (1500, 1000)
        assert pictures.decoded(pictures.pillow(), image).size == (3000, 2000)
        assert apart(drawn([image]).getpixel((128, 72)), (200, 40, 40)) < 3


class TestScene:
    @settings(deadline=None, max_examples=20)
    @given(count=counts, index=indices, size=st.sampled_from([(160, 90), (90, 160), (120, 120), (210, 90)]))
    def test_colours_the_border(self, count, index, size):
        subjects = [flat(colour) for colour in COLOURS[:count]]
        for colour in ((200, 60, 20), (20, 60, 200)):
            result = drawn(subjects, size, scene=flat(colour), index=index)
            for corner in ((0, 0), (size[0] - 1, 0), (0, size[1] - 1)):
                assert apart(result.getpixel(corner), colour) < 40

    def test_covers_the_canvas_the_right_way_round(self):
        scene = Image.new("RGB", (100, 100), (250, 0, 0))
        scene.paste((0, 0, 250), (50, 0, 100, 100))
        result = drawn([flat((9, 9, 9))], scene=encoded(scene))
        reds, blues = result.getpixel((2, 72)), result.getpixel((253, 72))
        assert reds[0] > 2 * reds[2]
        assert blues[2] > 2 * blues[0]

    def test_a_transparent_one_lets_the_quiet_ground_through(self):
        subjects, clear = [flat(COLOURS[0])], flat((0, 0, 0, 0), mode="RGBA")
        assert apart(drawn(subjects, scene=clear), drawn(subjects)) < 20

    def test_one_that_is_not_at_hand_is_a_landscape_with_a_word_in_the_margin(self):
        subjects = [flat(COLOURS[0])]
        lost = drawn(subjects, (640, 360), scene=b"")
        assert lost.tobytes() == drawn(subjects, (640, 360), scene=b"damaged").tobytes()
        below = (0, 340, 640, 360)
        assert max(map(min, amounts(lost.crop(below)))) > 200
        assert max(map(min, amounts(drawn(subjects, (640, 360), scene=photo(192, 128)).crop(below)))) < 200
        assert apart(lost.getpixel((5, 5)), pictures.SKY[:3]) < 30
        assert apart(lost, drawn(subjects, (640, 360))) > 5


class TestStyle:
    @pytest.mark.parametrize("style", [(240, 120, 20), (20, 40, 200), (40, 160, 60)])
    @pytest.mark.parametrize("scene", [None, photo(192, 128)], ids=["no scene", "scene"])
    def test_draws_the_whole_towards_its_colours(self, style, scene):
        subjects = [flat((128, 128, 128)), photo(128, 128)]
        before, after = drawn(subjects, scene=scene), drawn(subjects, scene=scene, style=flat(style))
        upper = (0, 0, 256, 100)
        assert apart(mean(after.crop(upper)), style) < apart(mean(before.crop(upper)), style) - 8

    def test_colours_even_black_and_white(self):
        result = drawn([flat(0, mode="1"), flat(1, mode="1")], style=flat((240, 120, 20)))
        for left, top, right, bottom in arranged([1, 1], WIDE, 0):
            red, _, blue = result.getpixel(((left + right) // 2, (top + bottom) // 2))
            assert red > blue + 20

    def test_keeps_the_subjects_recognisable(self):
        subjects = [photo(192, 128)]
        assert apart(drawn(subjects), drawn(subjects, style=flat((20, 40, 200)))) < 40

    @settings(deadline=None, max_examples=20)
    @given(count=counts, index=indices, size=st.sampled_from([(320, 180), (180, 320), (240, 240), (420, 180)]))
    def test_hangs_in_the_lower_right_corner_as_it_is(self, count, index, size):
        result = drawn([flat((9, 9, 9))] * count, size, style=flat((240, 120, 20)), index=index)
        corner = result.crop((size[0] - 40, size[1] - 40, *size))
        assert amounts(corner).get((240, 120, 20), 0) > 500

    def test_one_that_is_not_at_hand_is_not_the_same_as_none(self):
        subjects = [flat(COLOURS[0])]
        assert apart(drawn(subjects, style=b""), drawn(subjects)) > 5


class TestStandIns:
    @pytest.mark.parametrize("given", [None, b"", b"damaged", noise(40, 40)[:-200], b"\xff\xd8\xff\xe0"])
    def test_a_subject_or_style_that_is_not_at_hand_is_a_stand_in(self, given):
        stand_in = encoded(pictures.stand_in(pictures.pillow(), (512, 512)))
        assert composed([given, flat(COLOURS[0])]) == composed([stand_in, flat(COLOURS[0])])
        assert composed([flat(COLOURS[0])], style=given or b"") == composed([flat(COLOURS[0])], style=stand_in)

    def test_no_subjects_at_all_are_one_that_is_not_at_hand(self):
        assert composed([]) == composed([None])

    def test_an_enormous_subject_is_neither_decoded_nor_warned_about(self):
        bomb = pictures.plain_composed_png(20_000, 20_000, seed=7, index=0, label={}).data
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            result = composed([bomb])
        assert not seen
        assert result == composed([b"damaged"])


class TestOneTask:
    @pytest.mark.parametrize("count", [1, 3])
    @pytest.mark.parametrize("scene", [None, photo(192, 128)], ids=["no scene", "scene"])
    def test_images_differ_visibly(self, count, scene):
        subjects = [flat(colour) for colour in COLOURS[:count]]
        results = [drawn(subjects, (200, 200), scene=scene, index=index) for index in range(9)]
        assert min(apart(one, other) for one, other in itertools.combinations(results, 2)) > 2.5

    def test_each_image_tints_the_scene_its_own_way(self):
        results = [drawn([None], scene=flat((128, 128, 128)), index=index) for index in range(9)]
        assert len({result.getpixel((0, 0)) for result in results}) == 9

    def test_same_inputs_give_same_bytes_and_another_seed_gives_others(self):
        cast = {"subjects": [photo(96, 64), None], "scene": photo(192, 128), "style": noise(30, 20)}
        first, second = (composed(**cast, index=2) for _ in range(2))
        assert first == second
        assert first.data != composed(**cast, index=2, seed=8).data
