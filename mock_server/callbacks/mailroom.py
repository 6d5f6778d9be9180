"""What comes to the built-in inboxes: through a socket, or straight from a callback of this server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mock_server.addressing import inbox_path
from mock_server.callbacks.inbox import MOST_BYTES, Letter, judged
from mock_server.callbacks.modes import MARK
from mock_server.exchange import Answer, encode
from mock_server.guard import is_loopback
from mock_server.outward import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.clock import Clock
    from mock_server.exchange import Exchange
    from mock_server.session import Session
    from mock_server.sessions import Sessions

_JSON = "application/json"
_PORTS = {"http": 80, "https": 443}


class Mailroom:
    """Puts letters into the inbox of the session that they are for."""

    def __init__(self, sessions: Sessions, wall: Clock, public_url: str | None) -> None:
        self._sessions, self._wall, self._public = sessions, wall, public_url

    def is_own(self, url: str, origin: str) -> bool:
        """Whether a URL is an inbox of this server, which a create reached at `origin`."""
        return inbox_path(_path(url)) is not None and any(
            _is_same(url, own) for own in (origin, self._public or origin)
        )

    def put(self, session: Session, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Put a callback of a session into the inbox of its URL, which needs no network."""
        name, inbox = inbox_path(_path(url)) or ("", "")
        self._keep(self._sessions.get(name) if name else session, inbox, "POST", headers, body)
        return Reply(200, {}, b"")

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer to whoever posts to an inbox: 200, and how many letters came to this name."""
        name, inbox = inbox_path(exchange.path) or ("", "")
        if exchange.method != "POST":
            return _refusal(405, f"{exchange.method} is nothing that an inbox takes", "POST")
        if exchange.too_large:
            return _refusal(413, "the letter is too large", f"at most {MOST_BYTES} bytes")
        session = self._session(exchange.headers, name)
        self._keep(session, inbox, exchange.method, dict(exchange.headers), exchange.body)
        return Answer(200, encode({"received": session.inbox.total(inbox)}), _JSON, {})

    def _session(self, headers: Mapping[str, str], prefix: str) -> Session:
        """Return the session that a letter is for: the one it names, else the one whose callback it is."""
        name = headers.get("x-kling-session") or prefix
        own = None if name else self._sessions.owning(headers.get("webhook-id") or headers.get(MARK) or "")
        return own or self._sessions.get(name or self._sessions.default)

    def _keep(self, session: Session, name: str, method: str, headers: Mapping[str, str], body: bytes) -> None:
        wall = self._wall.now()
        signature = judged(headers, body, session.deliveries.policy.secrets, wall)
        letter = Letter(session.clock.now(), int(wall * 1000), method, headers, body, signature)
        session.inbox.take(name, letter)
        session.tell({"event": "letter", "session": session.name, "inbox": name, "signature": signature})


def _refusal(status: int, message: str, accepted: str) -> Answer:
    return Answer(status, encode({"error": {"message": message, "accepted": accepted}}), _JSON, {})


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _is_same(url: str, origin: str) -> bool:
    """Whether two URLs mean one server: the same host and port, where all names of this machine are one."""
    try:
        one, other = urlsplit(url), urlsplit(origin)
        ports = [each.port or _PORTS.get(each.scheme) for each in (one, other)]
    except ValueError:
        return False
    hosts = [(each.hostname or "").rstrip(".") for each in (one, other)]
    return one.scheme in _PORTS and ports[0] == ports[1] and (hosts[0] == hosts[1] or all(map(is_loopback, hosts)))
