"""What a test is told when the code under test broke the contract: worth reading, and enough to mend it."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_request
from kling_contract.testing.requests import is_of_request, of_request
from kling_contract.testing.sent_images import SentImages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kling_contract.documents import Operation
    from kling_contract.errors import Violation
    from kling_contract.interception import Refusal
    from kling_contract.testing.handle import MockHandle
    from kling_contract.testing.told import Told
    from mock_server.exchange import Exchange
    from mock_server.journal import Entry
    from mock_server.session import Session

_LONGEST = 600  # characters of a body
# How hints are worded; one that is worded otherwise changes nothing.
_MEANT = re.compile(r"did you mean (.+?)(?: \(an? \w+\))?\?$|send (.+) (?:as a text|without quotes)$")
_NEAREST = re.compile(r"the nearest is (-?[0-9]+(?:\.[0-9]+)?)$")
_RENAME = re.compile(r"rename (\w+) to (\w+)$")
_CHANGE = re.compile(r"(\w+)=(-?[0-9]+(?:\.[0-9]+)?)\b")
_ROUNDS = 4
_LINES = 12  # of a traceback
_MOST = 10  # requests that are told of
_BROKEN = "the code under test broke the contract:"
_FAILED = "the mock itself failed, which is no fault of the code under test:"
_REFUSED = "the code under test asked hosts for which the mock stands in, and nobody answered:"


def report(session: Session, told: Told) -> str | None:
    """Return what was sent, why that is wrong, and what would be right, each request that is like another once.

    None if there is nothing to tell.
    """
    failed = session.journal.where(_is_unforeseen)
    broken = session.journal.where(lambda entry: bool(entry.violations) and not _is_unforeseen(entry))
    shown = [
        *_section(_FAILED, [*told.crashes, *(_told(entry, told.lines.get(entry.id)) for entry in failed)]),
        *_section(_BROKEN, (_told(entry, told.lines.get(entry.id)) for entry in broken)),
        *_section(_REFUSED, told.refusals),
    ]
    return "\n\n".join(shown) or None


def _is_unforeseen(entry: Entry) -> bool:
    """Whether the mock answered with a failure that no document, no fault and no request brought about."""
    return bool(entry.traceback) or (entry.status >= 500 and not (entry.row or entry.fault or entry.violations))


def crashed(exchange: Exchange, line: str | None, error: Exception) -> str:
    """Return what there is to say of a request to which the mock raised an error."""
    frame = extract_tb(error.__traceback__)[-1]
    said = f"{exchange.method} {exchange.path} raised {type(error).__name__}: {error}"
    return f"{line or 'a request'}: {said}\n  in {frame.filename}:{frame.lineno}, {frame.name}"


def refused(refusal: Refusal, line: str | None, advice: str) -> str:
    """Return what there is to say of a request that nobody answered."""
    request = refusal.request
    asked = refusal.host if request is None else f"{request.method} {request.url.partition('?')[0]}"
    return f"{line or 'a request'}: {asked} was refused\n  {advice}"


def late(refusal: Refusal) -> str:
    """Return what there is to say of a request of what an earlier test left running."""
    request = refusal.request
    asked = refusal.host if request is None else f"{request.method} {request.url.partition('?')[0]}"
    wait = "it was refused; wait for its threads and tasks before it ends"
    return f"what {refusal.left_by} left running asked {asked}: {wait}"


def _section(title: str, texts: Iterable[str]) -> list[str]:
    told = _counted(texts)
    return [title, *told] if told else []


def _counted(texts: Iterable[str]) -> list[str]:
    """Return texts, each once, and how often it was there; of many the first."""
    told = Counter(texts)
    shown = [_often(text, count) for text, count in list(told.items())[:_MOST]]
    return [*shown, f"and {len(told) - _MOST} more"] if len(told) > _MOST else shown


def _often(text: str, count: int) -> str:
    return text if count == 1 else f"{text}\n  {count} times"


def hints(handle: MockHandle) -> list[str]:
    """Return what there is to remark of requests, each once, and of what was left unfinished."""
    session = handle.session
    shown = [entry.as_dict() for entry in session.journal.where(lambda entry: bool(of_request(entry.notes)))]
    about = [(each, note) for each in shown for note in each["notes"] if is_of_request(note["rule"])]
    noted = [f"{each['method']} {each['path']}: {_violation(note)}" for each, note in about]
    raised = [f"the application that takes callbacks raised {each}" for each in handle.unheard]
    texts = [*list(dict.fromkeys(noted))[:_MOST], *raised, unfinished(session), *_counted(handle.told.late)]
    return [f"a hint, no failure: {text}" for text in texts if text is not None]


def unfinished(session: Session) -> str | None:
    """Return what there is to say of tasks whose end nobody asked for, or None."""
    asked = {entry.task for entry in session.journal.where(lambda entry: entry.task_status in ("succeed", "failed"))}
    told = {each.task for each in session.deliveries.where(lambda each: each.state == "delivered")}
    left = [task_id for task_id in session.store.ids() if task_id not in asked | told]
    if not left:
        return None
    what = f"task {left[0]}" if len(left) == 1 else f"{len(left)} tasks, {left[0]} the first,"
    return f"nobody learnt how {what} ended"


def _told(entry: Entry, line: str | None) -> str:
    shown = entry.as_dict()
    lines = [f"{line or 'a request'}: {entry.method} {shown['path']} was answered {entry.status}"]
    if shown["body"] is not None:
        lines.append(f"  sent: {_short(shown['body'])}")
    lines += [f"  {_violation(each)}" for each in shown["violations"]]
    if entry.traceback:
        return "\n".join([*lines, *(f"  {each}" for each in shown["traceback"][-_LINES:])])
    if not shown["violations"]:
        lines.append(f"  answered: {_short(shown['answer']['body'])}")
    nearest = _nearest(entry.asked, shown["body"], shown["violations"]) if entry.asked is not None else None
    if nearest is not None:
        lines.append(f"  this would be accepted: {_short(nearest)}")
    return "\n".join(lines)


def _violation(each: Mapping[str, Any]) -> str:
    place = f"{each['pointer']}: " if each["pointer"] else ""
    hint = f" ({each['hint']})" if each["hint"] else ""
    return f"{each['rule']}: {place}{each['message']}{hint}"


def _nearest(operation: Operation, body: Any, violations: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what was sent, changed as hints say, or with as little as possible of the document's example.

    None if even the example is no better.
    """
    if not operation.examples or not isinstance(body, dict):
        return None
    example = dict(next(iter(operation.examples.values())))
    pointers = [each["pointer"] for each in violations if each["pointer"]]
    images = SentImages(body, pointers)
    mended = _mended(operation, images)
    wrong = {pointer.split("/")[1] for pointer in pointers}
    right = {name: value for name, value in images.body.items() if name not in wrong}
    for found in (mended, {**_needed(operation, example), **mended}, {**example, **right}, example):
        if not _violations_of(operation, found, images):
            return dict(images.told(found))
    return None


def _mended(operation: Operation, images: SentImages) -> dict[str, Any]:
    """Return a body changed as hints say, and again as those say that this leads to; it may still be wrong."""
    body = images.body
    for _ in range(_ROUNDS):
        if not (violations := _violations_of(operation, body, images)):
            break
        body = _hinted(body, [each.as_dict() for each in violations])
    return body


def _violations_of(operation: Operation, body: dict[str, Any], images: SentImages) -> list[Violation]:
    """Return the violations of a body but those of what stands for its images: a field may take files alone."""
    return [each for each in check_request(operation, body) if not images.has(_at(body, each.pointer))]


def _at(body: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        body = body.get(step) if isinstance(body, dict) else body[int(step)] if isinstance(body, list) else None
    return body


def _hinted(body: Mapping[str, Any], violations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a body changed as hints say, without the wrong fields of which they say nothing."""
    found = dict(body)
    for each in violations:
        name, _, within = each["pointer"].removeprefix("/").partition("/")
        value, hint = found.pop(name, None), "" if within else each["hint"] or ""
        if meant := _MEANT.match(hint):
            found[name] = _literal(meant[1] or meant[2])
        elif nearest := _NEAREST.match(hint):
            found[name] = nearest[1] if isinstance(value, str) else json.loads(nearest[1])
        elif (renamed := _RENAME.match(hint)) and renamed[1] in found:
            found[renamed[2]] = found.pop(renamed[1])
        for changed, number in _CHANGE.findall(hint):
            found[changed] = number if isinstance(body.get(changed), str) else json.loads(number)
    return {name: found[name] for name in (*body, *found) if name in found}


def _literal(text: str) -> Any:
    """Return the value that a hint spells, a text in quotes of either kind or JSON; None if it is neither."""
    try:
        return ast.literal_eval(text) if text[0] in "'\"" else json.loads(text)
    except ValueError:
        return None


def _needed(operation: Operation, example: Mapping[str, Any]) -> dict[str, Any]:
    required = (operation.request or {}).get("required", ())
    return {name: example[name] for name in required if name in example}


def _short(body: Any) -> str:
    text = json.dumps(body, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
