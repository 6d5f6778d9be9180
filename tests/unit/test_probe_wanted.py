"""What is to be probed, as a file or options say it: every mistake is one line, and no line repeats a key."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kling_contract.cli import main
from kling_contract.clock import RealClock
from kling_contract.errors import ConfigurationError, DocumentError, KlingError
from kling_contract.probe.wanted import Config, Wanted

SECRET = "sk-abcdef0123456789"
HEAD = "providers:\n  - {document: cometapi}\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "probe.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def command(*options: str) -> int:
    try:
        return main(["probe", *options])
    except SystemExit as end:
        return int(end.code or 0)


def test_a_file_says_what_is_probed(tmp_path: Path) -> None:
    text = (
        HEAD
        + "  - document: kling\n    base_url: http://h/{provider}\n    key_env: MY_KEY\n    level: 3\n"
        + "    operations: [createImageToVideo]\n"
    )
    first, second = Config.read(written(tmp_path, text)).wanted
    assert (first.document, first.level, first.operations, first.key_env) == ("cometapi", 2, (), None)
    assert (second.key_env, second.level, second.operations) == ("MY_KEY", 3, ("createImageToVideo",))
    target = second.target({"MY_KEY": f" {SECRET}\n"}, RealClock())
    assert target.plan.base_url == "http://h/kling"
    assert target.credential is not None
    assert target.credential.bearer() == SECRET
    assert SECRET not in repr(target)


# what is in the file after two good lines, the line of the mistake, and what is said of it
MISTAKES = [
    ("  - {}\n", 3, "document is missing; accepted: a bundled name"),
    ("  - cometapi\n", 3, "'cometapi' is no provider"),
    ("  - [cometapi]\n", 3, "is no provider"),
    ("  -\n", 3, "None is no provider"),
    ("  - {document: ''}\n", 3, "document: '' is not accepted"),
    ("  - {document: 5}\n", 3, "document: 5 is not accepted"),
    ("  - document: kling\n    lvl: 2\n", 4, "unknown key 'lvl'; accepted: document, base_url"),
    ("  - document: kling\n    level: 6\n", 4, "level: 6 is not accepted; accepted: 0 to 5"),
    ("  - document: kling\n    level: -1\n", 4, "level: -1"),
    ("  - document: kling\n    level: '2'\n", 4, "level: '2'"),
    ("  - document: kling\n    level: true\n", 4, "level: True"),
    ("  - document: kling\n    level: 2.0\n", 4, "level: 2.0"),
    ("  - document: kling\n    operations: createImageToVideo\n", 4, "a list of operationIds"),
    ("  - document: kling\n    operations: [1]\n", 4, "a list of operationIds"),
    ("  - document: kling\n    base_url: 5\n", 4, "base_url: 5"),
    ("  - document: kling\n    base_url: http://h/{provder}\n", 4, "{provider} in it is the provider's name"),
    ("  - document: kling\n    base_url: http://h h\n", 4, "accepted: http(s)://host"),
    ("  - document: kling\n    key_env: [A]\n", 4, "never a key"),
    ("  - document: kling\n    document: kling\n", 4, "given twice"),
    ("  - document: kling\n    1.5: 2\n", 4, "needs quotes"),
    ("levels: 5\n", 3, "unknown key 'levels'; accepted: providers"),
    ("  - {document: kling\n", 3, ""),
    ("\t- x\n", 3, ""),
]


@pytest.mark.parametrize(("text", "line", "says"), MISTAKES)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str, line: int, says: str) -> None:
    file = written(tmp_path, HEAD + text)
    with pytest.raises(DocumentError) as caught:
        Config.read(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "5\n", "[]\n", "providers: 5\n", "providers: []\n", "a: b\n", "# nothing\n"])
def test_a_file_without_providers_is_refused(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(DocumentError, match=r"providers: \[\{document") as caught:
        Config.read(file)
    assert str(caught.value).startswith(f"{file}:1: ")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"providers: [!!python/object:os.system {}]"])
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "probe.yaml"
    if content is not None:
        file.write_bytes(content)
    assert command("--config", str(file)) == 2
    assert str(file) in capsys.readouterr().err


KEYS = [
    f"key: {SECRET}",
    f"api_key: {SECRET}",
    f"apiKey: {SECRET}",
    f"token: {SECRET}",
    f"password: {SECRET}",
    f"secret_key: {SECRET}",
    f"Authorization: Bearer {SECRET}",
    f"key_env: {SECRET}",
    f"key_env: Bearer {SECRET}",
    "key_env: 0123456789abcdef0123456789abcdef",
    "key_env: abcdef0123456789abcdef0123456789",
    f"key_env: ${SECRET}",
    f"base_url: https://me:{SECRET}@example.com",
    f"base_url: https://{SECRET}@example.com",
    f"base_url: https://example.com/?key={SECRET}",
    f"base_url: https://example.com/#{SECRET}",
]


@pytest.mark.parametrize("line", KEYS)
def test_a_key_in_a_file_is_refused_and_not_repeated(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, f"providers:\n  - document: cometapi\n    {line}\n")
    assert command("--config", str(file), "--dry-run") == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"kling-contract: {file}:3: ")
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    for secret in (SECRET, "0123456789abcdef"):
        assert secret not in captured.err


@pytest.mark.parametrize("key", [SECRET, "abcdef0123456789", "Bearer x", ""])
def test_a_key_in_place_of_a_variable_is_refused_and_not_repeated(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--key-env", key, "--base-url", "http://127.0.0.1:9", "--dry-run") == 2
    captured = capsys.readouterr()
    assert "never a key" in captured.err
    assert not key or key not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("url", [f"https://me:{SECRET}@h", f"https://h?k={SECRET}", f"https://h#{SECRET}"])
def test_a_key_in_a_base_url_is_refused_and_not_repeated(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--base-url", url, "--dry-run") == 2
    captured = capsys.readouterr()
    assert SECRET not in captured.err + captured.out
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{document: cometapj}", "no such provider"),
        ("{document: ./nothing.yaml}", "No such file"),
        ("{document: cometapi, operations: [createCat]}", "createCat"),
        ("{document: cometapi, base_url: example.com}", "accepted: http(s)://host"),
        ("{document: cometapi, base_url: 'ftp://h'}", "accepted: http(s)://host"),
        ("{document: cometapi, base_url: 'http://h:99999'}", "accepted: http(s)://host"),
        ("{document: cometapi, level: 3}", "name the creates with --operations"),
        ("{document: cometapi, level: 5}", "KLING_PROBE_SPEND=1"),
    ],
)
def test_what_only_the_document_refuses_has_its_place_too(
    tmp_path: Path, entry: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, f"{HEAD}  - {entry}\n")
    assert command("--config", str(file), "--dry-run") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"kling-contract: {file}:3: ")
    assert says in said
    assert len(said.splitlines()) == 1


def test_a_file_and_a_provider_are_not_given_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--config", str(written(tmp_path, HEAD)), "--provider", "kling") == 2
    assert "not both" in capsys.readouterr().err


def test_of_several_providers_each_is_asked_for_what_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--provider", "cometapi", "--provider", "anyapi", "--dry-run", "--operations")
    assert main(["probe", *options, "createImageExpansion,createImageToVideo"]) == 0
    first, second = capsys.readouterr().out.split("AnyAPI")
    assert "createImageToVideo" in first
    assert "createImageExpansion" in second
    assert "createImageToVideo" not in second
    assert main(["probe", *options, "createImageToVideo"]) == 0
    assert "anyapi has none of createImageToVideo" in capsys.readouterr().err
    assert main(["probe", *options, "createImageExpansion,createCat"]) == 2
    assert "no operation 'createCat'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--fail-on", ""), "--fail-on: nothing is named; accepted: down, degraded, drift, unknown"),
        (("--fail-on", ","), "--fail-on: nothing is named; accepted: down, degraded, drift, unknown"),
        (("--report", ""), "--report: no format; accepted: text, json"),
        (("--report", "text,json="), "--report: 'json=' names no file; accepted: json, or json=FILE"),
    ],
)
def test_a_list_that_lost_what_it_named_is_refused(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*options, "--dry-run") == 2
    captured = capsys.readouterr()
    assert (says in captured.err, captured.out) == (True, "")


def test_one_real_task_is_made_at_one_provider(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KLING_PROBE_SPEND", "1")
    providers = ("--provider", "cometapi", "--provider", "kling")
    assert main(["probe", *providers, "--dry-run", "--level", "5", "--spend", "--max-spend", "9"]) == 2
    assert "name one provider" in capsys.readouterr().err


def test_a_provider_named_twice_by_two_names_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, HEAD + "  - {document: cometapi, level: 1, base_url: 'https://api.cometapi.com/'}\n")
    assert command("--config", str(file)) == 2
    assert "cometapi at https://api.cometapi.com is to be probed twice" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["sk abc def 123", "sk-\u00e9t\u00e9-123456", "sk-abc\nX-Evil: 1", "Bearer sk-abc123"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", key)
    assert command("--base-url", "http://127.0.0.1:9") == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert key.split()[-1] not in captured.err
    assert "COMETAPI_KEY" in captured.err


@pytest.mark.parametrize(
    ("environment", "bearer"),
    [
        ({}, None),
        ({"COMETAPI_KEY": ""}, None),
        ({"COMETAPI_KEY": "a-long-key"}, "a-long-key"),
        ({"COMETAPI_API_KEY": "a-long-key"}, "a-long-key"),
        ({"COMETAPI_KEY": "first-key", "COMETAPI_API_KEY": "second-key"}, "first-key"),
        ({"KLING_API_KEY": "the-clients-key"}, None),
        ({"KLING_KEY": "another-providers-key"}, None),
    ],
)
def test_a_key_goes_only_to_the_provider_whose_it_is(environment: dict[str, str], bearer: str | None) -> None:
    target = Wanted(document="cometapi").target(environment, RealClock())
    assert (target.credential.bearer() if target.credential else None) == bearer
    assert target.plan.sends_key == (bearer is not None)
    assert (bearer is not None) or any("is not set" in left.why for left in target.plan.left)


def test_access_and_secret_key_go_together() -> None:
    pair = {"KLING_ACCESS_KEY": "access-key", "KLING_SECRET_KEY": "secret-key-of-32-characters-....."}
    target = Wanted(document="kling").target(pair, RealClock())
    assert target.credential is not None
    assert target.credential.bearer().count(".") == 2
    for name in pair:
        assert Wanted(document="kling").target({name: pair[name]}, RealClock()).credential is None


def test_errors_without_a_file_have_no_place() -> None:
    with pytest.raises(KlingError, match=r"^cometapj: no such provider"):
        Wanted(document="cometapj").target({}, RealClock())
    with pytest.raises(ConfigurationError, match=r"^key_env: the value is not accepted"):
        Wanted(document="cometapi", key_env=SECRET)


@pytest.mark.parametrize("key", ["a", "abc", " abc\n"])
def test_a_key_that_is_too_short_to_be_hidden_is_refused(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", key)
    assert command("--base-url", "http://127.0.0.1:9") == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "kling-contract: COMETAPI_KEY: the key is too short to be kept out of what is told; "
        "accepted: 4 characters or more\n"
    )
    assert captured.out == ""


@pytest.mark.parametrize(
    ("auth", "key_env", "why"),
    [
        ("{key: true}", None, "no key: ACME_KEY or ACME_API_KEY is not set"),
        ("{key: true}", "MY_KEY", "no key: MY_KEY is not set"),
        ("{key: false}", None, "no key: the document takes none"),
        ("{key: false}", "MY_KEY", "no key: the document takes none"),
        ("{key: false, hs256: {lifetime: 600, early: 0}}", None, "KLING_ACCESS_KEY and KLING_SECRET_KEY is not set"),
        (
            "{key: false, hs256: {lifetime: 600, early: 0}}",
            "MY_KEY",
            "no key: the document takes none, but KLING_ACCESS_KEY and KLING_SECRET_KEY",
        ),
    ],
)
def test_why_there_is_no_key(tmp_path: Path, auth: str, key_env: str | None, why: str) -> None:
    tiny = Path(__file__).parents[1] / "documents" / "tiny.yaml"
    document = tmp_path / "tiny.yaml"
    document.write_text(tiny.read_text(encoding="utf-8").replace("auth: {key: true}", f"auth: {auth}"), "utf-8")
    target = Wanted(document=str(document), key_env=key_env).target({}, RealClock())
    (told,) = {left.why for left in target.plan.left if left.level == 2}
    assert told.endswith(why)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"KLING_KEY": "a b c d e"}, "KLING_KEY"),
        ({"KLING_API_KEY": "a b c d e"}, "KLING_API_KEY"),
        ({"KLING_ACCESS_KEY": "ab", "KLING_SECRET_KEY": "cd"}, "KLING_ACCESS_KEY and KLING_SECRET_KEY"),
    ],
)
def test_the_variable_that_holds_a_bad_key_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}: "):
        Wanted(document="kling").target(environment, RealClock())


def test_a_simple_key_for_the_mock_is_taken_and_hidden() -> None:
    target = Wanted(document="cometapi").target({"COMETAPI_KEY": "test", "KLING_ACCESS_KEY": "x"}, RealClock())
    assert target.secrets.hide("a test of xs") == "a $COMETAPI_KEY of xs"


TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"


@pytest.mark.parametrize("folder", ["elsewhere", "."])
@pytest.mark.parametrize("document", ["tiny.yaml", "./tiny.yaml", "own/../tiny.yaml", str(TINY)])
def test_a_document_is_looked_for_beside_the_file_that_names_it(
    document: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("own", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "tiny.yaml").write_bytes(TINY.read_bytes())
    # What lies where the command is run is another document, and none.
    (tmp_path / "elsewhere" / "tiny.yaml").write_text("{}\n", encoding="utf-8")
    config = written(tmp_path, f"providers:\n  - {{document: {document}, base_url: 'http://h'}}\n")
    monkeypatch.chdir(tmp_path / folder)
    assert command("--config", os.path.relpath(config), "--dry-run") == 0
    assert "http://h" in capsys.readouterr().out


def test_a_document_that_is_not_beside_the_file_is_named_where_it_was_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "providers:\n  - document: own/none.yaml\n")
    assert command("--config", str(file), "--dry-run") == 2
    assert f"{tmp_path / 'own' / 'none.yaml'}: {os.strerror(errno.ENOENT)}" in capsys.readouterr().err


def test_a_bundled_name_is_no_file_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "cometapi").write_text("{}\n", encoding="utf-8")
    (only,) = Config.read(written(tmp_path, HEAD)).wanted
    assert only.document == "cometapi"
