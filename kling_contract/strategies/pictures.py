"""What an image field may hold, and texts and files that break exactly one promise of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pybase64
from hypothesis import strategies as st

from kling_contract.strategies.files import gif, jpeg, png, webp
from kling_contract.strategies.numbers import between, index
from kling_contract.strategies.sizes import Size, Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.images import ImageRule

TOO_LARGE = "image.bytes"  # the one broken promise that takes a large file
URLS = ("https://images.example/a.png", "http://images.example:8080/b.jpg?size=1", "https://images.example/%E7%8C%AB")

_MADE: dict[str, Callable[[int, int], bytes]] = {"png": png, "jpeg": jpeg, "gif": gif, "webp": webp}
_REAL = ("png", "jpeg")
_UNNAMED = (b"This is no image.", b"\0\0\0\x1cftypisom", b"%PDF-1.7\n")
_NO_BASE64 = ("cat.png", "ftp://images.example/a.png", "A", "A===", "-_-_", "iVBO Rw0K")
# Hypothesis warns of an example that takes more than 30,000 characters to print, and these take fewer.
_MOST_PIXELS = {"png": 49_000_000, "jpeg": 5_000_000}
_LEAST_PIXELS = min(_MOST_PIXELS.values())
_LARGEST = 2**25  # bytes; a file that has to be larger to be refused is not made


@dataclass(frozen=True, slots=True)
class _Form:
    """A type of file, and the sizes it has: how often the least side is doubled at most, which one is the longer."""

    kind: str
    sizes: Sizes
    doubled: int
    upright: bool
    slim: bool

    def drawn(self, draw: DrawFn) -> bytes:
        return _made(self.kind, self.sizes.drawn(draw, self.doubled, slim=self.slim), self.upright)


def _made(kind: str, size: Size, upright: bool) -> bytes:
    return _MADE[kind](*(size if upright else size[::-1]))


def _forms(rule: ImageRule, kinds: Sequence[str]) -> list[_Form]:
    return [form for kind in kinds for form in _forms_of(kind, Sizes.of(rule, _MOST_PIXELS.get(kind, rule.pixels)))]


def _forms_of(kind: str, sizes: Sizes) -> list[_Form]:
    """Return a form for each order of size and each way to turn it, and one for all that are as slim as they may be."""
    doubled = (sizes.most // sizes.least).bit_length()
    orders = [(each, False) for each in range(doubled + 1)] + [(0, True), (doubled, True)]
    return [_Form(kind, sizes, each, upright, slim) for each, slim in orders for upright in (False, True)]


def _real(rule: ImageRule) -> tuple[str, ...]:
    return tuple(kind for kind in _REAL if kind in rule.formats)


def files(rule: ImageRule) -> SearchStrategy[bytes]:
    """Return the files that keep a rule, whole to any reader."""
    return _file(_forms(rule, _real(rule)))


@st.composite
def _file(draw: DrawFn, forms: Sequence[_Form]) -> bytes:
    return forms[draw(index(len(forms)))].drawn(draw)


@functools.cache
def broken_files(rule: ImageRule) -> Mapping[str, SearchStrategy[bytes]]:
    """Return files that break exactly one promise, by the promise."""
    sizes, kinds = Sizes.of(rule, _LEAST_PIXELS), _real(rule)
    if not kinds:
        return {}
    others = tuple(kind for kind in _MADE if kind not in rule.formats)
    unknown = st.sampled_from(_UNNAMED)
    found = {"image.format": st.one_of(unknown, _file(_forms(rule, others))) if others else unknown}
    found["image.truncated"] = _cut(_file(_forms(rule, kinds)))
    if sizes.least > 1:
        found["image.sides"] = _sized(sizes.too_short, kinds)
    if rule.aspect is not None and sizes.slimmest >= sizes.least:
        found["image.aspect"] = _sized(sizes.too_long, kinds)
    if rule.bytes is not None and rule.bytes <= _LARGEST and "png" in kinds:
        found[TOO_LARGE] = _too_large(sizes, rule.bytes)
    return found


@st.composite
def _sized(draw: DrawFn, size: Callable[[DrawFn], Size], kinds: Sequence[str]) -> bytes:
    return _made(draw(st.sampled_from(kinds)), size(draw), draw(st.booleans()))


@st.composite
def _cut(draw: DrawFn, files: SearchStrategy[bytes]) -> bytes:
    """Draw the beginning of a file: as much as shows its type, its sides, or all but its end mark."""
    whole = draw(files)
    return whole[: draw(st.sampled_from([12, len(whole) // 2, len(whole) - 1]))]


@st.composite
def _too_large(draw: DrawFn, sizes: Sizes, most: int) -> bytes:
    """Draw a file that is too large, by one byte at least."""
    bare = len(png(sizes.least, sizes.least, padding=1)) - 1
    return png(sizes.least, sizes.least, padding=most - bare + 1 + draw(between(0, 1000)))


def encoded(data: bytes) -> str:
    """Return raw base64."""
    return pybase64.b64encode_as_string(data)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image field: texts that keep its rule, or break exactly one promise of it (`breaks`)."""

    rule: ImageRule
    breaks: str | None = None

    def drawn(self, draw: DrawFn) -> str:
        """Draw a URL or raw base64; shrinks to a URL where that is accepted, else to the smallest image."""
        if self.breaks is not None:
            return draw(broken_texts(self.rule)[self.breaks])
        options = _options(self.rule)
        taken = options[draw(index(len(options)))]
        return taken if isinstance(taken, str) else encoded(taken.drawn(draw))


@functools.cache
def _options(rule: ImageRule) -> Sequence[str | _Form]:
    forms = _forms(rule, _real(rule)) if "base64" in rule.accepts else []
    urls = URLS if "url" in rule.accepts else ()
    if not forms and not urls:
        raise ValueError(f"the strategies make no {', '.join(rule.formats)}, and no URL is accepted")
    return [*urls * max(len(forms) // len(URLS) // 2, 1), *forms]


@functools.cache
def broken_texts(rule: ImageRule) -> Mapping[str, SearchStrategy[str]]:
    """Return texts that break exactly one promise, by the promise."""
    prefixed = st.sampled_from(_REAL).map(lambda kind: f"data:image/{kind};base64,{encoded(_MADE[kind](300, 300))}")
    found = {"image.base64": st.sampled_from(_NO_BASE64), "image.prefix": prefixed}
    if "base64" in rule.accepts:
        found |= {name: each.map(encoded) for name, each in broken_files(rule).items()}
    return found


@functools.cache
def edges(rule: ImageRule) -> Mapping[str, SearchStrategy[tuple[str, ...]]]:
    """Return files one pixel under, at and over a limit of the sides, by the promise."""
    sizes, kinds = Sizes.of(rule, _LEAST_PIXELS), _real(rule)
    found: dict[str, SearchStrategy[tuple[str, ...]]] = {}
    if "base64" in rule.accepts and kinds and sizes.least > 1:
        found["image.sides"] = _edge(sizes.around_shortest, kinds)
    if "base64" in rule.accepts and kinds and rule.aspect is not None and sizes.slimmest >= sizes.least:
        found["image.aspect"] = _edge(sizes.around_slimmest, kinds)
    return found


@st.composite
def _edge(draw: DrawFn, around: Callable[[DrawFn], list[Size]], kinds: Sequence[str]) -> tuple[str, ...]:
    kind, upright = draw(st.sampled_from(kinds)), draw(st.booleans())
    return tuple(encoded(_made(kind, size, upright)) for size in around(draw))
