"""A comparison on one screen: what breaks of each operation, and how much of each kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_contract.verify.diff.report import ARROWS, EVERYWHERE, groups, head
from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kling_contract.verify.diff.comparison import Comparison
    from kling_contract.verify.diff.difference import Difference, Move

_MOST_ROWS, _MOST_KINDS = 12, 4
_WIDEST = 110  # columns of a line


@dataclass(frozen=True, slots=True)
class Row:
    """What breaks of an operation, in each direction that was asked for, and the kinds of what breaks."""

    operation: str
    directions: tuple[str, ...]
    kinds: Counter[str]


def text(comparison: Comparison) -> str:
    """Return the summary as text of at most 24 lines, however much differs."""
    rows, calm = _rows(comparison)
    lines = head(comparison)
    if rows:
        cells = [(each.operation, *each.directions, _kinds(each.kinds)) for each in rows[:_MOST_ROWS]]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", *(_cut("  ".join(map(str.ljust, each, widths)).rstrip()) for each in cells)]
    return "\n".join([*lines, *_rest(rows, calm)]) + "\n"


def markdown(comparison: Comparison) -> str:
    """Return the summary as Markdown."""
    rows, calm = _rows(comparison)
    title, *rest = head(comparison)
    lines = [f"# {title}", "", "\n\n".join(rest)]
    if rows:
        arrows = " | ".join("what breaks" for _ in rows[0].directions)
        lines += ["", f"| | {arrows} | kinds |", f"|---|{'---|' * len(rows[0].directions)}---|"]
        lines += [
            f"| {' | '.join((each.operation, *each.directions, _kinds(each.kinds)))} |" for each in rows[:_MOST_ROWS]
        ]
    return "\n".join([*lines, *_rest(rows, calm)]) + "\n"


def _rows(comparison: Comparison) -> tuple[list[Row], list[str]]:
    """Return the operations of which something breaks, the worst first, and the others in which something differs."""
    rows, calm = [], []
    for operation, group in groups(comparison):
        if any(each.breaks for each in group):
            rows.append(_row(operation or EVERYWHERE, group, one_way=comparison.one_way))
        else:
            calm.append(operation or EVERYWHERE)
    return sorted(rows, key=lambda row: -row.kinds.total()), calm


def _row(operation: str, group: Sequence[Difference], *, one_way: bool) -> Row:
    there, back = [each.there for each in group], [each.back for each in group]
    sides = [(ARROWS[0], there)] if one_way else list(zip(ARROWS, (there, back), strict=True))
    broken = [each.kind for each in group if each.breaks]
    return Row(operation, tuple(f"{arrow} {_broken(moves)}" for arrow, moves in sides), Counter(broken))


def _broken(moves: Iterable[Move | None]) -> str:
    known = [each for each in moves if each is not None]
    counts = {
        "request": sum(each.breaks_requests for each in known),
        "answer": sum(each.breaks_responses for each in known),
    }
    return ", ".join(counted(number, noun) for noun, number in counts.items() if number) or "nothing"


def _kinds(kinds: Counter[str], most: int = _MOST_KINDS) -> str:
    told = [f"{kind} {count}" for kind, count in kinds.most_common(most)]
    return ", ".join([*told, *(["..."] if len(kinds) > most else [])])


def _rest(rows: Sequence[Row], calm: Sequence[str]) -> list[str]:
    """Return the lines below the rows: how many are left out, what breaks by kind, and what else differs."""
    lines = [""] if rows or calm else []
    if len(rows) > _MOST_ROWS:
        left = rows[_MOST_ROWS:]
        lines.append(f"and {counted(len(left), 'operation')} more, of which {_breaking(_sum(left).total())}")
    if rows:
        lines.append(_cut(f"by kind: {_kinds(_sum(rows), len(_sum(rows)))}"))
    if calm:
        lines.append(_cut(f"differs, and breaks nothing: {', '.join(calm)}"))
    return lines


def _sum(rows: Iterable[Row]) -> Counter[str]:
    return sum((each.kinds for each in rows), Counter())


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 3]}..."


def _breaking(count: int) -> str:
    return f"{counted(count, 'thing')} {'breaks' if count == 1 else 'break'}"
