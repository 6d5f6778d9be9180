"""The whole mock on one screen: whom is it for, is the route served, who asks, the gate, one of three handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from msgspec.structs import replace

from kling_contract.clock import stopwatch
from kling_contract.contract import check_parameters, check_response
from kling_contract.errors import Violation
from kling_contract.redaction import kept
from mock_server.encodings import ACCEPTED
from mock_server.exchange import Answer, Call, Exchange, Refusal, Unread, encode
from mock_server.faults import strike
from mock_server.journal import Entry
from mock_server.promises import keep
from mock_server.wishes import BadWish

if TYPE_CHECKING:
    from kling_contract.clock import Clock
    from kling_contract.documents import Operation
    from mock_server.addressing import Address, Addresses, Served
    from mock_server.admission import Admission
    from mock_server.session import Session
    from mock_server.tasks import Tasks

_JSON = "application/json"
_NOTES, _LONGEST_NOTE = 20, 120  # in a header, which some clients refuse above 8 kB


class Arrival(NamedTuple):
    """A request that has arrived: where it goes, and its place in the journal."""

    address: Address
    entry: Entry


class Endpoints:
    """Answers every request of every provider, for whichever session it belongs to."""

    def __init__(self, addresses: Addresses, admission: Admission, tasks: Tasks, *, wall: Clock, verify: bool) -> None:
        self._addresses, self._admission, self._tasks, self._wall = addresses, admission, tasks, wall
        self._verify = verify
        self._handlers = {"create": self._create, "get": self._get, "list": self._list}

    def answer(self, exchange: Exchange, arrival: Arrival | None = None) -> Answer:
        """Return the answer to a request, journalled in its session."""
        address, entry = arrival or self.arrive(exchange)
        session, served = address.session, address.served
        session.events.settle()
        entry.at, entry.request = session.clock.now(), kept(exchange.body)
        answer = self._answer(served, address, exchange, entry) if served else self._no_provider(address, entry)
        if answer.arrives:
            entry.answered(answer.status, answer.sent, answer.content_type)
        else:
            entry.dropped()
        answer.entry = entry
        self._close(session, entry)
        return answer

    def arrive(self, exchange: Exchange) -> Arrival:
        """Journal a request, of which no more need be known yet than its head."""
        address = self._addresses.of(exchange)
        journal, clock = address.session.journal, address.session.clock
        entry = Entry(
            journal.next_id(),
            clock.now(),
            address.session.name,
            exchange.method,
            address.path,
            wall=int(self._wall.now() * 1000),
            started=stopwatch(),
            query=exchange.query,
            headers=exchange.headers,
            provider=address.served.provider.name if address.served else None,
        )
        journal.open(entry)
        return Arrival(address, entry)

    def leave(self, arrival: Arrival) -> Entry:
        """Journal that the client gave up; return the entry."""
        arrival.entry.gone()
        self._close(arrival.address.session, arrival.entry)
        return arrival.entry

    def _close(self, session: Session, entry: Entry) -> None:
        entry.milliseconds = (stopwatch() - entry.started) * 1000
        session.journal.close(entry)
        if session.is_heard:
            session.tell({"event": "exchange", **entry.as_dict()})

    def _answer(self, served: Served, address: Address, exchange: Exchange, entry: Entry) -> Answer:
        try:
            call = self._route(served, address, exchange, entry)
            call.faults = call.session.faults.drawn(call.operation.id)
            return strike(call, "answer", self._handle(served, call))
        except Refusal as refusal:
            return self._refuse(served, address.session, refusal, entry)
        except BadWish as wish:
            return _own_error(entry, str(wish), wish.accepted, 400)
        except Unread as unread:
            answer = _own_error(entry, str(unread), unread.accepted, 415)
            return replace(answer, headers={**answer.headers, "accept-encoding": ACCEPTED})

    def _handle(self, served: Served, call: Call) -> Answer:
        """Return the answer to a call that may be made, or what a fault puts in its place."""
        success = call.operation.success
        nothing = Answer(success, b"", _JSON, {})
        forced = strike(call, "before", nothing)
        if forced is not nothing:
            return replace(forced, headers={**_headers(served, call.entry), **forced.headers})
        try:
            body = self._handlers[call.operation.kind](call)
        except Refusal as refusal:
            return self._refuse(served, call.session, refusal, call.entry)
        if self._verify:
            _keep_promise(call.operation, success, body)
        return strike(call, "after", Answer(success, encode(body), _JSON, _headers(served, call.entry)))

    def _route(self, served: Served, address: Address, exchange: Exchange, entry: Entry) -> Call:
        found = served.routes.find(exchange.method, address.path)
        if isinstance(found, str):
            nearest = served.routes.nearest(exchange.method, address.path)
            hint = f"the nearest is {nearest}" if nearest else None
            about = f"the document of {served.provider.title} ({served.provider.date})"
            message = f"{about} has no route {exchange.method} {address.path}"
            entry.violations.append(Violation("", found, message, None, hint))
            raise Refusal(found, message=message)
        call = Call(exchange, served.provider, address.session, found.operation, found.value, entry)
        entry.of(call.operation)
        if found.slash:
            entry.notes.append(_slash(call))
        if not call.session.is_open(call.operation):
            raise Refusal(served.provider.closed(call.operation))
        self._admission.authorise(call)
        situation = call.session.limits.hit(entry.at)
        if situation is not None:
            raise Refusal(situation)
        return call

    def _create(self, call: Call) -> Any:
        body = self._admission.body(call)
        task = self._tasks.create(call, body)
        if task is None:
            raise _duplicate(call, body)
        call.entry.task, call.entry.task_status, call.entry.scenario = task.id, "submitted", task.scenario
        return call.operation.envelope.render(self._tasks.values(task, call))

    def _get(self, call: Call) -> Any:
        task = self._tasks.find(call)
        if task is None:
            if call.session.forgot(call.provider, call.value):
                call.entry.notes.append(_forgotten(call.value))
            raise Refusal("task.missing", id=call.value)
        self._tasks.poll(task, call)
        call.entry.at = call.session.clock.now()
        values = self._tasks.values(task, call)
        call.entry.task, call.entry.task_status = task.id, values["status"]
        if task.inputs and values["status"] == "succeed":
            call.entry.notes += self._tasks.unseen(task, call)
        return call.operation.envelope.render(values)

    def _list(self, call: Call) -> Any:
        query = dict(parse_qsl(call.exchange.query, keep_blank_values=True))
        violations = check_parameters(call.operation, query)
        self._admission.settle(call, violations, forgivable=False)
        number, size = _paging(call, query)
        tasks = call.session.store.page(call.provider.name, call.operation.family, number, size)
        shown = [self._tasks.values(task, call) for task in tasks]
        return call.operation.envelope.render({"request_id": call.session.request_id(), "tasks": shown})

    def _refuse(self, served: Served, session: Session, refusal: Refusal, entry: Entry) -> Answer:
        row = served.provider.error(refusal.situation)
        entry.row = row.name
        body = row.body.render({"request_id": session.request_id(), **refusal.values})
        if self._verify and entry.operation is not None:
            _keep_promise(served.provider.operation(entry.operation), row.status, body)
        data = encode(body) if row.is_json else str(body).encode()
        return Answer(row.status, data, row.content_type, {**_headers(served, entry), **row.headers})

    def _no_provider(self, address: Address, entry: Entry) -> Answer:
        accepted = ", ".join(provider.name for provider in self._addresses.every_provider())
        return _own_error(entry, f"no provider {address.asked!r}", accepted, 404)


def _slash(call: Call) -> Violation:
    message = (
        f"the path ends with a slash, and {call.operation.path} does not; it is taken, as official samples send it"
    )
    return Violation("", "route.slash", message, None, f"post to {call.operation.path}")


def _forgotten(task_id: str) -> Violation:
    message = f"task {task_id} was made here and is not kept any more: there was no room for it beside newer ones"
    return Violation("", "task.forgotten", message, None, "keep more tasks (--keep-tasks), or reset what is over")


def _duplicate(call: Call, body: dict[str, Any]) -> Refusal:
    """Return the refusal of an external id that is taken, told so that a row without words for it says it too."""
    field = call.operation.external or ""
    message = f"{field} {body[field]!r} is taken already"
    call.entry.violations.append(
        Violation(f"/{field}", "task.duplicate", message, body[field], "give another, or none")
    )
    return Refusal("task.duplicate", id=body[field], field=field, found=body[field], message=message)


def _own_error(entry: Entry, message: str, accepted: str, status: int) -> Answer:
    """Return an error of the mock itself, which no provider would give."""
    body = encode({"error": {"message": message, "accepted": accepted}})
    return Answer(status, body, _JSON, {"x-kling-mock-exchange": entry.name})


def _headers(served: Served, entry: Entry) -> dict[str, str]:
    headers = {"x-kling-contract": served.mark, "x-kling-mock-exchange": entry.name}
    if entry.notes:
        headers["x-kling-mock-notes"] = "; ".join(map(_brief, entry.notes[:_NOTES]))
    return headers


def _brief(note: Violation) -> str:
    return f"{note.rule} {note.pointer}"[:_LONGEST_NOTE] if note.pointer else note.rule


def _paging(call: Call, query: dict[str, str]) -> tuple[int, int]:
    """Return number and size of the page that is asked for; what is absent is the document's default."""
    schemas = {each["name"]: each.get("schema", {}) for each in call.operation.parameters}
    names = ((call.operation.page, 1), (call.operation.size, 30))
    number, size = (query.get(str(name)) or schemas.get(name, {}).get("default", least) for name, least in names)
    return int(number), int(size)


def _keep_promise(operation: Operation, status: int, body: Any) -> None:
    keep(f"{operation.id}, {status}", check_response(operation, status, body))
