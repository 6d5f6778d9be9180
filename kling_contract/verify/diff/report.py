"""A comparison as text for a terminal, and as Markdown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.wording import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.verify.diff.comparison import Comparison
    from kling_contract.verify.diff.difference import Difference, Move

EVERYWHERE = "everywhere"
ARROWS = ("->", "<-")


@dataclass(frozen=True, slots=True)
class Line:
    """What one direction of a difference asks for; `arrow` is -> or <-."""

    arrow: str
    breaks: str
    message: str
    kind: str
    counterexample: Any = None


def text(comparison: Comparison) -> str:
    """Return the comparison as text, grouped by operation: the direction, what breaks, what to do."""
    lines = [*head(comparison), ""]
    for operation, group in groups(comparison):
        lines.append(operation or EVERYWHERE)
        for line in _lines(group):
            lines.append(f"  {line.arrow} {line.breaks:15} {line.message}")
            if line.counterexample is not None:
                lines.append(f"     {'':15} such as {_short(line.counterexample)}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def markdown(comparison: Comparison) -> str:
    """Return the comparison as Markdown, one table for each operation."""
    title, *rest = head(comparison)
    parts = [f"# {title}", "", "\n\n".join(rest), ""]
    for operation, group in groups(comparison):
        parts += [f"## {operation or EVERYWHERE}", "", "| | breaks | what to do | kind |", "|---|---|---|---|"]
        parts += [_row(line) for line in _lines(group)]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _row(line: Line) -> str:
    example = "" if line.counterexample is None else f"<br>such as `{_short(line.counterexample)}`"
    cells = (line.arrow, line.breaks, _cell(line.message) + example.replace("|", "\\|"), line.kind)
    return f"| {' | '.join(cells)} |"


def _cell(message: str) -> str:
    """Return a message with its signs as they are: Markdown would take < for HTML and * for emphasis."""
    return "".join(f"\\{sign}" if sign in "\\|*_<>`[]" else sign for sign in message)


def head(comparison: Comparison) -> list[str]:
    """Return the lines that stand above all others: who is compared, and how much differs and breaks."""
    source, target = comparison.titles
    back = "" if comparison.one_way else ", and back"
    lines = [f"From {source} ({comparison.source.date}) to {target} ({comparison.target.date}){back}"]
    if not comparison.differences:
        return [*lines, "nothing differs" + _tried(comparison)]
    moves = (
        ("->", [each.there for each in comparison.differences]),
        ("<-", [each.back for each in comparison.differences]),
    )
    told = [f"{arrow} {_counts([each for each in found if each])}" for arrow, found in moves if any(found)]
    return [*lines, f"{counted(len(comparison.differences), 'difference')}{_tried(comparison)}", *told]


def _counts(moves: list[Move]) -> str:
    requests, answers = (sum(map(look, moves)) for look in (_breaks_requests, _breaks_responses))
    silent = sum(not each.breaks and (each.request, each.response) != ("kept", "kept") for each in moves)
    return f"{requests} break requests, {answers} break answers, {silent} lose something in silence"


def _breaks_requests(move: Move) -> bool:
    return move.breaks_requests


def _breaks_responses(move: Move) -> bool:
    return move.breaks_responses


def _tried(comparison: Comparison) -> str:
    if comparison.tried is None:
        return ""
    missed = f", none could be drawn for {', '.join(comparison.untried)}" if comparison.untried else ""
    return f"; {comparison.tried} bodies tried{missed}"


def groups(comparison: Comparison) -> Iterator[tuple[str, list[Difference]]]:
    """Yield the differences of each operation that has some; "" is the whole provider."""
    for operation in ("", *comparison.operations):
        if group := [each for each in comparison.differences if each.operation == operation]:
            yield operation, group


def _lines(group: list[Difference]) -> Iterator[Line]:
    """Yield the lines of a group; errors that ask for the same thing share one."""
    errors = [each for each in group if each.kind == "error"]
    for difference in group:
        if difference.kind != "error":
            yield from _both(difference)
    for arrow in ARROWS:
        yield from _alike(errors, arrow)


def _both(difference: Difference) -> Iterator[Line]:
    for arrow, move in zip(ARROWS, (difference.there, difference.back), strict=True):
        if move is not None:
            yield Line(arrow, _breaks(move), move.message, difference.kind, move.counterexample)


def _alike(errors: list[Difference], arrow: str) -> Iterator[Line]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in errors:
        move = each.there if arrow == ARROWS[0] else each.back
        if move is not None:
            found.setdefault((_breaks(move), move.message.replace(each.place, "{}")), []).append(each.place)
    for (breaks, message), names in found.items():
        yield Line(arrow, breaks, message.replace("{}", ", ".join(names)), "error")


def _breaks(move: Move) -> str:
    if move.breaks:
        sides = (("requests", move.breaks_requests), ("answers", move.breaks_responses))
        return "breaks " + " and ".join(name for name, broken in sides if broken)
    return "" if (move.request, move.response) == ("kept", "kept") else "in silence"


def _short(value: Any) -> str:
    return json.dumps(_cut(value), ensure_ascii=False, default=str)


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    return [_cut(each) for each in value] if isinstance(value, list) else shown(value)
