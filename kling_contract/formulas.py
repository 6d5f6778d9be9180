"""The expression language of rules: arithmetic and comparisons over the fields of one object, evaluated exactly.

An expression knows field names of the object that holds the rules, plain decimal numbers, + - * / and unary minus,
comparisons (chains too), and, or, not, parentheses. Numbers are the decimals that were written, in the expression
and in the body, so `(1+0+1.5)*(1+0.1+0.1)` is 3 and not 3.0000000000000004.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
import reprlib
from dataclasses import dataclass
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
    localcontext,
)
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ACCEPTED = "field names, decimal numbers, + - * / comparisons and or not"
LONGEST, DEEPEST = 2000, 64

_ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_BINARY, _LEAST, _MOST = frozenset({int, float}), 1e-3, 1e3
# Sums and products of decimals are exact at this precision and use no more memory than their digits need.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Overflow, Inexact])
# Adding 1e-5000000 to 1 exactly would take seconds. Nobody reads the flags that this context collects.
_BOUNDS = Context(prec=401, Emax=200, Emin=-200, traps=[InvalidOperation, Overflow, Inexact, Subnormal])


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression, compiled: every callable takes the values of `names`, in that order.

    `holds` is the whole condition. If that is a comparison, `sides` are its operands and `orders` the comparisons
    between them (one fewer); otherwise both are empty. `divides` asks for Fractions in place of Decimals. `floats`
    are the sides for floats, if they are nothing but short sums and products.
    """

    names: tuple[str, ...]
    divides: bool
    holds: Callable[..., bool]
    sides: tuple[Callable[..., Any], ...]
    orders: tuple[Callable[[Any, Any], bool], ...]
    floats: tuple[Callable[..., float], ...]

    @classmethod
    @functools.lru_cache(maxsize=256)  # a rule is read by the gate, and by each plan of the strategies
    def read(cls, expression: str) -> Formula:
        """Compile an expression; ValueError names the first piece outside the language, and its column (from 1)."""
        text = expression.strip()
        reader = _Reader(text)
        tree = reader.condition(_parsed(text))
        compare = tree if isinstance(tree, ast.Compare) else None
        sides = (compare.left, *compare.comparators) if compare else ()
        kind = Fraction if reader.divides else Decimal
        return cls(
            names=tuple(reader.names),
            divides=reader.divides,
            holds=reader.compiled(tree, kind),
            sides=tuple(reader.compiled(side, kind) for side in sides),
            orders=tuple(_ORDERS[type(order)] for order in (compare.ops if compare else ())),
            floats=tuple(reader.compiled(side, float) for side in sides) if reader.is_plain() else (),
        )

    def holds_plainly(self, values: Sequence[object]) -> bool:
        """Whether a comparison holds by so much that floats cannot err about it; False says nothing.

        Sums and products of at most 100 numbers between a thousandth and a thousand neither overflow nor underflow,
        and are right to a part in 10**12: each of their operations adds a part in 10**16.
        """
        for value in values:
            if type(value) not in _BINARY or (value and not _LEAST <= value <= _MOST):  # type: ignore[operator]
                return False
        sides = [side(*values) for side in self.floats]
        for left, right, order in zip(sides, sides[1:], self.orders, strict=False):
            if abs(left - right) <= 1e-12 * (left + right) or not order(left, right):
                return False
        return bool(sides)

    def satisfied(self, values: Sequence[Decimal]) -> bool:
        """Whether the condition holds, exactly. A condition that divides by zero does not."""
        try:
            with localcontext(EXACT):
                return self.holds(*(map(Fraction, values) if self.divides else values))
        except ZeroDivisionError:
            return False

    def failing(self, values: Sequence[Decimal]) -> tuple[Fraction, Fraction] | None:
        """Both sides of the first comparison in the chain that fails; None if the condition is no comparison.

        Raises ZeroDivisionError where a side divides by zero.
        """
        with localcontext(EXACT):
            given = [Fraction(value) for value in values] if self.divides else values
            sides = [Fraction(side(*given)) for side in self.sides]
        pairs = zip(sides, sides[1:], self.orders, strict=False)
        return next(((left, right) for left, right, order in pairs if not order(left, right)), None)


def _refused(text: str, column: int, piece: str) -> ValueError:
    return ValueError(f"{piece!r} at column {column} of {reprlib.repr(text)} cannot be read; accepted: {ACCEPTED}")


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ValueError(f"an expression has at most {LONGEST} characters, this one has {len(text)}")
    if strange := re.search(r"[^\w\s.+*/<>=!()-]", text, re.ASCII):
        raise _refused(text, strange.start() + 1, strange.group())
    try:
        return ast.parse(re.sub(r"\s", " ", text), mode="eval").body
    except SyntaxError as error:
        column = max(error.offset or 1, 1)
        raise _refused(text, column, text[column - 1 : column + 11]) from None
    except (RecursionError, MemoryError):
        raise ValueError(f"an expression nests at most {DEEPEST} deep; accepted: {ACCEPTED}") from None


class _Reader:
    """Rebuilds a parsed expression from accepted nodes only; fields become f0, f1, ... and numbers n0, n1, ..."""

    def __init__(self, text: str) -> None:
        self.text, self.divides, self.subtracts = text, False, False
        self.names: list[str] = []
        self.numbers: list[Decimal] = []

    def condition(self, node: ast.expr, depth: int = 0) -> ast.expr:
        self._bounded(depth)
        match node:
            case ast.BoolOp():
                return ast.BoolOp(node.op, [self.condition(value, depth + 1) for value in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return ast.UnaryOp(node.op, self.condition(node.operand, depth + 1))
            case ast.Compare() if all(type(order) in _ORDERS for order in node.ops):
                left, *rest = (self._number(side, depth + 1) for side in (node.left, *node.comparators))
                return ast.Compare(left, node.ops, rest)
        if isinstance(node, ast.Name | ast.Constant | ast.BinOp | ast.UnaryOp):
            raise ValueError(f"{self._piece(node)!r} is compared with nothing, as in {self._piece(node)} <= 1")
        raise self._refusal(node)

    def _number(self, node: ast.expr, depth: int) -> ast.expr:
        self._bounded(depth)
        match node:
            case ast.Name():
                return self._field(node.id)
            case ast.Constant():
                return self._literal(node)
            case ast.UnaryOp(op=ast.USub()):
                self.subtracts = True
                return ast.UnaryOp(node.op, self._number(node.operand, depth + 1))
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                self.divides |= isinstance(node.op, ast.Div)
                self.subtracts |= isinstance(node.op, ast.Sub)
                left = self._number(node.left, depth + 1)
                return ast.BinOp(left, node.op, self._number(node.right, depth + 1))
        raise self._refusal(node)

    def _field(self, name: str) -> ast.expr:
        if name not in self.names:
            self.names.append(name)
        return ast.Name(f"f{self.names.index(name)}", ast.Load())

    def _literal(self, node: ast.Constant) -> ast.expr:
        written = self.text[node.col_offset : node.end_col_offset]
        if not re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", written):
            raise self._refusal(node)
        self.numbers.append(Decimal(written))
        return ast.Name(f"n{len(self.numbers) - 1}", ast.Load())

    def _bounded(self, depth: int) -> None:
        if depth > DEEPEST:
            raise ValueError(f"an expression nests at most {DEEPEST} deep; accepted: {ACCEPTED}")

    def _refusal(self, node: ast.expr) -> ValueError:
        return _refused(self.text, node.col_offset + 1, self._piece(node))

    def _piece(self, node: ast.expr) -> str:
        return self.text[node.col_offset : node.end_col_offset]

    def is_plain(self) -> bool:
        """Whether all that was read are sums and products of at most 100 numbers, none of them extreme."""
        moderate = all(number == 0 or _LEAST <= number <= _MOST for number in self.numbers)
        return moderate and len(self.text) <= 200 and not (self.divides or self.subtracts)

    def compiled(self, tree: ast.expr, kind: type[Fraction | Decimal | float]) -> Callable[..., Any]:
        """Return a function of the fields read so far; it sees its numbers, of one kind, and nothing else."""
        taken = [ast.arg(f"f{index}") for index in range(len(self.names))]
        takes = ast.arguments(posonlyargs=taken, args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        code = compile(ast.fix_missing_locations(ast.Expression(ast.Lambda(takes, tree))), "<x-rules>", "eval")
        numbers = {f"n{index}": kind(number) for index, number in enumerate(self.numbers)}
        function: Callable[..., Any] = eval(code, {"__builtins__": {}, **numbers})
        return function


def exact(values: Iterable[object]) -> list[Decimal] | None:
    """Return JSON numbers as the decimals that were written, or None if one of them is no number to compute with.

    That is anything but int, float and Decimal, booleans, NaN and infinities, and numbers beyond 1e200, nearer to
    zero than 1e-200 or of more than 401 digits, which the contract refuses elsewhere as `number.precision`.
    """
    bounded = _BOUNDS.plus
    try:
        numbers = [bounded(value if type(value) is Decimal else _written(value)) for value in values]
    except (DecimalException, TypeError):
        return None
    return numbers if all(map(Decimal.is_finite, numbers)) else None


def _written(value: object) -> Decimal:
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 700:
        return Decimal(value)
    if isinstance(value, Decimal):
        return value
    raise TypeError
