"""The callbacks of a session: how they are sent, what came of each, and the letters in its inboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from kling_contract.clock import stopwatch
from kling_contract.errors import ConfigurationError
from kling_contract.signatures import check_secret
from mock_server.admin.asking import Pause, Wrong, accepts, chosen
from mock_server.admin.listing import cut, listing, page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.admin.asking import Ask, Handlers, Steps
    from mock_server.callbacks.delivery import Delivery
    from mock_server.session import Session

STATES = ("waiting", "delivered", "failed", "stopped", "refused", "lost")
_STATUSES = ("submitted", "processing", "succeed", "failed")
_APIECE = 20  # callbacks
_LONGEST_WAIT = 300  # seconds

Seconds = Annotated[float, Meta(ge=0, le=2_592_000)]


class CallbacksBody(Struct, forbid_unknown_fields=True):
    """{"secrets": at most two texts `whsec_...`, "retries": seconds before each further attempt, "timeout": above 0 to
    60 real seconds}, each optional; null is as documented, and no secrets sign nothing.
    """

    secrets: Annotated[list[str], Meta(max_length=2)] | UnsetType | None = UNSET
    retries: Annotated[list[Seconds], Meta(max_length=20)] | UnsetType | None = UNSET
    timeout: Annotated[float, Meta(gt=0, le=60)] | UnsetType | None = UNSET


def policy(ask: Ask) -> Any:
    """Return how callbacks are sent here; secrets are only counted."""
    held, says = ask.session.deliveries.policy, ask.provider.callbacks
    return {
        "secrets": len(held.secrets),
        "retries": list(says.retries if held.retries is None else held.retries),
        "timeout": says.timeout if held.timeout is None else held.timeout,
    }


def set_policy(ask: Ask) -> Any:
    """Change how callbacks are sent; what the body does not name stays."""
    body, held = ask.body(CallbacksBody), ask.session.deliveries.policy
    if not isinstance(body.secrets, UnsetType):
        for secret in body.secrets or ():
            _check(secret)
        held.secrets = tuple(body.secrets or ())
    if not isinstance(body.retries, UnsetType):
        held.retries = None if body.retries is None else tuple(body.retries)
    if not isinstance(body.timeout, UnsetType):
        held.timeout = body.timeout
    return policy(ask)


def _check(secret: str) -> None:
    try:
        check_secret(secret)
    except ConfigurationError as error:
        raise Wrong(str(error), accepts(CallbacksBody)) from None


def listed(ask: Ask) -> Steps[Any]:
    """Return the callbacks, oldest first; with `timeout`, as soon as one fits, or after so many real seconds.

    With `limit` the last of them alone, without the `offset` newest.
    A callback that is waited for is one that was taken, unless `state` says otherwise.
    """
    query = ask.only("status", "state", "task", "operation", "limit", "offset", "timeout")
    pages, wanted = page(ask), _wanted(ask, "delivered" if "timeout" in query else None)

    def find() -> list[Delivery]:
        return _now(ask).deliveries.where(lambda each: all(getattr(each, name) == wanted[name] for name in wanted))

    found = yield from _waited(ask, {"event": "delivery", **wanted}, find)
    shown = (each.as_dict() for each in cut(found, *pages))
    return listing("deliveries", shown, lambda: {"total": _now(ask).deliveries.total}, apiece=_APIECE)


def _wanted(ask: Ask, state: str | None) -> dict[str, str]:
    """Return what the query wants of a callback, whose state is to be `state` unless it says otherwise."""
    query = ask.query
    if "status" in query:
        chosen(query["status"], _STATUSES, "status")
    if "operation" in query:
        ask.operation(query["operation"])
    if "state" in query:
        chosen(query["state"], STATES, "state")
    wanted = {name: query[name] for name in ("status", "state", "task", "operation") if name in query}
    return wanted if state is None else {"state": state, **wanted}


def _waited(ask: Ask, event: Mapping[str, str], find: Callable[[], list[Any]]) -> Steps[list[Any]]:
    """Return what is found, as soon as there is any, at the latest after the seconds that are asked for.

    It is looked for again only after an event that says there is some: there may be thousands of others.
    """
    found, started, seconds = find(), stopwatch(), ask.number("timeout", 0, _LONGEST_WAIT)
    while not found and (left := seconds - (stopwatch() - started)) > 0:
        if not (yield Pause(left, event)):
            break
        found = find()
    return found


def _now(ask: Ask) -> Session:
    """Return the session as it is by now: it may have begun anew while somebody waited."""
    return ask.sessions.existing(ask.session.name) or ask.session


def one(ask: Ask) -> Any:
    """Return a callback by its `webhook-id`."""
    return _delivery(ask).as_dict()


def replay(ask: Ask) -> Steps[Any]:
    """Send a callback again, now, whatever came of it before; return it with the new attempt."""
    ask.only()
    delivery = _delivery(ask)
    ask.session.deliveries.out.append(delivery)
    yield None
    return delivery.as_dict()


def _delivery(ask: Ask) -> Delivery:
    found = ask.session.deliveries.get(ask.value)
    if found is None:
        name = ask.session.name
        raise Wrong(f"session {name!r} keeps no delivery {ask.value[:200]!r}", "an id that GET deliveries lists", 404)
    return found


def inboxes(ask: Ask) -> Any:
    """Return the names that letters came to."""
    inbox = ask.session.inbox
    return {"inboxes": [{"name": name, "letters": inbox.total(name)} for name in inbox.names()]}


def inbox(ask: Ask) -> Steps[Any]:
    """Return the letters of an inbox, oldest first; with `timeout`, as soon as there are any.

    With `limit` the last of them alone, without the `offset` newest.
    """
    ask.only("timeout", "limit", "offset")
    pages = page(ask)
    event = {"event": "letter", "inbox": ask.value}
    letters = yield from _waited(ask, event, lambda: _now(ask).inbox.of(ask.value))
    shown = (letter.as_dict() for letter in cut(letters, *pages))
    return listing("letters", shown, lambda: {"total": _now(ask).inbox.total(ask.value)}, apiece=1)


ROUTES: Handlers = {
    "callbacks": {"GET": policy, "POST": set_policy},
    "deliveries": {"GET": listed},
    "deliveries/*": {"GET": one},
    "deliveries/*/replay": {"POST": replay},
    "inbox": {"GET": inboxes},
    "inbox/*": {"GET": inbox},
}
