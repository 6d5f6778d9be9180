"""All values of a schema, and the plans by which they are drawn."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from itertools import product
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from kling_contract.strategies.demands import Demands, Unsupported
from kling_contract.strategies.domains import Items, Record
from kling_contract.strategies.judges import keeping
from kling_contract.strategies.logic import asked, every, has, implied, is_object, negated
from kling_contract.strategies.numbers import chosen, index, picks
from kling_contract.strategies.outlines import Kind, Outlines, Statements, Variable, options
from kling_contract.strategies.partition import parts, whole
from kling_contract.strategies.texts import ready

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.strategies.domains import Domain
    from kling_contract.strategies.judges import Judged
    from kling_contract.strategies.logic import Fact, Path, Statement
    from kling_contract.strategies.outlines import Outline

    Judge = Callable[[Mapping[str, Domain]], Judged]
    Way = Callable[[], "Plan | None"]


class Space:
    """The values of one schema. Raises `Unsupported` for a keyword that values cannot be built for.

    `free` is what a field may be that no statement is about, None being an absent one. `filled` are fields whose empty
    list would mean that they are absent, so that none is drawn.
    """

    def __init__(self, schema: Mapping[str, Any], filled: Collection[str] = ()) -> None:
        self.demands = Demands.of(schema)
        self.domains = {path: whole(self.demands.at(path), path, Space) for path in self.demands.paths}
        self.domains |= {(name,): [_filled(each) for each in self.domains[name,]] for name in filled}
        self.fields: dict[Path, list[Path]] = {path: [] for path in self.domains}
        for path in self.domains:
            if path:
                self.fields[path[:-1]].append(path)
        self.statements = [each.statement for each in self.demands.conditions]
        rules = self.demands.rules.items()
        self.judged_fields = {(*path, name) for path, each in rules for rule in each for name in rule.fields}
        self.free = {path: self._options(path) for path in self.domains}
        self.numbered = Statements()
        self._kinds: dict[Any, list[Kind]] = {}
        self._lists: dict[tuple[int, int], SearchStrategy[list[Any]]] = {}
        self._judged: dict[Any, Judged] = {}

    @cached_property
    def values(self) -> SearchStrategy[Any]:
        """All values that keep the schema."""
        plan = Plan(self, self.statements)
        if not plan.exists:
            raise ValueError("no value is known that keeps all that the schema demands")
        return _drawn(plan, ready())

    def lists(self, least: int, most: int) -> SearchStrategy[list[Any]]:
        """Return lists of so many values."""
        if (least, most) not in self._lists:
            self._lists[least, most] = st.lists(self.values, min_size=least, max_size=most)
        return self._lists[least, most]

    def kinds(self, path: Path, questions: Sequence[Fact]) -> list[Kind]:
        """Return the kinds of value of a field, as far as some questions tell them apart."""
        key = (path, *questions)
        if key not in self._kinds:
            absent = [Kind(None, dict.fromkeys(questions, False))] if path else []
            self._kinds[key] = [*absent, *kinds(self.domains.get(path, ()), questions)]
        return self._kinds[key]

    def judged(self, path: Path, chosen: Mapping[str, Domain]) -> Judged:
        """Return the numbers of an object with which its rules hold."""
        rules = self.demands.rules[path]
        key = (path, *((name, chosen.get(name)) for rule in rules for name in rule.fields))
        if key not in self._judged:
            self._judged[key] = keeping(rules, chosen)
        return self._judged[key]

    def _options(self, path: Path) -> Sequence[Domain | None]:
        found = self.domains[path]
        return options(found, divided=path not in self.judged_fields) if path else found


class Plan:
    """How values are drawn that keep some statements.

    `instead` are other domains for some fields, which are then there, and whose numbers no rule judges. `judges` say
    for some objects which numbers are drawn, given the domains of the other fields. What a value has, and of which
    kind, is picked by one draw; another draw for each field would take most of the time.
    """

    def __init__(
        self,
        space: Space,
        statements: Sequence[Statement],
        instead: Mapping[Path, Sequence[Domain]] | None = None,
        judges: Mapping[Path, Judge] | None = None,
    ) -> None:
        self._space, self._instead = space, dict(instead or {})
        self._judges: dict[Path, Judge] = {path: partial(space.judged, path) for path in space.demands.rules}
        self._judges |= judges or {}
        given = [*statements, *(has(path) for path in self._instead)]
        for path in self._judges:
            given += self._unruly(path, asked(given))
        paths = _with_parents(asked(given).keys() | self._instead.keys())
        given += [implied(has(path), is_object(path[:-1])) for path in paths if path]
        questions = asked(given)
        self._outlines = Outlines(
            [self._variable(path, questions.get(path, ())) for path in paths], given, space.numbered
        )
        self.exists = self._outlines.exist
        free = [path for path, each in space.free.items() if path not in paths and len(each) > 1]
        self._places = {path: place for place, path in enumerate(free, self._outlines.size)}
        self._size = self._outlines.size + len(free)
        self._only: Outline | None = None

    def __repr__(self) -> str:
        return "..."

    def drawn(self, draw: DrawFn) -> Any:
        """Draw a value; `exists` has to be true."""
        outline = self._only
        if outline is None:
            outline = self._outline(draw, draw(picks(self._size)) if self._size else b"")
            self._only = None if self._size else outline
        return self._value(draw, (), outline[()], outline)

    def _outline(self, draw: DrawFn, picked: bytes) -> Outline:
        found = self._outlines.drawn(draw, picked)
        for path, free in self._space.free.items():
            if path not in found:
                place = self._places.get(path)
                found[path] = free[0 if place is None else chosen(draw, picked[place], len(free))]
        return found

    def _value(self, draw: DrawFn, path: Path, domain: Domain | None, outline: Outline) -> Any:
        if not isinstance(domain, Record):
            return None if domain is None else domain.drawn(draw)
        fields = self._space.fields[path]
        taken = {field[-1]: each for field in fields if (each := outline[field]) is not None}
        numbers = self._judge(path, taken).drawn(draw) if path in self._judges else {}
        values = {
            name: numbers[name] if name in numbers else self._value(draw, (*path, name), each, outline)
            for name, each in taken.items()
        }
        return values | domain.drawn(draw)

    def _judge(self, path: Path, chosen: Mapping[str, Domain]) -> Judged:
        return self._judges[path]({name: each for name, each in chosen.items() if (*path, name) not in self._instead})

    def _unruly(self, path: Path, questions: Mapping[Path, Sequence[Fact]]) -> Iterator[Statement]:
        """Yield that those kinds of fields of an object do not meet whose numbers cannot agree on its rules."""
        names = list({name: None for rule in self._space.demands.rules[path] for name, _ in rule.inputs})
        fields = [(*path, name) for name in names]
        for combination in product(*(self._kinds(each, [("has", each), *questions.get(each, ())]) for each in fields)):
            pairs = zip(names, combination, strict=True)
            if not self._judge(path, {name: kind.domain for name, kind in pairs if kind.domain is not None}).exists:
                told = [(fact, answer) for kind in combination for fact, answer in kind.facts.items()]
                yield negated(every([has(path), *(fact if answer else negated(fact) for fact, answer in told)]))

    def _variable(self, path: Path, questions: Sequence[Fact]) -> Variable:
        return Variable(path, self._kinds(path, questions), divided=path not in self._space.judged_fields)

    def _kinds(self, path: Path, questions: Sequence[Fact]) -> list[Kind]:
        other = self._instead.get(path)
        return self._space.kinds(path, questions) if other is None else kinds(other, questions)


@st.composite
def _drawn(draw: DrawFn, plan: Plan, texts: SearchStrategy[str]) -> Any:
    return plan.drawn(draw)


class Ways:
    """Ways to draw a value, by the rule that they are about; a plan is made where it is first asked for."""

    def __init__(self, ways: Iterable[tuple[str, Way]]) -> None:
        self._ways: dict[str, list[Way]] = {}
        self._plans: dict[str, list[Plan]] = {}
        for rule, way in ways:
            self._ways.setdefault(rule, []).append(way)

    def __repr__(self) -> str:
        return "..."

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The rules that there is a way for, sorted."""
        return tuple(rule for rule in sorted(self._ways) if self.plans(rule))

    def plans(self, rule: str) -> list[Plan]:
        """Return the plans of a rule; none for one that is not of this schema, or that no value can be drawn for."""
        if rule not in self._plans:
            self._plans[rule] = [plan for way in self._ways.get(rule, ()) if (plan := way()) is not None]
        return self._plans[rule]

    def drawn(self, rule: str, draw: DrawFn, at: int | None = None) -> Any:
        """Draw a value by one of the plans of one of `rules`, the one at a place if that is given."""
        plans = self.plans(rule)
        return plans[draw(index(len(plans))) if at is None else at].drawn(draw)


def _filled(domain: Domain) -> Domain:
    return replace(domain, least=max(domain.least, 1)) if isinstance(domain, Items) else domain


def possible(space: Space, statements: Sequence[Statement], **changes: Any) -> Plan | None:
    """Return a plan, or None where nothing can be drawn by it."""
    try:
        plan = Plan(space, statements, **changes)
    except Unsupported:
        return None
    return plan if plan.exists else None


def kinds(domains: Sequence[Domain], questions: Sequence[Fact]) -> list[Kind]:
    """Split domains so that all values of a part answer each question alike."""
    found: list[tuple[Domain, dict[Statement, bool]]] = [(domain, {}) for domain in domains]
    for fact in questions:
        found = [(part, {**known, fact: answer}) for each, known in found for part, answer in parts(each, fact)]
    return [Kind(part, known) for part, known in found]


def _with_parents(paths: AbstractSet[Path]) -> list[Path]:
    known = {path[:length] for path in paths for length in range(len(path) + 1)}
    return sorted(known, key=lambda path: (len(path), path))
