"""Answers what this process asks of the hosts that documents name, and lets nothing reach them.

httpx, `requests` and urllib3 are answered: clients made before or after, with or without a proxy. Whatever else asks
fails with an error that names the host: `HostRefused`, a `socket.gaierror`, when it looks the host up or connects to
it, `LineRefused` when it names it to a proxy, and at last `HostRefused` when it begins TLS, however it found the way
there (c-ares, SOCKS, an event loop not written in Python). A handle of pycurl raises it when it is given the URL.

Out of reach: other code that is not Python's own (curl_cffi, gRPC), other processes, pyOpenSSL, connections that were
open and handles of pycurl that were made before, and what an event loop that writes past `socket.send` (uvloop,
Windows' own) asks a proxy unencrypted. An httpx client with a transport that is not `HTTPTransport` asks that
transport, whatever it does.
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
