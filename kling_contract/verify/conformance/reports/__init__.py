"""The reports of a verification, by the name that `--report` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kling_contract.verify.conformance.reports import har, json, junit, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_contract.verify.conformance.verification import Verification


class Format(NamedTuple):
    """How a verification is rendered, and the file that it goes to if none is named; None is standard output."""

    render: Callable[[Verification], str]
    file: str | None


FORMATS: dict[str, Format] = {
    "text": Format(text.render, None),
    "json": Format(json.render, "verify.json"),
    "junit": Format(junit.render, "verify.xml"),
    "har": Format(har.render, "verify.har"),
}

__all__ = ["FORMATS", "Format"]
