"""One task from its create to its end, and what must hold of every answer on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kling_contract.client.answers import STATUSES, task_id
from kling_contract.envelopes import names_in
from kling_contract.verify.conformance.expecting import expect_refusal, expect_success, fail
from kling_contract.verify.conformance.failure import Broken
from kling_contract.wording import counted

if TYPE_CHECKING:
    from kling_contract.documents import Operation
    from kling_contract.verify.conformance.asking import Asked, Asking

_ENDS = ("succeed", "failed")
_STILL = 2  # looks at a task that has ended
_PAGES = 5  # that a task is looked for on


@dataclass
class Life:
    """What has been seen of one task, oldest first, each as the values of an envelope."""

    asking: Asking
    create: Operation
    body: dict[str, Any]
    id: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)

    @property
    def last(self) -> dict[str, Any]:
        """What was seen last."""
        return self.seen[-1]

    @property
    def status(self) -> str:
        """The status that was seen last."""
        return str(self.last.get("status", "submitted"))

    def born(self) -> Asked:
        """Create the task."""
        asked = self.asking.create(self.create, self.body)
        self.asking.making("request.accepted", self.create)
        expect_success(asked, "request.accepted")
        name = task_id(asked.values)
        if name is None:
            raise fail("answer.contract", asked, "the answer has no task id")
        self.id = name
        self.see(asked, asked.values)
        return asked

    def see(self, asked: Asked, values: dict[str, Any]) -> None:
        """Hold what an answer says of the task against what was seen before. Raises `Broken`."""
        for check in (_identity, _times, _backwards, _terminal, _result, _external):
            message, name = check(self, values), f"lifecycle.{check.__name__[1:]}"
            if message is not None:
                self.asking.making(name, self.create)
            if message:
                raise fail(name, asked, message)
        self.seen.append(values)

    def looked_at(self, get: Operation, by: str | None = None) -> Asked:
        """Ask for the task, by its id or another name of it."""
        asked = self.asking.get(get, by or self.id)
        expect_success(asked, "answer.contract")
        self.see(asked, asked.values)
        return asked


def live(asking: Asking, create: Operation, body: dict[str, Any]) -> Life:
    """Create a task, follow it to its end, and look at it from every side. Raises `Broken`."""
    life = Life(asking, create, body)
    born = life.born()
    get, listing = asking.beside(create, "get"), asking.beside(create, "list")
    if get is None:
        return life
    _follow(life, get, born)
    last = [life.looked_at(get) for _ in range(_STILL)][-1]
    _count(life, last)
    _open(life, last)
    _by_external(life, get, last)
    if listing is not None:
        _listed(life, listing)
    return life


def _follow(life: Life, get: Operation, born: Asked) -> None:
    asking, began = life.asking, life.asking.clock.now()
    asking.making("lifecycle.ends", life.create)
    while life.status not in _ENDS:
        if asking.clock.now() - began > asking.patience:
            raise fail("lifecycle.ends", born, f"still {life.status} after {asking.patience:g} s")
        life.looked_at(get)
        if life.status not in _ENDS:
            asking.clock.sleep(asking.poll)


# Each of the next six says what is wrong, "" where nothing is, and None where the answer says nothing about it.


def _identity(life: Life, values: dict[str, Any]) -> str | None:
    if task_id(values) != life.id:
        return f"task {life.id} is answered as {values.get('id')!r}"
    before = life.seen[0].get("created_ms") if life.seen else None
    if before is not None and values.get("created_ms") != before:
        return f"created at {before}, and then at {values.get('created_ms')}"
    return "" if life.seen else None


def _times(life: Life, values: dict[str, Any]) -> str | None:
    created, updated = values.get("created_ms"), values.get("updated_ms")
    if created is None or updated is None:
        return None
    if updated < created:
        return f"updated at {updated}, before its creation at {created}"
    now = life.asking.clock.now() * 1000
    if not 0.1 * now < created < 10 * now:
        return f"created at {created}, which is no time of these years in milliseconds"
    before = [each["updated_ms"] for each in life.seen if each.get("updated_ms") is not None]
    return f"updated at {before[-1]}, and then at {updated}" if before and updated < before[-1] else ""


def _backwards(life: Life, values: dict[str, Any]) -> str | None:
    status = values.get("status", "submitted")
    if life.seen and _rank(status) < _rank(life.status):
        return f"{life.status}, and then {status}"
    return "" if life.seen else None


def _terminal(life: Life, values: dict[str, Any]) -> str | None:
    if not life.seen or life.status not in _ENDS:
        return None
    changed = [name for name in ("status", "reason", "updated_ms") if values.get(name) != life.last.get(name)]
    changed += [name for name in ("images", "videos") if _places(values, name) != _places(life.last, name)]
    return f"it has ended, and then changed: {', '.join(changed)}" if changed else ""


def _result(life: Life, values: dict[str, Any]) -> str | None:
    results = _results(values)
    if values.get("status") == "succeed" and not results:
        return "succeed without a result"
    if values.get("status") != "succeed" and results:
        return f"{values.get('status')}, with a result"
    wanted = life.create.lifecycle.result if life.create.lifecycle else ""
    wrong = [name for name in ("images", "videos") if values.get(name) and not name.startswith(wanted)]
    said = f"a task that makes a {wanted} has {wrong[0]}" if wrong else ""
    return said if said or values.get("status") in _ENDS else None


def _external(life: Life, values: dict[str, Any]) -> str | None:
    wanted, found = life.body.get(life.create.external or ""), values.get("external_id")
    if not wanted or found is None:
        return None
    return f"the caller's own id is {wanted!r}, and {found!r} is answered" if found != wanted else ""


def _count(life: Life, last: Asked) -> None:
    wanted = life.create.lifecycle.results(life.body) if life.create.lifecycle else 1
    found = len(_results(life.last))
    if life.status != "succeed":
        return
    life.asking.making("lifecycle.count", life.create)
    if found != wanted:
        raise fail("lifecycle.count", last, f"{wanted} were asked for, and {found} are there")


def _open(life: Life, last: Asked) -> None:
    """Fetch the first result, without our key."""
    kind = life.create.lifecycle.result if life.create.lifecycle else ""
    for result in _results(life.last)[:1]:
        life.asking.making("result.opens", life.create)
        try:
            asked = life.asking.ask(None, str(result.get("url")), key=False)
        except Broken as broken:
            raise fail("result.opens", last, f"{result.get('url')}: {broken.failure.message}") from None
        media_type = asked.headers.get("content-type", "")
        if asked.status != 200 or not media_type.startswith(f"{kind}/"):
            said = f"{asked.url}: HTTP {asked.status}, {media_type or 'no type'}, and no {kind}"
            raise fail("result.opens", last, said)


def _by_external(life: Life, get: Operation, last: Asked) -> None:
    name = life.body.get(life.create.external or "")
    if not name:
        return
    shows = any(value == "external_id" for _, value in names_in(get.envelope.template))
    if shows or "external" in get.ids:
        life.asking.making("lifecycle.external", life.create)
    if shows and life.last.get("external_id") != name:
        raise fail("lifecycle.external", last, f"the caller's own id {name!r} is not repeated")
    if "external" in get.ids:
        asked = life.asking.get(get, name)
        if not asked.succeeded or task_id(asked.values) != life.id:
            raise fail("lifecycle.external", asked, f"{name!r} does not lead to task {life.id}: HTTP {asked.status}")
        life.see(asked, asked.values)
    if "task.duplicate" in life.asking.provider.errors:
        life.asking.making("lifecycle.duplicate", life.create)
        again = life.asking.create(life.create, life.body, twice=True)
        expect_refusal(life.asking, again, "task.duplicate", "lifecycle.duplicate")


def _listed(life: Life, listing: Operation) -> None:
    """Look for the task on the first pages of the list, and hold it against the last query."""
    page, size = 1, _size(listing)
    life.asking.making("list.contains", life.create)
    while True:
        asked = life.asking.page(listing, page, size)
        expect_success(asked, "answer.contract")
        tasks = asked.values.get("tasks") or []
        found = next((each for each in tasks if task_id(each) == life.id), None)
        if found is not None:
            _agrees(life, asked, found)
            _paged(life, listing, tasks)
            return
        if len(tasks) < size or page == _PAGES:
            raise fail("list.contains", asked, f"task {life.id} is on none of {counted(page, 'page')}")
        page += 1


def _agrees(life: Life, asked: Asked, found: dict[str, Any]) -> None:
    life.asking.making("list.agrees", life.create)
    same = {name: value for name, value in life.last.items() if name not in ("request_id", "images", "videos")}
    differing = [name for name, value in same.items() if name in found and str(found[name]) != str(value)]
    if differing:
        raise fail("list.agrees", asked, f"task {life.id}: the list differs in {', '.join(differing)}")


def _size(listing: Operation) -> int:
    """Return how many tasks to ask for at once: 30, or as many as the document allows."""
    schemas = (each.get("schema", {}) for each in listing.parameters if each["name"] == listing.size)
    return min([30, *(int(schema["maximum"]) for schema in schemas if "maximum" in schema)])


def _paged(life: Life, listing: Operation, tasks: list[dict[str, Any]]) -> None:
    """Where there are two tasks, ask for them one by one."""
    if len(tasks) < 2:
        return
    life.asking.making("list.pages", life.create)
    first, second = (life.asking.page(listing, page, 1) for page in (1, 2))
    for asked in (first, second):
        expect_success(asked, "answer.contract")
        found = asked.values.get("tasks") or []
        if len(found) != 1:
            raise fail("list.pages", asked, f"{counted(len(found), 'task is', 'tasks are')} on a page of 1")
    if task_id(first.values["tasks"][0]) == task_id(second.values["tasks"][0]):
        raise fail("list.pages", second, "the first page and the second are the same")


def _results(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [*(values.get("images") or []), *(values.get("videos") or [])]


def _places(values: dict[str, Any], name: str) -> list[str]:
    """Return the URLs of results without their queries, which a provider may sign anew."""
    return [str(each.get("url")).partition("?")[0] for each in values.get(name) or []]


def _rank(status: str) -> int:
    return min(STATUSES.index(status), 2) if status in STATUSES else 0
