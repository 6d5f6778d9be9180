from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kling_contract import Kling, bundled, load, models

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "generate_models.py"
SAMPLES = [ROOT / "tests" / "typing" / name for name in ("sample_ok.py", "sample_errors.py")]
Lines = set[tuple[str, int]]


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, *map(str, command)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_generated_types_are_up_to_date() -> None:
    done = run(SCRIPT, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def checkout(folder: Path) -> Path:
    """Make a checkout without models.py, and return its generator."""
    package, copy = folder / "kling_contract", folder / "scripts" / SCRIPT.name
    package.mkdir()
    copy.parent.mkdir()
    copy.write_bytes(SCRIPT.read_bytes())
    (folder / "openapi").symlink_to(ROOT / "openapi")
    for path in (ROOT / "kling_contract").iterdir():
        if path.name not in ("models.py", "__pycache__"):
            (package / path.name).symlink_to(path)
    return copy


def test_a_file_out_of_date_is_noticed(tmp_path: Path) -> None:
    script, target = checkout(tmp_path), tmp_path / "kling_contract" / "models.py"
    assert run(script, "--check").returncode == 1
    assert run(script).returncode == 0
    assert target.read_bytes() == (ROOT / "kling_contract" / "models.py").read_bytes()
    assert run(script, "--check").returncode == 0
    target.write_text(target.read_text().replace("n: int", "n: str", 1))
    done = run(script, "--check")
    assert (done.returncode, done.stderr.count("out of date")) == (1, 1)


def test_the_file_says_where_it_comes_from() -> None:
    first = (ROOT / "kling_contract" / "models.py").read_text().splitlines()[0]
    assert first == '"""Generated from openapi/ by scripts/generate_models.py; do not edit.'


CREATES = [
    (operation.call, operation)
    for name in bundled()
    for operation in load(name).operations.values()
    if operation.kind == "create" and operation.call
]


@pytest.mark.parametrize(("call", "operation"), CREATES, ids=[f"{op.provider}-{call}" for call, op in CREATES])
def test_every_field_of_every_provider_is_in_its_call(call: str, operation: Any) -> None:
    fields = getattr(models, f"{operation.id.removeprefix('create')}Fields")
    canonical = {operation.canonical(name) for name in operation.properties}
    assert canonical <= set(fields.__annotations__)
    required = {operation.canonical(name) for name in operation.request.get("required", ())}
    assert fields.__required_keys__ <= required
    group, _, name = call.partition(".")
    assert callable(getattr(getattr(Kling(api_key="k"), group), name))


def expected() -> Lines:
    return {
        (path.name, number)
        for path in SAMPLES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.endswith("# expect-error")
    }


def mypy() -> Lines:
    done = run("-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", *SAMPLES)
    found = re.findall(r"^(?:.*[/\\])?(\w+\.py):(\d+): error", done.stdout, re.MULTILINE)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {(name, int(line)) for name, line in found}


def pyright() -> Lines:
    done = run("-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *SAMPLES)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in found if each["severity"] == "error"
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_type_checker_finds_every_error_and_no_other(checker: Any) -> None:
    assert len(expected()) > 15
    assert checker() == expected()
