"""An entry of an HTTP Archive (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/) as an exchange.

Browsers, mitmproxy, Playwright, HTTP Toolkit and Polly.js write it; bodies are texts with their compression taken off,
or base64. What the standard has no place for:

    Playwright      `_file`: the name of the file beside the HAR that has the body
    HTTP Toolkit    `_content` of a request whose body is no text, `_requestBodyStatus` of one that it does not have
    Polly.js        a compressed body as a JSON list of its chunks, in base64, or in hexadecimal before version 6
    our own copies  `_unjudged`: which body could not be read and why, `_body`: what then stood there

Sources: Playwright's `server/har/harTracer.ts`, HTTP Toolkit's `model/http/har.ts`, Polly.js' `adapter-node-http`,
mitmproxy's `addons/savehar.py`, which counts a `content.size` before decompression.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from kling_contract.headers import folded
from kling_contract.verify.traffic.body import Body, Unread
from kling_contract.verify.traffic.exchange import Exchange, Flaw, length, moment, span, status_of
from kling_contract.verify.traffic.told import told_images, told_unread

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 100  # characters of a file's name
UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"  # a HAR must have a time, and some recordings have none


def exchange(index: int, entry: Any, folder: Path | None = None) -> Exchange | Flaw:
    """Return the exchange of an entry, or what it lacks; `folder` is where the HAR is."""
    sent, answer = _part(entry, "request"), _part(entry, "response")
    if not isinstance(sent.get("url"), str):
        return Flaw(index, "", "the entry has no request.url")
    status = status_of(answer.get("status"))
    if status is None:
        return Flaw(index, "", "the entry has no response.status")
    headers, answered = _headers(sent), _headers(answer)
    started = entry.get("startedDateTime")
    return Exchange(
        index=index,
        method=str(sent.get("method", "GET")).upper(),
        url=sent["url"],
        headers=headers,
        body=_Content(sent, _part(sent, "postData"), headers, folder).body(told_unread(entry, "request")),
        status=max(status, 0),
        answer_headers=answered,
        answer=_Content(answer, _part(answer, "content"), answered, folder).body(told_unread(entry, "answer")),
        started=None if started == UNKNOWN_TIME else moment(started),
        took=span(entry.get("time")),
        error=str(answer.get("_error") or entry.get("_error") or ""),
        ordered=entry.get("_ordered") is True,
        images=told_images(entry.get("_images")),
    )


def _part(node: Any, key: str) -> dict[str, Any]:
    found = node.get(key) if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _headers(message: dict[str, Any]) -> dict[str, str]:
    """Return the headers, without the pseudo-headers of HTTP/2 (`:path`), which say again what stands elsewhere."""
    listed = message.get("headers")
    named = (each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()
    pairs = ((each.get("name"), str(each.get("value", ""))) for each in named)
    return folded((name, value) for name, value in pairs if isinstance(name, str) and not name.startswith(":"))


def beside(folder: Path, name: Any) -> Path | None:
    """Return a file in a folder by its plain name, as any system understands one; None for every other name."""
    if not isinstance(name, str) or name in ("", ".", "..") or not name.isprintable() or set(name) & set("/\\:"):
        return None
    return folder / name


class _Content:
    """The body of a request or an answer, wherever in it and beside it a recorder put it."""

    def __init__(
        self, message: dict[str, Any], content: dict[str, Any], headers: dict[str, str], folder: Path | None
    ) -> None:
        self._message, self._content, self._folder = message, content, folder
        self._coding = headers.get("content-encoding", "")
        self._said = self._length(headers)

    def body(self, unread: Unread | None) -> Body:
        """Return the body; one without a text is empty if the sizes say so, else it was not recorded."""
        text, told = self._content.get("text"), self._told()
        if unread is not None:
            return Body(text if isinstance(text, str) else None, self._base64(), unread=unread, kept=self._kept())
        if "_file" in self._content:
            return self._attached(self._content["_file"], told)
        other = self._message.get("_content")
        if not text and isinstance(other, dict) and isinstance(other.get("text"), str):
            return Body(other["text"], other.get("encoding") == "base64", self._coding, self._said, told=told)
        if not text and self._content.get("params"):
            return Body(unread=Unread("form", "it is the fields of a form"), kept=self._content["params"])
        if not isinstance(text, str):
            is_empty = self._message.get("bodySize") == 0
            return Body("" if is_empty else None, said=self._said, told=told)
        chunks = _chunks(text, base64=self._base64()) if self._coding else None
        if chunks is not None:
            return Body(chunks, coding=self._coding, told=told)
        return Body(text, self._base64(), self._coding, self._said, told=told)

    def _attached(self, name: Any, told: str) -> Body:
        file = beside(self._folder, name) if self._folder else None
        if file is not None:
            return Body(coding=self._coding, said=self._said, told=told, file=file)
        shown = name[:_SHOWN] if isinstance(name, str) else "a file"
        return Body(unread=Unread("file", f"the recorder kept it as {shown}, which is no file beside the HAR"))

    def _base64(self) -> bool:
        return self._content.get("encoding") == "base64"

    def _kept(self) -> Any:
        return self._message.get("_body")

    def _told(self) -> str:
        """Return what the recorder says of the body beside it."""
        status = self._message.get("_requestBodyStatus")
        parts = [status, self._content.get("comment"), self._message.get("comment")]
        return ", ".join(each for each in parts if isinstance(each, str) and each)

    def _length(self, headers: dict[str, str]) -> int:
        """Return the bytes that the body had. Of a compressed one, only `content.size` is told without it."""
        size, saved = length(self._content.get("size")), self._content.get("compression")
        if isinstance(saved, int | float) and saved < 0:
            size = max(size + int(max(saved, -size)), 0)
        if self._coding:
            return size
        return max(size, length(self._message.get("bodySize")), length(headers.get("content-length")))


def _chunks(text: str, *, base64: bool) -> bytes | None:
    """Return the bytes of a list of chunks; None for what is none."""
    try:
        parts = json.loads(text) if text.startswith('["') else None
        if not isinstance(parts, list):
            return None
        return b"".join(b64decode(part, validate=True) if base64 else bytes.fromhex(part) for part in parts)
    except (ValueError, TypeError, RecursionError):
        return None
