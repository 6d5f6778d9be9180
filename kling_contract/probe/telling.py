"""What is told of an answer: one short line that moves no terminal and tells nobody's balance."""

from __future__ import annotations

import re

from kling_contract.redaction import visible

LONGEST_DETAIL = 400  # characters
AMOUNT = "[amount]"

_NUMBER = r"[-+]?\d(?:[\d.,]*\d)?"
_BEFORE = r"(?:[$＄¥￥€£]|balance|quota|credit|arrears|余额|额度|点数)(?:(?!\bid\b)[^\d]){0,40}?"
_AFTER = r"\s*(?:[$＄¥￥€£元]|(?:usd|cny|rmb|eur|dollars?|credits?)\b)"
_MONEY = re.compile(rf"({_BEFORE}){_NUMBER}|{_NUMBER}(?={_AFTER})", re.IGNORECASE)
_ACCOUNT = re.compile(r"balance|quota|credit|arrears|amount|remain|wallet|deduction", re.IGNORECASE)


def told(text: str) -> str:
    """Return a text as a report may show it: one printable line without amounts of money, cut where it is long."""
    line = visible(without_amounts(text))
    return line if len(line) <= LONGEST_DETAIL else f"{line[: LONGEST_DETAIL - 3]}..."


def without_amounts(text: str) -> str:
    """Return a text without the numbers that stand beside a currency, or after a word for what an account holds."""
    return _MONEY.sub(lambda found: f"{found[1] or ''}{AMOUNT}", text)


def is_amount(name: str) -> bool:
    """Whether a field of this name says what an account holds or was charged."""
    return _ACCOUNT.search(name) is not None
