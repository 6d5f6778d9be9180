"""What an image field may hold, and texts and files that break exactly one promise of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import pybase64
from hypothesis import strategies as st

from kling_contract.strategies.files import gif, jpeg, png, webp
from kling_contract.strategies.integers import index
from kling_contract.strategies.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.images import ImageRule

URLS = ("https://images.example/a.png", "http://images.example:8080/b.jpg?size=1", "https://images.example/%E7%8C%AB")

_MADE: dict[str, Callable[[int, int], bytes]] = {"png": png, "jpeg": jpeg, "gif": gif, "webp": webp}
_REAL = ("png", "jpeg")
_UNNAMED = (b"This is no image.", b"\0\0\0\x1cftypisom", b"%PDF-1.7\n")
_LARGEST = 2**25  # bytes; a file that has to be larger to be refused is not made


@dataclass(frozen=True, slots=True)
class _Form:
    """A type of file, how often the least side may be doubled, and whether the image stands upright."""

    kind: str
    doubled: int
    upright: bool


def _forms(sizes: Sizes, kinds: Sequence[str]) -> list[_Form]:
    doublings = range((sizes.most // sizes.least).bit_length() + 1)
    return [_Form(*each) for each in product(kinds, doublings, (False, True))]


def _real(rule: ImageRule) -> tuple[str, ...]:
    return tuple(kind for kind in _REAL if kind in rule.formats)


def files(rule: ImageRule) -> SearchStrategy[bytes]:
    """Return the files that keep a rule, whole to any reader."""
    sizes = Sizes.of(rule)
    return _file(sizes, _forms(sizes, _real(rule)))


@st.composite
def _file(draw: DrawFn, sizes: Sizes, forms: Sequence[_Form]) -> bytes:
    return _made(draw, sizes, forms[draw(index(len(forms)))])


def _made(draw: DrawFn, sizes: Sizes, form: _Form) -> bytes:
    shorter, longer = sizes.drawn(draw, form.doubled)
    return _MADE[form.kind](*((shorter, longer) if form.upright else (longer, shorter)))


@functools.cache
def broken_files(rule: ImageRule) -> dict[str, SearchStrategy[bytes]]:
    """Return files that break exactly one promise, by the promise."""
    sizes, kinds = Sizes.of(rule), _real(rule)
    if not kinds:
        return {}
    others = tuple(kind for kind in _MADE if kind not in rule.formats)
    unknown = st.sampled_from(_UNNAMED)
    found = {"image.format": st.one_of(unknown, _file(sizes, _forms(sizes, others))) if others else unknown}
    found["image.truncated"] = _cut(_file(sizes, _forms(sizes, kinds)))
    if sizes.least > 1:
        found["image.sides"] = _sized(sizes.too_short, kinds)
    if rule.aspect is not None and sizes.slimmest >= sizes.least:
        found["image.aspect"] = _sized(sizes.too_long, kinds)
    if rule.bytes is not None and rule.bytes <= _LARGEST and "png" in kinds:
        found["image.bytes"] = _too_large(sizes, rule.bytes)
    return found


@st.composite
def _sized(draw: DrawFn, size: Callable[[DrawFn], tuple[int, int]], kinds: tuple[str, ...]) -> bytes:
    return _MADE[draw(st.sampled_from(kinds))](*size(draw))


@st.composite
def _cut(draw: DrawFn, files: SearchStrategy[bytes]) -> bytes:
    """Draw the beginning of a file: as much as shows its type, its sides, or all but its end mark."""
    whole = draw(files)
    return whole[: draw(st.sampled_from([12, len(whole) // 2, len(whole) - 1]))]


@st.composite
def _too_large(draw: DrawFn, sizes: Sizes, most: int) -> bytes:
    return png(sizes.least, sizes.least, padding=most + draw(st.integers(0, 1000)))


def encoded(data: bytes) -> str:
    """Return raw base64."""
    return pybase64.b64encode_as_string(data)


@functools.cache
def texts(rule: ImageRule, breaks: str | None = None) -> SearchStrategy[str]:
    """Return what an image field may hold: URLs and base64, or what breaks exactly one promise."""
    return broken_texts(rule)[breaks] if breaks else _text(rule)


def _text(rule: ImageRule) -> SearchStrategy[str]:
    sizes = Sizes.of(rule)
    forms = _forms(sizes, _real(rule)) if "base64" in rule.accepts else []
    urls = URLS if "url" in rule.accepts else ()
    if not forms and not urls:
        raise ValueError(f"the strategies make no {', '.join(rule.formats)}, and no URL is accepted")
    return _written(sizes, [*urls * max(len(forms) // len(URLS) // 2, 1), *forms])


@st.composite
def _written(draw: DrawFn, sizes: Sizes, options: Sequence[str | _Form]) -> str:
    taken = options[draw(index(len(options)))]
    return taken if isinstance(taken, str) else encoded(_made(draw, sizes, taken))


@functools.cache
def broken_texts(rule: ImageRule) -> dict[str, SearchStrategy[str]]:
    """Return texts that break exactly one promise, by the promise."""
    found = {
        "image.base64": st.sampled_from(["cat.png", "ftp://images.example/a.png", "A", "A===", "-_-_", "iVBO Rw0K"])
    }
    found["image.prefix"] = st.sampled_from(_REAL).map(
        lambda kind: f"data:image/{kind};base64,{encoded(_MADE[kind](300, 300))}"
    )
    if "base64" in rule.accepts:
        found |= {name: each.map(encoded) for name, each in broken_files(rule).items()}
    return found


def edges(rule: ImageRule) -> dict[str, SearchStrategy[tuple[str, ...]]]:
    """Return files one pixel under, at and over a limit of the sides, by the promise."""
    sizes, kinds = Sizes.of(rule), _real(rule)
    found: dict[str, SearchStrategy[tuple[str, ...]]] = {}
    if kinds and sizes.least > 1:
        found["image.sides"] = _edge(_shortest, sizes, kinds)
    if kinds and rule.aspect is not None and sizes.slimmest >= sizes.least:
        found["image.aspect"] = _edge(_slimmest, sizes, kinds)
    return found


@st.composite
def _edge(
    draw: DrawFn, sides: Callable[[DrawFn, Sizes], list[tuple[int, int]]], sizes: Sizes, kinds: tuple[str, ...]
) -> tuple[str, ...]:
    made, upright = _MADE[draw(st.sampled_from(kinds))], draw(st.booleans())
    return tuple(encoded(made(*(pair if upright else pair[::-1]))) for pair in sides(draw, sizes))


def _shortest(draw: DrawFn, sizes: Sizes) -> list[tuple[int, int]]:
    longer = draw(st.integers(sizes.least + 1, sizes.longest(sizes.least - 1)))
    return [(sizes.least + more, longer) for more in (-1, 0, 1)]


def _slimmest(draw: DrawFn, sizes: Sizes) -> list[tuple[int, int]]:
    """A shorter side of which the aspect makes a whole number of pixels."""
    whole = sizes.aspect.denominator
    shorter = whole * draw(st.integers(-(-sizes.least // whole), sizes.slimmest // whole))
    return [(shorter, int(shorter * sizes.aspect) + more) for more in (-1, 0, 1)]
