"""The whole mock on one screen: whom is it for, is the route served, who asks, the gate, one of three handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from kling_contract.contract import check_parameters, check_response
from kling_contract.errors import Violation
from mock_server.exchange import Answer, Call, Exchange, Refusal
from mock_server.journal import Entry

if TYPE_CHECKING:
    from kling_contract.documents import Operation
    from mock_server.addressing import Address, Addresses, Served
    from mock_server.admission import Admission
    from mock_server.sessions import Session
    from mock_server.tasks import Tasks

_JSON = "application/json"
_NOTES, _LONGEST_NOTE = 20, 120  # in a header, which some clients refuse above 8 kB
_encode = msgspec.json.Encoder(decimal_format="number").encode


class BrokenPromise(AssertionError):
    """An answer of this server that its own document does not allow: a bug here, never of the client."""


class Endpoints:
    """Answers every request of every provider, for whichever session it belongs to."""

    def __init__(self, addresses: Addresses, admission: Admission, tasks: Tasks, *, verify: bool) -> None:
        self._addresses, self._admission, self._tasks, self._verify = addresses, admission, tasks, verify
        self._handlers = {"create": self._create, "get": self._get, "list": self._list}

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer to a request, journalled in its session."""
        address = self._addresses.of(exchange)
        session, served = address.session, address.served
        entry = Entry(session.journal.total + 1, session.clock.now(), session.name, exchange.method, address.path)
        if served is None:
            answer = self._no_provider(address)
        else:
            try:
                call = self._route(served, address, exchange, entry)
                body = self._handlers[call.operation.kind](call)
                answer = Answer(200, _encode(body), _JSON, _headers(served, entry))
                if self._verify:
                    _keep_promise(call.operation, 200, body)
            except Refusal as refusal:
                answer = self._refuse(served, session, refusal, entry)
        entry.status, answer.entry = answer.status, entry
        session.journal.add(entry)
        return answer

    def _route(self, served: Served, address: Address, exchange: Exchange, entry: Entry) -> Call:
        found = served.routes.find(exchange.method, address.path)
        if isinstance(found, str):
            nearest = served.routes.nearest(exchange.method, address.path)
            hint = f"the nearest is {nearest}" if nearest else None
            message = f"{served.provider.title} has no route {exchange.method} {address.path}"
            entry.violations.append(Violation("", found, message, None, hint))
            raise Refusal(found, message=message)
        call = Call(exchange, served.provider, address.session, found.operation, found.value, entry)
        entry.operation = call.operation.id
        if not call.session.is_open(call.operation):
            raise Refusal(call.operation.availability.reply or "route.unknown")
        self._admission.authorise(call)
        return call

    def _create(self, call: Call) -> Any:
        body = self._admission.body(call)
        images = call.operation.images(body)
        task = self._tasks.create(call, body, images)
        if task is None:
            raise Refusal("task.duplicate", id=body[call.operation.external or ""])
        call.entry.task, call.entry.task_status = task.id, "submitted"
        return call.operation.envelope.render(self._tasks.values(task, call))

    def _get(self, call: Call) -> Any:
        task = self._tasks.find(call)
        if task is None:
            raise Refusal("task.missing", id=call.value)
        values = self._tasks.values(task, call)
        call.entry.task, call.entry.task_status = task.id, values["status"]
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
        data = _encode(body) if row.is_json else str(body).encode()
        return Answer(row.status, data, row.content_type, {**_headers(served, entry), **row.headers})

    def _no_provider(self, address: Address) -> Answer:
        accepted = ", ".join(provider.name for provider in self._addresses.every_provider())
        body = {"error": {"message": f"no provider {address.asked!r}", "accepted": accepted}}
        return Answer(404, _encode(body), _JSON, {})


def _headers(served: Served, entry: Entry) -> dict[str, str]:
    headers = {"x-kling-contract": served.mark, "x-kling-mock-exchange": f"{entry.session}-{entry.id}"}
    if entry.notes:
        notes = (f"{note.rule} {note.pointer}".strip() for note in entry.notes[:_NOTES])
        headers["x-kling-mock-notes"] = "; ".join(note[:_LONGEST_NOTE] for note in notes)
    return headers


def _paging(call: Call, query: dict[str, str]) -> tuple[int, int]:
    """Return number and size of the page that is asked for; what is absent is the document's default."""
    schemas = {each["name"]: each.get("schema", {}) for each in call.operation.parameters}
    names = ((call.operation.page, 1), (call.operation.size, 30))
    number, size = (query.get(str(name)) or schemas.get(name, {}).get("default", least) for name, least in names)
    return int(number), int(size)


def _keep_promise(operation: Operation, status: int, body: Any) -> None:
    violations = check_response(operation, status, body)
    if violations:
        raise BrokenPromise(f"{operation.id}, {status}: {'; '.join(map(str, violations))}")
