"""An interaction of a cassette as an exchange. The tools agree on its outline and differ in its details:

    vcrpy     `interactions`; `uri`, request `body` a text, answer `body: {string}`, `status: {code}`; no times
    VCR, Ruby `http_interactions`; `uri`, `body: {encoding, string | base64_string}`, `status: {code}`, `recorded_at`
    Betamax   as Ruby's, in JSON; a compressed body is `base64_string`; `recorded_at` without a zone is UTC
    go-vcr    `interactions`; `url`, `body` a text, `code` beside a `status` in words, `duration` as Go writes it

Sources: vcrpy's `vcr/serialize.py`, VCR's `lib/vcr/structs.rb`, Betamax's `betamax/util.py`, go-vcr's `cassette.go`.
"""

from __future__ import annotations

import re
from typing import Any

from kling_contract.verify.traffic.exchange import Body, Exchange, Flaw, moment, span

LISTS = ("http_interactions", "interactions")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_MILLISECONDS = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0, "us": 1e-3, "µs": 1e-3, "ns": 1e-6}


def exchange(index: int, interaction: Any) -> Exchange | Flaw:
    """Return the exchange of an interaction, or what it lacks."""
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
        method=str(sent.get("method", "GET")).lstrip(":").upper(),
        url=url,
        headers=headers,
        body=_body(sent.get("body"), headers),
        status=status,
        answer_headers=answered,
        answer=_body(answer.get("body", answer.get("content")), answered),
        started=_started(interaction, answered),
        took=_took(answer.get("duration")),
        ordered=True,
    )


def _status(answer: dict[str, Any]) -> int | None:
    status = answer.get("status")
    code = status.get("code") if isinstance(status, dict) else status
    found = (each for each in (code, answer.get("code"), answer.get("status_code")) if isinstance(each, int))
    return next(found, None)


def _headers(given: Any) -> dict[str, str]:
    pairs = given.items() if isinstance(given, dict) else ()
    return {str(name).lower(): _joined(value) for name, value in pairs}


def _joined(value: Any) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list | tuple) else _text(value)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body(given: Any, headers: dict[str, str]) -> Body:
    coding = headers.get("content-encoding", "")
    if isinstance(given, dict):
        if isinstance(given.get("base64_string"), str):
            return Body(given["base64_string"], base64=True, coding=coding)
        given = given.get("string", "")
    return Body(given if isinstance(given, str | bytes) else "", coding=coding)


def _started(interaction: dict[str, Any], answered: dict[str, str]) -> float | None:
    """Return when it was recorded, else what the answer says of its own time, which has whole seconds."""
    recorded = moment(interaction.get("recorded_at"))
    return moment(answered.get("date")) if recorded is None else recorded


def _took(duration: Any) -> float | None:
    parts = _DURATION.findall(duration) if isinstance(duration, str) else []
    return span(sum(float(number) * _MILLISECONDS[unit] for number, unit in parts))
