"""The file behind a result URL: what a finished task leaves, drawn from what is kept of its request."""

from __future__ import annotations

import re
import struct
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from kling_contract.expansion import Ratios, canvas
from kling_contract.images import read_header
from mock_server.files import File
from mock_server.film import Shot, film
from mock_server.pictures import composed_png, expanded_png, plain_composed_png, plain_expanded_png
from mock_server.showing import clip_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mock_server.store import Task

Lost: TypeAlias = "Callable[[str, str], object]"

CLIP_SECONDS = (5, 10)
STAND_IN = (1024, 768)  # the sides of an original that is not at hand

UNDECODED = "it is damaged, or is no PNG or JPEG, or has too many pixels to be drawn"

_SCENE, _STYLE = "scene_image", "style_image"
_TAIL, _STILL, _MOVING = "image_tail", "static_mask", "dynamic_masks"
_LEAST_SIDE = 64  # pixels of a video
_SIDES = ("up", "down", "left", "right")
_TWO = Decimal(2)
# Of bounded length, because a number such as 1e99999999 takes minutes to compute with.
_ASPECT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?):([0-9]{1,9}(?:\.[0-9]{1,9})?)")
_MOST_PIXELS = 600_000_000  # three times the largest image that any document allows, and then some


class Input(NamedTuple):
    """An image of a request: the canonical name of its field, and its bytes, empty where they are not at hand."""

    field: str
    data: bytes


def draw(
    task: Task,
    index: int,
    inputs: Sequence[Input],
    *,
    short_side: int = 720,
    rate: int = 24,
    wanted: Callable[[], bool] = lambda: True,
    lost: Lost = lambda field, reason: None,
) -> File:
    """Return result `index` (from 0) of a finished task; `inputs` are the images of its request that are known.

    An expansion is the original on its canvas; another image is a composition in the aspect that was asked for; a
    video of `rate` frames a second, its shorter side `short_side` pixels, brings the input to life, or is a built-in
    clip where that cannot be done. Where a picture is too large to be drawn it is plain. Raises `Unwanted` in the
    middle of a video that is not `wanted` any more.
    """
    label = {"Software": "kling-contract mock", "kling-task": task.id, "kling-seed": str(task.seed)}
    sight = _Sight(inputs, lost)
    if task.result == "video":
        shot = _shot(task, index, inputs, max(short_side, _LEAST_SIDE), rate)
        return film(shot, label=label, wanted=wanted, unseen=sight.unseen) or clip(shot.seconds, label=label)
    ratios = _ratios(task.fields)
    if ratios is not None:
        return _expansion(task, index, sight, ratios, label)
    return _composition(task, index, sight, label)


class _Sight:
    """The images of a request, and who is told of those that a result does not show."""

    def __init__(self, inputs: Sequence[Input], lost: Lost) -> None:
        self.inputs, self._lost = inputs, lost

    def unseen(self, data: bytes | None) -> None:
        """Tell that an image that is at hand could not be decoded."""
        field = next((each.field for each in self.inputs if data and each.data is data), None)
        if field is not None:
            self._lost(field, UNDECODED)

    def none(self, reason: str) -> None:
        """Tell that no image is shown."""
        for field in dict.fromkeys(each.field for each in self.inputs if each.data):
            self._lost(field, reason)


def _shot(task: Task, index: int, inputs: Sequence[Input], short_side: int, rate: int) -> Shot:
    still, tail = _first(inputs, _STILL), _first(inputs, _TAIL)
    start = next((each.data for each in inputs if each.field not in (_STILL, _TAIL, _MOVING)), None)
    aspect = task.sides or _aspect(task.fields)
    return Shot(
        clip_seconds(task.fields), short_side, rate, start, tail, still, aspect=aspect, seed=task.seed, index=index
    )


def _expansion(task: Task, index: int, sight: _Sight, ratios: Ratios, label: Mapping[str, str]) -> File:
    original = sight.inputs[0].data if sight.inputs else b""
    sides, chance = _sides(_header_sides(original) or task.sides, ratios), {"seed": task.seed, "index": index}
    try:
        return expanded_png(original, *sides, ratios, **chance, label=label, unseen=sight.unseen)
    except ValueError as error:
        sight.none(str(error))
        return plain_expanded_png(*sides, ratios, **chance, label=label)


def _composition(task: Task, index: int, sight: _Sight, label: Mapping[str, str]) -> File:
    size, chance, inputs = _size(task.fields), {"seed": task.seed, "index": index}, sight.inputs
    subjects = [each.data for each in inputs if each.field not in (_SCENE, _STYLE)]
    scene, style = _first(inputs, _SCENE), _first(inputs, _STYLE)
    try:
        return composed_png(subjects, *size, scene=scene, style=style, **chance, label=label, unseen=sight.unseen)
    except ValueError as error:
        sight.none(str(error))
        return plain_composed_png(*size, **chance, label=label)


def _first(inputs: Sequence[Input], field: str) -> bytes | None:
    """Return the first image of a field, empty where it is not at hand; None if there is none."""
    return next((each.data for each in inputs if each.field == field), None)


def _header_sides(data: bytes) -> tuple[int, int] | None:
    header = read_header(data)
    return (header.width, header.height) if header.width and header.height else None


def clip(seconds: int, *, label: Mapping[str, str]) -> File:
    """Return the shortest built-in MP4 not shorter than `seconds`, else the longest; `label` rides in a last box.

    The clips are H.264, 640 x 360 at 24 frames a second, without sound.
    """
    from importlib import resources

    length = next((each for each in CLIP_SECONDS if each >= seconds), CLIP_SECONDS[-1])
    data = (resources.files("mock_server") / "clips" / f"{length}s.mp4").read_bytes()
    text = "".join(f"{key}: {value}\n" for key, value in label.items()).encode()
    # A player skips a box of type "free", so the file says where it came from and still plays.
    return File("video/mp4", data + struct.pack(">I4s", 8 + len(text), b"free") + text, ".mp4")


def size_for_aspect(aspect: str, *, long_side: int = 1024) -> tuple[int, int]:
    """Return (width, height) in pixels, both even, of an aspect such as "16:9". Raises ValueError otherwise."""
    sides = _ASPECT.fullmatch(aspect)
    across, down = map(Fraction, sides.groups()) if sides else (Fraction(0), Fraction(0))
    if not across or not down:
        raise ValueError(f"an aspect is two positive numbers, as in 16:9, not {aspect!r}")
    shape = across / down
    short = max(2, int(long_side * min(shape, 1 / shape)) // 2 * 2)
    return (long_side, short) if shape >= 1 else (short, long_side)


def _ratios(fields: Mapping[str, Any]) -> Ratios | None:
    """Return the ratios of a request that has any, each within [0, 2], which a lenient server does not check."""
    names = {side: f"{side}_expansion_ratio" for side in _SIDES}
    if not any(name in fields for name in names.values()):
        return None
    return Ratios(**{side: _clamped(fields.get(name, 0)) for side, name in names.items()})


def _clamped(value: Any) -> Decimal:
    try:
        return min(max(Ratios.of(value).up, Decimal(0)), _TWO)
    except ValueError:
        return Decimal(0)


def _sides(given: tuple[int, int] | None, ratios: Ratios) -> tuple[int, int]:
    """Return the sides of the original, or the stand-in's where there are none or they would fill the memory."""
    place = canvas(*(given or STAND_IN), ratios)
    return given if given and place.width * place.height <= _MOST_PIXELS else STAND_IN


def _size(fields: Mapping[str, Any]) -> tuple[int, int]:
    return _aspect(fields) or size_for_aspect("16:9")


def _aspect(fields: Mapping[str, Any]) -> tuple[int, int] | None:
    try:
        return size_for_aspect(str(fields.get("aspect_ratio", "")))
    except ValueError:
        return None
