"""An interaction of a cassette as an exchange. The tools agree on its outline and differ in its details:

    vcrpy     `interactions`; `uri`, answer `body: {string}`, `status: {code}`; no times
    VCR, Ruby `http_interactions`; `uri`, `status: {code}`, `recorded_at`
    Betamax   as Ruby's, in JSON; `recorded_at` without a zone is UTC
    go-vcr    `interactions`; `url`, `code` beside a `status` in words, `duration` as Go writes it, `content_length`

Our own copies have what `told` reads beside. The forms of bodies are in `forms`.
Sources: vcrpy's `vcr/serialize.py`, VCR's `lib/vcr/structs.rb`, Betamax's `betamax/util.py`, go-vcr's `cassette.go`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_contract.verify.traffic.exchange import Exchange, Flaw, length, moment, span, status_of
from kling_contract.verify.traffic.forms import body_of
from kling_contract.verify.traffic.told import told_images, told_unread

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.verify.traffic.body import Body, Unread

LISTS = ("http_interactions", "interactions")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_MILLISECONDS = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0, "us": 1e-3, "µs": 1e-3, "ns": 1e-6}


def exchange(index: int, interaction: Any, _: Path | None = None) -> Exchange | Flaw:
    """Return the exchange of an interaction, or what it lacks. Cassettes keep nothing in files beside them."""
    if not isinstance(interaction, dict):
        return Flaw(index, "", "the interaction is no object")
    sent, answer = interaction.get("request"), interaction.get("response")
    if not isinstance(sent, dict) or not isinstance(answer, dict):
        missing = "response" if isinstance(sent, dict) else "request"
        return Flaw(index, "", f"the interaction has no {missing}; the file may be cut off here")
    url, status = sent.get("uri", sent.get("url")), _status(answer)
    if not isinstance(url, str):
        return Flaw(index, "", "the request has no uri or url")
    if status is None:
        return Flaw(index, "", "the response has no status code; the file may be cut off here")
    headers, answered = _headers(sent.get("headers")), _headers(answer.get("headers"))
    return Exchange(
        index=index,
        method=_method(sent.get("method")),
        url=url,
        headers=headers,
        body=_body(sent, headers, body_of(sent, "body"), told_unread(interaction, "request")),
        status=max(status, 0),
        answer_headers=answered,
        answer=_body(answer, answered, _answer(answer), told_unread(interaction, "answer")),
        started=_started(interaction, answered),
        took=_took(answer.get("duration")) or span(interaction.get("_milliseconds")),
        error=_error(interaction.get("_error")),
        ordered=True,
        images=told_images(interaction.get("_images")),
    )


def _error(told: Any) -> str:
    return told if isinstance(told, str) else ""


def _method(given: Any) -> str:
    return given.lstrip(":").upper() if isinstance(given, str) and given else "GET"


def _status(answer: dict[str, Any]) -> int | None:
    status = answer.get("status")
    code = status.get("code") if isinstance(status, dict) else status
    found = (status_of(each) for each in (code, answer.get("code"), answer.get("status_code")))
    return next((each for each in found if each is not None), None)


def _headers(given: Any) -> dict[str, str]:
    pairs = given.items() if isinstance(given, dict) else ()
    return {_text(name).lower(): _joined(value) for name, value in pairs}


def _joined(value: Any) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    """Return a scalar as a text; what is none is no value of a header."""
    if isinstance(value, list | dict):
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _answer(answer: dict[str, Any]) -> Body:
    """Return the body of an answer; vcrpy's is an empty mapping where there was none."""
    kept = {name: value for name, value in answer.items() if name != "body" or value != {}}
    return body_of(kept, "body", "content")


def _body(message: dict[str, Any], headers: dict[str, str], body: Body, unread: Unread | None) -> Body:
    said = length(headers.get("content-length")) or length(message.get("content_length"))
    found = replace(body, coding=headers.get("content-encoding", ""), said=said, on_wire=True)
    if unread is None:
        return found
    return replace(found, unread=unread, kept=message.get("_body"), stored=body.stored or None)


def _started(interaction: dict[str, Any], answered: dict[str, str]) -> float | None:
    """Return when it was recorded, else what the answer says of its own time, which has whole seconds."""
    recorded = moment(interaction.get("recorded_at"))
    return moment(answered.get("date")) if recorded is None else recorded


def _took(duration: Any) -> float | None:
    parts = _DURATION.findall(duration) if isinstance(duration, str) else []
    return span(sum(float(number) * _MILLISECONDS[unit] for number, unit in parts))
