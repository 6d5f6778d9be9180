"""What the methods of a handle are given, checked before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WISHES = ("delay", "polls", "pace", "callbacks")


def parts_of(only: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the parts that are to begin anew, none for all. Raises ValueError for one there is not."""
    from mock_server.admin.places import PARTS

    __tracebackhide__ = True
    if only is None:
        return ()
    found = tuple(each.strip() for each in only.split(",")) if isinstance(only, str) else tuple(only)
    unknown = [name for name in found if name not in PARTS] or ([] if found else [""])
    if unknown:
        hint = did_you_mean(str(unknown[0]), PARTS)
        raise ValueError(
            f"reset() has no part {unknown[0]!r}; {f'{hint} ' if hint else ''}accepted: {', '.join(PARTS)}"
        )
    return found


def check_next(scenario: str | None, fault: str | None, times: int | None, wish: Mapping[str, Any]) -> None:
    """Raise ValueError, or TypeError for a name there is not, for what `next` cannot be told."""
    __tracebackhide__ = True
    names = f"scenario, fault, {', '.join(_WISHES)}"
    unknown = next((name for name in wish if name not in _WISHES), None)
    if unknown is not None:
        raise TypeError(f"next() takes no {unknown}; accepted: {names}, times")
    if scenario is None and fault is None and not wish:
        raise TypeError(f"next() is told nothing to do; accepted: {names}")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ValueError(f"next() has times={times!r}; accepted: 1 or more, or None for always")
