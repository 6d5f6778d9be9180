"""The command `diff`: what an application must change to move from one provider to another."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import BROKEN, FINE, add_command, load, print_json, say
from kling_contract.errors import KlingError

if TYPE_CHECKING:
    from kling_contract.verify.diff import Comparison

_EXAMPLES, _SEED = 200, 0


def add(commands: Any) -> None:
    """Add the command."""
    examples = (
        "kling-contract diff cometapi anyapi",
        "kling-contract diff cometapi anyapi --summary",
        "kling-contract diff kling ./acme.yaml --one-way --operations createImageExpansion",
        "kling-contract diff ./before.yaml ./after.yaml --one-way --fail-on breaking --format markdown",
    )
    summary = "say what an application must change to move from one provider to another"
    parser = add_command(commands, "diff", summary, *examples)
    parser.add_argument("source", metavar="FROM", help="a bundled provider, or a file")
    parser.add_argument("target", metavar="TO", help="a bundled provider, or a file")
    parser.add_argument("--operations", metavar="ID", nargs="+", default=(), help="operationIds to look at (all)")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="how to print it (text)")
    parser.add_argument("--summary", action="store_true", help="one screen: what breaks by operation and kind")
    parser.add_argument("--one-way", action="store_true", help="only from FROM to TO, not back")
    choices = ("breaking", "any", "never")
    parser.add_argument("--fail-on", choices=choices, default="never", help="what exit code 1 is for (never)")
    about = f"bodies to draw for each operation and direction, 0 for none ({_EXAMPLES})"
    parser.add_argument("--examples", metavar="N", type=_count, default=_EXAMPLES, help=about)
    parser.add_argument("--seed", metavar="N", type=int, default=_SEED, help=f"draw other bodies ({_SEED})")
    parser.set_defaults(command=_diff)


def _count(text: str) -> int:
    if not (text.isdecimal() and text.isascii()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _diff(options: argparse.Namespace) -> int:
    from kling_contract.verify.diff import compare, report, summary

    source, target = load(options.source), load(options.target)
    try:
        comparison = compare(source, target, options.operations, one_way=options.one_way)
    except KeyError as error:
        raise KlingError(error.args[0]) from None
    if options.examples:
        comparison = _tried(comparison, options.examples, options.seed)
    if options.format == "json":
        print_json(comparison.as_dict())
    else:
        form = summary if options.summary else report
        print(form.text(comparison) if options.format == "text" else form.markdown(comparison), end="")
    failing = {"breaking": comparison.breaks, "any": bool(comparison.differences), "never": False}
    return BROKEN if failing[options.fail_on] else FINE


def _tried(comparison: Comparison, examples: int, seed: int) -> Comparison:
    """Return the comparison with what trying bodies shows; as it is, and one line, without Hypothesis."""
    try:
        from kling_contract.verify.diff.trials import tried
    except ModuleNotFoundError as error:
        say(f"kling-contract: no bodies were tried, which needs {error.name}: pip install 'kling-contract[strategies]'")
        return comparison
    return tried(comparison, examples=examples, random_seed=seed)
