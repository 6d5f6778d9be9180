"""Pictures that any viewer opens, the same bytes for the same inputs.

They are drawn with Pillow (the extra `media`); without it they are plain but valid, and of the right size.
"""

from __future__ import annotations

import colorsys
import io
import math
import random
from typing import TYPE_CHECKING, TypeAlias

from kling_contract.expansion import canvas
from kling_contract.images.png import SIGNATURE
from mock_server.collage import MARGIN, Cast, collage
from mock_server.png import labelled, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from PIL import Image

    from kling_contract.expansion import Canvas, Ratios
    from mock_server.files import File
    from mock_server.png import Colour

Unseen: TypeAlias = "Callable[[bytes | None], object]"

MAX_PIXELS = 64_000_000  # drawn in memory; four bytes a pixel, a few copies at a time
SKY = (118, 158, 204, 222, 230, 234)  # two colours of red, green and blue: top, bottom
FIELD = (128, 142, 104, 84, 100, 72)
TILE = (512, 512)  # the sides of a stand-in for a subject or a style
SKETCH = 640  # the new area is blurred anyway, so it is worked out no larger than this, in pixels


def ignored(data: bytes | None) -> None:
    """Do nothing about an image that is not shown."""


def expanded_png(
    original: bytes | None,
    width: int,
    height: int,
    ratios: Ratios,
    *,
    seed: int,
    index: int,
    label: Mapping[str, str],
    unseen: Unseen = ignored,
) -> File:
    """Return an original of `width` x `height` pixels, unscaled, on a canvas whose new area continues its edges.

    `index` (from 0) and `seed` change the new area only. A picture drawn as a stand-in, and marked so, takes the place
    of an original that is absent, cannot be decoded, or is of another size; `unseen` is called with it. `label` becomes
    the PNG's text.
    Without Pillow this is `plain_expanded_png`. Raises ValueError where Pillow would have to draw more than
    64 megapixels: `plain_expanded_png` can still do it.
    """
    pil = pillow()
    if pil is None:
        return plain_expanded_png(width, height, ratios, seed=seed, index=index, label=label)
    place = canvas(width, height, ratios)
    _check_size(place.width, place.height)
    inner = decoded(pil, original, (width, height))
    if inner is None:
        unseen(original)
        inner = stand_in(pil, (width, height))
    return _file(pil, _expanded(pil, inner, place, _tint(seed, index), random.Random(f"{seed}/{index}")), label)


def plain_expanded_png(
    width: int, height: int, ratios: Ratios, *, seed: int, index: int, label: Mapping[str, str]
) -> File:
    """Return the expanded canvas in two flat colours, the original's rectangle and the new area, at any size."""
    place = canvas(width, height, ratios)
    inner = (place.x, place.y, place.x + width, place.y + height)
    return plain((place.width, place.height), inner, _tint(seed, index), label)


def composed_png(
    subjects: Sequence[bytes | None],
    width: int,
    height: int,
    *,
    scene: bytes | None = None,
    style: bytes | None = None,
    seed: int,
    index: int,
    label: Mapping[str, str],
    unseen: Unseen = ignored,
) -> File:
    """Return a picture of `width` x `height` pixels: the subjects as tiles, on the scene, in the colours of the style.

    A scene or style of None was not asked for; one that was, and is not at hand, is b"". A picture marked as a stand-in
    takes the place of it, of a subject that is None or b"", and of anything that cannot be decoded; `unseen` is called
    with each.
    Without Pillow this is `plain_composed_png`. Raises ValueError above 64 megapixels, as `expanded_png` does.
    """
    pil = pillow()
    if pil is None:
        return plain_composed_png(width, height, seed=seed, index=index, label=label)
    _check_size(width, height)
    size = (width, height)

    def shown(data: bytes | None) -> Image.Image | None:
        picture = _shrunk(pil, data, size)
        if picture is None:
            unseen(data)
        return picture

    tiles = [shown(each) or stand_in(pil, TILE) for each in subjects or [None]]
    swatch = None if style is None else shown(style) or stand_in(pil, TILE)
    ground = None if scene is None else shown(scene)
    lost = scene is not None and ground is None
    cast = Cast(tiles, _landscape(pil, size) if lost else ground, swatch)
    picture = collage(pil, cast, size, _tint(seed, index), index)
    if lost:
        _write(pil, picture, (width / 2, height - min(size) * MARGIN / 2), "stand-in scene", min(size) * MARGIN * 0.4)
    return _file(pil, picture, label)


def plain_composed_png(width: int, height: int, *, seed: int, index: int, label: Mapping[str, str]) -> File:
    """Return a frame around a rectangle in two flat colours, at any size."""
    inset = min(width, height) // 8
    return plain((width, height), (inset, inset, width - inset, height - inset), _tint(seed, index), label)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"a picture of {width} x {height} pixels is not drawn: the limit is {MAX_PIXELS} pixels in all"
        )


def _tint(seed: int, index: int) -> Colour:
    """Return a pale colour that differs between the images of one task (hues a golden ratio apart)."""
    hue = (random.Random(seed).random() + index * 0.6180339887) % 1
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.35, 0.95))
    return red, green, blue


def pillow() -> ModuleType | None:
    """Return the package PIL with the modules used here, or None where Pillow is not installed."""
    try:
        import PIL.Image
        import PIL.ImageChops
        import PIL.ImageDraw
        import PIL.ImageFilter
        import PIL.ImageFont
        import PIL.ImageOps
        import PIL.JpegImagePlugin
        import PIL.PngImagePlugin
    except ImportError:
        return None
    return PIL


def decoded(
    pil: ModuleType, data: bytes | None, size: tuple[int, int] | None = None, *, enough: int | None = None
) -> Image.Image | None:
    """Return a PNG or JPEG as RGB, or RGBA if it has transparency; None if it is damaged, huge or not `size`.

    A JPEG with more than `enough` pixels a side may come at a half, a quarter or an eighth of its size, which is quick.
    Pixels are taken as they are stored, as the contract counts them (the fact of `side` in `x-image`): an EXIF
    orientation is not applied.
    """
    if data is None:
        return None
    # Image.open warns of large pictures, and no warning can be silenced in one thread alone, so it is not used.
    plugin = pil.PngImagePlugin.PngImageFile if data.startswith(SIGNATURE) else pil.JpegImagePlugin.JpegImageFile
    try:
        picture = plugin(io.BytesIO(data))
        if math.prod(picture.size) > MAX_PIXELS or picture.size != (size or picture.size):
            return None
        if enough is not None:
            picture.draft(None, (enough, enough))
        return _coloured(picture)
    except Exception:  # a damaged file makes Pillow raise almost anything, struct.error and SyntaxError included
        return None


def _shrunk(pil: ModuleType, data: bytes | None, size: tuple[int, int]) -> Image.Image | None:
    """Return the decoded picture no larger than a composition of `size` needs it, so that many take little memory."""
    most = 2 * max(size)
    picture = decoded(pil, data, enough=max(size))
    if picture is not None:
        picture.thumbnail((most, most), reducing_gap=1.0)
    return picture


def _coloured(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _file(pil: ModuleType, picture: Image.Image, label: Mapping[str, str]) -> File:
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=1)
    return labelled(target.getvalue(), label)


def stand_in(pil: ModuleType, size: tuple[int, int]) -> Image.Image:
    """Return a landscape with the word "stand-in" on it."""
    picture = _landscape(pil, size)
    _write(pil, picture, (size[0] / 2, size[1] / 2), "stand-in", min(size[0] / 7, size[1] / 4))
    return picture


def _landscape(pil: ModuleType, size: tuple[int, int]) -> Image.Image:
    """Return a sky over a field."""
    picture: Image.Image = pil.Image.new("RGB", size)
    horizon = round(size[1] * 0.6)
    for top, bottom, colours in ((0, horizon, SKY), (horizon, size[1], FIELD)):
        column = pil.Image.frombytes("RGB", (1, 2), bytes(colours))
        picture.paste(column.resize((size[0], max(1, bottom - top)), pil.Image.Resampling.BILINEAR), (0, top))
    return picture


def _write(pil: ModuleType, picture: Image.Image, centre: tuple[float, float], text: str, tall: float) -> None:
    font = pil.ImageFont.load_default(max(8, round(tall)))
    pen = pil.ImageDraw.Draw(picture)
    pen.text(centre, text, (255, 255, 255), font, "mm", stroke_width=max(1, round(tall / 14)), stroke_fill=(40, 44, 60))


def _expanded(pil: ModuleType, inner: Image.Image, place: Canvas, tint: Colour, chance: random.Random) -> Image.Image:
    """Return `inner`, untouched, at its place on a canvas that continues it, with a thin seam in the new area."""
    size, edge = (place.width, place.height), max(1, max(place.width, place.height) // 1000)
    sketch = _softened(pil, _continued(pil, inner, place), tint, chance)
    picture: Image.Image = sketch.resize(size, pil.Image.Resampling.BICUBIC).convert(inner.mode)
    box = (place.x - edge, place.y - edge, place.x + inner.width + edge - 1, place.y + inner.height + edge - 1)
    pil.ImageDraw.Draw(picture).rectangle(box, outline=tuple((part + 255) // 2 for part in tint), width=edge)
    picture.paste(inner, (place.x, place.y))
    return picture


def _continued(pil: ModuleType, inner: Image.Image, place: Canvas) -> Image.Image:
    """Return a small sketch of the canvas (RGB): the original, its border strips mirrored and drawn outwards."""
    flip = pil.Image.Transpose
    sketch, (left, top, right, bottom) = _sketch(pil, inner, place)
    width, height, strip, band = *sketch.size, -(-(right - left) // 8), -(-(bottom - top) // 12)
    for source, target, turn in (
        ((left, top, left + strip, bottom), (0, top, left, bottom), flip.FLIP_LEFT_RIGHT),
        ((right - strip, top, right, bottom), (right, top, width, bottom), flip.FLIP_LEFT_RIGHT),
        ((0, top, width, top + band), (0, 0, width, top), flip.FLIP_TOP_BOTTOM),
        ((0, bottom - band, width, bottom), (0, bottom, width, height), flip.FLIP_TOP_BOTTOM),
    ):
        size = (target[2] - target[0], target[3] - target[1])
        if all(size):
            sketch.paste(sketch.crop(source).transpose(turn).resize(size), target[:2])
    return sketch


def _sketch(pil: ModuleType, inner: Image.Image, place: Canvas) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Return a canvas of at most SKETCH pixels a side with the original on it, and the original's rectangle there."""
    scale = min(1.0, SKETCH / max(place.width, place.height))
    left, top = round(place.x * scale), round(place.y * scale)
    right = max(left + 1, round((place.x + inner.width) * scale))
    bottom = max(top + 1, round((place.y + inner.height) * scale))
    sketch: Image.Image = pil.Image.new(
        "RGB", (max(right, round(place.width * scale)), max(bottom, round(place.height * scale)))
    )
    flat = pil.Image.new("RGB", inner.size, (128, 128, 128))
    flat.paste(inner, (0, 0), inner if inner.mode == "RGBA" else None)
    sketch.paste(flat.resize((right - left, bottom - top), pil.Image.Resampling.BOX), (left, top))
    return sketch, (left, top, right, bottom)


def _softened(pil: ModuleType, sketch: Image.Image, tint: Colour, chance: random.Random) -> Image.Image:
    """Return the sketch out of focus, a little darker, tinted and mottled."""
    blurred = sketch.filter(pil.ImageFilter.GaussianBlur(max(sketch.size) / 70))
    toned = pil.Image.blend(blurred, pil.Image.new("RGB", sketch.size, tint), 0.06)
    grid = (-(-sketch.width // 16), -(-sketch.height // 16))
    mottle = pil.Image.frombytes("L", grid, chance.randbytes(math.prod(grid)))
    mottle = mottle.resize(sketch.size, pil.Image.Resampling.BICUBIC).point([226 - v * 11 // 255 for v in range(256)])
    softened: Image.Image = pil.ImageChops.multiply(toned, pil.Image.merge("RGB", (mottle,) * 3))
    return softened
