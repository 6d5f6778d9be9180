"""Every exchange as an HTTP Archive, without keys, images and the values of queries."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING

from kling_contract import redaction
from kling_contract.har import Entry, archive

if TYPE_CHECKING:
    from kling_contract.verify.conformance.asking import Asked
    from kling_contract.verify.conformance.verification import Verification


def render(verification: Verification) -> str:
    """Return the exchanges in their order; those that show a failure name it as their comment.

    The comment of the whole archive says what was not checked, and why.
    """
    failed: dict[int, list[str]] = {}
    every = {id(each): each for each in verification.asked}
    for failure in verification.failures:
        if failure.asked is not None:
            every.setdefault(id(failure.asked), failure.asked)
            failed.setdefault(id(failure.asked), []).append(f"{failure.check}: {failure.message}")
    entries = (_entry(each, failed.get(name, [])) for name, each in every.items())
    left = [f"{part.name}: not checked: {part.reason}" for part in verification.parts if not part.is_checked]
    left += [f"not checked: {each}" for each in verification.unchecked]
    return archive(entries, version("kling-contract"), comment="\n".join(left))


def _entry(asked: Asked, failed: list[str]) -> Entry:
    key = {"authorization": "Bearer $KEY"} if asked.key else {}
    kind = asked.headers.get("content-type", "")
    return Entry(
        at=asked.at,
        ms=asked.ms,
        method=asked.method,
        url=redaction.url(asked.url),
        sent=key | ({} if asked.body is None else {"content-type": "application/json"}),
        posted=None if asked.body is None else _shown(asked.body, asked),
        posted_size=len(asked.body or b""),
        status=asked.status,
        received=redaction.headers(asked.headers),
        text=_shown(asked.data, None) if "json" in kind or kind.startswith("text/") else "",
        size=len(asked.data),
        comment="; ".join(failed),
    )


def _shown(data: bytes, asked: Asked | None) -> str:
    shown = redaction.body(data, asked.operation if asked else None)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, default=str)
