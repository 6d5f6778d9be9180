"""What the probe knows of answers, as `openapi/probe.yaml` says it: reasons with their verdicts, and ordered signs."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from kling_contract.documents import folder
from kling_contract.documents.files import read

Verdict = Literal["up", "degraded", "down", "unknown"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a finding is what it is: a name of the closed list, its verdict, and what it says in words."""

    name: str
    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One row of the table: the reason that an answer has if one of `whens` holds."""

    reason: str
    whens: tuple[Mapping[str, Any], ...]
    source: str | None
    assumed: str | None

    def holds(self, seen: Mapping[str, Any]) -> bool:
        """Whether the sign is there in what was seen."""
        return any(holds(when, seen) for when in self.whens)


def holds(expected: Any, seen: Any) -> bool:
    """Whether a value is as a sign expects it: each key of an object, one of a list, a range, a text within, itself."""
    if isinstance(expected, Mapping):
        return isinstance(seen, Mapping) and all(key in seen and holds(expected[key], seen[key]) for key in expected)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return any(holds(each, seen) for each in expected)
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(seen, str) and expected[1:] in seen
    if isinstance(expected, str) and not isinstance(seen, str):
        bounds = _RANGE.fullmatch(expected)
        return bounds is not None and type(seen) is int and int(bounds[1]) <= seen <= int(bounds[2])
    return type(seen) is type(expected) and bool(seen == expected)


@functools.cache
def reasons() -> Mapping[str, Reason]:
    """Return the closed list of reasons, by name."""
    return {name: Reason(name, each["verdict"], each["says"]) for name, each in _tree()["reasons"].items()}


@functools.cache
def signs() -> tuple[Sign, ...]:
    """Return the signs in the order in which they are asked."""
    return tuple(_sign(each) for each in _tree()["signs"])


def _sign(says: Mapping[str, Any]) -> Sign:
    whens = says["when"] if isinstance(says["when"], list) else [says["when"]]
    return Sign(says["reason"], tuple(whens), says.get("source"), says.get("assumed"))


@functools.cache
def _tree() -> Mapping[str, Any]:
    tree: Mapping[str, Any] = read(folder() / "probe.yaml").tree
    return tree
