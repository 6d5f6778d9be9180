"""Which fields a body has, and what kind of value each of them: chosen one by one, and never in vain.

Before a choice is offered it is looked ahead whether the statements can still come true. What is left of them after a
choice is known by itself, so nothing is looked at twice; this is an ordered decision diagram, built where it is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from kling_contract.strategies.domains import apart
from kling_contract.strategies.logic import settled
from kling_contract.strategies.numbers import chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hypothesis.strategies import DrawFn

    from kling_contract.strategies.domains import Domain
    from kling_contract.strategies.logic import Path, Statement

Left: TypeAlias = "tuple[int, ...]"  # the numbers of the statements that are left to be seen
Choice: TypeAlias = "tuple[Domain | None, Left]"  # what is chosen, and what is then left
Outline: TypeAlias = "dict[Path, Domain | None]"

_FALSE, _TRUE = 0, 1  # the numbers of what is seen


class Statements:
    """The statements of a space by number: one may be long, is met thousands of times, and is found at once by that."""

    def __init__(self) -> None:
        self._numbers: dict[Statement, int] = {False: _FALSE, True: _TRUE}
        self._all: list[Statement] = [False, True]

    def __getitem__(self, number: int) -> Statement:
        return self._all[number]

    def number(self, statement: Statement) -> int:
        """Return the number of a statement, equal ones having the same."""
        number = self._numbers.setdefault(statement, len(self._all))
        if number == len(self._all):
            self._all.append(statement)
        return number


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value, None for an absent field, and all that the statements ask about the field."""

    domain: Domain | None
    facts: Mapping[Statement, bool]
    _left: dict[int, int] = field(default_factory=dict, init=False, compare=False, repr=False)

    def left(self, numbers: Left, statements: Statements) -> Left | None:
        """Return what is left to be seen of statements, None if one is false.

        Kinds are of many plans of one space, so each statement is settled once.
        """
        for each in numbers:
            if each not in self._left:
                self._left[each] = statements.number(settled(statements[each], self.facts))
        return _joined([self._left[each] for each in numbers])


@dataclass(frozen=True, slots=True)
class Variable:
    """A field, and the kinds of value that it may have; those that a rule judges are not `divided` any further."""

    path: Path
    kinds: Sequence[Kind]
    divided: bool = True

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.kinds) == 1 and len(parts(self.kinds[0].domain, divided=self.divided)) == 1


class _Node:
    """What a field may be after some choices; each leads to another node, which is None until it is first taken."""

    __slots__ = ("choices", "next")

    def __init__(self, choices: list[Choice]) -> None:
        self.choices = choices
        self.next: list[_Node | None] = [None] * len(choices)


class Outlines:
    """All outlines of a body for which the statements are true; `size` is how many picks one takes."""

    def __init__(self, variables: Sequence[Variable], statements: Sequence[Statement], numbered: Statements) -> None:
        self._variables = sorted(variables, key=lambda each: len(each.kinds))
        self._fixed = [each.is_fixed for each in self._variables]
        self.size = self._fixed.count(False)
        self._known: dict[tuple[int, Left], float] = {}
        self._nodes: dict[tuple[int, Left], _Node] = {}
        self._statements = numbered
        self._start = _joined(map(self._statements.number, statements))

    @property
    def exist(self) -> bool:
        """Whether there is any."""
        return self._start is not None and self._fewest(0, self._start) < math.inf

    def drawn(self, draw: DrawFn, picks: bytes) -> Outline:
        """Take an outline by the first `size` picks; the lowest ones take the fewest fields. There must be one."""
        found: Outline = {}
        node, at = self._first, 0
        for depth, variable in enumerate(self._variables):
            taken = 0
            if not self._fixed[depth]:
                taken = chosen(draw, picks[at], len(node.choices))
                at += 1
            found[variable.path], left = node.choices[taken]
            if depth + 1 < len(self._variables):
                following = node.next[taken]
                if following is None:
                    following = node.next[taken] = self._node(depth + 1, left)
                node = following
        return found

    @cached_property
    def _first(self) -> _Node:
        return self._node(0, self._start or ()) if self._variables else _Node([])

    def _node(self, depth: int, left: Left) -> _Node:
        if (depth, left) not in self._nodes:
            variable = self._variables[depth]
            live = sorted(self._live(depth, left), key=itemgetter(2))
            every = [(part, rest) for kind, rest, _ in live for part in parts(kind.domain, divided=variable.divided)]
            self._nodes[depth, left] = _Node(_balanced(every))
        return self._nodes[depth, left]

    def _fewest(self, depth: int, left: Left) -> float:
        """Return how many more fields there are at least, once those before `depth` are chosen; infinite for never."""
        if depth == len(self._variables):
            return math.inf if left else 0
        if (depth, left) not in self._known:
            self._known[depth, left] = min((count for _, _, count in self._live(depth, left)), default=math.inf)
        return self._known[depth, left]

    def _live(self, depth: int, left: Left) -> Iterator[tuple[Kind, Left, float]]:
        """Yield the kinds of a field that can be chosen, what is then left, and how many fields there are then."""
        for kind in self._variables[depth].kinds:
            rest = kind.left(left, self._statements)
            fewest = math.inf if rest is None else self._fewest(depth + 1, rest)
            if rest is not None and fewest < math.inf:
                yield kind, rest, fewest + (kind.domain is not None)


def _joined(numbers: Iterable[int]) -> Left | None:
    left = dict.fromkeys(numbers)
    if _FALSE in left:
        return None
    left.pop(_TRUE, None)
    return tuple(left)


def parts(domain: Domain | None, *, divided: bool) -> Sequence[Domain | None]:
    """Return the parts of a domain, None being an absent field; itself alone if it is not divided."""
    return apart(domain) if divided and domain is not None else [domain]


def _balanced(choices: list[Choice]) -> list[Choice]:
    """Draw an absent field as often as all others together."""
    often = max(sum(domain is not None for domain, _ in choices), 1)
    return [choice for choice in choices for _ in range(often if choice[0] is None else 1)]


def options(domains: Sequence[Domain], *, divided: bool) -> list[Domain | None]:
    """Return what an optional field may be, each to be drawn as likely as the others."""
    choices: list[Choice] = [(None, ()), *((part, ()) for domain in domains for part in parts(domain, divided=divided))]
    return [domain for domain, _ in _balanced(choices)]
