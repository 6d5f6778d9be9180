"""What a document allows in an image field, and the promises that a field's text breaks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kling_contract.errors import Violation
from kling_contract.images.header import FORMATS, Header, read_header
from kling_contract.images.png import SIGNATURE, flaw_in
from kling_contract.images.texts import HEAD, IMAGE_NAME, LONGEST_PATH, SCHEME, decoded, gap_in, is_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACCEPTS = ("url", "base64")

_KEYS = ("formats", "bytes", "side", "aspect", "pixels", "accepts")
_BOMB = 178_956_970  # pixels
_OURS = {"assumed": "no limit is documented; Pillow refuses to open anything larger, and so may the server"}
_STRAY = re.compile(r"[^A-Za-z0-9+/=]")


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What a document allows in an image field; None means not limited.

    `bytes` is the largest decoded file, `side` the smallest width and height in px, `aspect` the largest ratio of the
    longer to the shorter side, `pixels` the largest width * height. Sides that `read_header` does not read
    (bmp, tiff, avif/heic) are not judged. `facts` say where each part comes from, `intact` among them: that a file
    has to be whole.
    """

    formats: tuple[str, ...] = FORMATS
    bytes: int | None = None
    side: int | None = None
    aspect: Fraction | None = None
    pixels: int = _BOMB
    accepts: tuple[str, ...] = ACCEPTS
    facts: Mapping[str, Any] = field(default_factory=lambda: {"parts": {"pixels": _OURS}}, compare=False, repr=False)

    @classmethod
    def from_document(cls, value: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> ImageRule:
        """Build the rule from an `x-image` object and its fact, if it has one.

        ValueError names a wrong key or value and what is accepted.
        """
        unknown = [key for key in value if key not in _KEYS]
        if unknown:
            raise ValueError(f"x-image has an unknown key {unknown[0]!r}; accepted: {', '.join(_KEYS)}")
        return cls(
            formats=_names(value, "formats", FORMATS),
            bytes=_count(value, "bytes"),
            side=_count(value, "side"),
            aspect=_ratio(value),
            pixels=_count(value, "pixels") or _BOMB,
            accepts=_names(value, "accepts", ACCEPTS),
            facts=facts or {} if "pixels" in value else _with_ours(facts or {}),
        )

    def source(self, part: str) -> Mapping[str, Any] | None:
        """Return where a part comes from: its own fact, or else that of the whole."""
        whole = {key: value for key, value in self.facts.items() if key != "parts"}
        return self.facts.get("parts", {}).get(part) or whole or None


def _with_ours(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Add the fact of our own bound, unless the document speaks of it."""
    return {**facts, "parts": {"pixels": _OURS, **facts.get("parts", {})}}


def _names(value: Mapping[str, Any], key: str, accepted: Sequence[str]) -> tuple[str, ...]:
    names = value.get(key, accepted)
    if not isinstance(names, (list, tuple)) or not names or any(name not in accepted for name in names):
        raise ValueError(f"x-image {key} is {names!r}; accepted: a list of {', '.join(accepted)}")
    return tuple(names)


def _count(value: Mapping[str, Any], key: str) -> int | None:
    count = value.get(key)
    if count is not None and (type(count) is not int or count < 1):
        raise ValueError(f"x-image {key} is {count!r}; accepted: a whole number from 1")
    return count


def _ratio(value: Mapping[str, Any]) -> Fraction | None:
    """Keep the decimal as it was written: 2.1 is 21/10, not the nearest binary float."""
    written = value.get("aspect")
    if written is None:
        return None
    try:
        ratio = Fraction(str(written))
    except (ValueError, ZeroDivisionError):
        ratio = Fraction(0)
    if ratio < 1:
        raise ValueError(f"x-image aspect is {written!r}; accepted: a decimal from 1")
    return ratio


@dataclass(frozen=True, slots=True)
class _Picture:
    """A decoded field: `size` in bytes; `whole` is False when only the head of the file was decoded.

    `flaw` says what is wrong in a file that has its end.
    """

    header: Header
    size: int
    whole: bool
    nested: bool
    flaw: str | None

    def breaks(self, rule: str, message: str, hint: str | None = None) -> Violation:
        header = self.header
        found = {"format": header.format, "width": header.width, "height": header.height, "bytes": self.size}
        return Violation("", rule, message, found, hint)


def judge(text: str, rule: ImageRule) -> list[Violation]:
    """Return every promise that an image field's text breaks, each with the pointer "" (the field itself).

    Behind a URL nothing can be seen from here, so any http(s) URL with a host is fine where URLs are accepted.
    """
    return [replace(broken, source=rule.source(part)) for part, broken in _broken(text, rule)]


_Broken = tuple[str, Violation]  # the part of the rule, and how it is broken


def _broken(text: str, rule: ImageRule) -> list[_Broken]:
    if is_url(text):
        refused = "url" not in rule.accepts
        return [("accepts", _not_base64(text, "is a URL", "send the file's raw base64"))] if refused else []
    if text[:5].lower() == "data:":
        return [("accepts", _prefixed(text))]
    if scheme := SCHEME.match(text.lstrip()):
        return [("accepts", _foreign(text, scheme[1].lower(), rule))]
    if "base64" not in rule.accepts:
        return [("accepts", _not_base64(text, "is not an http(s) URL", "only a URL is accepted here"))]
    return _judge_base64(text, rule)


def _not_base64(text: str, message: str, hint: str) -> Violation:
    return Violation("", "image.base64", message, {"characters": len(text)}, hint)


def _prefixed(text: str) -> Violation:
    comma = text.find(",", 0, LONGEST_PATH)
    prefix = text[: comma + 1] if 0 < comma < 60 else f"{text[:30]}..."
    hint = f"remove everything up to and including the first comma ({prefix})"
    found = {"characters": len(text)}
    return Violation("", "image.prefix", "starts with a data: prefix; send raw base64", found, hint)


def _foreign(text: str, scheme: str, rule: ImageRule) -> Violation:
    forms = " or ".join({"url": "an http(s) URL", "base64": "raw base64"}[form] for form in rule.accepts)
    if scheme not in ("http", "https"):
        return _not_base64(text, f"starts with {scheme}:, which is not accepted", f"send {forms}")
    gap = gap_in(text)
    if gap is None:
        return _not_base64(text, f"is an {scheme} URL without a host", f"send {forms}")
    kind = "whitespace" if text[gap].isspace() else _unseen(text[gap])
    return _not_base64(text, f"has {kind} at character {gap}", "a URL has none; write a space inside of one as %20")


def _unseen(character: str) -> str:
    """Return what a character is that nobody sees."""
    code = ord(character)
    return "a control character" if code < 0xA0 else f"an invisible character (U+{code:04X})"


def _judge_base64(text: str, rule: ImageRule) -> list[_Broken]:
    """Decode only the head of a text whose length alone shows that the file is too large."""
    size = len(text) // 4 * 3 - text[-2:].count("=")
    whole = rule.bytes is None or size <= rule.bytes or len(text) <= HEAD
    data = None if len(text) % 4 else decoded(text if whole else text[:HEAD])
    if not data:
        return [("accepts", _not_base64(text, *_flaw(text)))]
    nested = data.startswith((b"iVBORw0KGgo", b"/9j/", b"data:image/"))
    flaw = flaw_in(data) if whole and data.startswith(SIGNATURE) else None
    picture = _Picture(read_header(data), size, whole, nested, flaw)
    return [(part, broken) for part, check in _CHECKS if (broken := check(picture, rule))]


def _flaw(text: str) -> tuple[str, str]:
    """Say what keeps a text from being base64, and what to do about it."""
    if not text:
        return "is empty", "send an image"
    if len(text) < LONGEST_PATH and IMAGE_NAME.search(text):
        return "looks like a file path", "the server cannot read it; send the file's raw base64"
    stray = _STRAY.search(text)
    if stray is None:
        return _padding_flaw(text)
    if stray[0].isspace():
        return f"has whitespace at character {stray.start()}", "send it as one line, without spaces or line breaks"
    if stray[0] in "-_":
        return "uses the URL-safe alphabet (- and _)", "use the standard alphabet (+ and /)"
    sign = repr(stray[0]) if stray[0].isascii() else "a sign outside ASCII"
    return f"is not base64: {sign} at character {stray.start()}", "send the file's raw base64"


def _padding_flaw(text: str) -> tuple[str, str]:
    digits = text.rstrip("=")
    if "=" in digits:
        return f"has padding (=) before its end, at character {digits.index('=')}", "encode the whole file at once"
    if len(digits) % 4 == 1:
        return f"is cut: {len(digits)} base64 digits cannot be whole bytes", "send all of it"
    return f"is padded wrongly: {len(text)} characters", f"end it with {-len(digits) % 4} times ="


def _check_bytes(picture: _Picture, rule: ImageRule) -> Violation | None:
    if rule.bytes is None or picture.size <= rule.bytes:
        return None
    message = f"the file has {picture.size} bytes; at most {rule.bytes} are allowed"
    return picture.breaks("image.bytes", message, "scale it down or compress it more")


def _check_format(picture: _Picture, rule: ImageRule) -> Violation | None:
    header, allowed = picture.header, ", ".join(rule.formats)
    if header.format == "unknown":
        hint = "it decodes to base64 text: it was encoded twice" if picture.nested else None
        return picture.breaks("image.format", f"is not a known image type; allowed: {allowed}", hint)
    if header.format not in rule.formats:
        message = f"is {header.format}; allowed: {allowed}"
        return picture.breaks("image.format", message, f"convert it to {rule.formats[-1]}")
    return None


def _check_intact(picture: _Picture, rule: ImageRule) -> Violation | None:
    """Name what makes a file of an allowed type unreadable, unless it is only cut."""
    header, problem = picture.header, picture.header.problem or picture.flaw
    if header.format not in rule.formats or header.truncated or not problem:
        return None
    return picture.breaks("image.format", f"is a broken {header.format}: {problem}")


def _check_truncated(picture: _Picture, rule: ImageRule) -> Violation | None:
    header = picture.header
    if not (header.truncated and picture.whole):
        return None
    reason = header.problem or f"it has no {'IEND chunk' if header.format == 'png' else 'end marker (EOI)'}"
    return picture.breaks("image.truncated", f"the {header.format} file is cut: {reason}", "send the whole file")


def _check_sides(picture: _Picture, rule: ImageRule) -> Violation | None:
    width, height = picture.header.width, picture.header.height
    shorter = min(width, height)
    if rule.side is None or shorter == 0 or shorter >= rule.side:
        return None
    enlarged = f"{-(-width * rule.side // shorter)}x{-(-height * rule.side // shorter)}"
    message = f"{width}x{height}: both sides must be at least {rule.side} px"
    return picture.breaks("image.sides", message, f"enlarge it to {enlarged}")


def _check_pixels(picture: _Picture, rule: ImageRule) -> Violation | None:
    width, height = picture.header.width, picture.header.height
    if width * height <= rule.pixels:
        return None
    message = f"{width}x{height} is {width * height} pixels; at most {rule.pixels} are allowed"
    return picture.breaks("image.sides", message, "scale it down")


def _check_aspect(picture: _Picture, rule: ImageRule) -> Violation | None:
    """Compare in whole numbers, so that a ratio of exactly the limit is allowed."""
    width, height = picture.header.width, picture.header.height
    shorter, longer = sorted((width, height))
    if rule.aspect is None or shorter == 0 or longer * rule.aspect.denominator <= shorter * rule.aspect.numerator:
        return None
    limit, most = f"{float(rule.aspect):.15g}", shorter * rule.aspect.numerator // rule.aspect.denominator
    cropped = f"{min(width, most)}x{min(height, most)}"
    message = f"{width}x{height}: the longer side may be at most {limit} times the shorter"
    hint = f"the ratio is {longer}/{shorter}, about {longer / shorter:.4f}; crop it to {cropped}"
    return picture.breaks("image.aspect", message, hint)


_CHECKS = (
    ("bytes", _check_bytes),
    ("formats", _check_format),
    ("intact", _check_intact),
    ("intact", _check_truncated),
    ("side", _check_sides),
    ("pixels", _check_pixels),
    ("aspect", _check_aspect),
)
