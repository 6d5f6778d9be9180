"""What the marker `kling` says of a test's mock, checked before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kling_contract.names import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_CLOCKS = ("auto", "frozen", "real")
_MOST_POLLS = 1000


class Mark(Protocol):
    """What pytest keeps of a marker."""

    @property
    def args(self) -> tuple[Any, ...]:
        """What was given without a name."""
        ...

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """What was given by name."""
        ...


class _Argument(NamedTuple):
    fits: Callable[[Any], bool]
    accepted: str


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text_or_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple | set) and all(isinstance(x, str) for x in value))


ARGUMENTS: Mapping[str, _Argument] = {
    "provider": _Argument(
        lambda value: isinstance(value, str | Path) and bool(str(value)), "a provider's name, or an OpenAPI file"
    ),
    "clock": _Argument(lambda value: value in _CLOCKS, ", ".join(_CLOCKS)),
    "polls": _Argument(lambda value: _is_number(value) and 1 <= value <= _MOST_POLLS, f"1 to {_MOST_POLLS}"),
    "seed": _Argument(lambda value: value is None or _is_number(value), "a whole number"),
    "strict": _Argument(lambda value: isinstance(value, bool), "True, False"),
    "ignore": _Argument(_is_text_or_texts, "a pattern of paths such as /chat/*, or a list of them"),
    "passthrough": _Argument(_is_text_or_texts, "a host, or a list of them"),
}
ON_A_PORT = ("provider", "clock", "polls", "seed", "strict")


def options_of(marks: Iterable[Mark], names: Iterable[str], fixture: str) -> dict[str, Any]:
    """Return what markers say, the closest to the test last; `names` are those that the fixture takes.

    Raises ValueError, which says what would be accepted.
    """
    options: dict[str, Any] = {}
    for mark in marks:
        if mark.args:
            raise ValueError(f"the marker kling takes no {mark.args[0]!r} without a name; accepted: {', '.join(names)}")
        for name, value in mark.kwargs.items():
            _check(name, value, names, fixture)
        options |= mark.kwargs
    return options


def _check(name: str, value: Any, names: Iterable[str], fixture: str) -> None:
    accepted = ", ".join(names)
    if name not in ARGUMENTS:
        hint = meant(name, tuple(names))
        raise ValueError(f"the marker kling has no {name}; {f'{hint} ' if hint else ''}accepted: {accepted}")
    if name not in names:
        raise ValueError(f"the marker's {name} is not for {fixture}; accepted: {accepted}")
    if not ARGUMENTS[name].fits(value):
        raise ValueError(f"the marker kling has {name}={value!r}; accepted: {ARGUMENTS[name].accepted}")
