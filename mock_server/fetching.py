"""Inputs that were given by URL, fetched from the hosts that a person named and from no others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kling_contract.images import read_header
from mock_server.files import File
from mock_server.outward import Failed, Reach, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_server.outward.calls import Outward

MOST_BYTES = 10 * 1024 * 1024
MOST_SECONDS = 5.0

_FLAG = "--fetch-from"
_MOST_TOLD = 100  # lines
_DRAWN = ("png", "jpeg")
NO_PICTURE = "it is no PNG or JPEG"


class Fetching:
    """Fetches files of at most 10 MiB within 5 s from `allowed` hosts, networks and addresses, as `Reach` takes them.

    `say` is told why a file could not be had, once for each reason. Raises ValueError for a host that is none.
    """

    def __init__(self, allowed: Sequence[str], say: Callable[[str], object]) -> None:
        reach = Reach(allowed, flag=_FLAG, loopback=False)
        self._outward = _outward(reach) if allowed else None
        self._say, self._told = say, set[str]()
        self._passed_by: set[str] = set()

    @property
    def is_off(self) -> bool:
        """Whether no host is allowed, so that `fetch` calls nobody and only says so."""
        return self._outward is None

    def pass_by(self, url: str) -> None:
        """Say that a URL is not fetched where fetching is off; of every origin that costs something but once."""
        origin = url[: url.find("/", len("https://"))]
        if origin not in self._passed_by and len(self._passed_by) < _MOST_TOLD:
            self._passed_by.add(origin)
            self.fetch(url)

    def fetch(self, url: str) -> tuple[File, str]:
        """Return the file behind a URL, and why it cannot be drawn, or an empty text; an empty file where it lacks."""
        try:
            body = self._body(url)
        except (Refused, Failed, ValueError) as error:
            self._tell(url, str(error))
            return File("", b"", ""), str(error)
        if read_header(body).format in _DRAWN:
            return File("", body, ""), ""
        self._tell(url, NO_PICTURE)
        return File("", body, ""), NO_PICTURE

    def close(self) -> None:
        """Close the connections that are still open."""
        if self._outward is not None:
            self._outward.close()

    def _body(self, url: str) -> bytes:
        if self._outward is None:
            # Not even its name is looked up.
            raise Refused(_host(url), "inputs are not fetched", f"{_FLAG} {_host(url)}")
        headers = {"accept": "image/*", "accept-encoding": "identity"}
        reply = self._outward.call("GET", url, headers, b"", timeout=MOST_SECONDS, most=MOST_BYTES + 1)
        if reply.status != 200:
            raise ValueError(f"the answer is {reply.status}")
        if len(reply.body) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES} bytes")
        return reply.body

    def _tell(self, url: str, reason: str) -> None:
        line = f"a stand-in takes the place of an input at {_host(url)}: {reason}"
        if line not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(line)
            self._say(line)


def _outward(reach: Reach) -> Outward:
    from mock_server.outward.calls import Outward

    return Outward(reach)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
