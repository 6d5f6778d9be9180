"""One exchange against its operation: the request and the answer by the gate, and what neither knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from kling_contract.client.answers import parse_response
from kling_contract.contract import check_parameters, check_request, check_response, gate
from kling_contract.errors import APIError, RequestError, Violation
from kling_contract.reading import parse, repeated
from kling_contract.verify.traffic.unknown import unknown_fields
from kling_contract.wording import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kling_contract.documents import Provider
    from kling_contract.verify.traffic.body import Body, Message, Unread
    from kling_contract.verify.traffic.findings import Finding, Seen


@dataclass(slots=True)
class Judged:
    """What an exchange said: its findings, and what the followers of tasks and the learners need.

    `body` is the request's, `values` are the answer's by the names of the envelope, `error` is the error that it is.
    `fields` are the answer's unknown fields, each with the type of what it holds; `unread` tells why the body of the
    request, or of the answer, was not judged.
    """

    findings: list[Finding] = field(default_factory=list)
    body: Any = None
    values: Mapping[str, Any] | None = None
    error: APIError | None = None
    fields: dict[str, str] = field(default_factory=dict)
    unread: dict[Message, Unread] = field(default_factory=dict)


def judge(seen: Seen, others: Sequence[Provider]) -> Judged:
    """Hold an exchange against its operation. `others` are providers whose names for fields are recognised."""
    judged = Judged()
    judged.findings += _request(seen, judged, others)
    if not seen.exchange.status:
        reason = f" ({seen.exchange.error})" if seen.exchange.error else ""
        message = f"there is no answer: the connection broke, or the browser blocked it{reason}"
        judged.findings.append(seen.note("answer", Violation("", "answer.none", message)))
    elif seen.exchange.method != "HEAD":
        judged.findings += _answer(seen, judged)
    return judged


def _request(seen: Seen, judged: Judged, others: Sequence[Provider]) -> Iterator[Finding]:
    exchange, operation = seen.exchange, seen.operation
    query = dict(parse_qsl(exchange.url.partition("?")[2].partition("#")[0], keep_blank_values=True))
    for violation in check_parameters(operation, query):
        yield seen.broken("request", violation)
    if operation.request is None:
        return
    data = _body(judged, "request", exchange.body)
    if data is None:
        yield _not_judged(seen, judged, "request")
        return
    judged.body, flaws = parse(data)
    for violation in flaws or _with_images(seen, check_request(operation, judged.body)):
        yield seen.broken("request", violation)
    if isinstance(judged.body, Mapping):
        for remark in repeated(data, judged.body) + gate(operation).notes(judged.body, lambda: others):
            yield seen.note("request", remark)


def _body(judged: Judged, side: Message, body: Body) -> bytes | None:
    data, unread = body.read()
    if unread is not None:
        judged.unread[side] = unread
    return data


def _not_judged(seen: Seen, judged: Judged, side: Message) -> Finding:
    message = f"the body was not judged: {judged.unread[side].message}"
    return seen.note(side, Violation("", f"{side}.body", message))


def _with_images(seen: Seen, violations: list[Violation]) -> Iterator[Violation]:
    """Put what a redacted copy tells of its images in the place of what is found of their digests."""
    told = {str(each.get("pointer")): each for each in seen.exchange.images}
    for violation in violations:
        image = told.get(violation.pointer) if violation.rule.startswith("image.") else None
        if image is None:
            yield violation
            continue
        for each in image["violations"]:
            known = {name: each.get(name) for name in ("pointer", "rule", "message", "found", "hint", "source")}
            yield Violation(**known)


def _answer(seen: Seen, judged: Judged) -> Iterator[Finding]:
    exchange, operation = seen.exchange, seen.operation
    data = _body(judged, "answer", exchange.answer)
    if data is None:
        yield _not_judged(seen, judged, "answer")
        return
    body = _read(seen, judged, data)
    violations = [] if _is_page(seen, judged) else check_response(operation, exchange.status, body)
    for violation in violations:
        yield seen.broken("answer", violation)
    for pointer, value in unknown_fields(_schema(seen), body):
        judged.fields[pointer] = type_of(value)
        message = f"{pointer.rpartition('/')[2]} is not in {operation.title}'s document"
        yield seen.note("answer", Violation(pointer, "answer.field", message))
    yield from _error(seen, judged, violations)


def _read(seen: Seen, judged: Judged, data: bytes) -> Any:
    """Return the decoded body, and take note of what it says."""
    exchange = seen.exchange
    try:
        judged.values = parse_response(seen.provider, seen.operation, exchange.status, exchange.content_type, data)
    except APIError as error:
        judged.error = error
        return error.body
    return judged.values["raw"]


def _is_page(seen: Seen, judged: Judged) -> bool:
    """Whether the answer is a text that a row of the document describes; no schema is about it."""
    row = seen.provider.errors.get((judged.error and judged.error.row) or "")
    return row is not None and not row.is_json


def _schema(seen: Seen) -> Mapping[str, Any]:
    responses = seen.operation.responses
    answer = responses.get(str(seen.exchange.status)) or responses.get("default") or {}
    found: Mapping[str, Any] = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _error(seen: Seen, judged: Judged, violations: list[Violation]) -> Iterator[Finding]:
    error = judged.error
    if error is None:
        return
    if error.row is None and not (violations and 200 <= error.status < 300):
        code = "" if error.code is None else f", code {error.code}"
        message = f"no error of the document is made like this: HTTP {error.status}{code}: {error.message}"
        yield seen.note("answer", Violation("", "answer.error", message, _outline(error.body)))
    if isinstance(error, RequestError) and judged.body is not None and not any(each.broken for each in judged.findings):
        message = f"the document finds nothing wrong with this request, and it was refused: {error.message}"
        yield seen.note("request", Violation("", "request.refused", message))


def _outline(body: Any) -> dict[str, str] | None:
    """Return the fields of an answer and their types, without what they say."""
    if not isinstance(body, Mapping):
        return None
    return {str(name)[:80]: type_of(value) for name, value in list(body.items())[:20]}
