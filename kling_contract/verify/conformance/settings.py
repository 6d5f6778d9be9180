"""How a server is verified."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is verified: from which `seed`, how many `examples` of each kind are drawn, how long is waited.

    `poll` and `patience` are seconds between two looks at a task, and until it must have ended. `callbacks` says
    whether the server can reach a port of this machine, `schemathesis` whether that looks too. `operations` are those
    to look at, all if there are none; `opened` are served although the document says that they are not.
    """

    api_key: str = "verify"
    seed: int = 0
    examples: int = 20
    lives: int = 3
    poll: float = 0.2
    patience: float = 120.0
    callbacks: bool = True
    schemathesis: bool = False
    operations: tuple[str, ...] = ()
    opened: frozenset[str] = frozenset()
