"""Whether the tasks that a test expects were created, and what there is to say if they were not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.names import meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kling_contract.documents import Operation
    from kling_contract.testing.handle import SeenTask
    from kling_contract.testing.requests import Seen

_MOST = 10  # tasks and requests that are shown
_LONGEST = 200  # characters of a text that a task keeps


def check_fields(operations: Iterable[Operation], fields: Mapping[str, Any]) -> None:
    """Raise ValueError for a field that no create has, or that could never be equal to one."""
    found = list(operations)
    known = {each.canonical(name) for each in found for name in each.properties}
    for name, value in fields.items():
        if name not in known:
            hint = meant(name, sorted(known))
            accepted = f"{f'{hint} ' if hint else ''}accepted: {', '.join(sorted(known))}"
            raise ValueError(f"{found[0].id} has no field {name!r}; {accepted}")
        if isinstance(value, list | dict | tuple) or (isinstance(value, str) and len(value) > _LONGEST):
            raise ValueError(
                f"{name} cannot be compared here; accepted: numbers, True, False, and texts of up to {_LONGEST} "
                "characters. kling.requests has whole bodies"
            )


def has(task: SeenTask, fields: Mapping[str, Any]) -> bool:
    """Whether a task was created with these fields; numbers and texts that are written alike are equal."""
    return not _differing(task, fields)


def complaint(
    operation: str, times: int | None, fields: Mapping[str, Any], tasks: Iterable[SeenTask], requests: Iterable[Seen]
) -> str:
    """Return how often a task was created instead of `times` (None: at least once), and what was asked instead."""
    made = list(tasks)
    count = sum(task.operation == operation and has(task, fields) for task in made)
    wanted = f"{operation}({_listed(fields)})" if fields else operation
    lines = [f"{wanted} was to be created {_often(times)}, and was {_often(count)}"]
    created = [_shown(task, fields if task.operation == operation else {}) for task in made]
    refused = [_refused(each) for each in requests if each.operation == operation and not each.task]
    lines += _section("created", created) if created else ["nothing was created"]
    return "\n".join(lines + _section("refused", refused) if refused else lines)


def _section(title: str, rows: list[str]) -> list[str]:
    more = [f"  and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return [f"{title}:", *(f"  {row}" for row in rows[:_MOST]), *more]


def _often(count: int | None) -> str:
    if count is None:
        return "at least once"
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _shown(task: SeenTask, wanted: Mapping[str, Any]) -> str:
    differing = _differing(task, wanted)
    other = f"; differs in {', '.join(differing)}" if differing else ""
    return f"{task.operation}({_listed(task.fields)}), {task.status}{other}"


def _refused(request: Seen) -> str:
    told = request.violations or (request.notes if request.error else ())
    why = "; ".join(f"{each.pointer}: {each.message}" if each.pointer else each.message for each in told)
    return f"{request.method} {request.path}, answered {request.status}: {why or request.error or 'no error row'}"


def _differing(task: SeenTask, fields: Mapping[str, Any]) -> list[str]:
    return [name for name, value in fields.items() if name not in task.fields or not _same(task.fields[name], value)]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (not isinstance(one, bool) and str(one) == str(other))


def _listed(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in fields.items())
