"""How many valid bodies are drawn in a second, for every create of every bundled document.

`python -m benchmarks.strategies [--quick] [--json]`. Hypothesis draws them, without a database and without shrinking,
and the clock is the process's own. Ours keep the whole contract. Theirs are `plain`: the same fields, each from what
Hypothesis has for its type, in `fixed_dictionaries`, heedless of what fields have to agree on and of images.
"drawn" leaves out what Hypothesis does between test cases, which is most of what a test with one body takes.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.results import Result, table
from kling_contract.contract import check_request
from kling_contract.documents import bundled, load
from kling_contract.strategies import valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.documents import Operation

_PART, _GOAL = "strategies", 2_000
_TOGETHER = 10  # bodies in a test case


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strategies", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a test case each: shows that it runs, says nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    results = list(measured(1, repeats=1) if options.quick else measured(150))
    print(json.dumps([each.as_dict() for each in results]) if options.json else table(results))
    return 0


def measured(cases: int, repeats: int = 3) -> Iterator[Result]:
    """Yield the rates of so many test cases of ten bodies each, and of as many bodies in test cases of their own.

    Each is the best of some `repeats`.
    """
    number = _cases(st.integers(0, 9), cases * _TOGETHER, repeats)
    yield Result(_PART, "a whole number, one in a test case", "cases/s", number)
    for provider in bundled():
        for operation in load(provider).operations.values():
            if operation.kind == "create":
                yield from _operation(provider, operation, cases, repeats)


def _operation(provider: str, operation: Operation, cases: int, repeats: int) -> Iterator[Result]:
    name, ours = f"{operation.id} of {provider}", valid(operation.id, provider=provider)
    theirs = plain(operation.request or {})
    rates = _drawn(ours, cases, repeats), _drawn(theirs, cases, repeats)
    yield Result(_PART, f"{name}, drawn", "bodies/s", rates[0], goal=_GOAL, more=True)
    yield Result(_PART, f"{name}, drawn, beside plain", "bodies/s", *rates, more=True)
    rates = _cases(ours, cases * _TOGETHER, repeats), _cases(theirs, cases * _TOGETHER, repeats)
    yield Result(_PART, f"{name}, one in a test case", "cases/s", *rates, more=True)
    checked = _cases(ours, cases * _TOGETHER, repeats, lambda body: check_request(operation, body))
    yield Result(_PART, f"{name}, one in a test case, and the gate", "cases/s", checked)


def plain(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    """Return what a person would write for a schema in a minute: each field by its type and its own limits."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            fields = {name: plain(below) for name, below in schema.get("properties", {}).items()}
            needed = {name: fields.pop(name) for name in schema.get("required", ()) if name in fields}
            return st.fixed_dictionaries(needed, optional=fields)
        case "array":
            items = plain(schema.get("items", {}))
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=schema.get("maxItems"))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "boolean":
            return st.booleans()
    return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength"))


def _drawn(values: SearchStrategy[Any], cases: int, repeats: int) -> float:
    """Return how many values are drawn in a second while nothing else is done: the best of some runs."""
    rates = []
    for _ in range(repeats):
        spent: list[float] = []
        _run(_timed(values, spent), cases)
        rates.append(len(spent) / sum(spent))
    return max(rates)


@st.composite
def _timed(draw: DrawFn, values: SearchStrategy[Any], spent: list[float]) -> None:
    for _ in range(_TOGETHER):
        began = time.process_time()
        draw(values)
        spent.append(time.process_time() - began)


def _cases(values: SearchStrategy[Any], cases: int, repeats: int, then: Callable[[Any], object] = bool) -> float:
    """Return how many test cases of one value run in a second, with all that Hypothesis does about them."""
    rates = []
    for _ in range(repeats):
        began = time.process_time()
        rates.append(_run(values, cases, then) / (time.process_time() - began))
    return max(rates)


def _run(values: SearchStrategy[Any], cases: int, then: Callable[[Any], object] = bool) -> int:
    ran = 0

    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(values)
    def case(value: Any) -> None:
        nonlocal ran
        ran += 1
        then(value)

    case()
    return ran


if __name__ == "__main__":
    raise SystemExit(main())
