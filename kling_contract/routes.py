"""Routes, made from a document."""

from __future__ import annotations

import difflib
import re
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider

_PARAMETER = re.compile(r"\\{[^/]+?\\}")
_PLAIN = "{}:@!$&'()*+,;="  # what a path may hold as it is, besides letters, digits and -._~ (RFC 3986, 3.3)
_LONGEST = 300  # characters of a path that any route may be like
_CLOSE = 0.5


class Route(NamedTuple):
    """What a method and path stand for; `value` is the id in the path, or "" where it has none.

    `slash` says that the path ends with a slash that the document's does not have.
    """

    operation: Operation
    value: str
    slash: bool = False


class Routes:
    """The operations of a provider by method and path."""

    def __init__(self, provider: Provider) -> None:
        self._literal: dict[str, dict[str, Operation]] = {}
        templates: dict[str, dict[str, Operation]] = {}
        for operation in provider.operations.values():
            table = templates if "{" in operation.path else self._literal
            table.setdefault(_normal(operation.path), {})[operation.method] = operation
        self._templates = [(_compile(path), methods) for path, methods in templates.items()]
        self._known = [(each.method, each.path) for each in provider.operations.values()]

    def find(self, method: str, path: str) -> Route | str:
        """Return the route, or the situation: `route.unknown`, or `method.unknown` for a path with other methods.

        `path` is percent-encoded, so that an id may hold a slash. A create is also found with a slash at the end of
        its path: official samples post so.
        """
        path = _normal(path) if "%" in path else path
        methods, value = self._literal.get(path), ""
        if methods is None:
            methods, value = self._by_template(path)
            if methods is None:
                return self._with_slash(method, path) or "route.unknown"
        operation = methods.get("GET" if method == "HEAD" else method)
        return Route(operation, value) if operation is not None else "method.unknown"

    def nearest(self, method: str, path: str) -> str | None:
        """Return the method and path of the route that is most like the one asked for; None if none is.

        One of the same method goes first, then one that begins with more of the same segments, then one that has more
        of them; how the rest is spelt comes last.
        """
        if len(path) > _LONGEST:
            return None
        method, asked = "GET" if method == "HEAD" else method, path.strip("/").split("/")
        likeness = {(verb, known): _likeness(asked, known.strip("/").split("/")) for verb, known in self._known}
        near = [route for route, (*_, spelt) in likeness.items() if spelt >= _CLOSE]
        found = max(near, key=lambda route: (route[0] == method, likeness[route]), default=None)
        return " ".join(found) if found else None

    def _with_slash(self, method: str, path: str) -> Route | None:
        """Return the create whose path this is but for a slash at its end."""
        if not path.endswith("/"):
            return None
        operation = self._literal.get(path[:-1], {}).get(method)
        return Route(operation, "", slash=True) if operation is not None and operation.kind == "create" else None

    def _by_template(self, path: str) -> tuple[dict[str, Operation] | None, str]:
        for pattern, methods in self._templates:
            found = pattern.fullmatch(path)
            if found is not None:
                return methods, unquote(found.group(found.lastindex or 0))
        return None, ""


def _likeness(asked: list[str], known: list[str]) -> tuple[int, int, float]:
    """Return how many segments two paths have in common at the front, how many at all, and how alike they are spelt.

    Whatever stands in the place of a parameter is its value.
    """
    given = [*asked, *known[len(asked) :]]
    filled = [given[at] if "{" in each else each for at, each in enumerate(known)]
    front = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(asked, filled, strict=False)))
    shared = sum(block.size for block in difflib.SequenceMatcher(None, asked, filled).get_matching_blocks())
    return front, shared, difflib.SequenceMatcher(None, "/".join(asked), "/".join(filled)).ratio()


def _normal(path: str) -> str:
    """Return a path with nothing percent-encoded but what has to be."""
    return "/".join(quote(unquote(part), safe=_PLAIN) for part in path.split("/"))


def _compile(path: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub("([^/]+)", re.escape(path)))
