"""Sessions, their resets, and the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.documents import bundle, bundled
from kling_contract.documents.files import folder
from mock_server.admin.asking import Wrong, chosen
from mock_server.wishes import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.admin.asking import Ask, Handlers
    from mock_server.session import Session


def health(ask: Ask) -> Any:
    """Return that the server is there, and what it serves."""
    from importlib.metadata import version

    served = ask.provider
    return {
        "status": "ok",
        "version": version("kling-contract"),
        "provider": {"name": served.name, "date": served.date, "digest": served.digest},
        "sessions": len(list(ask.sessions)),
        "session": ask.session.name,
        "kept": {"tasks": ask.sessions.tasks.as_dict(), "journals": ask.sessions.journals.as_dict()},
    }


def sessions(ask: Ask) -> Any:
    """Return the sessions, the least recently used one first."""
    return {"sessions": [_shown(session) for session in ask.sessions]}


def end(ask: Ask) -> None:
    """Forget a session and all that is in it."""
    if not ask.sessions.end(ask.value):
        names = (session.name for session in ask.sessions)
        raise Wrong(f"no session {ask.value[:200]!r}", ", ".join(names)[:2000], 404)


def reset(ask: Ask) -> None:
    """Begin the session anew as the server starts one, or with `only`, a list, those parts of it alone."""
    only = ask.only("only").get("only")
    if only is None:
        ask.sessions.reset(ask.session)
        return
    parts = [chosen(name.strip(), PARTS, "part") for name in only.split(",")]
    for name in parts:
        PARTS[name](ask.session)


def admin_document(ask: Ask) -> Any:
    """Return the OpenAPI document of admin itself."""
    return bundle(folder() / "admin.yaml")


def document(ask: Ask) -> Any:
    """Return the OpenAPI document of a provider, as one that stands alone."""
    name, _, suffix = ask.value.rpartition(".")
    known = dict.fromkeys((ask.provider.name, *bundled()))
    if suffix != "json" or name not in known:
        raise Wrong(f"no document {ask.value[:200]!r}", ", ".join(f"{each}.json" for each in known), 404)
    return bundle(ask.provider.file if name == ask.provider.name else name)


def _shown(session: Session) -> dict[str, Any]:
    return {
        "name": session.name,
        "mode": session.clock.mode,
        "now": session.clock.now(),
        "tasks": len(session.store),
        "requests": session.journal.total,
    }


def _scenarios(session: Session) -> None:
    session.armed.clear()
    session.wish = NOTHING


def _requests(session: Session) -> None:
    session.journal.clear()


def _tasks(session: Session) -> None:
    session.forget_tasks()


def _faults(session: Session) -> None:
    session.faults.clear()


def _limits(session: Session) -> None:
    session.limits.rates = session.settings.rates


def _deliveries(session: Session) -> None:
    session.deliveries.clear()


def _inbox(session: Session) -> None:
    session.inbox.clear()


def _availability(session: Session) -> None:
    session.open = dict.fromkeys(session.settings.opened, True)


PARTS: Mapping[str, Callable[[Session], None]] = {
    "requests": _requests,
    "tasks": _tasks,
    "scenarios": _scenarios,
    "faults": _faults,
    "limits": _limits,
    "availability": _availability,
    "deliveries": _deliveries,
    "inbox": _inbox,
}

ROUTES: Handlers = {
    "health": {"GET": health},
    "sessions": {"GET": sessions},
    "sessions/*": {"DELETE": end},
    "reset": {"POST": reset},
    "openapi.json": {"GET": admin_document},
    "documents/*": {"GET": document},
}
