"""What this server says, held against its own documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_contract.errors import Violation


class BrokenPromise(AssertionError):
    """An answer or a callback that its own document does not allow: a bug here, never of the client."""


def keep(what: str, violations: Sequence[Violation]) -> None:
    """Raise `BrokenPromise` if there are any."""
    if violations:
        raise BrokenPromise(f"{what}: {'; '.join(map(str, violations))}")
