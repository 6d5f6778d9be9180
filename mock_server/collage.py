"""Several pictures made one: the subjects as framed tiles, on their scene, in the colours of their style."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from PIL import Image

    from mock_server.png import Colour

    Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels

MARGIN = 1 / 13  # of the short side, as the other shares below
GAP = 1 / 30
FRAME = 1 / 150
CORNER = 1 / 40
SWATCH = 1 / 6
SHAPES = (9 / 16, 16 / 9)  # width by height; what is narrower or wider is cropped, so that no tile grows tiny
# Where the tiles gather, as shares of the room that they leave across and down: the first image has them in the middle.
PLACES = ((0.5, 0.5), (0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))


class Cast(msgspec.Struct, frozen=True):
    """The pictures of a composition, RGB or RGBA, at least one subject; None where no scene or style was asked for."""

    subjects: Sequence[Image.Image]
    scene: Image.Image | None
    style: Image.Image | None


def collage(pil: ModuleType, cast: Cast, size: tuple[int, int], tint: Colour, index: int) -> Image.Image:
    """Return an RGB picture of `size`; `index` (from 0) turns the order of the subjects and moves them."""
    first = index % len(cast.subjects)
    subjects = [*cast.subjects[first:], *cast.subjects[:first]]
    boxes = list(arranged([each.width / each.height for each in subjects], size, index))
    picture = _backdrop(pil, cast.scene, size, tint)
    _shade(pil, picture, boxes)
    card = _mixed(tint, (255, 255, 255), 0.75)
    for subject, box in zip(subjects, boxes, strict=True):
        _hang(pil, picture, subject, box, card)
    return picture if cast.style is None else _styled(pil, picture, cast.style, card)


def arranged(shapes: Sequence[float], size: tuple[int, int], index: int) -> Iterator[Box]:
    """Yield a box of each shape (width by height), in rows of one width, as many as suit the size best."""
    shapes = [min(max(shape, SHAPES[0]), SHAPES[1]) for shape in shapes]
    margin, gap, (across, down) = min(size) * MARGIN, min(size) * GAP, PLACES[index % len(PLACES)]
    space = (size[0] - 2 * margin, size[1] - 2 * margin)
    room = space if index == 0 else (space[0] * 0.9, space[1] * 0.9)
    blocks = [_Block.of(_rows(shapes, count), room, gap) for count in range(1, len(shapes) + 1)]
    block = max(blocks, key=lambda each: each.worth)
    top = margin + (space[1] - block.height) * down
    for row in block.rows:
        left, height = margin + (space[0] - block.width) * across, block.tall(row)
        for shape in row:
            yield _box(left, top, height * shape, height, size)
            left += height * shape + gap
        top += height + gap


def _rows(shapes: Sequence[float], count: int) -> list[list[float]]:
    """Return the shapes in `count` rows or fewer, in their order, of about the same length."""
    rows: list[list[float]] = [[] for _ in range(count)]
    total, passed = sum(shapes), 0.0
    for shape in shapes:
        rows[min(count - 1, int((passed + shape / 2) / total * count))].append(shape)
        passed += shape
    return [row for row in rows if row]


class _Block(msgspec.Struct, frozen=True):
    """Rows of shapes, all of one width, with a gap between any two neighbours; in pixels."""

    rows: Sequence[Sequence[float]]
    width: float
    gap: float

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]], room: tuple[float, float], gap: float) -> _Block:
        """Return the largest block that a room (width, height) has space for."""
        gaps = gap * (len(rows) - 1) - sum(gap * (len(row) - 1) / sum(row) for row in rows)
        return cls(rows, min(room[0], (room[1] - gaps) / sum(1 / sum(row) for row in rows)), gap)

    @property
    def height(self) -> float:
        return sum(map(self.tall, self.rows)) + self.gap * (len(self.rows) - 1)

    @property
    def worth(self) -> float:
        """The sum of the logarithms of the areas, which favours large tiles and tiles of like size."""
        return sum(math.log(max(self.tall(row) ** 2 * shape, 1e-9)) for row in self.rows for shape in row)

    def tall(self, row: Sequence[float]) -> float:
        return max(0.0, (self.width - self.gap * (len(row) - 1)) / sum(row))


def _box(left: float, top: float, width: float, height: float, size: tuple[int, int]) -> Box:
    """Return the box in whole pixels, at least one a side, on the canvas."""
    x, y = min(max(0, round(left)), size[0] - 1), min(max(0, round(top)), size[1] - 1)
    return x, y, max(x + 1, round(left + width)), max(y + 1, round(top + height))


def _backdrop(pil: ModuleType, scene: Image.Image | None, size: tuple[int, int], tint: Colour) -> Image.Image:
    """Return the scene, cropped to `size`, a little out of focus, darker and tinted; without one, a gradient."""
    shades = bytes((*_mixed(tint, (255, 255, 255), 0.3), *_mixed(tint, (40, 44, 60), 0.25)))
    picture: Image.Image = pil.Image.frombytes("RGB", (1, 2), shades).resize(size, pil.Image.Resampling.BICUBIC)
    if scene is None:
        return picture
    fitted = pil.ImageOps.fit(scene, size)
    picture.paste(fitted, (0, 0), fitted if fitted.mode == "RGBA" else None)
    blurred = picture.filter(pil.ImageFilter.GaussianBlur(min(size) / 250))
    dimmed = blurred.point([round(value * 0.85) for value in range(256)] * 3)
    toned: Image.Image = pil.Image.blend(dimmed, pil.Image.new("RGB", size, tint), 0.1)
    return toned


def _shade(pil: ModuleType, picture: Image.Image, boxes: Sequence[Box]) -> None:
    """Lay a soft shadow below each box, worked out at a quarter of the size."""
    small = tuple(-(-side // 4) for side in picture.size)
    shadow, drop = pil.Image.new("L", small), min(picture.size) / 80
    pen = pil.ImageDraw.Draw(shadow)
    for left, top, right, bottom in boxes:
        pen.rectangle((left / 4, (top + drop) / 4, right / 4, (bottom + drop) / 4), fill=140)
    soft = shadow.filter(pil.ImageFilter.GaussianBlur(drop / 4)).resize(picture.size, pil.Image.Resampling.BICUBIC)
    picture.paste((16, 18, 28), (0, 0), soft)


def _hang(pil: ModuleType, picture: Image.Image, tile: Image.Image, box: Box, card: Colour) -> None:
    """Lay a tile on a card with round corners that frames it, and shines through where the tile is transparent."""
    short = min(picture.size)
    left, top, width, height = box[0], box[1], box[2] - box[0], box[3] - box[1]
    frame = min(max(1, round(short * FRAME)), (min(width, height) - 1) // 2)
    inner = (width - 2 * frame, height - 2 * frame)
    picture.paste(card, (left, top), _rounded(pil, (width, height), short * CORNER))
    face = pil.Image.new("RGB", inner, card)
    fitted = pil.ImageOps.fit(tile, inner)
    face.paste(fitted, (0, 0), fitted if fitted.mode == "RGBA" else None)
    picture.paste(face, (left + frame, top + frame), _rounded(pil, inner, short * CORNER - frame))


def _rounded(pil: ModuleType, size: tuple[int, int], corner: float) -> Image.Image:
    """Return a mask of `size` with smooth round corners, as round as it has room for."""
    corner = max(0, min(corner, min(size) / 2 - 1))
    large = pil.Image.new("L", (size[0] * 4, size[1] * 4))
    pil.ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), corner * 4, fill=255)
    mask: Image.Image = large.reduce(4)
    return mask


def _styled(pil: ModuleType, picture: Image.Image, style: Image.Image, card: Colour) -> Image.Image:
    """Return the picture in the light of the style, which hangs in the lower right corner as a small swatch."""
    short, filters = min(picture.size), pil.Image.Resampling
    flat = pil.Image.new("RGB", style.size, (128, 128, 128))
    flat.paste(style, (0, 0), style if style.mode == "RGBA" else None)
    wash = flat.resize((3, 3), filters.BOX).resize(picture.size, filters.BICUBIC)
    lit: Image.Image = pil.Image.blend(picture, pil.ImageChops.soft_light(picture, wash), 0.7)
    lit = pil.Image.blend(lit, wash, 0.14)
    side, edge = max(1, round(short * SWATCH)), round(short * MARGIN / 3)
    right, bottom = lit.width - edge, lit.height - edge
    box = (max(0, right - side), max(0, bottom - side), right, bottom)
    _shade(pil, lit, [box])
    _hang(pil, lit, style, box, card)
    return lit


def _mixed(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
