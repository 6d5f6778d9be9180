"""Why a call gave no reply.

Exception
    Refused    the call was not made: its host is not allowed
    Failed     the call was made, or tried, and got no whole answer
    ValueError
        NoRequest    there was nothing to call: no URL, or one that cannot be asked for
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["refused", "timeout", "name", "tls", "protocol", "reset"]


class Refused(Exception):
    """A call that was not made. `allow` is the flag that would allow it, as in `--callback-to app.example.com`."""

    def __init__(self, host: str, reason: str, allow: str) -> None:
        super().__init__(host, reason, allow)
        self.host, self.reason, self.allow = host, reason, allow

    def __str__(self) -> str:
        return f"{self.reason}; allowed by {self.allow}"


class NoRequest(ValueError):
    """What was to be called is no URL, or no request can be made of it."""


class Failed(Exception):
    """A call without a whole answer; `message` is one line.

    kind    refused (nobody listens there, or no way leads there), timeout, name (it has no address), tls (no
            handshake, or somebody else's certificate), protocol (the answer is no HTTP, or not all of it), reset (the
            connection was closed without an answer, or broke)
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(kind, message)
        self.kind: Kind = kind
        self.message = " ".join(message.split())

    def __str__(self) -> str:
        return self.message
