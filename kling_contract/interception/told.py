"""Named hosts in what connections are told, by whatever is written to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kling_contract.interception.beginnings import LONGEST, read
from kling_contract.interception.named import LineRefused

if TYPE_CHECKING:
    from kling_contract.interception.named import Named


class Told:
    """What connections (sockets, transports, TLS objects) were told of a message whose beginning is not whole yet."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._open: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()

    def refuse(self, connection: Any, *parts: Any) -> None:
        """Raise `LineRefused` if what is about to be written, in parts that follow each other, names a named host."""
        data = _joined(parts)
        before = self._open.pop(connection, b"") if self._open and data else b""
        # What is written may go on with what was, or begin anew, as after an answer.
        for written in (before + data, data) if before else (data,) if data else ():
            beginning = read(written)
            for host in beginning.told:
                self._named.refuse(host, LineRefused)
            for host in beginning.asked:
                self._named.refuse_but_own(host, lambda: _peer(connection))
            if beginning.is_open and len(written) < LONGEST:
                self._open.setdefault(connection, written)


def _joined(parts: tuple[Any, ...]) -> bytes:
    """Return the first bytes of parts; what is no bytes is left to the one who is to write it, and who says so."""
    try:
        if len(parts) == 1:
            return parts[0][:LONGEST] if type(parts[0]) is bytes else bytes(memoryview(parts[0]).cast("B")[:LONGEST])
        return b"".join(bytes(memoryview(part).cast("B")[:LONGEST]) for part in parts)[:LONGEST]
    except (TypeError, ValueError):
        return b""


def _peer(connection: Any) -> Any:
    """Return whom a socket or a transport is connected to, None where it does not say."""
    try:
        told = getattr(connection, "get_extra_info", None)
        return told("peername") if told else connection.getpeername()
    except (AttributeError, OSError):
        return None
