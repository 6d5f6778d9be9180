"""The two forms of a redacted copy: a HAR, and a cassette that vcrpy plays back."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, Protocol, TextIO

import yaml

from kling_contract.verify.traffic.har import UNKNOWN_TIME

_EXTRAS = ("_images", "_unjudged", "_error", "comment")


class Pen(Protocol):
    """Writes HAR entries to a file in some form, one at a time."""

    def __init__(self, file: TextIO, version: str) -> None: ...

    def write(self, entry: dict[str, Any]) -> None:
        """Write an entry."""
        ...

    def close(self) -> None:
        """Write what ends the file."""
        ...


class HarPen:
    """Writes a HAR 1.2."""

    def __init__(self, file: TextIO, version: str) -> None:
        self._file, self._separator = file, "\n"
        creator = json.dumps({"name": "kling-contract check-traffic --redact", "version": version})
        file.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [')

    def write(self, entry: dict[str, Any]) -> None:
        """Write an entry."""
        self._file.write(self._separator + json.dumps(entry, ensure_ascii=False))
        self._separator = ",\n"

    def close(self) -> None:
        """Write what ends the file."""
        self._file.write("\n]}}\n")


class CassettePen:
    """Writes a cassette of vcrpy, in YAML without any tag but `!!binary`; what vcrpy does not know stands beside."""

    def __init__(self, file: TextIO, version: str) -> None:
        self._file, self._begun = file, False
        file.write(f"# redacted by kling-contract {version} check-traffic --redact\n")

    def write(self, entry: dict[str, Any]) -> None:
        """Write an entry as an interaction."""
        if not self._begun:
            self._file.write("interactions:\n")
            self._begun = True
        yaml.safe_dump([_interaction(entry)], self._file, sort_keys=False, allow_unicode=True, width=120)

    def close(self) -> None:
        """Write what ends the file."""
        self._file.write("version: 1\n" if self._begun else "interactions: []\nversion: 1\n")


def _interaction(entry: dict[str, Any]) -> dict[str, Any]:
    sent, answer = entry["request"], entry["response"]
    request = {"body": _body(sent.get("postData", {})), **_shared(sent), "method": sent["method"], "uri": sent["url"]}
    status = {"code": answer["status"], "message": answer["statusText"]}
    text = _body(answer["content"])
    response = {"body": {} if text is None else {"string": text}, **_shared(answer), "status": status}
    extras = {name: entry[name] for name in _EXTRAS if name in entry}
    if entry["startedDateTime"] != UNKNOWN_TIME:
        extras["recorded_at"] = entry["startedDateTime"]
    if entry["time"]:
        extras["_milliseconds"] = entry["time"]
    return {"request": request, "response": response, **extras}


def _shared(message: dict[str, Any]) -> dict[str, Any]:
    headers = {each["name"]: [each["value"]] for each in message["headers"]}
    return {"headers": headers, "_body": message["_body"]} if "_body" in message else {"headers": headers}


def _body(content: dict[str, Any]) -> str | bytes | None:
    text: str | None = content.get("text")
    return b64decode(text) if text is not None and content.get("encoding") == "base64" else text
