"""What is told of an answer: one short line that moves no terminal and tells nobody's balance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_DETAIL = 400  # characters
SEARCHED = 4000  # characters of a text that are looked at for a detail
AMOUNT = "[amount]"

_REACH = 40  # characters between a word for what an account holds, and the number of it
_LONGEST_WORD = 8  # characters of such a word
# Each of these takes a time that grows with the text alone, since nothing in it can be read in two ways.
_NUMBER = re.compile(r"\d[\d.,]*+")
_BEFORE = re.compile(r"[$＄¥￥€£]|balance|quota|credit|arrears|余额|额度|点数", re.IGNORECASE)
_AFTER = re.compile(r"(?<=\d)\s*+(?:[$＄¥￥€£元]|(?:usd|cny|rmb|eur|dollars?|credits?)\b)", re.IGNORECASE)
_ID = re.compile(r"\bid\b", re.IGNORECASE)
_ACCOUNT = re.compile(r"balance|quota|credit|arrears|amount|remain|wallet|deduction", re.IGNORECASE)


def told(text: str) -> str:
    """Return a text as a report may show it: one printable line without amounts of money, cut where it is long."""
    line = visible(without_amounts(_beginning(text)))
    if len(line) <= LONGEST_DETAIL and len(text) <= SEARCHED:
        return line
    return f"{line[: LONGEST_DETAIL - 3]}..."


def _beginning(text: str) -> str:
    """Return as much of a text as is looked at; not the number at its end, whose currency may be cut off."""
    if len(text) <= SEARCHED:
        return text
    end = SEARCHED
    while end > SEARCHED - _LONGEST_WORD and text[end - 1].isalpha():
        end -= 1
    while end and text[end - 1].isspace():
        end -= 1
    number = end
    while number and (text[number - 1].isdecimal() or text[number - 1] in "-+.,"):
        number -= 1
    return text[: number if number < end else SEARCHED]


def without_amounts(text: str) -> str:
    """Return a text without the numbers that stand beside a currency, or after a word for what an account holds."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    at = before = 0
    for found in _NUMBER.finditer(text):
        start, end = found.start(), found.start() + len(found[0].rstrip(".,"))
        start -= start > before and text[start - 1] in "-+"
        if _is_named(text, before, found.start()) or _AFTER.match(text, end):
            yield text[at:start] + AMOUNT
            at = end
        before = end
    yield text[at:]


def _is_named(text: str, since: int, number: int) -> bool:
    """Whether a word for what an account holds stands before a number, and neither another number nor `id` between."""
    since = max(since, number - _REACH - _LONGEST_WORD)
    ends = [found.end() for found in _BEFORE.finditer(text, since, number)]
    return bool(ends) and number - ends[-1] <= _REACH + 1 and _ID.search(text, ends[-1], number + 1) is None


def is_amount(name: str) -> bool:
    """Whether a field of this name says what an account holds or was charged."""
    return _ACCOUNT.search(name) is not None
