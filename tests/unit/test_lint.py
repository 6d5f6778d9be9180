"""Each kind of finding is found in a small document that was broken that way, and in none that was not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kling_contract.documents import Provider
from kling_contract.soundness import load
from kling_contract.verify.lint import KINDS, SEVERITIES, Finding, lint

TINY = (Path(__file__).parents[1] / "documents" / "tiny.yaml").read_text(encoding="utf-8")

HEADLINE = "headline: {type: string, minLength: 1, maxLength: 80, x-canonical-name: prompt}"
WORDS = "words: {type: string, maxLength: 40, x-canonical-name: prompt}"
STYLE = "enum: [plain, loud, antique]\n          default: plain"
ROWS = "rows: {type: integer, minimum: 1, maximum: 12, default: 1}"
COLUMNS = "columns: {type: integer, minimum: 1, maximum: 12, default: 1}"
LINK = "          links: {job: {operationId: getPoster, parameters: {job: '$response.body#/job/key'}}}\n"
LIFE = "      x-lifecycle:\n        result: image\n"
POSTER = "      required: [headline]\n"
CALLBACKS = "      callbacks:\n"
COMPONENTS = "\ncomponents:\n"
MADE = "{made: {type: integer}, touched: {type: integer}}"
ANSWER = "responses:\n        '200':\n          description: The job is queued.\n"
EMPTY = "responses:\n        '202': {description: Later., content: {application/json: {schema: {}}}}\n" + ANSWER[11:]
LOST = "        lost: {'{$request.body#/hok}': {post: {responses: {'200': {description: Received.}}}}}\n"
THIRD = """
  /jobs/other/{job}:
    get:
      operationId: getOther
      x-operation: {family: poster, kind: get, ids: [task]}
      x-envelope: {ok: true, job: {$ref: '#/components/x-envelope/job'}}
      parameters: [{name: job, in: path, required: true, schema: {type: string}}]
      responses: *one-job"""
HEADER = "      parameters: [{name: content-type, in: header, schema: {type: string}}]\n"
ANTIQUE = "      if: {required: [copies]}\n      then: {required: [style], properties: {style: {const: antique}}}\n"


def facts(*findings: str) -> tuple[str, str]:
    """Return the change that records a defect of the headline."""
    said = f", findings: [{', '.join(findings)}]" if findings else ""
    return HEADLINE, HEADLINE[:-1] + f", x-facts: {{maxLength: {{source: A, defect: the page errs{said}}}}}}}"


TWO_TYPES = "x-facts: {type: {source: A, losers: [{value: array, source: B}]}, maxLength: {source: B}}}"

# What is changed in the document (what stands there, what stands there instead), and a word of the message.
BROKEN: dict[str, tuple[tuple[str, str], str]] = {
    "answer.contradicted": ((MADE, MADE.replace("integer", "string", 1)), "made"),
    "answer.empty": ((ANSWER, EMPTY), "createImageToVideo"),
    "availability.stale": (('observed: "2026-01-02"', 'observed: "2024-12-31"'), "2024-12-31"),
    "availability.undated": ((', observed: "2026-01-02"', ""), "available"),
    "callback.expression": ((CALLBACKS, CALLBACKS + LOST), "$request.body#/hok"),
    "date.future": (
        ('observed: "2026-01-02"', 'observed: "2026-01-03"'),
        "observed on 2026-01-03, and the document is of 2026-01-02",
    ),
    "default.invalid": (("default: '5'", "default: '6'"), "6"),
    "default.required": (("required: [picture]", "required: [picture, seconds]"), "seconds"),
    "default.rule": (
        (COLUMNS, COLUMNS.replace("default: 1", "default: 13")),
        "other defaults: 13 cells exceed 12",
    ),
    "enum.unreachable": (("enum: ['5', '10']", "enum: ['5', '10'], pattern: '^.$'"), "seconds 10"),
    "envelope.lacks": ((COMPONENTS, THIRD + COMPONENTS), "getOther never says $request_id"),
    "errors.ambiguous": (("status: 409", "status: 420"), "task.duplicate"),
    "errors.missing": (("task.duplicate:", "task.twice:"), "task.duplicate"),
    "errors.type": (("{ok: false, fault", "{ok: 0, fault"), "ok is number in auth.missing, and boolean in 4"),
    "errors.undescribed": (("text: 'Who are you?'", "text: 5"), "text"),
    "example.invalid": (("{headline: Tonight}", "{headline: ''}"), "headline"),
    "example.unknown": (("{headline: Tonight}", "{headline: Tonight, size: 1}"), "size"),
    "field.unreachable": ((WORDS, WORDS.replace("maxLength", "minLength: 41, maxLength")), "words"),
    "header.optional": ((LIFE, HEADER + LIFE), "content-type"),
    "limit.unreachable": ((ROWS, ROWS.replace(": 1,", ": 2,").replace(": 1}", ": 2}")), "columns at its maximum 12"),
    "link.expression": (("'$response.body#/job/key'", "'$response.body#/job/kee'"), "/job/kee"),
    "link.parameter": (("parameters: {job: '$", "parameters: {jib: '$"), "getImageToVideo "),
    "link.target": (("{operationId: getPoster,", "{operationId: getPostr,"), "did you mean 'getPoster'?"),
    "name.misspelt": ((WORDS, WORDS.replace("words", "promt")), "promt for prompt"),
    "name.unsaid": ((WORDS, "promt: {type: string}"), "did you mean 'prompt'?"),
    "page.answer": (facts("page.answer"), "the page errs"),
    "page.body": (facts("page.body"), "the page errs"),
    "page.defect": (facts(), "the page errs"),
    "page.example": (facts("page.example"), "the page errs"),
    "page.header": (facts("page.header"), "the page errs"),
    "poll.link": ((LINK, ""), "createPoster"),
    "poll.template": (("ids: [task]}", "ids: [task], template: '/jobs/{job}'}"), "/jobs/poster/{job}"),
    "reach.unknown": ((HEADLINE, HEADLINE.replace("minLength", "uniqueItems: true, minLength")), "uniqueItems"),
    "record.stale": (facts("retired.all"), "retired.all is not found: the page errs"),
    "record.unknown": (facts("retired.al"), "did you mean 'retired.all'?"),
    "request.impossible": ((HEADLINE, HEADLINE.replace("minLength: 1", "minLength: 81")), "createPoster"),
    "required.unsaid": (("required: [picture]", "required: [picture, words]"), "words is required here"),
    "retired.all": ((STYLE, "enum: [antique]\n          default: antique"), "antique"),
    "retired.default": ((STYLE, STYLE.replace("default: plain", "default: antique")), "antique"),
    "retired.example": ((STYLE, f"{STYLE}\n          examples: [antique]"), "antique"),
    "retired.field": ((POSTER, POSTER + ANTIQUE), "copies"),
    "status.unsaid": (("DONE, BROKEN]\n", "DONE, BROKEN, HELD]\n"), "HELD"),
    "type.contradicted": ((HEADLINE, f"{HEADLINE[:-1]}, {TWO_TYPES}"), "B says array, and gives it maxLength"),
    "type.unsaid": ((WORDS, WORDS.replace("string", "integer")), "integer here, string officially"),
}


def changed(change: tuple[str, str], folder: Path) -> Provider:
    old, new = change
    assert old in TINY, old
    path = folder / "tiny.yaml"
    path.write_text(TINY.replace(old, new, 1), encoding="utf-8")
    return load(path)


def looked(provider: Provider) -> list[Finding]:
    return lint(provider, load("kling"))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str]]:
    """What is found in the document as it is."""
    provider = changed(("", ""), tmp_path_factory.mktemp("usual"))
    return Counter((each.id, each.message) for each in looked(provider))


def test_every_kind_is_broken_once() -> None:
    assert list(BROKEN) == sorted(KINDS) == list(KINDS)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_is_told_with_its_line(name: str, tmp_path: Path, usual: Counter[tuple[str, str]]) -> None:
    change, words = BROKEN[name]
    findings = [each for each in looked(changed(change, tmp_path)) if not usual[each.id, each.message]]
    (found, *_) = [each for each in findings if each.id == name]
    assert words in found.message
    assert found.kind is KINDS[name]
    assert found.file == str(tmp_path / "tiny.yaml")
    assert 1 < found.line <= TINY.count("\n") + 20
    assert found.pointer.startswith("/")


def test_what_is_told_of_the_document_as_it_is(usual: Counter[tuple[str, str]]) -> None:
    assert Counter(name for name, _ in usual.elements()) == {
        "errors.missing": 3, "availability.undated": 2, "required.unsaid": 1,
    }  # fmt: skip


KINDS_OF_OBJECT = {
    "one of two objects": "oneOf: [{type: object, required: [x], properties: {x: {type: string}}}, "
    "{type: object, required: [y], properties: {y: {type: integer}}}]",
    "any of two objects": "anyOf: [{type: object, required: [x], properties: {x: {type: string}}}, "
    "{type: object, required: [y], properties: {y: {type: integer}}}]",
    "closed objects": "oneOf: [{type: object, additionalProperties: false, required: [x], properties: {x: {}}}, "
    "{type: object, additionalProperties: false, required: [y], properties: {y: {}}}]",
    "objects of one type": "type: object, oneOf: [{required: [x], properties: {x: {type: string}}}, "
    "{required: [y], properties: {y: {type: integer}}}]",
    "an object or a text": "oneOf: [{type: string}, {type: object, required: [y], properties: {y: {type: integer}}}]",
    "a whole number or a text": "oneOf: [{type: integer, minimum: 3}, {type: string, minLength: 1}]",
}


@pytest.mark.parametrize("says", KINDS_OF_OBJECT.values(), ids=KINDS_OF_OBJECT)
def test_a_field_of_one_kind_or_another_can_be_had(says: str, tmp_path: Path, usual: Counter[tuple[str, str]]) -> None:
    provider = changed((COLUMNS, f"{COLUMNS}\n        camera: {{{says}}}"), tmp_path)
    assert [each for each in looked(provider) if not usual[each.id, each.message]] == []


def test_a_field_that_only_an_impossible_object_would_be_is_told(tmp_path: Path) -> None:
    says = (
        "oneOf: [{type: object, required: [x], properties: {x: {enum: []}}}, {type: string, maxLength: 0, enum: [a]}]"
    )
    provider = changed((COLUMNS, f"{COLUMNS}\n        camera: {{{says.replace('enum: []', 'not: {}')}}}"), tmp_path)
    assert [each.message for each in looked(provider) if each.id == "field.unreachable"] == [
        "no accepted request has camera"
    ]


JOBS = "schema: {$ref: '#/components/schemas/Jobs'}"
SEEN = "{ok: true, part: {jobs: [{key: a, state: HELD, times: {made: 1, touched: b}}]}}"


def test_an_answer_of_another_status_than_200_is_held_against_its_envelope_too(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace("'200':", "'202':").replace(MADE, BROKEN["answer.contradicted"][0][1]))
    assert {each.success for each in load(path).operations.values()} == {202}
    assert "answer.contradicted" in {finding.id for finding in lint(load(path))}


def test_a_status_word_of_an_example_is_told_where_no_enum_refuses_it(tmp_path: Path) -> None:
    provider = changed((JOBS, f"{JOBS}, example: {SEEN}"), tmp_path)
    assert [each.id for each in looked(provider) if "HELD" in each.message] == ["example.invalid"]
    text = provider.file.read_text(encoding="utf-8").replace("      enum: [QUEUED, RUNNING, DONE, BROKEN]\n", "", 1)
    provider.file.write_text(text, encoding="utf-8")
    (found,) = [each for each in looked(load(provider.file)) if "HELD" in each.message]
    assert (found.id, found.message) == ("status.unsaid", "no status has the word HELD")
    assert (found.line, found.operation) == (line_of("example: {ok: true", provider.file), "listImageToVideos")


@pytest.mark.parametrize(("date", "told"), [("2025", 0), ("2026", 0), ("2026-02", 1), ("2026-01-02", 0), ("2027", 1)])
def test_a_fact_of_a_day_to_come_is_told(date: str, told: int, tmp_path: Path) -> None:
    fact = f"{HEADLINE[:-1]}, x-facts: {{maxLength: {{source: A, date: '{date}'}}}}}}"
    found = [each for each in looked(changed((HEADLINE, fact), tmp_path)) if each.id == "date.future"]
    assert len(found) == told
    assert all(each.pointer.endswith("/headline/x-facts/maxLength") for each in found)


def place(findings: list[Finding], name: str) -> tuple[int, str, str | None]:
    (found,) = [each for each in findings if each.id == name]
    return found.line, found.pointer, found.operation


def line_of(text: str, path: Path) -> int:
    return path.read_text(encoding="utf-8").split(text)[0].count("\n") + 1


def test_the_place_is_that_of_the_keyword(tmp_path: Path) -> None:
    provider = changed(BROKEN["retired.default"][0], tmp_path)
    pointer = "/components/schemas/Poster/properties/style/default"
    line = line_of("default: antique", provider.file)
    assert place(looked(provider), "retired.default") == (line, pointer, "createPoster")


def test_a_recorded_finding_carries_what_is_recorded(tmp_path: Path) -> None:
    said = "          x-facts: {default: {source: A, defect: it is gone, findings: [retired.default]}}\n"
    old, new = BROKEN["retired.default"][0]
    findings = looked(changed((old, f"{new}\n{said.rstrip()}"), tmp_path))
    assert [each.recorded for each in findings if each.id == "retired.default"] == ["it is gone"]
    assert "record.stale" not in [each.id for each in findings]


def test_a_record_elsewhere_covers_nothing_and_is_stale(tmp_path: Path) -> None:
    old, new = facts("retired.default")
    path = changed((old, new), tmp_path).file
    path.write_text(path.read_text(encoding="utf-8").replace("default: plain", "default: antique"), encoding="utf-8")
    found = {each.id: each.recorded for each in looked(load(path))}
    assert found["retired.default"] is None
    assert "record.stale" in found


def test_a_record_of_a_field_itself_stands_with_its_properties(tmp_path: Path) -> None:
    says = "properties: {source: A, defect: nobody has both, findings: [field.unreachable]}"
    old, new = BROKEN["field.unreachable"][0]
    path = changed((old, new), tmp_path).file
    text = path.read_text(encoding="utf-8").replace("    Clip:\n", f"    Clip:\n      x-facts: {{{says}}}\n")
    path.write_text(text, encoding="utf-8")
    assert [each.recorded for each in looked(load(path)) if each.id == "field.unreachable"] == ["nobody has both"]


def test_a_value_that_the_page_gives_and_the_document_does_not_is_held_against_the_field(tmp_path: Path) -> None:
    fact = "x-facts: {default: {value: 13, source: A}}"
    change = COLUMNS, COLUMNS.replace("default: 1", fact)
    ids = {each.id: each.pointer for each in looked(changed(change, tmp_path))}
    pointer = "/components/schemas/Poster/properties/columns/x-facts/default"
    assert (ids["default.invalid"], ids["default.rule"]) == (
        pointer,
        "/components/schemas/Poster/properties/rows/default",
    )


def test_a_difference_that_a_fact_tells_is_no_finding(tmp_path: Path) -> None:
    losers = "losers: [{value: string, source: B}]"
    fact = f"x-facts: {{type: {{source: A, {losers}}}}}}}"
    change = WORDS, WORDS.replace("string", "integer")[:-1] + f", {fact}"
    assert "type.unsaid" not in {each.id for each in looked(changed(change, tmp_path))}


def test_without_official_names_nothing_is_held_against_them(tmp_path: Path) -> None:
    ids = {each.id for each in lint(changed(("", ""), tmp_path))}
    assert not ids & {"required.unsaid", "type.unsaid", "name.unsaid"}


def test_what_several_operations_share_is_told_once(tmp_path: Path) -> None:
    change = "kind: {type: string}", "kind: {type: string, default: 5}"
    assert len([each for each in looked(changed(change, tmp_path)) if each.id == "default.invalid"]) == 1


def test_both_ways_to_miss_a_parameter_are_told(tmp_path: Path) -> None:
    found = [each for each in looked(changed(BROKEN["link.parameter"][0], tmp_path)) if each.id == "link.parameter"]
    assert {each.message for each in found} == {
        "getImageToVideo requires job", "getImageToVideo has no parameter jib; it has job",
    }  # fmt: skip


@pytest.mark.parametrize("link", ["{job: [null]}", "{job: 0}", "{job: {operationId: {}}}", "{job: {parameters: x}}"])
def test_a_link_that_is_none_is_told(link: str, tmp_path: Path) -> None:
    found = looked(changed((LINK, f"          links: {link}\n"), tmp_path))
    assert ["this is no link" in each.message for each in found if each.id == "link.target"] == [True]


def test_severities_are_ordered(tmp_path: Path) -> None:
    found = {each.kind.severity: each for each in looked(changed(BROKEN["default.rule"][0], tmp_path))}
    reached = {severity: [each for each in SEVERITIES if found[severity].reaches(each)] for severity in found}
    assert reached == {
        "note": ["note"], "warning": ["note", "warning"], "error": ["note", "warning", "error"],
    }  # fmt: skip
