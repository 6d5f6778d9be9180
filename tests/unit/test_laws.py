"""The laws of the house, as far as a machine can see them."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("kling_contract/**/*.py"), *ROOT.glob("mock_server/**/*.py")])

# What a part of kling_contract may import, besides itself: imports run downwards.
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "expansion": set(),
    "envelopes": {"errors"},
    "names": set(),
    "wording": {"names"},
    "demo_photo": set(),
    "auth": {"clock"},
    "signatures": {"clock", "errors"},
    "documents": {"errors", "envelopes", "wording"},
    "formulas": {"errors"},
    "rules": {"errors", "formulas", "wording"},
    "images": {"errors"},
    "soundness": {"errors", "documents", "envelopes", "images", "rules", "wording"},
    "reading": {"errors"},
    "redaction": {"documents", "images"},
    "routes": {"documents"},
    "headers": set(),
    "trust": set(),
    "har": set(),
    "junit": {"redaction"},
    "interception": {"errors", "headers"},
    "probe": {
        *("errors", "auth", "client", "clock", "contract", "documents", "envelopes", "images", "reading"),
        *("redaction", "headers", "har", "junit", "soundness", "wording"),
        "trust",
    },
    "checker": {"errors", "documents", "names", "reading", "rules", "images", "wording"},
    "contract": {"checker", "errors", "documents", "names", "reading", "wording"},
    "verify": {
        *("errors", "checker", "client", "clock", "contract", "documents", "envelopes", "images", "names", "reading"),
        *("redaction", "routes", "rules", "soundness", "strategies", "trust", "wording", "headers", "har", "junit"),
    },
}
ROOTS = {"cli", "testing"}  # composition roots, which may import everything, and alone import mock_server
MOCK_MAY = {"errors", "clock", "auth", "envelopes", "documents", "wording", "reading", "rules", "images", "contract"}
MOCK_MAY |= {"expansion", "redaction", "routes", "signatures", "soundness"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def part(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[1]


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[tuple[str, str]]:
    """Return (package, part) of every import of our own, wherever it stands."""
    modules = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module in PACKAGES else {node.module}
            )
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    split = [module.split(".") for module in modules]
    return {(each[0], each[1]) for each in split if each[0] in PACKAGES and len(each) > 1}


PACKAGES = {"kling_contract", "mock_server"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_run_downwards(path: Path) -> None:
    own = part(path)
    used = imported(path)
    if name(path).startswith("mock_server/"):
        assert {below for package, below in used if package == "kling_contract"} <= MOCK_MAY
    elif own not in ROOTS and own not in ("__main__", "pytest_plugin"):
        assert not [below for package, below in used if package == "mock_server"]
        if own in BELOW:
            assert {below for package, below in used if package == "kling_contract"} <= BELOW[own] | {own}


def strings(path: Path) -> list[str]:
    """Return the texts of a file that are no docstrings."""
    nodes = list(ast.walk(tree(path)))
    holders = [
        node for node in nodes if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    docs = {id(node.body[0].value) for node in holders if node.body and isinstance(node.body[0], ast.Expr)}
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


# Generated code, and the two files that draw results, may use canonical names; the demo and the help tell a story.
SPEAKING = {"models.py", "expansion.py", "media.py", "demo.py", "serve.py", "inspect.py", "__init__.py"}
WORDS = re.compile(
    r"/v1/|_expansion_ratio|subject_image|scence_image|scene_image|image2|kling-v\d|SUCCEED|callback_url"
)


@pytest.mark.parametrize("path", [path for path in FILES if path.name not in SPEAKING], ids=name)
def test_no_word_of_a_document_stands_in_python(path: Path) -> None:
    assert [text for text in strings(path) if WORDS.search(text)] == []


REAL_CLOCKS = {
    ("time", "time"),
    ("time", "monotonic"),
    ("time", "time_ns"),
    ("time", "perf_counter"),
    ("time", "sleep"),
}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_the_clock_reads_the_real_clock(path: Path) -> None:
    if path.name in ("clock.py", "clocks.py"):
        return
    calls = [
        node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    found = {(node.value.id, node.attr) for node in calls if isinstance(node.value, ast.Name)}
    assert not found & (REAL_CLOCKS | {("datetime", "now"), ("datetime", "utcnow")})


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_module_keeps_state(path: Path) -> None:
    for node in tree(path).body:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.List | ast.Dict | ast.Set):
            assert getattr(value, "elts", None) or getattr(value, "keys", None), ast.unparse(node)
