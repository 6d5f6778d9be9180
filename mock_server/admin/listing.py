"""Lists that are made while they are sent: others are answered between two pieces, and no long one is held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mock_server.admin.asking import Ask

Thing = TypeVar("Thing")

MOST = 1_000_000  # things that a query can ask for
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Pieces:
    """The JSON of an answer, piece by piece; an empty one is a moment for others."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces


def listing(
    name: str, items: Iterable[Any], beside: Callable[[], Mapping[str, Any]] = dict, *, apiece: int = 100
) -> Pieces:
    """Return `{name: [...]}`, with what stands `beside` the list once that is complete; None is no item of it.

    A piece is made of `apiece` items, whether they are in the list or not.
    """
    return Pieces(_pieces(name, items, beside, apiece))


def _pieces(name: str, items: Iterable[Any], beside: Callable[[], Mapping[str, Any]], apiece: int) -> Iterator[bytes]:
    held, comma = [b'{"%s":[' % name.encode()], b""
    for number, item in enumerate(items, 1):
        if item is not None:
            held += (comma, _encode(item))
            comma = b","
        if number % apiece == 0:
            yield b"".join(held)
            held = []
    more = _encode(beside())[1:]
    yield b"".join([*held, b"]", b"," if len(more) > 1 else b"", more])


def page(ask: Ask) -> tuple[int, int]:
    """Return how many of the last things are asked for (`limit`), and how many of the newest are not (`offset`)."""
    return ask.number("limit", MOST, MOST), ask.number("offset", 0, MOST)


def cut(found: Sequence[Thing], limit: int, offset: int) -> Sequence[Thing]:
    """Return a page of things, which are in order, the oldest first."""
    end = max(len(found) - offset, 0)
    return found[max(end - limit, 0) : end]


def latest(things: Sequence[Thing], shown: Callable[[Thing], Any], limit: int, offset: int) -> Iterator[Any]:
    """Yield a page of what is shown of things, where only that tells which of them are in the list.

    None is yielded of every other, and for each that is looked at on the way.
    """
    if limit == MOST and not offset:
        yield from map(shown, things)
        return
    chosen: list[Any] = []
    for thing in reversed(things):
        if len(chosen) == limit:
            break
        item = shown(thing)
        yield None
        if item is not None and offset:
            offset -= 1
        elif item is not None:
            chosen.append(item)
    yield from reversed(chosen)
