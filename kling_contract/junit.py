"""JUnit XML, as CI servers read it: suites of cases, of which some have an outcome."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Outcome = Literal["failure", "error", "skipped"]

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def case(group: str, name: str, ms: int = 0) -> ElementTree.Element:
    """Return a case, which has passed unless it is given an outcome."""
    return _element("testcase", classname=group, name=name, time=_seconds(ms))


def end(case: ElementTree.Element, outcome: Outcome, kind: str, message: str, text: str = "") -> None:
    """Give a case its outcome: what kind it is, in one line, and in full."""
    about = _element(outcome, message=message)
    if outcome != "skipped":
        about.set("type", _text(kind))
    about.text = _text(text)
    case.append(about)


def suite(name: str, cases: Sequence[ElementTree.Element], at: float, ms: int = 0) -> ElementTree.Element:
    """Return a suite that began at a Unix time in seconds, and took so many milliseconds."""
    started = datetime.fromtimestamp(int(at), UTC).replace(tzinfo=None).isoformat()
    found = _element("testsuite", name=name, **_counts(cases), time=_seconds(ms), timestamp=started)
    found.extend(cases)
    return found


def written(name: str, suites: Sequence[ElementTree.Element]) -> str:
    """Return suites as a document."""
    cases = [case for suite in suites for case in suite.iter("testcase")]
    spent = sum(float(suite.get("time", 0)) for suite in suites)
    root = _element("testsuites", name=name, **_counts(cases), time=f"{spent:.3f}")
    root.extend(suites)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def output(suite: ElementTree.Element, text: str) -> None:
    """Give a suite what it has to say besides."""
    ElementTree.SubElement(suite, "system-out").text = _text(text)


def _element(tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(tag, {name: _text(value) for name, value in attributes.items()})


def _counts(cases: Iterable[ElementTree.Element]) -> dict[str, str]:
    found = list(cases)
    counted = {name: str(sum(case.find(each) is not None for case in found)) for each, name in _COUNTED.items()}
    return {"tests": str(len(found)), **counted}


def _text(text: str) -> str:
    """Return lines of text without control characters, for most of which XML 1.0 has no way of writing at all."""
    return "\n".join(map(visible, text.split("\n")))


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"
