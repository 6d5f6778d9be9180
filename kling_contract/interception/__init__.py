"""Answers what this process asks of the hosts that documents name, and lets nothing reach them.

httpx, `requests` and urllib3 are answered: clients made before or after, with or without a proxy. Whatever else asks
fails with an error that names the host. It is `HostRefused`, a `socket.gaierror`, when it looks the host up, connects
or sends a datagram to it, begins TLS with it, or gives it to a handle of pycurl. It is `LineRefused` when it tells the
host to a proxy, or asks a server at an address in its name. Functions that were taken before a patch are seen by the
interpreter's audit events.

What is out of reach, docs/pytest.md lists by name, and `tests/attack` goes every way there and here. An httpx client
with a transport that is not `HTTPTransport` asks that transport, whatever it does.
"""

from __future__ import annotations

from kling_contract.interception.exchange import Answer, AsyncAnswer, Broken, Request, Response
from kling_contract.interception.interception import intercepted
from kling_contract.interception.named import HostRefused, LineRefused, Named, Refusal

__all__ = [
    "Answer",
    "AsyncAnswer",
    "Broken",
    "HostRefused",
    "LineRefused",
    "Named",
    "Refusal",
    "Request",
    "Response",
    "intercepted",
]
