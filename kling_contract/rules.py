"""Rules that JSON Schema cannot say: arithmetic over several fields of one object, evaluated exactly (`x-rules`).

    x-rules:
      - id: expansion.area
        expression: (1 + left + right) * (1 + up + down) <= 3
        message: area {left} exceeds {right}

In a message `{left}` and `{right}` are the two sides of the comparison that failed, and any other `{name}` is that
field. What an expression may say is told in `formulas`.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.errors import Portable, Violation
from kling_contract.formulas import EXACT, Formula, exact
from kling_contract.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


def _rounded(value: Fraction) -> Decimal:
    """Return the value itself if 12 significant digits can hold it, else 6 of them."""
    with localcontext(Context(prec=12)) as context:
        shown = Decimal(value.numerator) / value.denominator
        if not context.flags[Inexact]:
            return shown.normalize() if shown.adjusted() >= context.prec else shown
        context.prec = 6
        return Decimal(value.numerator) / value.denominator


def _texts(left: Fraction, right: Fraction) -> tuple[str, str]:
    """Show both sides of a comparison; two that differ never look equal."""
    near, far = _rounded(left), _rounded(right)
    if (near > far) - (near < far) == (left > right) - (left < right):
        return str(near), str(far)
    if Fraction(near) != left:
        return f"just {'above' if left > right else 'below'} {far!s}", str(far)
    return str(near), f"just {'above' if right > left else 'below'} {near!s}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a document. `fields` are the names its expression uses, `shown` those its message fills in.

    The rule does not apply to a body that lacks one of the fields and has no default for it, or that has anything
    but a number there. `inputs` are the fields in the order of the expression, each with its documented default or
    None. `source` is the fact of the expression, from the rule's `x-facts`; it becomes the source of a violation.
    """

    id: str
    expression: str
    message: str
    fields: frozenset[str]
    shown: frozenset[str]
    defaults: Mapping[str, Any] = field(compare=False, repr=False)
    inputs: tuple[tuple[str, Any], ...] = field(compare=False, repr=False)
    source: Mapping[str, Any] | None = field(compare=False, repr=False)
    formula: Formula = field(compare=False, repr=False)

    @classmethod
    def from_document(cls, item: Mapping[str, Any], defaults: Mapping[str, Any]) -> Rule:
        """Read one item of `x-rules`; `defaults` are those of the sibling properties. ValueError says what is wrong."""
        for key in ("id", "expression", "message"):
            if not isinstance(item, Mapping) or not isinstance(item.get(key), str):
                raise ValueError(f"a rule has the texts id, expression and message; {key} is missing in {item!r}")
        rule, expression, message = item["id"], item["expression"], item["message"]
        try:
            formula = Formula.read(expression)
        except ValueError as error:
            raise ValueError(f"rule {rule}: {error}") from None
        sides, placed = {"left", "right"}, frozenset(_PLACEHOLDER.findall(message))
        fields = frozenset(formula.names)
        if not formula.sides and placed & sides - fields:
            raise ValueError(f"rule {rule}: {{left}} and {{right}} are the sides of a comparison, and this is none")
        filled = placed - sides if formula.sides else placed
        inputs = tuple((name, defaults.get(name)) for name in formula.names)
        source = item.get("x-facts", {}).get("expression")
        return cls(rule, expression, message, fields, filled, dict(defaults), inputs, source, formula)

    def holds(self, body: Mapping[str, Any], skip: AbstractSet[str] = frozenset()) -> bool:
        """Whether the body keeps the rule, or the rule does not apply; never raises, whatever the body holds."""
        if not skip and self.formula.holds_plainly([body.get(name, default) for name, default in self.inputs]):
            return True
        values = self._values(body, skip)
        return values is None or self.formula.satisfied(values)

    def check(
        self,
        body: Mapping[str, Any],
        skip: AbstractSet[str] = frozenset(),
        accepts: Callable[[str, Decimal], bool] = lambda name, value: True,
    ) -> Violation | None:
        """Return the violation of the whole body, or None where the rule holds or does not apply.

        A rule that uses a field of `skip` does not apply. A division by zero is a violation: such a body keeps no
        limit that the document states, and an author who wants to let it pass can write `b == 0 or a / b <= 3`.
        The hint shows only values that keep the rule and that `accepts(field, value)` takes.
        """
        values = self._values(body, skip)
        if values is None or self.formula.satisfied(values):
            return None
        found = {name: shown(body[name]) for name in self.formula.names if name in body}
        return Violation("", self.id, self._explained(body, values), found, self._hint(values, accepts), self.source)

    def _values(self, body: Mapping[str, Any], skip: AbstractSet[str]) -> list[Decimal] | None:
        if skip and not self.fields.isdisjoint(skip):
            return None
        return exact([body.get(name, default) for name, default in self.inputs])

    def _explained(self, body: Mapping[str, Any], values: Sequence[Decimal]) -> str:
        try:
            sides = self.formula.failing(values)
        except ZeroDivisionError:
            return f"{self.expression} divides by zero"
        words: dict[str, str] = {}
        if sides:
            words["left"], words["right"] = _texts(*sides)
        return _PLACEHOLDER.sub(lambda match: words.get(match[1]) or self._shown(match[1], body), self.message)

    def _shown(self, name: str, body: Mapping[str, Any]) -> str:
        value = body.get(name, self.defaults.get(name))
        if number := exact([value]):
            return str(_rounded(Fraction(number[0])))
        if isinstance(value, str | bool):
            return reprlib.repr(value)
        return "nothing" if value is None else type(value).__name__

    def _hint(self, values: Sequence[Decimal], accepts: Callable[[str, Decimal], bool]) -> str | None:
        """Name the largest factor, in thousandths, by which all fields of a comparison can be scaled to fit."""
        names = self.formula.names

        def fits(thousandths: int) -> bool:
            scaled = _scaled(values, thousandths)
            return self.formula.satisfied(scaled) and all(map(accepts, names, scaled))

        if not self.formula.sides or not fits(low := 0):
            return None
        high = 1000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        scaled = _scaled(values, low)
        shown = ", ".join(f"{name}={value:f}" for name, value in zip(names, scaled, strict=True))
        return f"these values scaled by {low / 1000} fit: {shown}" if any(scaled) else None


def _scaled(values: Sequence[Decimal], thousandths: int) -> list[Decimal]:
    """Multiply by thousandths and cut to 4 decimals, towards zero."""
    with localcontext(EXACT):
        cut = [int(value * thousandths * 10) for value in values]
        return [Decimal(units).scaleb(-4).normalize() for units in cut]


class Broken(Portable, Exception):
    """An instance breaks rules: what the keyword raises, and what the validator's error has as its cause."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("; ".join(map(str, violations)))


class RulesKeyword:
    """The keyword `x-rules` of jsonschema-rs: `validator_for(schema, keywords={"x-rules": RulesKeyword})`.

    A schema of a field stands on its own (no references left), and rules name only fields of their own object:
    ValueError otherwise, since such a rule would never apply.
    """

    def __init__(self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]) -> None:
        properties = parent_schema.get("properties", {})
        documented = ((name, schema) for name, schema in properties.items() if isinstance(schema, dict))
        defaults = {name: schema["default"] for name, schema in documented if "default" in schema}
        if not isinstance(value, list):
            raise ValueError(f"x-rules is a list of rules, not {value!r}")
        self._rules = tuple(Rule.from_document(item, defaults) for item in value)
        for rule in self._rules:
            if strange := (rule.fields | rule.shown) - properties.keys():
                raise ValueError(f"rule {rule.id}: no such property beside it: {', '.join(sorted(strange))}")
        fields = frozenset[str]().union(*(rule.fields for rule in self._rules))
        self._schemas = {name: jsonschema_rs.validator_for(properties[name]) for name in fields}

    def validate(self, instance: Any) -> None:
        """Raise Broken with every violation; rules whose fields break their own schemas are left out."""
        if not isinstance(instance, dict):
            return None
        for rule in self._rules:
            if not rule.holds(instance):
                return self._report(instance)
        return None

    def _report(self, instance: dict[str, Any]) -> None:
        broken = [rule for rule in self._rules if not rule.holds(instance)]
        involved = frozenset[str]().union(*(rule.fields for rule in broken)) & instance.keys()
        skip = {name for name in involved if not self._accepts(name, instance[name])}
        violations = (rule.check(instance, skip, self._accepts) for rule in broken)
        if reported := tuple(violation for violation in violations if violation):
            raise Broken(reported)

    def _accepts(self, name: str, value: object) -> bool:
        return self._schemas[name].is_valid(value)
