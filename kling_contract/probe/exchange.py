"""One request of a probe and what came of it: as it was, to be judged, and as it may be told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract.headers import folded
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.pages import is_page
from kling_contract.reading import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.probe.plan import Step

LONGEST = 1 << 20  # bytes of an answer that are read


@dataclass(frozen=True)
class Exchange:
    """A step, and its answer: HTTP `status`, `headers` by their lower-case names, and the `data` of the body.

    `cut` says that the answer went on after the data. `ms` is the time until then, in milliseconds, and `at` the Unix
    time in seconds at which the request was sent. `failure` is the reason why there is no answer. All of it but
    `detail` may hold the `secrets`, and a cookie; only what is `shown` is kept.
    """

    step: Step
    url: str
    at: float
    ms: int
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: bytes = field(default=b"", repr=False)
    cut: bool = False
    failure: str | None = None
    detail: str = ""
    sent: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Secrets = field(default_factory=lambda: Secrets({}), repr=False)

    @cached_property
    def shown(self) -> Exchange:
        """The exchange without any secret and without cookies, and with no more of the body than `LONGEST`."""
        return replace(
            self,
            headers=_shown(self.headers, self.secrets),
            data=self.secrets.hide_bytes(self.data)[:LONGEST],
            sent=_shown(self.sent, self.secrets),
            secrets=Secrets({}),
        )

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.data.decode("utf-8", "replace")

    @cached_property
    def json(self) -> tuple[bool, Any]:
        """Whether the body is JSON to compute with, and that JSON."""
        body, flaws = parse(self.data)
        return not flaws, None if flaws else body

    @property
    def content_type(self) -> str:
        """The media type of the answer, in lower case."""
        return self.headers.get("content-type", "").lower()

    @cached_property
    def is_html(self) -> bool:
        """Whether the answer is a page, whatever its headers call it."""
        return is_page(self.data)

    @property
    def is_create(self) -> bool:
        """Whether a task could have been asked for."""
        return self.step.operation is not None and self.step.operation.kind == "create"

    @property
    def is_accepted(self) -> bool:
        """Whether this is a success to a create."""
        return self.is_create and 200 <= self.status < 300


def _shown(headers: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    pairs = headers.items()
    return folded((secrets.hide(name), "..." if "cookie" in name else secrets.hide(value)) for name, value in pairs)
