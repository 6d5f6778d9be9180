"""The two forms of HTML: `name=value&...`, and multipart. Their fields, and the same text with some values replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable

_FORM = "x-www-form-urlencoded"
_PAIRS = re.compile(r"[^\s&={}\[\]\"'<>]{1,200}=")
_BOUNDARY = re.compile(r"boundary=\"?([^\";\s,]{1,200})", re.IGNORECASE)
_NAME = re.compile(r"\bname\*?=(?:\"([^\"]{0,500})\"|([^\s;]{1,500}))", re.IGNORECASE)
_FILE = re.compile(r"\bfilename\*?=", re.IGNORECASE)
_KIND = re.compile(r"^content-type:[ \t]*([\w.+-]{1,40}/[\w.+-]{1,40})", re.IGNORECASE | re.MULTILINE)
_EMPTY_LINE = re.compile(r"\r?\n\r?\n")


def fields_of(text: str, content_type: str) -> list[tuple[str, str]]:
    """Return name and value of each field of a form; nothing of what is none."""
    found: list[tuple[str, str]] = []

    def note(name: str, value: str) -> str:
        found.append((name, value))
        return value

    replaced(text, content_type, note, str)
    return found


def replaced(text: str, content_type: str, show: Callable[[str, str], str], named: Callable[[str], str]) -> str | None:
    """Return a form in which each value is what `show(name, value)` makes of it, and each name what `named` does.

    None for what is no form.
    """
    boundary = _boundary(text, content_type)
    if boundary:
        return f"--{boundary}".join(_part(each, show, named) for each in text.split(f"--{boundary}"))
    if _FORM in content_type.lower() or _PAIRS.match(text):
        return "&".join(_pair(each, show, named) for each in text.split("&"))
    return None


def _boundary(text: str, content_type: str) -> str:
    """Return what separates the parts: as the header says, or as the text begins."""
    found = _BOUNDARY.search(content_type)
    if found and f"--{found[1]}" in text:
        return found[1]
    if text.startswith("--") and "content-disposition" in text[:4000].lower():
        return text[2:300].split("\n", 1)[0].strip()
    return ""


def _part(part: str, show: Callable[[str, str], str], named: Callable[[str], str]) -> str:
    edge = _EMPTY_LINE.search(part)
    if edge is None:
        return part if part.strip() in ("", "--") else show("", part)  # two signs end the form
    head, value = part[: edge.start()], part[edge.end() :]
    end = "\r\n" if value.endswith("\r\n") else "\n" if value.endswith("\n") else ""
    found = _NAME.search(head)
    name = (found[1] or found[2] or "") if found else ""
    shown = show(name, value[: len(value) - len(end)])
    return f"{_headed(head, name, named(name))}{edge[0]}{shown}{end}"


def _headed(head: str, name: str, shown: str) -> str:
    """Return the head of a part with nothing in it but its type and what is shown of its name."""
    kind = _KIND.search(head)
    typed = f"\r\nContent-Type: {kind[1]}" if kind else ""
    start = "\r\n" if head.startswith(("\r", "\n")) else ""
    file = '; filename="file"' if _FILE.search(head) else ""
    return f'{start}Content-Disposition: form-data; name="{shown if name else ""}"{file}{typed}'


def _pair(part: str, show: Callable[[str, str], str], named: Callable[[str], str]) -> str:
    name, equals, value = part.partition("=")
    said = unquote_plus(name)
    if not equals:
        return show("", part) if part else part
    shown_name, shown = named(said), show(said, unquote_plus(value))
    return f"{name if shown_name == said else shown_name}={value if shown == unquote_plus(value) else shown}"
