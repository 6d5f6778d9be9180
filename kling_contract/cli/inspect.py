"""Commands that read documents: `operations`, `spec`, `validate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import BROKEN, FINE, add_command, add_provider, load, print_json
from kling_contract.cli.streams import is_unicode
from kling_contract.errors import KlingError

if TYPE_CHECKING:
    import argparse

    from kling_contract.documents import Operation, Provider


def add(commands: Any) -> None:
    """Add the commands of this module."""
    example = "kling-contract operations --provider kling --json"
    parser = add_command(commands, "operations", "list what a provider's document describes", example)
    add_provider(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(command=_operations)

    examples = ("kling-contract spec cometapi > cometapi.yaml", "kling-contract spec ./acme.yaml --format json")
    parser = add_command(commands, "spec", "print one self-contained OpenAPI document", *examples)
    parser.add_argument("name", metavar="NAME", help="a bundled provider, or a file")
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml", help="yaml (default) or json")
    parser.set_defaults(command=_spec)

    examples = (
        "kling-contract validate createImageToVideo body.json",
        "kling-contract validate createImageExpansion - --provider anyapi --json < body.json",
    )
    parser = add_command(commands, "validate", "hold a request body against the contract", *examples)
    parser.add_argument("operation", metavar="OPERATION", help="an operationId, as `operations` lists them")
    parser.add_argument("file", metavar="FILE", help="a JSON file, or - for standard input")
    add_provider(parser)
    parser.add_argument("--json", action="store_true", help='print {"valid": ..., "violations": [...], "notes": [...]}')
    parser.set_defaults(command=_validate)


def _operations(options: argparse.Namespace) -> int:
    operations = load(options.provider).operations.values()
    if options.json:
        print_json([_about(operation) for operation in operations])
        return FINE
    rows = [(each.id, each.method, each.path, each.availability.state, each.call or "") for each in operations]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return FINE


def _about(operation: Operation) -> dict[str, Any]:
    names = ("id", "provider", "family", "kind", "method", "path", "summary", "call")
    about = {name: getattr(operation, name) for name in names}
    availability = operation.availability
    return {**about, "availability": availability.state, "observed": availability.observed}


def _spec(options: argparse.Namespace) -> int:
    from kling_contract.documents import bundle

    load(options.name)
    document = bundle(options.name)
    if options.format == "json":
        print_json(document)
        return FINE
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    print(yaml.dump(document, Dumper=Plain, sort_keys=False, allow_unicode=is_unicode(), width=120), end="")
    return FINE


def _validate(options: argparse.Namespace) -> int:
    from kling_contract.contract import check_request, notes
    from kling_contract.documents import bundled
    from kling_contract.reading import parse, repeated

    operation = _with_body(load(options.provider), options.operation)
    data = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    body, violations = parse(data)
    violations = violations or check_request(operation, body)
    remarks = repeated(data, body)
    remarks += notes(operation, body, map(load, bundled())) if isinstance(body, dict) else []
    if options.json:
        found = {"violations": [each.as_dict() for each in violations], "notes": [each.as_dict() for each in remarks]}
        print_json({"valid": not violations, **found})
        return BROKEN if violations else FINE
    for violation in violations:
        print(f"{violation.rule}: {violation}")
    for remark in remarks:
        print(f"note {remark.rule}: {remark}")
    if not violations:
        print(f"fine: {operation.title} accepts this body for {operation.id}")
    return BROKEN if violations else FINE


def _with_body(provider: Provider, name: str) -> Operation:
    """Return an operation whose requests have a body to validate."""
    try:
        operation = provider.operation(name)
    except KeyError as error:
        raise KlingError(error.args[0]) from None
    if operation.request is None:
        create = provider.sibling(operation, "create")
        hint = f"; that of its family is {create.id}" if create else ""
        raise KlingError(f"{name} takes no request body, only a create does{hint}")
    return operation
