"""What the handlers of admin get and give: who asks for what, its body read and checked, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import parse_qsl

import msgspec

from kling_contract.errors import Portable
from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from mock_server.addressing import Addresses
    from mock_server.session import Session
    from mock_server.sessions import Sessions

LARGEST = 1024 * 1024  # bytes of a body

Body = TypeVar("Body")
Result = TypeVar("Result")
# What takes time: at None, what is `out` in the session is to be delivered; at a pause, others are to go on meanwhile.
# It is told whether what the pause is for has happened.
Steps: TypeAlias = Generator["Pause | None", bool | None, Result]
Handler: TypeAlias = "Callable[[Ask], Any]"
Handlers: TypeAlias = Mapping[str, Mapping[str, Handler]]

_LONGEST_NAME = 200  # characters of a name that is compared with others
_UNKNOWN = re.compile(r"unknown field `(.*?)`")


class Pause(NamedTuple):
    """To wait for an event of the session that says all of this, for so many real seconds at most."""

    seconds: float
    event: Mapping[str, str]

    def ends_with(self, event: Mapping[str, Any]) -> bool:
        """Whether an event is what is waited for."""
        return all(event.get(name) == value for name, value in self.event.items())


class Wrong(Portable, Exception):
    """A request that admin cannot do; `accepted` says what it can."""

    def __init__(self, message: str, accepted: str, status: int = 400) -> None:
        self.accepted, self.status = accepted, status
        super().__init__(message)


class Ask(msgspec.Struct, frozen=True):
    """One request of admin. `value` is the name or id in its path; `origin` is how the server was called."""

    session: Session
    sessions: Sessions
    addresses: Addresses
    value: str
    query: Mapping[str, str]
    data: bytes

    @property
    def provider(self) -> Provider:
        """The provider that is served at the root."""
        return self.addresses.root.provider

    def body(self, kind: type[Body]) -> Body:
        """Return the JSON body as a struct. Raises `Wrong` for all that the struct is not made of."""
        return decoded(self.data, kind)

    def operation(self, name: str) -> Operation:
        """Return an operation of any served provider, of the root's first. Raises `Wrong`."""
        known = self.provider.operations
        for provider in self.addresses.every_provider() if name not in known else [self.provider]:
            if name in provider.operations:
                return provider.operations[name]
        raise Wrong(_said(f"no operation {name[:200]!r}", did_you_mean(name[:_LONGEST_NAME], known)), ", ".join(known))

    def only(self, *names: str) -> Mapping[str, str]:
        """Return the query. Raises `Wrong` for a parameter that is none of these."""
        for name in self.query:
            if name not in names:
                hint = did_you_mean(name[:_LONGEST_NAME], names)
                raise Wrong(_said(f"no parameter {name[:200]!r}", hint), ", ".join(names) or "no parameters")
        return self.query

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number of the query. Raises `Wrong`."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= most):
            raise Wrong(f"{name}={text[:200]}", f"0 to {most}")
        return int(text)


def parameters(query: str) -> dict[str, str]:
    """Return the parameters of a query, of each name the last one."""
    return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=None))


def decoded(data: bytes, kind: type[Body]) -> Body:
    """Return a JSON text as a struct. Raises `Wrong`, which says what the struct has."""
    accepted = accepts(kind)
    if len(data) > LARGEST:
        raise Wrong(f"the body has more than {LARGEST} bytes", accepted)
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise Wrong(_words(str(error), kind), accepted) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Wrong(f"the body is no JSON: {error}", accepted) from None


def accepts(kind: type[Any]) -> str:
    """Return what a struct is made of, in the words of its docstring."""
    return " ".join((kind.__doc__ or "").split())


def _words(message: str, kind: type[Any]) -> str:
    found = _UNKNOWN.search(message)
    hint = did_you_mean(found[1][:_LONGEST_NAME], kind.__struct_fields__) if found else None
    return _said(message[:300], hint)


def _said(message: str, hint: str | None) -> str:
    return f"{message}; {hint}" if hint else message


def chosen(name: str, known: Mapping[str, Any] | tuple[str, ...], what: str) -> str:
    """Return a name that is known. Raises `Wrong` naming those that are."""
    if name not in known:
        raise Wrong(_said(f"no {what} {name[:200]!r}", did_you_mean(name[:_LONGEST_NAME], known)), ", ".join(known))
    return name
