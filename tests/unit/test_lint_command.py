"""`kling-contract lint`: what it prints, and how it exits."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from kling_contract.cli import main
from kling_contract.verify.lint import KINDS

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "documents" / "tiny.yaml"
DOCS = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")

NO_ROW = """\
errors.missing note tests/documents/tiny.yaml:13 - /info/x-errors
  no row account.balance; request.invalid is answered instead
  why: the mock has to answer with a wider row, and a client cannot tell what happened
  hint: add a row of this name
"""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_one_block_for_each_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TINY), "--only", "errors.*"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    assert blocks[0] + "\n" == NO_ROW
    assert blocks[-1] == "3 findings, 3 of them not recorded\n"


def test_a_recorded_finding_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "anyapi", "--fail-on", "note"]) == 0
    printed = capsys.readouterr().out
    assert '  recorded: the page itself carries the status "testing"\n' in printed
    assert printed.endswith(" findings, all recorded\n")
    assert "\033" not in printed


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--fail-on", "error"], 0),
        (["--ignore", "required.*"], 0),
        (["--ignore", "required.*", "--fail-on", "note"], 1),
        (["--only", "availability.undated"], 0),
        (["--only", "availability.undated", "--only", "required.unsaid"], 1),
    ],
)
def test_it_fails_on_what_is_asked(options: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TINY), *options]) == code
    assert "findings" in capsys.readouterr().out


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TINY), "--only", "default.*"]) == 0
    assert capsys.readouterr().out == "no findings\n"


def test_json_has_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(TINY), "--json", "--only", "required.unsaid"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "findings": [
            {
                "id": "required.unsaid",
                "severity": "warning",
                "file": str(TINY),
                "line": 170,
                "operation": "createImageToVideo",
                "pointer": "/components/schemas/Clip/required",
                "message": "picture is required here, and not officially",
                "why": KINDS["required.unsaid"].why,
                "hint": KINDS["required.unsaid"].hint,
                "recorded": None,
            }
        ],
        "unexpected": 1,
    }


def test_what_documents_share_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "anyapi", "cometapi", "--json", "--only", "errors.ambiguous"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert len(findings) == len({each["pointer"] for each in findings}) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["commetapi"], "did you mean 'cometapi'?"),
        (["none.yaml"], "No such file"),
        (["--only", "default.rul"], "did you mean 'default.rule'?"),
        (["--fail-on", "worst"], "choose from"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(["lint", *arguments])
    except SystemExit as left:
        code = left.code
    printed = capsys.readouterr()
    assert (code, printed.out, len(printed.err.splitlines())) == (2, "", 1)
    assert words in printed.err


def test_without_hypothesis_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.startswith(("kling_contract.verify", "kling_contract.strat"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert main(["lint", "anyapi"]) == 2
    assert "pip install 'kling-contract[strategies]'" in capsys.readouterr().err


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["lint", str(TINY), "--only", "required.unsaid"])
    assert "required.unsaid \033[33mwarning\033[0m " in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["lint", str(TINY), "--only", "required.unsaid"])
    assert "\033" not in capsys.readouterr().out


def test_the_list_of_findings_is_complete() -> None:
    assert re.findall(r"^### `(\S+)`$", DOCS, re.M) == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_each_finding_is_explained_as_it_is_told_with_an_example(name: str) -> None:
    (section,) = re.findall(rf"^### `{re.escape(name)}`$(.*?)(?=^##|\Z)", DOCS, re.S | re.M)
    text = " ".join(section.split()).lower()
    kind = KINDS[name]
    assert all(words.lower() in text for words in (kind.severity, kind.means, kind.why, kind.hint))
    assert "example:" in text


def test_the_output_that_is_shown_is_the_real_one(capsys: pytest.CaptureFixture[str]) -> None:
    command, shown = re.findall(r"^```sh\n(kling-contract lint .*)\n```\n\n```text\n(.*?)```$", DOCS, re.S | re.M)[0]
    assert main(command.replace("'", "").split()[1:]) == 0
    assert re.sub(r":\d+ ", ":N ", capsys.readouterr().out) == re.sub(r":\d+ ", ":N ", shown)
