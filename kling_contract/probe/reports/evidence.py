"""What can be handed to a provider: per finding that is not up, its exchange and a claim of one page."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from kling_contract.har import phrase
from kling_contract.probe.findings import iso
from kling_contract.probe.reports import har
from kling_contract.probe.reports.markdown import code, fenced, plain
from kling_contract.probe.reports.summary import said
from kling_contract.probe.tables import reasons
from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kling_contract.documents import Provider
    from kling_contract.probe.exchange import Exchange
    from kling_contract.probe.findings import Finding, Run

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 80
_SHOWN = 4000  # characters of a body in a claim; the archive holds more
_REQUEST_ID = re.compile(r"(request|trace|correlation)[-_]?id$|^cf-ray$")


def write(run: Run, directory: Path) -> list[Path]:
    """Write an archive and a claim for each finding that is not up, and return their paths. Raises `OSError`.

    A finding whose own run saw something better waits for the next to confirm it, and has nothing to show.
    """
    told = [each for each in run.findings if "up" not in (each.verdict, each.raw_verdict)]
    directory.mkdir(parents=True, exist_ok=True)
    providers = {(plan.provider.name, plan.base_url): plan.provider for plan in run.plans}
    written = []
    for name, each in zip(_names(told), told, strict=True):
        files = {f"{name}.md": claim(each, providers[each.provider, each.base_url], run.version)}
        if each.exchange is not None:
            files[f"{name}.har"] = har.archive(each.exchange, run.version)
        for file, text in files.items():
            (directory / file).write_text(text, encoding="utf-8", errors="backslashreplace")
            written.append(directory / file)
    return written


def _names(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield a file name for each, without an ending, that is like no other where case does not count."""
    taken: set[str] = set()
    for each in findings:
        name = _UNSAFE.sub("-", f"{each.provider}-{each.level}-{each.name}")[:_LONGEST_NAME].strip("-.") or "finding"
        unique, number = name, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{name}-{number}"
        taken.add(unique.casefold())
        yield unique


def claim(finding: Finding, provider: Provider, version: str) -> str:
    """Return the page for the provider: what was promised, what was answered, and how to ask again."""
    parts = [
        f"# {plain(provider.title)}: {plain(finding.name)} is {finding.verdict}",
        f"{finding.raw_reason}: {reasons()[finding.raw_reason].says}.",
        f"Seen on {iso(finding.at)}: {code(said(finding))}",
        "## What is promised",
        *_promise(finding, provider),
        *(_exchange(finding.exchange, provider) if finding.exchange else ()),
        "## Held against",
        f"The document of {plain(provider.title)} of {plain(provider.date)}, digest {code(provider.digest)}, "
        f"by kling-contract {plain(version)}.",
    ]
    return "\n\n".join(parts) + "\n"


def _promise(finding: Finding, provider: Provider) -> Iterator[str]:
    if finding.operation is None:
        yield f"That {code(finding.base_url)} can be reached."
        return
    operation = provider.operation(finding.operation)
    says = operation.availability
    seen = f", as observed on {says.observed}" if says.observed else ""
    yield f"{code(f'{operation.method} {operation.path}')} is {says.state}{seen}."
    if finding.exchange is not None:
        yield f"The document leads to expect: {code(finding.exchange.step.expects)}."
    yield from _sources(_fact(provider, operation.method, operation.path), provider)


def _fact(provider: Provider, method: str, path: str) -> Mapping[str, Any]:
    """Return where the document has the state of a route from; empty where it does not say."""
    node = provider.document["paths"][path][method.lower()]
    found: Mapping[str, Any] = node.get("x-availability", {}).get("x-facts", {}).get("state", {})
    return found


def _sources(fact: Mapping[str, Any], provider: Provider) -> Iterator[str]:
    if "source" in fact:
        source = provider.sources.get(fact["source"], {})
        words = [source.get("title", fact["source"]), fact.get("date", source.get("date", "")), source.get("where", "")]
        yield f"Source: {', '.join(plain(str(each)) for each in words if each)}."
    if "assumed" in fact:
        yield f"Assumed: {plain(fact['assumed'])}."
    if not fact:
        yield "The document names no source for this."


def _exchange(exchange: Exchange, provider: Provider) -> Iterator[str]:
    yield "## What was answered"
    yield fenced(f"{_asked(exchange)}\n\n{_answered(exchange)}", "http")
    facts = {"Request id": request_id(exchange, provider), "Date": exchange.headers.get("date")}
    yield "\n".join(f"- {name}: {code(value) if value else 'none was given'}" for name, value in facts.items())
    yield "## Ask again"
    if exchange.step.level == 5:
        yield "**This creates a task, which is billed.** Images in the body are left out and have to be put back."
    yield fenced(curl(exchange), "sh")


def request_id(exchange: Exchange, provider: Provider) -> str | None:
    """Return what the provider can find the request by: as its document has it in a body, or from a header."""
    readable, body = exchange.json
    row = provider.classify(exchange.status, body) if readable else None
    found = row[1].get("request_id") if row else None
    if found is None and isinstance(body, dict):
        found = next((value for name, value in body.items() if _REQUEST_ID.search(name)), None)
    if found is None:
        found = next((value for name, value in exchange.headers.items() if _REQUEST_ID.search(name)), None)
    return str(found)[:200] if found is not None else None


def curl(exchange: Exchange) -> str:
    """Return a command that asks again, and takes the key from the variable `KEY`."""
    words = ["curl", "--globoff", "--include", "--silent", "--show-error", "--request", exchange.step.method]
    line = f"{shlex.join(words)} {shlex.quote(har.address(exchange))}"
    for name, value in har.sent_headers(exchange).items():
        # Only this one stands between double quotes, in which a shell puts the key in the variable's place.
        quoted = f'"{name}: {har.KEY}"' if value == har.KEY else shlex.quote(f"{name}: {value}")
        line += f" \\\n  --header {quoted}"
    body = _body(exchange)
    return line if body is None else f"{line} \\\n  --data-raw {shlex.quote(body)}"


def _body(exchange: Exchange) -> str | None:
    """Return the body to send again: as it was, but for a real task's, which holds images."""
    sent = exchange.step.body
    return har.sent_body(exchange) if sent is None or exchange.step.level == 5 else sent.decode()


def _asked(exchange: Exchange) -> str:
    first = f"{exchange.step.method} {har.address(exchange)}"
    return _message(first, har.sent_headers(exchange), har.sent_body(exchange))


def _answered(exchange: Exchange) -> str:
    if exchange.failure and not exchange.status:
        return f"No answer after {exchange.ms} ms: {visible(exchange.detail)}"
    status = f"HTTP {exchange.status} {phrase(exchange.status)}".rstrip()
    broken = f"\n... {visible(exchange.detail)}" if exchange.failure else ""
    return _message(status, har.received_headers(exchange), har.received_body(exchange)) + broken


def _message(first: str, headers: Mapping[str, str], body: str | None) -> str:
    lines = [visible(first), *(visible(f"{name}: {value}") for name, value in headers.items())]
    shown = "\n".join(map(visible, (body or "").split("\n")))
    more = f"... ({len(shown)} characters)" if len(shown) > _SHOWN else ""
    return "\n".join([*lines, *(["", shown[:_SHOWN] + more] if shown else [])])
