"""What a mock server can be told; each has a default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mock_server.limits import Rates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kling_contract.documents import Provider

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one app.

    provider        a bundled name, the path of an OpenAPI 3.1 file, or one loaded already; served at the root
    seed            decides ids and request ids
    speed           how many seconds of a task's life pass in one real second
    opened          operationIds that are served although the provider is documented not to
    keys            API keys that are good; none of these and no `secrets` means any well-formed credential
    secrets         access key -> secret key
    lenient         a body that breaks the contract is accepted, with notes
    refuse_retired  a retired model is refused; noted otherwise
    public_url      the origin of result URLs, where it is not that of the request
    verify_answers  every own answer is held against the document (for tests)
    clock           real, frozen (moves only when told) or auto (a poll moves it); sessions may change theirs
    epoch           Unix ms at which frozen and auto clocks start; the last midnight otherwise
    scenario        how tasks end where nothing nearer says it
    rates           limits of each session; off unless set
    session_by      `key`: a request that names no session is in that of its API key; None: in the default one
    admin_token     what admin asks for; without it, admin is for this machine alone
    exposed         the server listens beyond loopback, where admin needs the token
    idle_seconds    how long a session is kept that nobody uses, on the wall clock
    most_sessions   how many sessions are kept, the least recently used one forgotten first
    journal_entries, journal_bytes  how much each session's journal keeps
    max_body        bytes of a request body
    kept_inputs     bytes of base64 images that are kept for drawing results
    """

    provider: str | Path | Provider = "cometapi"
    seed: int = 0
    speed: float = 1.0
    opened: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    secrets: Mapping[str, str] = field(default_factory=dict)
    lenient: bool = False
    refuse_retired: bool = False
    public_url: str | None = None
    verify_answers: bool = False
    clock: str = "real"
    epoch: int | None = None
    scenario: str | None = None
    rates: Rates = field(default_factory=Rates)
    session_by: Literal["key"] | None = None
    admin_token: str | None = field(default=None, repr=False)
    exposed: bool = False
    idle_seconds: float = 86_400.0
    most_sessions: int = 10_000
    journal_entries: int = 1000
    journal_bytes: int = 8 * MEBIBYTE
    max_body: int = 96 * MEBIBYTE
    kept_inputs: int = 8 * MEBIBYTE
