"""A typo in a document is one line, with file and line number."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from kling_contract.contract import check_request
from kling_contract.documents import Provider, bundled, folder, load, vocabulary
from kling_contract.documents.files import Source
from kling_contract.envelopes import ANSWER_NAMES, ERROR_NAMES
from kling_contract.errors import DocumentError
from kling_contract.soundness import load as load_sound

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
VOCABULARY = yaml.safe_load((folder() / "vocabulary.yaml").read_text(encoding="utf-8"))
README = (folder() / "README.md").read_text(encoding="utf-8")


def copied(name: str, folder_: Path) -> Path:
    """Copy a document and what it refers to; return its path."""
    for source in (TINY, folder() / "common.yaml", *(folder() / f"{each}.yaml" for each in bundled())):
        shutil.copy(source, folder_)
    return folder_ / f"{name}.yaml"


def spoiled(name: str, old: str, new: str, folder_: Path) -> tuple[Path, int]:
    """Replace the first `old` of a copy by `new`; return the copy's path and the line where they part."""
    path = copied(name, folder_)
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{name}.yaml has no {old!r}"
    same = next((at for at, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), len(old))
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path, text[: text.index(old) + same].count("\n") + 1


def opened(path: Path, provider: str) -> Provider:
    return load_sound(path.with_name(f"{provider}.yaml"))


# Which file, what stands there, the typo, and what the error says. The line is that of the first changed character.
TYPOS = {
    "a state that is none": ("anyapi", "state: unverified", "state: unverifed",
                             "accepted: available, unavailable, unverified; did you mean 'unverified'?"),
    "an extension's name": ("anyapi", "x-availability:", "x-avaliability:", "did you mean x-availability?"),
    "a key of x-image": ("common", "side: 300", "sides: 300",
                          "unknown key; accepted: formats, bytes, side, aspect, pixels, accepts; did you mean 'side'?"),
    "a format": ("common", "[jpeg, png]", "[jpg, png]", "accepted: a list of png, jpeg"),
    "an operator": ("anyapi", "ratio) <= 3", "ratio) =< 3", "cannot be read; accepted: field names"),
    "a field of a rule": ("anyapi", "(1 + left_exp", "(1 + lft_exp", "did you mean 'left_expansion_ratio'?"),
    "a field of a rule's message": ("anyapi", "area {left}", "area {lft}", "no such property beside it: 'lft'"),
    "a number of a rule": ("tiny", "rows <= 12", "rows <= 1e2", "cannot be read"),
    "a key given twice": ("tiny", "      summary: One clip\n", "      summary: One clip\n" * 2,
                          "'summary' is given twice"),
    "a list that is not closed": ("anyapi", "      summary: Expand", "      summary: [Expand", "did not find expected"),
    "a tab": ("anyapi", "    name: anyapi", "\t    name: anyapi", "tab character"),
    "a reference to no component": ("anyapi", "schemas/CallbackUrl", "schemas/CallbackURL", "refers to nothing"),
    "a reference to no file": ("anyapi", "common.yaml#/components/schemas/Callb",
                               "comon.yaml#/components/schemas/Callb", "no file comon.yaml"),
    "a reference in an unused component": ("kling", "    bearer: {type: http,",
                                           "    bearer: {$ref: '#/no', type: http,", "refers to nothing"),
    "a date without quotes": ("cometapi", 'observed: "2026-03-13"', "observed: 2026-03-13", "needs quotes"),
    "a day that is none": ("cometapi", 'observed: "2026-03-13"', 'observed: "2026-13"',
                           "'2026-13' is not accepted; accepted: ^"),
    "a transition": ("anyapi", "{to: processing", "{to: procesing",
                          "accepted: submitted, processing, succeed; did you mean 'processing'?"),
    "a transition without its time": ("anyapi", "typical: 2,", "tipical: 2,",
                          "accepted: to, typical, least, most; did you mean 'typical'?"),
    "a fact without its source": ("anyapi", "maxLength: {source: ANYAPI}", "maxLength: {date: '2026'}",
                                  "has no source"),
    "a source": ("anyapi", "maxLength: {source: ANYAPI}", "maxLength: {source: ANYAPY}", "did you mean 'ANYAPI'?"),
    "a loser's source": ("anyapi", "value: n is optional, source: OFF-SEP26",
                         "value: n is optional, source: OFF-SEP-26", "not in x-sources"),
    "a source of a retirement": ("cometapi", "source: LIVE-B}", "source: LIVE-BB}", "did you mean 'LIVE-B'?"),
    "the name of a value": ("common", "task_status: $status", "task_status: $stauts", "did you mean 'status'?"),
    "the name of a list": ("common", "{$each: tasks", "{$each: taks", "did you mean 'tasks'?"),
    "the name of a value of an error": ("common", "$field value", "$feild value", "did you mean 'field'?"),
    "a status word": ("common", "processing: processing", "processing: procesing", "did you mean 'processing'?"),
    "a status that is missing": ("tiny", ", failed: BROKEN}", "}", "has no failed"),
    "a retired value": ("kling", "kling-v1-6: {date", "kling-v1-66: {date", "did you mean 'kling-v1-6'?"),
    "what a row means": ("common", "means: rate", "means: rates", "duplicate, server; did you mean 'rate'?"),
    "a row that a reply names": ("cometapi", "reply: route.unavailable", "reply: route.unavialable",
                             "no row 'route.unavialable' in x-errors; did you mean 'route.unavailable'?"),
    "an operation to follow": ("cometapi", "follows: createI", "follows: creatI",
                               "no operation 'creatImageExpansion'; did you mean 'createImageExpansion'?"),
    "a kind": ("anyapi", "kind: create", "kind: creat", "accepted: create, get, list; did you mean 'create'?"),
    "a key of an operation": ("anyapi", "call: images", "cal: images",
                          "accepted: family, kind, call, external, blank, x-facts; did you mean 'call'?"),
    "the field of the caller's id": ("anyapi", "external: external_task_id", "external: external_tsk_id",
                                     "did you mean 'external_task_id'?"),
    "a field that may be blank": ("anyapi", "blank: [prompt,", "blank: [promt,", "did you mean 'prompt'?"),
    "the field of a count": ("tiny", "count: copies", "count: copys", "did you mean 'copies'?"),
    "a paging parameter": ("kling", "page: pageNum", "page: pagenum", "did you mean 'pageNum'?"),
    "a type": ("anyapi", "prompt: {type: string", "prompt: {type: strng",
               "accepted: string, integer, number, boolean, object"),
    "a pattern": ("cometapi", "pattern: ^[1-9]$", "pattern: ^[1-9$", "is no JSON Schema"),
    "a version": ("anyapi", "vocabulary: 1", "vocabulary: 2", "2 is not accepted; accepted: 1"),
    "the version of OpenAPI": ("anyapi", "openapi: 3.1.0", "openapi: 3.0.1", "this is OpenAPI 3.0.1; 3.1 is read here"),
}  # fmt: skip


@pytest.mark.parametrize("typo", TYPOS)
def test_a_typo_is_one_line_with_file_and_line(typo: str, tmp_path: Path) -> None:
    name, old, new, words = TYPOS[typo]
    path, line = spoiled(name, old, new, tmp_path)
    with pytest.raises(DocumentError) as caught:
        opened(path, "kling" if name == "common" else name)
    error = caught.value
    assert words in error.message
    assert (Path(error.file), error.line) == (path, line)
    assert str(error) == f"{error.file}:{line}: {error.message}"
    assert "\n" not in str(error)


def test_a_merged_key_may_be_given_again(tmp_path: Path) -> None:
    path, _ = spoiled("anyapi", "prompt: {type: string,", "prompt: {<<: {type: integer}, type: string,", tmp_path)
    assert opened(path, "anyapi").operation("createImageExpansion").properties["prompt"]["type"] == "string"


@pytest.mark.parametrize("row", ["auth.missing", "route.unknown", "task.missing", "request.invalid"])
def test_a_required_row_that_is_missing_is_named(row: str, tmp_path: Path) -> None:
    path, _ = spoiled("tiny", f"    {row}:", f"    {row}-not:", tmp_path)
    with pytest.raises(DocumentError, match=f"x-errors has no row {row}") as caught:
        load(path)
    assert caught.value.line == line_of(path, "  x-errors:")


def line_of(path: Path, text: str) -> int:
    return path.read_text(encoding="utf-8").split(text)[0].count("\n") + 1


def test_a_component_that_refers_to_itself_is_named(tmp_path: Path) -> None:
    circle = "    State:\n      $ref: '#/components/schemas/State'\n"
    path, _ = spoiled("tiny", "    State:\n", circle, tmp_path)
    with pytest.raises(DocumentError, match="#/components/schemas/State refers to itself") as caught:
        load(path)
    assert caught.value.line == line_of(path, circle) + 1


def test_two_fields_of_one_canonical_name_are_refused(tmp_path: Path) -> None:
    path, _ = spoiled("tiny", "x-canonical-name: duration", "x-canonical-name: prompt", tmp_path)
    with pytest.raises(DocumentError, match="two fields of the canonical name 'prompt'"):
        opened(path, "tiny")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("family: poster, kind: get", "family: posters, kind: get", "nobody could poll"),
        ("      x-operation: {family: poster, kind: get, ids: [task]}\n", "", "nobody could poll"),
        ("/jobs/poster/{job}:", "/jobs/poster:", "has no id in its path"),
        ("      x-envelope: *made\n", "", "has no x-envelope"),
        ("operationId: createPoster", "operationId: createImageToVideo", "given twice"),
        ("      x-status-values: {submitted", "      x-stati: {submitted", "no property has x-status-values"),
        ("          application/json:\n            schema: {$ref: '#/components/schemas/Poster'}",
         "          text/plain:\n            schema: {$ref: '#/components/schemas/Poster'}", "has no application/json"),
    ],
)  # fmt: skip
def test_an_operation_that_could_not_work_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    path, _ = spoiled("tiny", old, new, tmp_path)
    with pytest.raises(DocumentError, match=words) as caught:
        opened(path, "tiny")
    assert caught.value.line


def test_an_extension_of_another_tool_is_let_be(tmp_path: Path) -> None:
    path, _ = spoiled("tiny", "      summary: One poster", "      x-run-in-apifox: {a: 1}\n      summary: A", tmp_path)
    assert opened(path, "tiny").operation("getPoster").summary == "A"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not an OpenAPI 3.1 document"),
        (b"[]", "not an OpenAPI 3.1 document"),
        (b"info: {}\n", "not an OpenAPI 3.1 document [(]it has no `openapi: 3.1.0`[)]"),
        (b"openapi: 3.0.3\n", "some.yaml:1: this is OpenAPI 3.0.3; 3.1 is read here"),
        (b"openapi: 3.0\n", "this is OpenAPI 3.0; 3.1 is read here"),
        (b"openapi: 3.2.0\n", "this is OpenAPI 3.2.0; 3.1 is read here"),
        (b"openapi: 3.10.0\n", "this is OpenAPI 3.10.0; 3.1 is read here"),
        (b"openapi: [3.1.0]\n", "openapi is of type array; accepted: a version such as 3.1.0"),
        (b"openapi:\ninfo: {}\n", "openapi is of type null; accepted: a version such as 3.1.0"),
        (b"info: {}\nswagger: '2.0'\n", "some.yaml:2: this is Swagger 2.0; OpenAPI 3.1 is read here"),
        (b"swagger: 2.0\n", "this is Swagger 2.0; OpenAPI 3.1 is read here"),
        (b"openapi: 3.1.0\ninfo: {}\n", "info has no x-provider"),
        (b"openapi: 3.1.0\n", "info has no x-provider"),
        (b"a: 1\nb: \xff\xfe\x00\n", "not UTF-8 text: "),
        (b"a: 1\nb: \xe4\n", "not UTF-8 text"),
        (b"1: 2\ntrue: 2\n", "the key true needs quotes"),
        (b"a:\n  ? [b]\n  : c\n", "needs quotes|no text"),
        (b"a: .nan\n", "JSON has no number .nan"),
        (b"a: !!set {b, c}\n", "JSON has nothing like !!set"),
        (b"a: 1\nb: &b [*b]\n", "stands in itself"),
        (b"a: \x00", "not YAML"),
        (
            b"a:\n    b: 1\n   c: 2\n",
            "some.yaml:3: not YAML: .* in the mapping of line 1; accepted: keys in one column",
        ),
        (b"a: b: c\n", "some.yaml:1: not YAML: .*; a text with a colon and a space in it needs quotes"),
        (b"a: 'x\nb: 1\n", "some.yaml:1: not YAML: "),
        (b"a:\n  - b\n c: 2\n", "in the mapping of line 1; accepted: keys in one column"),
        (b"a:\n  - b\n  c: 2\n", "not YAML: .* in the list of line 2; accepted: items in one column"),
        (b"{" * 500, "more than 100 levels deep"),
        (b"[" * 500 + b"]" * 500, "more than 100 levels deep"),
        # Deeper than that the parser may have a bound of its own.
        (b"{" * 5000, "some.yaml:1: (not YAML: |more than 100 levels deep)"),
        (b"[" * 200000 + b"]" * 200000, "some.yaml:1: (not YAML: |more than 100 levels deep)"),
        (b"- " * 5000 + b"a", "more than 100 levels deep"),
    ],
)
def test_a_file_that_is_no_document_is_refused(text: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_bytes(text)
    with pytest.raises(DocumentError, match=words) as caught:
        load(path)
    assert caught.value.file == str(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_bundled_document_without_what_it_refers_to_is_told_how_to_be_one_file(tmp_path: Path) -> None:
    shutil.copy(folder() / "anyapi.yaml", tmp_path)
    with pytest.raises(DocumentError, match=r"no file common\.yaml beside it; `kling-contract spec NAME` prints"):
        load(tmp_path / "anyapi.yaml")


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=os.strerror(errno.ENOENT)):
        load(tmp_path / "none.yaml")


def test_a_name_that_no_provider_has_is_answered_with_those_there_are() -> None:
    with pytest.raises(DocumentError, match=r"accepted: anyapi, cometapi, kling, or a file; did you mean 'cometapi'\?"):
        load("cometapo")


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(yaml.safe_load(TINY.read_text(encoding="utf-8")), indent=1), encoding="utf-8")
    assert load(path).operations.keys() == load(TINY).operations.keys()
    path.write_text(path.read_text(encoding="utf-8").replace('"kind": "list"', '"kind": "lst"'), encoding="utf-8")
    with pytest.raises(DocumentError, match="'lst' is not accepted; accepted: create, get, list") as caught:
        load(path)
    assert caught.value.line == line_of(path, '"kind": "lst"')


def cells(name: str) -> list[str]:
    """Return the row of an extension in the README: extension, where, what it says, example."""
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{name}` |"))
    return row.strip("| ").split(" | ")


@pytest.mark.parametrize("name", sorted(VOCABULARY["properties"]))
def test_each_extension_is_described_in_the_readme_with_an_example_that_is_right(name: str) -> None:
    _, where, says, example = cells(name)
    assert where
    assert says
    text = example.strip("`").encode()
    source = Source(Path("README.md"), text, yaml.safe_load(text))
    assert list(source.tree) == [name]
    vocabulary.check(source)


def keys_of(schema: object) -> set[str]:
    """Return the keys that a schema of the vocabulary gives a meaning to."""
    if isinstance(schema, list):
        return set[str]().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties", {})
    return set(own).union(*map(keys_of, [*own.values(), *(schema[key] for key in schema if key != "properties")]))


def test_each_key_of_each_extension_is_described_in_the_readme() -> None:
    keys = keys_of(VOCABULARY)
    assert {"hs256", "any-status", "losers", "slots"} <= keys
    written = set(re.findall(r"`([^` ]+)`", README))
    assert keys - written - {"family", "kind", "x-facts", "$ref", "to"} == set()


def test_each_name_of_a_value_is_described_in_the_readme() -> None:
    assert {name for name in ANSWER_NAMES | ERROR_NAMES if f"`${name}`" not in README} == set()


def test_the_whole_provider_of_the_readme_works(tmp_path: Path) -> None:
    (text,) = (block for block in re.findall(r"```yaml\n(.*?)```", README, re.S) if "openapi: 3.1.0" in block)
    path = tmp_path / "acme.yaml"
    path.write_text(text, encoding="utf-8")
    validate(yaml.safe_load(text))
    acme = opened(path, "acme")
    assert check_request(acme.operation("createPoster"), {"headline": "Tonight", "copies": "2"}) == []
    assert [each.rule for each in check_request(acme.operation("createPoster"), {"copies": "5"})] == [
        "schema.required",
        "schema.pattern",
    ]


def test_every_file_and_command_of_the_readme_exists() -> None:
    for name in re.findall(r"`(\w+\.yaml)`", README):
        assert (folder() / name).is_file() or name == "acme.yaml"
    assert {"spec", "operations", "serve"} == set(re.findall(r"^kling-contract (\w+)", README, re.M))
