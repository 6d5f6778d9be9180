"""What a document says must be able to work, wherever the document is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import kling_contract
from kling_contract import Kling, documents, soundness
from kling_contract.cli import main
from kling_contract.documents.extent import MOST
from kling_contract.errors import DocumentError
from mock_server.app import create_app
from mock_server.settings import Settings

TINY = (Path(__file__).parents[1] / "documents" / "tiny.yaml").read_text(encoding="utf-8")
GET = "x-envelope: {ok: true, job: {$ref: '#/components/x-envelope/job'}, trace: $request_id}"
LIST = "{$each: tasks, item: {$ref: '#/components/x-envelope/job'}}"
CELLS = "{id: poster.cells, expression: columns * rows <= 12, message: '{left} cells exceed {right}'}"
LIFE = "transitions:\n          - {to: processing, typical: 1}\n          - {to: succeed, typical: 2}\n"


def written(old: str, new: str, folder: Path) -> tuple[Path, int]:
    """Write the tiny document with the first `old` replaced; return its path and the line of the first change."""
    assert old in TINY, old
    path = folder / "tiny.yaml"
    path.write_text(TINY.replace(old, new, 1), encoding="utf-8")
    same = next(
        (at for at, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), min(len(old), len(new))
    )
    return path, TINY[: TINY.index(old) + same].count("\n") + 1


# What stands there, what stands there instead, what is said of it, and the text in whose line it is said to be, unless
# that is the first one that was changed.
UNSOUND: dict[str, tuple[str, ...]] = {
    "a create without the id": ("job: {key: $id, state", "job: {key: 1, state",
                                "createImageToVideo never says $id", "x-envelope: &made"),
    "a get without the id": (GET, GET.replace("job: {$ref: '#/components/x-envelope/job'}", "job: {state: $status}"),
                             "getImageToVideo never says $id"),
    "a get without the status": (GET, GET.replace("job: {$ref: '#/components/x-envelope/job'}", "job: {key: $id}"),
                                 "getImageToVideo never says $status"),
    "an item without the status": (LIST, "{$each: tasks, item: {key: $id}}", "listImageToVideos never says $status"),
    "a list without tasks": (LIST, "[{key: $id, state: $status}]", "listImageToVideos lists no tasks"),
    "a result's name outside of one": ("trace: $request_id}\n      parameters: &job-id",
                                       "trace: $url}\n      parameters: &job-id", "says $url where it has no value"),
    "a required field that may be blank": ("kind: create, call: posters.make}",
                                           "kind: create, blank: [headline], call: posters.make}",
                                           "createPoster says that an empty headline is absent, and requires it"),
    "a field known as another": ("rows: {type: integer,", "rows: {x-also-known-as: [Columns], type: integer,",
                                 "says that 'rows' is known as 'Columns', which is 'columns' itself"),
    "two fields known as the same": (
        "columns: {type: integer, minimum: 1, maximum: 12, default: 1}\n        rows: {type",
        "columns: {type: integer, x-also-known-as: [lines]}\n        rows: {x-also-known-as: [lines], type",
        "says that 'rows' is known as 'lines', which is one of 'columns' already", "rows: {type: integer"),
    "a field known as itself": ("rows: {type: integer,", "rows: {x-also-known-as: [Rows], type: integer,",
                                "says that 'rows' is known as 'Rows', which is 'rows' itself"),
    "a meaning without a pattern": ("rows: {type: integer,", "rows: {x-pattern-means: a number, type: integer,",
                                    "there is no pattern beside it, of which it could tell the meaning"),
    "a value known as another": ("enum: [plain, loud, antique]",
                                 "enum: [plain, loud, antique]\n          x-values-also-known-as: {plain: [LOUD]}",
                                 "says that 'plain' is known as 'LOUD', which is 'loud' itself", "default: plain\n"),
    "a value that is none": ("enum: [plain, loud, antique]",
                             "enum: [plain, loud, antique]\n          x-values-also-known-as: {plane: [simple]}",
                             "has no 'plane' that could be known as 'simple'", "default: plain\n"),
    "a path item's key": ("    post:\n      operationId: createPoster", "    psot:\n      operationId: createPoster",
                          "/make/poster/psot: unknown key; accepted: summary, description, servers, parameters, get,"),
    "an operation's key": ("      summary: One clip", "      sumary: One clip", "did you mean 'summary'?"),
    "a required field": ("required: [headline]", "required: [headlin]", "did you mean 'headline'?"),
    "a keyword of a schema": ("maxLength: 80", "maxLenght: 80", "did you mean 'maxLength'?"),
    "a path parameter": ("{name: job, in: path", "{name: jib, in: path", "has no path parameter 'job'",
                         "parameters: &job-id"),
    "the least time": ("least: 10, most: 40", "least: 21, most: 40", "least is 21 and typical is 20"),
    "the most time": ("least: 10, most: 40", "least: 10, most: 19", "most is 19 and typical is 20"),
    "a life without end": ("{to: succeed, typical: 2}", "{to: submitted, typical: 2}",
                           "goes to processing, submitted;", LIFE),
    "the field of a choice": ("{by: seconds,", "{by: second,", "has no field 'second'; did you mean 'seconds'?"),
    "a value of a choice": ("values: {'10': 240}", "values: {'11': 240}", "has no value of seconds '11'",
                            "{by: seconds"),
    "a number of a choice": ("otherwise: 360}", "otherwise: 0}", "0 is less than"),
    "a key of a choice": ("otherwise: 360}", "else: 360}", "accepted: by, values, otherwise"),
    "a top-level key": ("\nservers:", "\nsrvers:", "srvers: unknown key; accepted: openapi, info, jsonSchemaDialect,"),
    "no server": ("  - url: https://api.acme.example/v9", "  []", "servers: is empty", "servers:"),
    "a server's URL": ("https://api.acme.example/v9", "/v9", "accepted: an absolute http(s) URL"),
    "a server's port": ("https://api.acme.example/v9", "https://api.acme.example:port/v9",
                        "accepted: an absolute http(s) URL"),
    "a list without its item": ("{$each: tasks, item:", "{$each: tasks, itm:",
                        "itm: unknown key; accepted: $each, item;"),
    "something beside $equals": ("{$equals: no-job}", "{$equals: no-job, a: 1}", "a: unknown key; accepted: $equals"),
    "a key with a dollar": ("{$equals: no-job}", "{$equal: no-job}", "did you mean '$equals'?"),
    "the field of a callback": ("'{$request.body#/hook}':", "'{$request.body#/hok}':",
                                "has no field 'hok'", "callbacks:"),
    "a parameter without its place": ("{name: part, in: query,", "{name: part, inn: query,", "parameters/0: has no in"),
    "a parameter's place": ("{name: part, in: query,", "{name: part, in: quary,",
                        "accepted: query, path, header, cookie"),
    "a rule given twice": (f"- {CELLS}\n", f"- {CELLS}\n        - {CELLS}\n", "rule poster.cells is given twice"),
    "a rule over a text": ("columns * rows <=", "columns * headline <=",
                           "rule poster.cells: headline is string; accepted: fields that are integer or number",
                           "        - {id: poster.cells"),
    "a side of a comparison": ("{left} cells", "{lft} cells", "beside it: 'lft'; did you mean 'left'?"),
    "a row for a rule that is none": ("rules: ['*']", "rules: ['*', poster.cels]",
                                      "no rule 'poster.cels'; did you mean 'poster.cells'?"),
    "a name far from any": ("There is no job $id", "There is no job $zzz",
                            "no value of this name: 'zzz'; accepted: field, found, id, limit, message, model,"),
    "a field far from any": ("count: copies", "count: zzz", "has no field 'zzz'; accepted: headline, "),
    "a field of a violation": ("      x-rules:\n", "      x-violation: {rule: poster.rows, message: '{rws} rows'}\n"
                               "      x-rules:\n", "no field of this name: 'rws'; did you mean 'rows'?"),
    "a property with nothing": ("words: {type", "words: #{type", "words: is empty (null) and must be object"),
    "responses with nothing": ("      responses: *one-job\ncomponents:", "      responses:\ncomponents:",
                               "responses: is empty (null) and must be object"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNSOUND)
def test_what_could_not_work_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    old, new, words, *culprit = UNSOUND[what]
    path, line = written(old, new, tmp_path)
    if culprit:
        line = TINY[: TINY.index(culprit[0])].count("\n") + 1
    with pytest.raises(DocumentError, match=re.escape(words)) as caught:
        soundness.load(path)
    assert caught.value.line == line
    assert len(str(caught.value).splitlines()) == 1


def test_every_door_looks_over_a_document_that_is_not_bundled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, line = written("count: copies", "count: copys", tmp_path)
    documents.load(path)
    doors: tuple[Callable[[Path], object], ...] = (
        kling_contract.load,
        lambda it: Kling(provider=it, api_key="key"),
        lambda it: create_app(Settings(provider=it)),
    )
    for door in doors:
        with pytest.raises(DocumentError, match="has no field 'copys'") as caught:
            door(path)
        assert caught.value.line == line
    assert main(["spec", str(path)]) == 2
    assert f"tiny.yaml:{line}: createPoster has no field" in capsys.readouterr().err


def test_a_bundled_document_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "verify", lambda provider: pytest.fail("the tests have looked it over"))
    assert soundness.load("kling").name == "kling"


def bomb(levels: int, entry: str) -> str:
    """Return a text in which each level has nine times what the one below has."""
    lines = [f"b{level}: &b{level} {entry.format(', '.join([f'*b{level - 1}'] * 9))}" for level in range(1, levels)]
    return "\n".join(["b0: &b0 {x: 1}", *lines, ""])


@pytest.mark.parametrize("entry", ["[{}]", "{{<<: [{}]}}"])
@pytest.mark.parametrize("command", [["spec"], ["operations", "--provider"]])
def test_aliases_of_aliases_are_counted_before_they_are_written_out(
    entry: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(TINY + bomb(9, entry), encoding="utf-8")
    assert main([*command, str(path)]) == 2
    lines = TINY.count("\n")
    (said,) = capsys.readouterr().err.splitlines()
    assert f"more than {MOST} parts" in said
    assert int(re.findall(r"bomb\.yaml:(\d+): ", said)[0]) in range(lines + 5, lines + 10)


def test_references_to_references_are_counted_too(tmp_path: Path) -> None:
    below = "{{$ref: '#/components/schemas/S{1}'}}"
    twice = f"    S{{0}}: {{{{properties: {{{{a: {below}, b: {below}}}}}}}}}\n"
    chain = "".join(twice.format(level, level + 1) for level in range(30)) + "    S30: {type: object}\n"
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace("  schemas:\n", f"  schemas:\n{chain}"), encoding="utf-8")
    with pytest.raises(DocumentError, match=f"more than {MOST} parts"):
        soundness.load(path)


@pytest.mark.parametrize("levels", [60, 1200])
def test_references_that_lead_too_deep_are_told(levels: int, tmp_path: Path) -> None:
    step = "    S{0}: {{items: {{$ref: '#/components/schemas/S{1}'}}}}\n"
    chain = "".join(step.format(level, level + 1) for level in range(levels)) + f"    S{levels}: {{type: object}}\n"
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace("  schemas:\n", f"  schemas:\n{chain}"), encoding="utf-8")
    if levels == 60:
        assert soundness.load(path).name == "acme"
        return
    with pytest.raises(DocumentError, match=r"too deep to follow|levels deep") as caught:
        soundness.load(path)
    assert caught.value.line


@pytest.mark.parametrize("text", ["", "[]", "a", "openapi: 3.1.0\n"])
def test_spec_of_what_is_no_document_is_one_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text(text, encoding="utf-8")
    assert main(["spec", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_line_of_a_part_in_another_file_is_that_of_the_other_file(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("job:\n  - name: job\n    inn: path\n", encoding="utf-8")
    own = "        - {name: job, in: path, required: true, schema: {type: string, minLength: 1}}"
    path, _ = written(f"parameters: &job-id\n{own}", "parameters: &job-id {$ref: 'parts.yaml#/job'}", tmp_path)
    with pytest.raises(DocumentError, match="parameters/0: has no in") as caught:
        soundness.load(path)
    assert (Path(caught.value.file).name, caught.value.line) == ("parts.yaml", 2)


def test_a_part_of_a_path_in_another_file_is_bundled(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(TINY, encoding="utf-8")
    own = "- {name: part, in: query, schema: {type: integer, minimum: 1, maximum: 99, default: 1}}"
    path, _ = written(own, "- {$ref: 'other.yaml#/paths/~1jobs~1clip/get/parameters/0'}", tmp_path)
    assert soundness.load(path).operation("listImageToVideos").page == "part"
    found = documents.bundle(path)["paths"]["/jobs/clip"]["get"]["parameters"][0]
    assert (found["name"], found["schema"]["maximum"]) == ("part", 99)
