"""Headers and data without the secrets of an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.redaction.hiding import Hidden
from kling_contract.redaction.marks import MARK
from kling_contract.redaction.names import is_harmless, is_secret, is_word
from kling_contract.redaction.texts import prose, url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHORT = 4  # characters of a value that may stand in a header which nobody knows
_URLS = ("location", "content-location", "referer")


def headers(given: Mapping[str, str], *, strict: bool = False) -> dict[str, str]:
    """Return headers with the secret ones, and those unknown ones that look like a key, replaced by a marker.

    Of `strict` ones, all that are not HTTP's own are replaced, and so are names that are no words.
    """
    if strict:
        return {name if is_word(name) else MARK: header(name, value) for name, value in given.items()}
    return {name: header(name, value, known=_looks_plain(value)) for name, value in given.items()}


def header(name: str, value: str, *, known: bool = False) -> str:
    """Return what is shown of a header: one that is neither HTTP's own nor `known` is a mark."""
    lower = name.lower()
    if is_secret(name) and not is_harmless(lower):
        return MARK
    if lower in _URLS:
        return url(value)
    return prose(value) if known or is_harmless(lower) or len(value) < _SHORT else MARK


def _looks_plain(value: str) -> bool:
    return all(map(is_word, value.split()))


def without(value: Any, hidden: Iterable[str]) -> Any:
    """Return JSON-ready data with these texts replaced wherever they stand, in whatever form."""
    return Hidden(hidden).tree(value)
