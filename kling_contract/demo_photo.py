"""A photograph-like picture for the offline demonstration: a lake at dusk, drawn with Pillow and nothing else.

Drawn rather than shipped, so that it belongs to nobody and weighs nothing.
The same size and seed give the same picture.
"""

from __future__ import annotations

import io
import itertools
import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image, ImageDraw

    Colour = tuple[int, int, int]

SHORE = 0.64  # height of the far shore, as a share of the picture
SUN = (0.63, 0.53)
SKY: Sequence[tuple[float, Colour]] = (
    (0.00, (38, 50, 92)),
    (0.40, (98, 92, 138)),
    (0.66, (196, 134, 142)),
    (0.86, (246, 178, 128)),
    (1.00, (255, 214, 156)),
)
# Each range of hills: height of its crest, how much the crest moves, colour at the crest, how soft it is.
HILLS: Sequence[tuple[float, float, Colour, float]] = (
    (0.47, 0.085, (150, 116, 142), 1.6),
    (0.535, 0.060, (112, 88, 122), 1.1),
    (0.585, 0.038, (74, 62, 96), 0.7),
)
TREES: Colour = (27, 28, 44)


def photo(width: int = 768, height: int = 512, seed: int = 7) -> bytes:
    """Return a PNG (RGB) of `width` x `height` pixels, each at least 64. Raises ImportError without Pillow."""
    if min(width, height) < 64:
        raise ValueError(f"a photo has at least 64 x 64 pixels, not {width} x {height}")
    chance = random.Random(seed)
    shore = round(height * SHORE)
    land = _land((width, shore), height, chance)
    scene = _with_lake(land, height, chance)
    _add_glitter(scene, chance)
    _draw_reeds(scene, chance)
    return _png(_developed(scene, chance))


def _land(size: tuple[int, int], height: int, chance: random.Random) -> Image.Image:
    """Return all that stands above the shore: sky, clouds, sun, hills and trees."""
    from PIL import ImageFilter

    picture = _gradient(size, SKY)
    _add_clouds(picture, chance)
    _add_glow(picture, height)
    for crest, swing, colour, softness in HILLS:
        line = _ridge(size[0], crest * height, swing * height, chance)
        mask = _below(size, line).filter(ImageFilter.GaussianBlur(softness * height / 512))
        picture.paste(_haze(size, colour, min(line)), (0, 0), mask)
    picture.paste(TREES, (0, 0), _tree_line(size, height, chance))
    return picture


def _gradient(size: tuple[int, int], stops: Sequence[tuple[float, Colour]]) -> Image.Image:
    """Return a vertical gradient through `stops` (share of the height, colour)."""
    from PIL import Image

    rows = [_between(stops, y / max(1, size[1] - 1)) for y in range(size[1])]
    column = Image.frombytes("RGB", (1, size[1]), bytes(part for row in rows for part in row))
    return column.resize(size)


def _between(stops: Sequence[tuple[float, Colour]], place: float) -> Colour:
    for (low, first), (high, second) in itertools.pairwise(stops):
        if place <= high:
            return _mix(first, second, (place - low) / (high - low))
    return stops[-1][1]


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _noise(size: tuple[int, int], cells: tuple[int, int], chance: random.Random) -> Image.Image:
    """Return soft noise (mode L): three octaves, the first of `cells` cells."""
    from PIL import Image

    picture = Image.new("L", size, 128)
    for octave, share in enumerate((0.9, 0.4, 0.22)):
        grid = (cells[0] * 2**octave, cells[1] * 2**octave)
        layer = Image.frombytes("L", grid, chance.randbytes(grid[0] * grid[1]))
        picture = Image.blend(picture, layer.resize(size, Image.Resampling.BICUBIC), share)
    return picture


def _add_clouds(picture: Image.Image, chance: random.Random) -> None:
    """Lay long thin clouds over the sky, lit from below and lost towards the top."""
    from PIL import Image, ImageChops

    cover = _noise(picture.size, (3, 9), chance).point([max(0, min(190, (v - 118) * 3)) for v in range(256)])
    fade = Image.linear_gradient("L").resize(picture.size).point([round(255 * (v / 255) ** 0.7) for v in range(256)])
    lit = _gradient(picture.size, ((0.0, (112, 96, 138)), (0.55, (236, 156, 146)), (1.0, (255, 206, 160))))
    picture.paste(lit, (0, 0), ImageChops.multiply(cover, fade))


def _add_glow(picture: Image.Image, height: int) -> None:
    """Put the sun and its glow low over the hills (the glow only adds light)."""
    x, y = SUN[0] * picture.width, SUN[1] * height
    for radius, colour, power in (
        (0.95, (150, 82, 34), 2.2),
        (0.36, (150, 104, 48), 1.6),
        (0.046, (255, 238, 196), 0.25),
    ):
        _add_light(picture, (x, y), radius * height, colour, power)


def _add_light(picture: Image.Image, centre: tuple[float, float], radius: float, colour: Colour, power: float) -> None:
    from PIL import Image, ImageChops

    side = max(2, round(radius * 2))
    spot = Image.radial_gradient("L").point([round(255 * (1 - min(1, v / 181)) ** power) for v in range(256)])
    mask = Image.new("L", picture.size)
    mask.paste(
        spot.resize((side, side), Image.Resampling.BICUBIC), (round(centre[0] - radius), round(centre[1] - radius))
    )
    light = Image.new("RGB", picture.size)
    light.paste(colour, (0, 0), mask)
    picture.paste(ImageChops.screen(picture, light))


def _ridge(width: int, crest: float, swing: float, chance: random.Random) -> list[float]:
    """Return the height of a crest for each column (midpoint displacement, in pixels from the top)."""
    points = [crest + chance.uniform(-swing, swing) for _ in range(4)]
    while len(points) <= width:
        swing *= 0.52
        middles = [(a + b) / 2 + chance.uniform(-swing, swing) for a, b in itertools.pairwise(points)]
        points = [value for pair in zip(points, middles, strict=False) for value in pair] + points[-1:]
    return [points[column * (len(points) - 1) // width] for column in range(width)]


def _below(size: tuple[int, int], line: Sequence[float]) -> Image.Image:
    """Return a mask (mode L) of all below `line`."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", size)
    corners = [(float(size[0]), float(size[1])), (0.0, float(size[1]))]
    ImageDraw.Draw(mask).polygon(
        [*((float(x), y) for x, y in enumerate(line)), (size[0], line[-1]), *corners], fill=255
    )
    return mask


def _haze(size: tuple[int, int], colour: Colour, top: float) -> Image.Image:
    """Return the face of a hill: `colour` at its crest, paler towards the water where the haze lies."""
    start = max(0.01, min(0.98, top / size[1]))
    return _gradient(size, ((0.0, colour), (start, colour), (1.0, _mix(colour, (246, 186, 150), 0.55))))


def _tree_line(size: tuple[int, int], height: int, chance: random.Random) -> Image.Image:
    """Return a mask of the dark far shore with firs on it, tall at the edges of the picture and low in the middle."""
    from PIL import Image, ImageDraw

    scale = 3
    mask = Image.new("L", (size[0] * scale, size[1] * scale))
    draw = ImageDraw.Draw(mask)
    x = -0.01 * height
    while x < size[0] + 0.02 * height:
        aside = abs(x / size[0] - 0.60) * 2
        tall = height * (0.012 + 0.10 * aside**1.7) * chance.uniform(0.55, 1.15)
        _draw_fir(draw, x * scale, size[1] * scale, tall * scale, chance)
        x += height * chance.uniform(0.004, 0.013)
    draw.rectangle((0, (size[1] - height * 0.006) * scale, mask.width, mask.height), fill=255)
    return mask.resize(size, Image.Resampling.LANCZOS)


def _draw_fir(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float, chance: random.Random) -> None:
    tiers = 6
    for tier in range(tiers):
        top = foot - tall * (1 - tier / tiers)
        half = tall * 0.20 * (tier + 1.2) / tiers * chance.uniform(0.8, 1.15)
        draw.polygon(((x, top), (x - half, top + tall * 0.30), (x + half, top + tall * 0.30)), fill=255)


def _with_lake(land: Image.Image, height: int, chance: random.Random) -> Image.Image:
    """Return the land with its reflection below it: darker, bluer, in ripples that grow towards the viewer."""
    from PIL import Image, ImageFilter

    width, depth = land.width, height - land.height
    mirror = land.transpose(Image.Transpose.FLIP_TOP_BOTTOM).crop((0, 0, width, depth))
    mirror = mirror.filter(ImageFilter.GaussianBlur((height / 300, height / 130)))
    water = Image.blend(_rippled(mirror, chance), Image.new("RGB", mirror.size, (30, 40, 78)), 0.22)
    scene = Image.new("RGB", (width, height))
    scene.paste(land, (0, 0))
    scene.paste(water, (0, land.height))
    return scene


def _rippled(mirror: Image.Image, chance: random.Random) -> Image.Image:
    """Return the reflection with each row shifted and streaked as small waves do, stronger towards the viewer."""
    from PIL import Image, ImageChops

    width, depth = mirror.size
    water = mirror.copy()
    for y in range(depth):
        near = y / depth
        lift = math.sin(22 * near**0.5 * math.pi) * depth * 0.022 * near
        source = min(depth - 1, max(0, round(y + lift)))
        row = mirror.crop((0, source, width, source + 1))
        water.paste(row, (0, y))
        water.paste(row, (chance.randint(-1, 1) * round(width * 0.006 * near), y))
    streaks = _noise(mirror.size, (5, 28), chance).point([round((v - 128) * 0.5 + 128) for v in range(256)])
    return ImageChops.soft_light(water, Image.merge("RGB", (streaks,) * 3))


def _add_glitter(scene: Image.Image, chance: random.Random) -> None:
    """Lay the path of the sun on the water: short bright strokes, wider and sparser towards the viewer."""
    from PIL import Image, ImageChops, ImageDraw, ImageFilter

    shore, depth = round(scene.height * SHORE), scene.height - round(scene.height * SHORE)
    light = Image.new("L", scene.size)
    draw = ImageDraw.Draw(light)
    for _ in range(420):
        near = chance.random() ** 1.5
        x = scene.width * SUN[0] + chance.gauss(0, 0.5) * scene.height * (0.035 + 0.11 * near)
        y, half = shore + depth * (0.02 + 0.95 * near), scene.height * (0.006 + 0.020 * near) * chance.random()
        tall = scene.height * 0.0022 * (0.4 + near)
        draw.ellipse((x - half, y - tall, x + half, y + tall), fill=round(chance.uniform(60, 200) * (1 - 0.75 * near)))
    strokes = Image.new("RGB", scene.size)
    strokes.paste((255, 206, 150), (0, 0), light.filter(ImageFilter.GaussianBlur(scene.height / 640)))
    scene.paste(ImageChops.screen(scene, strokes))


def _draw_reeds(scene: Image.Image, chance: random.Random) -> None:
    """Stand a few dark reeds, a little out of focus, in the near corner on the left."""
    from PIL import Image, ImageDraw, ImageFilter

    scale, unit = 2, scene.height / 512
    mask = Image.new("L", (scene.width * scale, scene.height * scale))
    draw = ImageDraw.Draw(mask)
    for _ in range(46):
        foot = abs(chance.gauss(0, 0.55)) * 150 * unit
        tall = chance.uniform(30, 150) * unit * math.exp(-foot / (130 * unit))
        lean = chance.gauss(0.1, 0.14) * tall
        stem = [((foot + lean * t * t) * scale, (scene.height + 4 - tall * t) * scale) for t in (0, 0.25, 0.5, 0.75, 1)]
        draw.line(stem, fill=255, width=round(chance.uniform(0.9, 2.1) * unit * scale), joint="curve")
    mask = mask.resize(scene.size, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.9 * unit))
    scene.paste((20, 21, 36), (0, 0), mask)


def _developed(scene: Image.Image, chance: random.Random) -> Image.Image:
    """Return the scene as a camera keeps it: darker corners, fine grain."""
    from PIL import Image, ImageChops

    corners = (
        Image.radial_gradient("L").resize(scene.size).point([255 - round(76 * (v / 255) ** 2.4) for v in range(256)])
    )
    dimmed = ImageChops.multiply(scene, Image.merge("RGB", (corners,) * 3))
    grain = Image.frombytes("L", scene.size, chance.randbytes(scene.width * scene.height))
    grain = grain.point([round(v * 10 / 255) for v in range(256)])
    return ImageChops.add(dimmed, Image.merge("RGB", (grain,) * 3), offset=-5)


def _png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
