"""No expression that meets the text of a stranger makes more work of it than the text is long."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from backtracking import Work, attacks

import kling_contract
from kling_contract import load
from kling_contract.probe.tripwire import Tripwire

PACKAGE = Path(kling_contract.__file__).parent
# The files through which the answer of a provider goes in a probe; `client/answers.py` reads that of a real task.
ROOMS = ("probe/**/*.py", "reading.py", "envelopes.py", "wording.py", "client/answers.py")
FILES = sorted(each for pattern in ROOMS for each in PACKAGE.glob(pattern))
# What is made of a document's names; `of_documents` makes them.
MADE_OF_DOCUMENTS = {("probe/tripwire.py", "__init__")}
# What reads the names and paths of a document, and the keys of its own file, but nothing of an answer.
OF_OUR_OWN = {"envelopes.py _TIME", "envelopes.py _VARIABLE", "probe/plan.py _PARAMETER", "probe/tables.py _RANGE"}
MANY = 120  # characters; twice as many must not be more than a little more than twice the work


def calls(file: Path) -> list[tuple[str, ast.Call]]:
    """Return the uses of `re` in a file that read a pattern, each with the function in which it stands."""
    found: list[tuple[str, ast.Call]] = []

    def visit(node: ast.AST, inside: str) -> None:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
                owner = each.func.value
                if isinstance(owner, ast.Name) and owner.id == "re" and each.func.attr != "escape":
                    found.append((inside, each))
            visit(each, each.name if isinstance(each, ast.FunctionDef) else inside)

    visit(ast.parse(file.read_text(encoding="utf-8")), "")
    return found


def of_files() -> dict[str, re.Pattern[Any]]:
    """Return the patterns that stand in the files, compiled; those of a module's own names as that module has them."""
    patterns: dict[str, re.Pattern[Any]] = {}
    for file in FILES:
        place = file.relative_to(PACKAGE).as_posix()
        module = importlib.import_module(
            f"kling_contract.{place.removesuffix('.py').replace('/', '.').removesuffix('.__init__')}"
        )
        patterns |= {f"{place} {name}": each for name, each in vars(module).items() if isinstance(each, re.Pattern)}
        for inside, call in calls(file):
            if inside and (place, inside) not in MADE_OF_DOCUMENTS:
                source = ast.literal_eval(call.args[0])
                patterns[f"{place} {inside}"] = re.compile(source)
    return patterns


def of_documents() -> dict[str, re.Pattern[Any]]:
    """Return the patterns that a tripwire makes of a document, with an invented way on after the id."""
    wire = vars(Tripwire(load("kling")))
    found = {f"tripwire {name}": each for name, each in wire.items() if isinstance(each, re.Pattern)}
    return found | {f"tripwire {each.pattern}": each for each in wire["_paths"][:2]}


PATTERNS = {name: each for name, each in (of_files() | of_documents()).items() if name not in OF_OUR_OWN}


def test_every_pattern_is_known() -> None:
    """A pattern that is put together elsewhere would be tried by nothing below."""
    assert len(PATTERNS) > 25
    places = {(file.relative_to(PACKAGE).as_posix(), inside) for file in FILES for inside, _ in calls(file)}
    assert places >= MADE_OF_DOCUMENTS
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert not [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.module == "re"]


@pytest.mark.parametrize("name", PATTERNS)
def test_twice_the_text_is_twice_the_work(name: str) -> None:
    pattern = PATTERNS[name]
    for short, long in zip(attacks(pattern, MANY), attacks(pattern, 2 * MANY), strict=True):
        once, twice = Work(pattern, short).find_all(), Work(pattern, long).find_all()
        assert twice <= 2.4 * once + 50 * MANY, f"{once} steps, and then {twice}: {long[:40]!r}..."


@pytest.mark.parametrize(
    "pattern",
    [r'"id"\s*:\s*\[?\s*\\*"?x', r"<title[^>]*>", r"[-+]?\d(?:[\d.,]*\d)?\s*usd", r"\s+$", "[^@]*@"],
)
def test_a_pattern_that_goes_back_is_found_out(pattern: str) -> None:
    compiled = re.compile(pattern)
    pairs = zip(attacks(compiled, 30), attacks(compiled, 60), strict=True)
    assert any(Work(compiled, long).find_all() > 3 * Work(compiled, short).find_all() for short, long in pairs)


@pytest.mark.parametrize("name", PATTERNS)
def test_the_work_is_counted_over_the_matches_that_python_finds(name: str) -> None:
    pattern = PATTERNS[name]
    for text in attacks(pattern, 40):
        given: Any = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
        starts = [found.start() for found in pattern.finditer(given)]
        assert Work(pattern, text).starts() == starts or not text.isascii()
