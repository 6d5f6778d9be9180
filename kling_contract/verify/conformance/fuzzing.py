"""Schemathesis over a provider's document: its four phases, with bodies that keep the rules, and our checks beside its.

It runs in a process of its own by its public command line; `hooks` is loaded there, and writes down what was asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kling_contract.documents import bundle
from kling_contract.verify.conformance.failure import Failure
from kling_contract.verify.conformance.records import VARIABLE, Record, Task
from kling_contract.verify.conformance.unchecked import Unchecked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kling_contract.documents import Operation, Provider
    from kling_contract.verify.conformance.asking import Asking

# What Schemathesis checks and the documents contradict, and why it is left out.
EXCLUDED = {
    "unsupported_method": "documents say what another method is answered with, and that is seldom HTTP 405",
    "ignored_auth": "a server of one's own may take any key, as a mock does; that it needs one is auth.required",
}
# Its phases, by their names in a case, and why one may have none.
PHASES = {
    "examples": "none of the operations has an example",
    "coverage": "it found no border of a schema to look at",
    "fuzzing": "it drew no request",
    "stateful": "no link leads from one of the operations to another",
}
_KEY = "KLING_CONTRACT_VERIFY_KEY"
_TABLES = "HYPOTHESIS_STORAGE_DIRECTORY"
_HOOKS = "kling_contract.verify.conformance.hooks"
# Keywords that speak of several fields at once. Bodies are made without them, and mended by the gate, which knows all.
_JOINING = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"})
_TAIL = 12  # lines of Schemathesis' own words that are told where it failed without saying of what


class Run(NamedTuple):
    """What came of a run: every exchange and failure, how the process ended, and its last words."""

    records: list[Record]
    code: int
    said: str


def fuzz(asking: Asking, operations: Sequence[Operation], *, seed: int, examples: int) -> Iterator[Failure]:
    """Run Schemathesis, yield its failures and ours, each once, and add its exchanges to those of `asking`."""
    done = run(asking.provider, asking.base_url, asking.api_key, operations, seed=seed, examples=examples)
    asking.all += [each.asked for each in done.records if each.failed is None]
    asking.unchecked += _without_a_case(done.records, operations)
    failures = list(_failures(done.records))
    yield from failures
    if done.code and not failures:
        yield Failure("schemathesis", None, f"it ended with {done.code}: {done.said}")


def _without_a_case(records: Sequence[Record], operations: Sequence[Operation]) -> Iterator[Unchecked]:
    """Yield which operations, and which phases, no request was made in."""
    asked, phases = {each.asked.operation for each in records}, {each.phase for each in records}
    for operation in operations:
        if operation not in asked and records:
            yield Unchecked(("schemathesis",), operation.id, "Schemathesis made no case of it")
    for phase, reason in PHASES.items():
        if phase not in phases and records:
            yield Unchecked(("schemathesis",), None, f"its phase {phase} had no case: {reason}")


def run(
    provider: Provider, base_url: str, key: str, operations: Sequence[Operation], *, seed: int, examples: int
) -> Run:
    """Run Schemathesis in a process of its own, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kling-contract-") as name:
        folder = Path(name)
        log = folder / "exchanges.ndjson"
        log.touch()
        (folder / "document.json").write_text(json.dumps(document(provider, operations), default=str), encoding="utf-8")
        (folder / "schemathesis.toml").write_text(configuration(provider, operations), encoding="utf-8")
        done = subprocess.run(
            _command(base_url, seed, examples),
            cwd=folder,
            env=_environment(Task(str(provider.file.resolve()), base_url, seed, str(log)), key),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        records = [Record.read(line, provider) for line in log.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return Run(records, done.returncode, "\n".join(lines[-_TAIL:]))


def document(provider: Provider, operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the provider's document with these operations alone, and bodies without keywords that join fields."""
    whole = bundle(provider.file)
    wanted = {each.id: each for each in operations}
    paths: dict[str, Any] = {}
    for path, item in whole["paths"].items():
        kept = {method: node for method, node in item.items() if not _is_unwanted(node, wanted)}
        for node in kept.values():
            _prepare(node, wanted)
        if any(isinstance(node, dict) and "operationId" in node for node in kept.values()):
            paths[path] = kept
    return {**whole, "paths": paths}


def _is_unwanted(node: Any, wanted: Mapping[str, Operation]) -> bool:
    return isinstance(node, dict) and "operationId" in node and node["operationId"] not in wanted


def _prepare(node: Any, wanted: Mapping[str, Operation]) -> None:
    operation = wanted.get(node.get("operationId", "")) if isinstance(node, dict) else None
    if operation is None:
        return
    for answer in node["responses"].values():
        links = answer.get("links", {})
        for name in [name for name, link in links.items() if link.get("operationId") not in wanted]:
            del links[name]
    if operation.request is not None:
        for media in node["requestBody"]["content"].values():
            media["schema"] = _loose(operation.request)


def _loose(schema: Any) -> Any:
    """Return a schema without the keywords that join fields, and without our own."""
    if isinstance(schema, list):
        return [_loose(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: each for name, each in schema.items() if name not in _JOINING and not name.startswith("x-")}
    return {
        name: {field: _loose(each) for field, each in value.items()} if name == "properties" else _loose(value)
        for name, value in kept.items()
    }


def configuration(provider: Provider, operations: Iterable[Operation]) -> str:
    """Return Schemathesis' configuration. An id that nobody has is refused as the document says."""
    missing = str(provider.error("task.missing").status)
    lines = [
        f'headers = {{ Authorization = "Bearer ${{{_KEY}}}" }}',
        "continue-on-failure = true",
        "max-redirects = 0",
        "phases.coverage.unexpected-methods = []",
        "request-timeout = 30.0",
        'suppress-health-check = ["all"]',
        'warnings = { fail-on = ["missing_auth"] }',
        'generation = { database = "none", with-security-parameters = false }',
        *(f"checks.{name}.enabled = false" for name in EXCLUDED),
    ]
    for each in (each for each in operations if "{" in each.path):
        lines += ["", "[[operations]]", f'include-operation-id = "{each.id}"']
        lines += [f'checks.positive_data_acceptance.expected-statuses = ["2xx", "{missing}"]']
    return "\n".join(lines) + "\n"


def _command(base_url: str, seed: int, examples: int) -> list[str]:
    command = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", "document.json", "--url", base_url]
    return [*command, "--max-examples", str(examples), "--seed", str(seed), "--mode", "all"]


def _environment(task: Task, key: str) -> dict[str, str]:
    """Return the environment: no proxy stands between, and the key is on no command line.

    Hypothesis keeps its tables of characters where this process keeps them; in a folder that is gone afterwards it
    would make them anew each time, which takes seconds.
    """
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    plain = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    ours = {"SCHEMATHESIS_HOOKS": _HOOKS, VARIABLE: task.text(), _KEY: key}
    python = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONIOENCODING": "utf-8"}
    tables = {_TABLES: os.path.abspath(os.environ.get(_TABLES) or ".hypothesis")}
    return {**plain, **python, **ours, **tables, "NO_PROXY": "*"}


def _failures(records: Iterable[Record]) -> Iterator[Failure]:
    """Yield a failure of each kind, of the smallest body that shows it."""
    smallest: dict[object, tuple[int, Failure]] = {}
    for record in records:
        size, failure = len(record.asked.body or b""), record.failure()
        if failure is not None and (record.kind not in smallest or size < smallest[record.kind][0]):
            smallest[record.kind] = (size, failure)
    yield from (failure for _, failure in smallest.values())
