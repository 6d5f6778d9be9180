"""Level 0: whether the host can be reached at all. Nothing is asked of it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from kling_contract.wording import counted


class Connect(Protocol):
    """Opens a TCP connection to host and port within so many seconds, as `socket.create_connection` does."""

    def __call__(self, address: tuple[str, int], timeout: float) -> socket.socket:
        """Return the connected socket. Raises `OSError`."""
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """What connecting told: a reason, what was seen, and when the certificate ends (Unix seconds)."""

    reason: str
    detail: str
    ends: float | None = None


def reach(base_url: str, timeout: float, now: float, days: int, connect: Connect = socket.create_connection) -> Reached:
    """Connect to the host of a URL and look at its certificate, which must hold for `days` more days."""
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        with connect((host, port), timeout) as plain:
            if parts.scheme != "https":
                return Reached("host.reachable", f"{where}, without TLS")
            # The same certificates are trusted as for requests.
            with httpx.create_ssl_context().wrap_socket(plain, server_hostname=host) as secure:
                return _certificate(secure.getpeercert() or {}, where, now, days)
    except (OSError, UnicodeError) as error:
        return Reached(failure(error), f"{where}: {why(error)}")


def failure(error: BaseException) -> str:
    """Return the reason for an error of the network, by what lies at its bottom."""
    found = list(_causes(error))
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        (ssl.SSLError, "tls.invalid"),
        ((socket.gaierror, UnicodeError), "net.name"),
        (ConnectionRefusedError, "net.refused"),
        (TimeoutError, "net.timeout"),
        (ConnectionError, "net.reset"),
    )
    return next((reason for kind, reason in kinds if any(isinstance(each, kind) for each in found)), "net.refused")


def why(error: BaseException) -> str:
    """Return the innermost words of an error."""
    words = [
        str(getattr(each, "verify_message", None) or getattr(each, "strerror", None) or each) for each in _causes(error)
    ]
    return next((each for each in reversed(words) if each), type(error).__name__)


def _causes(error: BaseException) -> Any:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _certificate(certificate: dict[str, Any], where: str, now: float, days: int) -> Reached:
    ends = float(ssl.cert_time_to_seconds(certificate["notAfter"]))
    left = int((ends - now) // 86400)
    reason = "tls.expiring" if left < days else "host.reachable"
    return Reached(reason, f"{where}, certificate for {counted(left, 'more day')}", ends)
