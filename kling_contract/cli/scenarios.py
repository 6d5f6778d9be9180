"""`scenarios`: how a task may go, and what may become of an answer, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import FINE, add_command, add_provider, load, print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from kling_contract.documents import Scenario

_HOW = (
    "ask for one by the header `Prefer: scenario=NAME`, `[[kling:scenario=NAME]]` in a prompt, or serve --scenario NAME"
)
_FAULTS = (
    "What becomes of an answer, by POST /__admin/faults, or `kling.next(OPERATION, fault=NAME)` in a test;\n"
    "the provider's own errors come last, each with its text, in which $name is a value of the request:"
)


def add(commands: Any) -> None:
    """Add the command."""
    examples = ("kling-contract scenarios", "kling-contract scenarios --provider ./acme.yaml --json")
    parser = add_command(commands, "scenarios", "list how the mock can let a task go", *examples)
    add_provider(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(command=scenarios)


def scenarios(options: argparse.Namespace) -> int:
    """Print the scenarios of a provider's document, how callbacks can come, and faults."""
    from mock_server.callbacks.modes import MODES
    from mock_server.faults import catalogue

    provider = load(options.provider)
    found = provider.scenarios.values()
    if options.json:
        print_json([_about(each) for each in found])
        return FINE
    reasons = {each.name: f': "{each.reason}"' if each.reason else "" for each in found}
    _print((each.name, each.summary + reasons[each.name]) for each in found)
    print(f"\n{_HOW}")
    print("\nHow callbacks come, by `callbacks=NAME` in the same places:")
    _print(MODES.items())
    print(f"\n{_FAULTS}")
    _print(catalogue(provider))
    return FINE


def _print(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and summaries in two columns."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, summary in rows:
        print(f"{name:<{width}}  {summary}")


def _about(scenario: Scenario) -> dict[str, Any]:
    return {name: getattr(scenario, name) for name in ("name", "summary", "ends", "pace", "reason")}
