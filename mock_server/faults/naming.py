"""Faults by name: `rate.limit; retry-after=5`, `latency=1.5 + cut-off`.

    NAME[=ARGUMENT][; phase=before|after|answer][; retry-after=SECONDS]

A name is a row of the provider's error table or one of the faults below. Faults joined with ` + ` strike together, in
this order, at the phase that one of them is bound to, else at the earliest of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from kling_contract.wording import did_you_mean
from mock_server.faults.changes import (
    Chain,
    Change,
    CutOff,
    InvalidJson,
    Latency,
    MissingField,
    MistypedField,
    Page,
    Redirect,
    Reset,
    Row,
    Silence,
    UnknownStatus,
    WrongContentType,
)
from mock_server.faults.places import pointers
from mock_server.faults.striking import Fault, Phase
from mock_server.wishes import BadWish

if TYPE_CHECKING:
    from kling_contract.documents import ErrorRow, Provider

_MOST_SECONDS = 3600.0
_PATIENCE = 600.0  # seconds that a request without an answer stays open; no client's own default is longer
_MOST_BYTES = 10**9
_STATUS = "unheard-of"
_JOINT = re.compile(r"\s+\+\s+")
_ADDRESS = re.compile(r"(https?://|/)[!-~]*")
_CONTENT_TYPE = re.compile(r"[!-.0-~]+/[ -~]+")
_VALUE = re.compile(r"\$[a-z_]+")
_PHASES: tuple[Phase, ...] = ("before", "after", "answer")


class _Asked(NamedTuple):
    """One fault as it was written: `name=argument; option=value`."""

    name: str
    argument: str | None
    options: Mapping[str, str]


class _Part(NamedTuple):
    """One fault as it was understood; `bound` if it strikes at its phase alone."""

    change: Change
    phase: Phase
    bound: bool


class _Kind(msgspec.Struct, frozen=True):
    """A fault that every provider has; the first of its phases is the usual one."""

    summary: str
    phases: tuple[Phase, ...]
    make: Callable[[_Asked, Provider], Change]


def fault_named(text: str, provider: Provider) -> Fault:
    """Return the fault that `text` describes. Raises `BadWish`, which says what is accepted and what is closest."""
    parts = [_part(_read(each), provider) for each in _JOINT.split(text.strip())]
    bound = [part for part in parts if part.bound]
    phases: list[Phase] = [phase for phase in _PHASES if any(part.phase == phase for part in bound or parts)]
    if bound and len(phases) > 1:
        raise BadWish(f"{text!r} strikes at two phases: {', '.join(phases)}", "faults of one phase")
    changes = [part.change for part in parts]
    return Fault(text.strip(), phases[0], changes[0] if len(changes) == 1 else Chain(*changes))


def catalogue(provider: Provider) -> list[tuple[str, str]]:
    """Return name and summary of every fault that this provider can have: the general ones, then its error rows."""
    rows = [(row.name, f"HTTP {row.status}, {row.means}: {_words(row)}") for row in provider.errors.values()]
    return [(name, kind.summary) for name, kind in _KINDS.items()] + rows


def _read(text: str) -> _Asked:
    head, *rest = (piece.strip() for piece in text.split(";"))
    name, equals, argument = head.partition("=")
    options = [option.partition("=") for option in rest]
    named = {option.strip(): value.strip() for option, _, value in options}
    return _Asked(name.strip(), argument.strip() if equals else None, named)


def _part(asked: _Asked, provider: Provider) -> _Part:
    kind = _KINDS.get(asked.name) or _row_kind(asked.name, provider)
    accepted = ["phase", *(["retry-after"] if asked.name in provider.errors else [])]
    for option in asked.options:
        if option not in accepted:
            raise _unknown("option", option, accepted)
    phase = _phase(asked, kind)
    bound = "phase" in asked.options or len(kind.phases) == 1
    return _Part(kind.make(asked, provider), phase, bound)


def _row_kind(name: str, provider: Provider) -> _Kind:
    if name not in provider.errors:
        raise _unknown("fault", name, [*_KINDS, *provider.errors])
    return _Kind("", _PHASES, _row)


def _phase(asked: _Asked, kind: _Kind) -> Phase:
    phase = asked.options.get("phase", kind.phases[0])
    for each in kind.phases:
        if each == phase:
            return each
    raise BadWish(f"{asked.name} cannot strike at phase {phase!r}", ", ".join(kind.phases))


def _row(asked: _Asked, provider: Provider) -> Change:
    _no_argument(asked)
    return Row(provider.errors[asked.name], _retry_after(asked))


def _row_in_200(asked: _Asked, provider: Provider) -> Change:
    rows = {row.name: row for row in provider.errors.values() if row.is_json}
    failures = (row.name for row in rows.values() if row.means == "server")
    name = asked.argument or next(failures, next(iter(rows), ""))
    if name not in rows:
        raise _unknown("error with a JSON body", name, rows)
    return Row(rows[name], status=200)


def _retry_after(asked: _Asked) -> int | None:
    text = asked.options.get("retry-after")
    return None if text is None else _whole(f"retry-after={text}", text, int(_MOST_SECONDS))


def _plain(make: Callable[[], Change]) -> Callable[[_Asked, Provider], Change]:
    def made(asked: _Asked, provider: Provider) -> Change:
        _no_argument(asked)
        return make()

    return made


def _no_argument(asked: _Asked) -> None:
    if asked.argument is not None:
        raise BadWish(f"{asked.name} takes no value, and has {asked.argument!r}", asked.name)


def _seconds(asked: _Asked, usual: float | None = None) -> float:
    try:
        seconds = float(asked.argument) if asked.argument is not None else usual
    except ValueError:
        seconds = None
    if seconds is None or not 0 <= seconds <= _MOST_SECONDS:
        said = f"{asked.name} without a number" if asked.argument is None else f"{asked.name}={asked.argument}"
        raise BadWish(said, f"seconds from 0 to {_MOST_SECONDS:g}: {asked.name}=1.5")
    return seconds


def _whole(said: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
        raise BadWish(said, f"a whole number from 0 to {most}")
    return int(text)


def _cut_off(asked: _Asked, provider: Provider) -> Change:
    text = asked.argument
    return CutOff(None if text is None else _whole(f"{asked.name}={text}", text, _MOST_BYTES))


def _redirect(asked: _Asked, provider: Provider) -> Change:
    if asked.argument is not None and not _ADDRESS.fullmatch(asked.argument):
        raise BadWish(f"{asked.name}={asked.argument}", "a URL, or a path that begins with /")
    return Redirect(asked.argument)


def _content_type(asked: _Asked, provider: Provider) -> Change:
    if asked.argument is not None and not _CONTENT_TYPE.fullmatch(asked.argument):
        raise BadWish(f"{asked.name}={asked.argument}", "a content type, as text/plain")
    return WrongContentType() if asked.argument is None else WrongContentType(asked.argument)


def _pointer(asked: _Asked, provider: Provider) -> str | None:
    """Return the pointer that was given, which must be one of a body that this provider sends."""
    if asked.argument is None:
        return None
    templates = [each.envelope.template for each in provider.operations.values()]
    templates += [row.body.template for row in provider.errors.values() if row.is_json]
    known = dict.fromkeys(pointer for template in templates for pointer in pointers(template))
    if re.sub(r"/\d+(?=/|$)", "/0", asked.argument) not in known:
        raise _unknown("field", asked.argument, known)
    return asked.argument


def _unknown_status(asked: _Asked, provider: Provider) -> Change:
    word = _STATUS if asked.argument is None else asked.argument
    if any(word in operation.statuses.values() for operation in provider.operations.values()):
        raise BadWish(f"{provider.title} knows the status {word!r}", "a status word that it does not know")
    return UnknownStatus(word)


def _unknown(what: str, name: str, accepted: Iterable[str]) -> BadWish:
    hint = did_you_mean(name, accepted)
    return BadWish(f"no {what} {name!r}" + (f"; {hint}" if hint else ""), ", ".join(accepted))


def _words(row: ErrorRow) -> str:
    """Return the text of a row that is for people: one that says what is wrong, in words, and not an id or a mark."""
    _, text = max(_texts(row.body.template), default=((), ""))
    return text if len(text) <= 80 else text[:77] + "..."


def _texts(template: object, *, is_mark: bool = False) -> Iterable[tuple[tuple[bool | int, ...], str]]:
    """Yield the texts of a template, each after how much it says; a mark is what tells rows apart (`$equals`)."""
    if isinstance(template, str):
        says = template == "$message" or " " in template
        yield (says, _VALUE.fullmatch(template) is None, not is_mark, len(template)), template
    elif isinstance(template, Mapping):
        for key, part in template.items():
            yield from _texts(part, is_mark=key == "$equals")
    elif isinstance(template, list):
        for part in template:
            yield from _texts(part)


_LATER: tuple[Phase, ...] = ("answer", "after")
_FIELD: tuple[Phase, ...] = ("after", "answer")

_KINDS: Mapping[str, _Kind] = {
    "latency": _Kind(
        "latency=1.5: the answer comes so many seconds later", _LATER, lambda asked, _: Latency(_seconds(asked))
    ),
    "timeout": _Kind(
        f"no answer comes; the connection stays open for {_PATIENCE:g} s, or as timeout=SECONDS says",
        ("answer", "after", "before"),
        lambda asked, _: Silence(_seconds(asked, _PATIENCE)),
    ),
    "reset-before": _Kind("the connection is reset, and no task exists", ("before",), _plain(Reset)),
    "reset-after": _Kind("the connection is reset once the task exists", ("after",), _plain(Reset)),
    "cut-off": _Kind("cut-off=8: the connection ends after so many bytes of the body, or half of it", _LATER, _cut_off),
    "invalid-json": _Kind("the whole body, and not valid JSON", _LATER, _plain(InvalidJson)),
    "html": _Kind("an HTML page with HTTP 200", _PHASES, _plain(Page)),
    "redirect": _Kind("HTTP 301 to this server's root, or as redirect=URL says", _PHASES, _redirect),
    "wrong-content-type": _Kind("the right body as text/plain, or as wrong-content-type=TYPE", _LATER, _content_type),
    "missing-field": _Kind(
        "missing-field=POINTER: the body lacks a field, the task id if none is named",
        _FIELD,
        lambda asked, provider: MissingField(_pointer(asked, provider)),
    ),
    "mistyped-field": _Kind(
        "mistyped-field=POINTER: a field has another type, the task id if none is named",
        _FIELD,
        lambda asked, provider: MistypedField(_pointer(asked, provider)),
    ),
    "unknown-status": _Kind("the task has a status word that the document does not know", _FIELD, _unknown_status),
    "code-in-200": _Kind("code-in-200=ROW: the body of an error with HTTP 200", _PHASES, _row_in_200),
}
