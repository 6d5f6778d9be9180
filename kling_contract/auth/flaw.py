"""Why a credential is refused."""

from __future__ import annotations

from typing import Literal, NamedTuple

Situation = Literal["auth.missing", "auth.invalid", "auth.unknown", "auth.token", "auth.early", "auth.expired"]


class Flaw(NamedTuple):
    """What is wrong with a credential: the `situation` that the provider answers, and the words for who mends it.

    `rule` names the mistake more closely than the situation does. No text holds a part of the credential.
    """

    situation: Situation
    rule: str
    message: str
    hint: str | None = None
