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
    keys            API keys that are good, in printable ASCII; none of these and no `secrets` means any well-formed
                    credential
    secrets         access key -> secret key
    lenient         a body that breaks the contract is accepted, with notes
    refuse_retired  a retired model that a request names is refused; noted otherwise
    public_url      the origin of result URLs, where it is not that of the request
    verify_answers  every own answer is held against the document (for tests)
    clock           real, frozen (moves only when told) or auto (a poll moves it); sessions may change theirs
    epoch           Unix ms at which frozen and auto clocks start; the last midnight otherwise
    scenario        how tasks end where nothing nearer says it
    rates           limits of each session; off unless set
    session_by      `key`: a request that names no session is in that of its API key; None: in the default one
    admin_token     what admin asks for; without it, admin is for this machine alone
    exposed         the server listens beyond loopback, where admin needs the token, and callbacks to this machine
                    `callback_to`
    idle_seconds    how long a session is kept that nobody uses, on the wall clock
    most_sessions   how many sessions are kept, the least recently used one forgotten first
    fetch_from      host names, addresses and networks that inputs given by URL are fetched from; none otherwise
    callback_to     host names, addresses and networks that callbacks may go to, besides this machine
                    where `exposed` is not so
    callback_map    origins that callbacks go to in place of others: what the body said -> where to call
    callback_secrets  `whsec_...`, which sign callbacks; two while one replaces the other
    callback_retries  seconds before each further attempt, where not as documented
    callback_timeout  real seconds that an attempt may take, where not as documented
    kept_deliveries how many callbacks that are done each session keeps
    journal_entries, journal_bytes  how much each session's journal keeps
    kept_tasks      how many tasks all sessions together keep: those that have ended go first, then the oldest
    kept_journals   bytes of all journals together; the oldest exchange goes first
    max_body        bytes of a request body
    read_timeout    real seconds that the head of a request may take to arrive, and its body without going on coming
    kept_inputs     bytes of images in requests, as base64, that are kept for drawing results; those of a request that
                    take more than half of that are kept apart, only the last such
    kept_results    bytes of result files that are kept on disk
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
    fetch_from: tuple[str, ...] = ()
    callback_to: tuple[str, ...] = ()
    callback_map: Mapping[str, str] = field(default_factory=dict)
    callback_secrets: tuple[str, ...] = field(default=(), repr=False)
    callback_retries: tuple[float, ...] | None = None
    callback_timeout: float | None = None
    kept_deliveries: int = 10_000
    journal_entries: int = 1000
    journal_bytes: int = 8 * MEBIBYTE
    kept_tasks: int = 500_000
    kept_journals: int = 256 * MEBIBYTE
    max_body: int = 96 * MEBIBYTE
    read_timeout: float = 30.0
    kept_inputs: int = 8 * MEBIBYTE
    kept_results: int = 512 * MEBIBYTE
