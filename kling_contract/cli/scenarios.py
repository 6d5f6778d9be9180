"""`scenarios`: how a task may go, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import FINE, add_command, add_provider, load, print_json

if TYPE_CHECKING:
    import argparse

    from kling_contract.documents import Scenario

_HOW = (
    "ask for one by the header `Prefer: scenario=NAME`, `[[kling:scenario=NAME]]` in a prompt, or serve --scenario NAME"
)


def add(commands: Any) -> None:
    """Add the command."""
    examples = ("kling-contract scenarios", "kling-contract scenarios --provider ./acme.yaml --json")
    parser = add_command(commands, "scenarios", "list how the mock can let a task go", *examples)
    add_provider(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(command=scenarios)


def scenarios(options: argparse.Namespace) -> int:
    """Print the scenarios of a provider's document, and how callbacks can come."""
    from mock_server.callbacks.modes import MODES

    found = load(options.provider).scenarios.values()
    if options.json:
        print_json([_about(each) for each in found])
        return FINE
    width = max(len(each.name) for each in found)
    for each in found:
        reason = f': "{each.reason}"' if each.reason else ""
        print(f"{each.name:<{width}}  {each.summary}{reason}")
    print(f"\n{_HOW}")
    print("\nHow callbacks come, by `callbacks=NAME` in the same places:")
    width = max(map(len, MODES))
    for name, summary in MODES.items():
        print(f"{name:<{width}}  {summary}")
    return FINE


def _about(scenario: Scenario) -> dict[str, Any]:
    return {name: getattr(scenario, name) for name in ("name", "summary", "ends", "pace", "reason")}
