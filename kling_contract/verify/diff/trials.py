"""Bodies of one side tried on the other, so that a difference nobody thought of shows too.

Bodies come from Hypothesis: such as the left side accepts, and such as break one rule of the side that is moved to,
written as the left side would. What the left side accepts and the other refuses must be told by a difference that
says so; what is not is `unexplained`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from kling_contract import strategies
from kling_contract.contract import check_request
from kling_contract.verify.diff.difference import Difference, Move, joined
from kling_contract.verify.diff.domains import listed
from kling_contract.verify.diff.shrinking import shrunk
from kling_contract.verify.diff.translation import Translation, canonical_place
from kling_contract.verify.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

    from kling_contract.documents import Operation, Provider
    from kling_contract.errors import Violation
    from kling_contract.verify.diff.comparison import Comparison


EXAMPLES = 200
_BROKEN, _VARIED = 3, 10

_KINDS: Mapping[str, frozenset[str]] = {
    "required": frozenset({"required", "extra"}),
    "type": frozenset({"type"}),
    **dict.fromkeys(("enum", "const"), frozenset({"enum", "range"})),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), frozenset({"range"})),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), frozenset({"length"})),
    "pattern": frozenset({"pattern", "range"}),
}

_UNCHANGED: Mapping[str, str] = {"required": "renamed", "type": "type"}


class Refusal(NamedTuple):
    """Why a body is refused: the canonical place, the rule, and whether it was sent `unchanged`, names and all."""

    place: str
    rule: str
    unchanged: bool = False


def tried(comparison: Comparison, *, examples: int = EXAMPLES, random_seed: int = 0) -> Comparison:
    """Return the comparison with counterexamples, and with the differences that only trying shows.

    For each operation and direction `examples` bodies are drawn, and some for each rule that can be broken. The same
    seed draws the same bodies, as long as the program is the same.
    """
    source, target, titles = comparison.source, comparison.target, comparison.titles
    there = _Direction(source, target, titles, examples, random_seed)
    back = _Direction(target, source, (titles[1], titles[0]), examples, random_seed)
    names = [name for name in comparison.operations if there.applies(name)]
    found, trials = list(comparison.differences), [there.trial(name) for name in names]
    for trial in trials:
        found = there.explained(trial, found)
    if not comparison.one_way:
        returns, found = [back.trial(name) for name in names], [each.mirrored() for each in found]
        for trial in returns:
            found = back.explained(trial, found)
        trials, found = [*trials, *returns], [each.mirrored() for each in found]
    count, undrawn = sum(each.tried for each in trials), {each.source.id for each in trials if each.is_undrawn}
    return replace(comparison, differences=tuple(joined(found)), tried=count, untried=tuple(sorted(undrawn)))


@dataclass(frozen=True, slots=True)
class _Direction:
    """From one provider to the other."""

    source: Provider
    target: Provider
    titles: tuple[str, str]
    examples: int
    seed: int

    def applies(self, name: str) -> bool:
        """Whether both sides take a body for an operation."""
        sides = [side.operations.get(name) for side in (self.source, self.target)]
        return all(side is not None and side.request for side in sides)

    def trial(self, name: str) -> _Trial:
        """Return an operation's trial, with every body tried."""
        trial = _Trial(self.source.operations[name], self.target.operations[name])
        for body in self._bodies(trial):
            trial.hold(body)
        return trial

    def _bodies(self, trial: _Trial) -> Iterator[Mapping[str, Any]]:
        name = trial.source.id
        examples = list(trial.source.examples.values())
        yield from (other for body in examples for other in _varied(trial.source, body))
        try:
            bodies = self._drawn(strategies.valid(name, provider=self.source), self.examples)
            yield from bodies
            yield from (other for body in bodies[:_VARIED] for other in _varied(trial.source, body))
            back = Translation(trial.target, trial.source)
            for rule in strategies.rules(name, provider=self.target):
                broken = strategies.broken(name, rule, provider=self.target)
                yield from (back.body(body) for body in self._drawn(broken, _BROKEN))
        except ValueError:
            trial.is_undrawn = True

    def _drawn(self, strategy: SearchStrategy[dict[str, Any]], count: int) -> list[dict[str, Any]]:
        return drawn(strategy, number=self.seed, examples=count)

    def explained(self, trial: _Trial, differences: list[Difference]) -> list[Difference]:
        """Return the differences with the counterexamples of a trial, and with what none of them tells."""
        told, name = list(differences), trial.source.id
        for refusal, (body, violation) in trial.found.items():
            index = next((i for i, each in enumerate(told) if _tells(each, name, refusal)), None)
            if index is None and refusal.unchanged:
                continue
            smallest = shrunk(body, partial(trial.is_refused, refusal))
            if index is None:
                told.append(self._unexplained(trial, refusal, violation, smallest))
            elif (move := told[index].there) and move.counterexample is None:
                told[index] = replace(told[index], there=replace(move, counterexample=smallest))
        return told

    def _unexplained(self, trial: _Trial, refusal: Refusal, violation: Violation, body: Any) -> Difference:
        message = f"{self.titles[1]} refuses a body that {self.titles[0]} takes: {violation}"
        there = Move(message, "refused", counterexample=body)
        return Difference(trial.source.id, refusal.place or "/", "unexplained", None, refusal.rule, there)


def _varied(operation: Operation, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a body as it is, and with each two values of the fields that list theirs: chance seldom combines them."""
    values = [(name, value) for name, schema in operation.properties.items() for value in listed(schema) or ()]
    yield dict(body)
    yield from ({**body, name: value} for name, value in values)
    yield from ({**body, **dict(two)} for two in combinations(values, 2) if two[0][0] != two[1][0])


class _Trial:
    """The bodies that were tried in one direction; `found` has one for each place and rule that refused any.

    `is_undrawn` is whether bodies could not be drawn, for a schema that says what the strategies cannot build.
    """

    def __init__(self, source: Operation, target: Operation) -> None:
        self.source, self.target = source, target
        self.found: dict[Refusal, tuple[Mapping[str, Any], Violation]] = {}
        self.is_undrawn, self.tried = False, 0
        self._there = Translation(source, target)

    def hold(self, body: Mapping[str, Any]) -> None:
        """Try a body, and keep it if it is the first that is refused so."""
        self.tried += 1
        for refusal, violation in self.refusals(body).items():
            self.found.setdefault(refusal, (body, violation))

    def is_refused(self, refusal: Refusal, body: Mapping[str, Any]) -> bool:
        """Whether a body that the source takes is refused so."""
        return refusal in self.refusals(body)

    def refusals(self, body: Mapping[str, Any]) -> dict[Refusal, Violation]:
        """Return why the target refuses a body, translated and unchanged; nothing for one that the source refuses."""
        if check_request(self.source, body):
            return {}
        schema, found = self.target.request or {}, {}
        for sent, unchanged in ((self._there.body(body), False), (body, True)):
            for each in check_request(self.target, sent):
                found[Refusal(canonical_place(schema, each.pointer), each.rule, unchanged)] = each
        return found


def _tells(difference: Difference, operation: str, refusal: Refusal) -> bool:
    """Whether a difference says that such a body is refused."""
    place, rule, keyword = refusal.place, refusal.rule, refusal.rule.partition(".")[2]
    if difference.operation != operation or difference.there is None or not difference.there.breaks_requests:
        return False
    if refusal.unchanged:
        return difference.place == place and difference.kind == _UNCHANGED.get(keyword)
    if difference.kind == "rule":
        return difference.place == rule or (rule.startswith("schema.") and _is_below(place, difference.place))
    if rule.startswith("image."):
        return difference.kind == "image" and difference.place == place
    return difference.place == place and difference.kind in _KINDS.get(keyword, {"keyword"})


def _is_below(place: str, root: str) -> bool:
    """Whether a place is in the object of a condition that has no id, and so goes by its place."""
    return root.startswith("/") and f"{place}/".startswith(root.rstrip("/") + "/")
