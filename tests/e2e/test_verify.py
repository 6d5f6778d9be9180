"""`verify` over our own mock, in this process and over a port, and how the command ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from serving import Serve

from kling_contract import load
from kling_contract.cli import main
from kling_contract.verify.conformance import Down, Settings, verify
from kling_contract.verify.conformance.hosts import is_here
from mock_server import MockServer

TINY = str(Path(__file__).parents[1] / "documents" / "tiny.yaml")
QUICK = ("--examples", "2", "--no-schemathesis")
GET = "getImageExpansion"
OPERATIONS = f"createImageExpansion,{GET}"


@pytest.mark.parametrize("name", ["cometapi", "anyapi", "kling", TINY], ids=["cometapi", "anyapi", "kling", "tiny"])
@pytest.mark.usefixtures("small_films")
def test_the_mock_keeps_the_contract(name: str) -> None:
    provider = load(name)
    with MockServer(provider=provider, clock="auto") as server:
        verification = verify(provider, server.url, Settings(poll=0, examples=4, lives=1))
    assert [failure.as_dict() for failure in verification.failures] == []
    served = {each.id for each in provider.operations.values() if each.availability.state != "unavailable"}
    assert {each for each, (_, good) in verification.counts.items() if good} == served
    assert verification.judged


def test_a_route_that_is_opened_is_looked_at_as_any_other() -> None:
    opened = frozenset(OPERATIONS.split(","))
    settings = Settings(poll=0, examples=2, lives=1, operations=tuple(opened), opened=opened)
    with MockServer(provider="cometapi", clock="auto", opened=opened) as server:
        verification = verify(load("cometapi"), server.url, settings)
    assert verification.failures == []
    assert verification.counts["createImageExpansion"][1] > 5


def test_the_command_verifies_a_mock_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--provider", "anyapi", *QUICK]) == 0
    printed = capsys.readouterr()
    assert "the contract is kept" in printed.out
    assert "createImageExpansion: callbacks: 2 requests, fine" in printed.out
    assert "Schemathesis: not checked: it was left out" in printed.out
    assert "\033" not in printed.out + printed.err


def test_the_command_verifies_a_server_on_a_port(tmp_path: Path) -> None:
    report = tmp_path / "found.json"
    with Serve("--provider", "anyapi", "--speed", "600", "--api-key", "secret-key") as served:
        where = ["--base-url", f"{served.url}/", "--provider", "anyapi", "--api-key", "secret-key"]
        assert main(["verify", *where, *QUICK, "--report", f"json={report}"]) == 0
    found = json.loads(report.read_text())
    assert found["failures"] == []
    assert found["base_url"] == served.url
    assert "secret-key" not in report.read_text()


@pytest.mark.parametrize("provider", ["anyapi", "cometapi"])
def test_a_wrong_key_is_red(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer(provider=provider, clock="auto", keys=frozenset({"right"})) as server:
        where = ["--base-url", server.url, "--provider", provider, "--api-key", "wrong"]
        assert main(["verify", *where, *QUICK]) == 1
    printed = capsys.readouterr().out
    assert "guard.auth" in printed
    assert "guard.success" in printed
    assert "wrong" not in printed
    assert "what is refused: not checked: every answer with the key was about credentials" in printed
    assert (
        f"again: kling-contract verify --provider {provider} --seed 0 --examples 2 --base-url {server.url}" in printed
    )


def test_the_reports_tell_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / name for name in ("json", "junit", "har")}
    reports = ",".join(f"{name}={file}" for name, file in files.items())
    with MockServer(provider="anyapi", clock="auto", keys=frozenset({"right"})) as server:
        where = ["--base-url", server.url, "--provider", "anyapi", "--api-key", "wrong", "--operations", GET]
        assert main(["verify", *where, *QUICK, "--report", f"text,{reports}"]) == 1
    found = json.loads(files["json"].read_text())
    suites = ElementTree.parse(files["junit"]).getroot()
    entries = json.loads(files["har"].read_text())["log"]["entries"]
    failed = {each["part"] for each in found["failures"]}
    assert {case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None} == failed
    assert suites.get("failures") == str(len(failed))
    assert len(entries) == sum(each["requests"] for each in found["parts"])
    assert f"{len(found['failures'])} failures in {len(entries)} requests" in capsys.readouterr().out
    assert all("wrong" not in file.read_text() for file in files.values())
    assert any("guard.auth" in entry["comment"] for entry in entries)


def test_only_closed_routes_are_nothing_to_judge_by(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--operations", OPERATIONS, *QUICK]) == 3
    assert "nothing could be judged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--base-url", "https://api.cometapi.com"], "--i-pay-for-this-server"),
        (["--base-url", "http://198.51.100.7:8080"], "--i-pay-for-this-server"),
        (["--base-url", "http://0.0.0.0:8080"], "--i-pay-for-this-server"),
        (["--base-url", "http://nowhere.invalid"], "--i-pay-for-this-server"),
        (["--base-url", "localhost:8080"], "accepted: http(s)://HOST"),
        (["--base-url", "http://user@localhost"], "accepted: http(s)://HOST"),
        (["--operations", "createImageExpanson"], "did you mean 'createImageExpansion'?"),
        (
            ["--report", "text,json=/none-such/x.json"],
            "--report: /none-such/x.json cannot be written; accepted: a file",
        ),
        (["--report", "har=/"], "--report: / cannot be written"),
        (["--open", "nothing"], "no operation 'nothing'; accepted: create"),
        (["--provider", "none-such.yaml"], "none-such.yaml"),
    ],
)
def test_wrong_use_is_one_line(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *options]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--examples", "0"], "1 to 100000"),
        (["--patience", "-1"], "accepted: seconds"),
        (["--report", "pdf"], "accepted: text, json, junit, har"),
    ],
)
def test_wrong_options_are_one_line(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", *options])
    assert end.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["schemathesis", "hypothesis"])
def test_a_missing_extra_is_named(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["verify"]) == 2
    assert f"this needs {missing}; install it with: pip install 'kling-contract[verify]'" in capsys.readouterr().err


def test_a_server_that_is_down_is_exit_5(capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer(provider="anyapi") as server:
        url = server.url
    assert main(["verify", "--base-url", url, "--provider", "anyapi", *QUICK]) == 5
    assert f"{url} does not answer" in capsys.readouterr().err
    with pytest.raises(Down):
        verify(load("anyapi"), url, Settings())


@pytest.mark.parametrize(
    ("url", "addresses", "here"),
    [
        ("http://127.0.0.1:1", [], True),
        ("http://127.9.9.9", [], True),
        ("http://[::1]:80", [], True),
        ("http://10.0.0.1", [], False),
        ("http://[::ffff:10.0.0.1]", [], False),
        ("http://0.0.0.0", [], False),
        ("http://fake", ["127.0.0.1", "::1"], True),
        ("http://fake", ["127.0.0.1", "10.0.0.1"], False),
        ("http://fake", [], False),
    ],
)
def test_what_is_on_this_machine(url: str, addresses: list[str], here: bool) -> None:
    resolve: Callable[[str], list[str]] = lambda host: addresses  # noqa: E731
    assert is_here(url, resolve) is here
