"""What a document says and nothing would read is refused by name, with its line; the rest is listed as let be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bridge import loaded

from kling_contract import documents, soundness
from kling_contract.contract import check_parameters
from kling_contract.errors import DocumentError

TINY = (Path(__file__).parents[1] / "documents" / "tiny.yaml").read_text(encoding="utf-8")
JOB = "        - {name: job, in: path, required: true, schema: {type: string, minLength: 1}}\n"
PART = "{name: part, in: query, schema: {type: integer, minimum: 1, maximum: 99, default: 1}}"
SCHEME = "    bearer: {type: http, scheme: bearer}\n"
ZONE = "    parameters: [{name: zone, in: path, required: true, schema: {type: string}}]\n"
MADE = TINY[TINY.index("            key: {type: string}\n") : TINY.index("        trace: {type: string}\n    Job:")]
JOBS = "          content: {application/json: {schema: {$ref: '#/components/schemas/Jobs'}}}"
GET = TINY[TINY.index("  /jobs/poster/{job}:") : TINY.index("      responses: *one-job")]
EXAMPLE = "            examples: {least: {value: {headline: Tonight}}}\n"
CLIP = "      operationId: createImageToVideo\n"
HOOK = "          '{$request.body#/hook}':\n"

# What stands there, what stands there instead, what is said of it, and the text in whose line it is said to be.
UNREAD: dict[str, tuple[str, str, str, str]] = {
    "a page that is a text": (
        PART,
        PART.replace("integer, minimum: 1, maximum: 99, default: 1", "string"),
        "listImageToVideos: the page parameter part is string; accepted: integer",
        "{name: part",
    ),
    "a page of any type": (
        PART,
        "{name: part, in: query, schema: {}}",
        "the page parameter part is of any type",
        "{name: part",
    ),
    "a page with a fraction": (
        PART,
        PART.replace("integer", "number"),
        "the page parameter part is number",
        "{name: part",
    ),
    "the default of a page": (
        PART,
        PART.replace("default: 1", "default: first"),
        "the default of the page parameter part is 'first'; accepted: an integer",
        "{name: part",
    ),
    "pages that count from 0": (
        PART,
        PART.replace("minimum: 1, maximum: 99, default: 1", "minimum: 0, maximum: 99"),
        "the page parameter part begins with 0, as offsets and pages that count from 0 do, which is not read; "
        "accepted: pages that count from 1, with minimum: 1",
        "{name: part",
    ),
    "an offset by its default": (
        PART,
        PART.replace("minimum: 1, maximum: 99, default: 1", "default: 0"),
        "the page parameter part begins with 0",
        "{name: part",
    ),
    "an offset by its exclusive minimum": (
        PART,
        PART.replace("minimum: 1, maximum: 99, default: 1", "exclusiveMinimum: -1"),
        "the page parameter part begins with 0",
        "{name: part",
    ),
    "a page of which nothing says where it begins": (
        PART,
        PART.replace(", minimum: 1, maximum: 99, default: 1", ""),
        "nothing says with which number the page parameter part begins; accepted: minimum: 1",
        "{name: part",
    ),
    "a filter that is a list": (
        PART,
        PART + "\n        - {name: kinds, in: query, schema: {type: array}}",
        "the query parameter kinds is array, which is not read; accepted: integer, number, string",
        "{name: kinds",
    ),
    "a scheme of keys": (
        SCHEME,
        "    bearer: {type: apiKey, in: header, name: X-Key}\n",
        "securitySchemes/bearer: apiKey is not read; accepted: {type: http, scheme: bearer}",
        "    bearer: {type: a",
    ),
    "a scheme of passwords": (
        SCHEME,
        SCHEME + "    basic: {type: http, scheme: basic}\n",
        "securitySchemes/basic: http basic is not read",
        "    basic:",
    ),
    "a scheme that there is not": (
        "  - bearer: []\n",
        "  - baerer: []\n",
        "no scheme 'baerer' in securitySchemes; did you mean 'bearer'?",
        "  - baerer",
    ),
    "no credentials": (
        "security:\n  - bearer: []\n",
        "security: []\n",
        "an alternative without a credential",
        "security: []",
    ),
    "an operation without credentials": (
        CLIP,
        f"{CLIP}      security: []\n",
        "an alternative without a credential is not read",
        "      security: []",
    ),
    "credentials as one likes": (
        CLIP,
        f"{CLIP}      security: [{{bearer: []}}, {{}}]\n",
        "an alternative without a credential",
        "      security: [",
    ),
    "a required header": (
        JOB,
        f"{JOB}        - {{name: X-Tenant, in: header, required: true, schema: {{type: string}}}}\n",
        "getImageToVideo: the header parameter X-Tenant is required, and nobody would ask for it",
        "{name: X-Tenant",
    ),
    "a required cookie": (
        JOB,
        f"{JOB}        - {{name: sid, in: cookie, required: true, schema: {{type: string}}}}\n",
        "the cookie parameter sid is required",
        "{name: sid",
    ),
    "a required query parameter": (
        CLIP,
        f"{CLIP}      parameters: [{{name: zone, in: query, required: true, schema: {{type: string}}}}]\n",
        "createImageToVideo: the query parameter zone is required",
        "{name: zone",
    ),
    "a style of a path": (
        JOB,
        JOB.replace("required: true", "required: true, style: matrix"),
        "the path parameter job has the style matrix; accepted: simple",
        "{name: job",
    ),
    "the format of an id": (
        JOB,
        JOB.replace("minLength: 1", "format: uuid"),
        "getImageToVideo: format: uuid does not fit the ids of tasks here, as job_87123456789012345678",
        "{name: job",
    ),
    "the pattern of an id": (
        JOB,
        JOB.replace("minLength: 1", "pattern: '^t-'"),
        "pattern: ^t- does not fit the ids",
        "{name: job",
    ),
    "the type of an id": (
        JOB,
        JOB.replace("string, minLength: 1", "integer"),
        "type: integer does not fit",
        "{name: job",
    ),
    "the format of an id in an answer": (
        MADE,
        MADE.replace("key: {type: string}", "key: {type: string, format: uuid}"),
        "createImageToVideo: format: uuid does not fit the ids",
        "            key: {type: string, format: uuid}",
    ),
    "two ids in a path": (
        "  /jobs/poster/{job}:\n",
        f"  /jobs/{{zone}}/{{job}}:\n{ZONE}",
        "getPoster: 2 parameters in the path of a get, which nothing fills; accepted: its id alone",
        "    get:\n      operationId: getPoster",
    ),
    "an id in the path of a create": (
        "  /make/poster:\n",
        f"  /make/{{zone}}/poster:\n{ZONE}",
        "createPoster: 1 parameter in the path of a create",
        "    post:\n      operationId: createPoster",
    ),
    "one route twice": (
        GET,
        GET.replace("/jobs/poster/{job}", "/jobs/clip/{it}")
        .replace("*job-id", f"[{ZONE.partition('[')[2][:-2]}]")
        .replace("zone", "it"),
        "/jobs/clip/{it} and /jobs/clip/{job} are one route",
        "  /jobs/clip/{it}:",
    ),
    "servers of an operation": (
        CLIP,
        f"{CLIP}      servers: [{{url: 'https://b.example'}}]\n",
        "servers of an operation are not read",
        "      servers:",
    ),
    "servers of a path": (
        "  /make/poster:\n",
        "  /make/poster:\n    servers: [{url: 'https://b.example'}]\n",
        "/make/poster: servers of a path are not read",
        "    servers: [{",
    ),
    "a body of another type": (
        EXAMPLE,
        f"{EXAMPLE}          multipart/form-data: {{schema: {{type: object}}}}\n",
        "createPoster: a body of multipart/form-data is not read; accepted: application/json",
        "          multipart",
    ),
    "the body of a get": (
        JOB,
        f"{JOB}      requestBody: {{content: {{application/json: {{schema: {{type: object}}}}}}}}\n",
        "getImageToVideo: the body of a get is not read",
        "      requestBody: {content: {application/json: {schema: {type: o",
    ),
    "a field in a branch": (
        "    Poster:\n      type: object\n",
        "    Poster:\n      type: object\n      allOf: [{properties: {paper: {type: string}}}]\n",
        "createPoster: the field paper stands in allOf; accepted: among the `properties` of the body itself",
        "      allOf:",
    ),
    "a success of another type": (
        JOBS,
        f"          content: {{text/csv: {{schema: {{}}}}}}\n        '202':\n          description: x\n{JOBS}",
        "listImageToVideos: a success of text/csv; accepted: application/json",
        "          content: {text/csv",
    ),
    "a callback to a fixed place": (
        HOOK,
        "          'https://a.example/{$request.body#/hook}':\n",
        "the callback https://a.example/{$request.body#/hook} is not read; accepted: {$request.body#/FIELD}",
        "          'https://a",
    ),
    "a callback of the query": (
        HOOK,
        "          '{$request.query.hook}':\n",
        "is not read; accepted: {$request.body#/FIELD}",
        "          '{$request.q",
    ),
    "a callback that is a put": (
        f"{HOOK}            post:\n",
        f"{HOOK}            put:\n",
        "the callback done is a put, which is not read; accepted: post",
        HOOK[:-1],
    ),
    "a second callback": (
        "      callbacks:\n",
        "      callbacks:\n        first: {'{$request.body#/hook}': {post: {x-envelope: {a: $id}}}}\n",
        "the callback done is one too many; accepted: one",
        HOOK[:-1],
    ),
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_nothing_would_read_is_refused_in_its_line(what: str, tmp_path: Path) -> None:
    old, new, words, culprit = UNREAD[what]
    assert old in TINY, old
    text = TINY.replace(old, new, 1)
    path = tmp_path / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=re.escape(words)) as caught:
        soundness.load(path)
    assert caught.value.line == text[: text.index(culprit)].count("\n") + 1
    assert len(str(caught.value).splitlines()) == 1


def test_an_operation_of_an_unusual_method_is_refused(tmp_path: Path) -> None:
    text = TINY.replace(
        "  /jobs/poster/{job}:\n",
        "  /odd:\n    head: {x-operation: {family: poster, kind: get, ids: [task]}}\n  /jobs/poster/{job}:\n",
    )
    path = tmp_path / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match="an operation of the method head is not read"):
        soundness.load(path)


LET_BE = {
    "an optional header": (JOB, f"{JOB}        - {{name: X-Trace, in: header, schema: {{type: string}}}}\n"),
    "a header that OpenAPI describes elsewhere": (
        JOB,
        f"{JOB}        - {{name: Content-Type, in: header, required: true, schema: {{type: string}}}}\n",
    ),
    "a page that begins with 1 by its default": (PART, PART.replace("minimum: 1", "minimum: 0")),
    "a page that begins with 1 by its minimum": (PART, PART.replace(", default: 1", "")),
    "a page that is required": (PART, PART.replace("in: query", "in: query, required: true")),
    "an optional query parameter of a get": (
        JOB,
        f"{JOB}        - {{name: z, in: query, schema: {{type: boolean}}}}\n",
    ),
    "a parameter of the path": (
        "  /jobs/poster/{job}:\n    get:\n",
        f"  /jobs/poster/{{job}}:\n    parameters:\n{JOB[2:]}    get:\n",
    ),
    "what people read": (CLIP, f"{CLIP}      tags: [a]\n      deprecated: true\n      description: A clip.\n"),
    "the pattern of an id that fits": (JOB, JOB.replace("minLength: 1", "pattern: '^job_[0-9]{20}$'")),
    "a callback without an x-envelope": (
        "      callbacks:\n",
        "      callbacks:\n        other: {'{$request.body#/zzz}': {post: {responses: {'200': {description: x}}}}}\n",
    ),
    "no security at all": ("security:\n  - bearer: []\n", ""),
}


@pytest.mark.parametrize("what", LET_BE)
def test_what_is_let_be_on_purpose_is_no_error(what: str, tmp_path: Path) -> None:
    old, new = LET_BE[what]
    assert old in TINY, old
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace(old, new, 1), encoding="utf-8")
    assert soundness.load(path).name == "acme"


def test_a_parameter_of_an_operation_replaces_that_of_its_path(tmp_path: Path) -> None:
    wide = "    parameters: [{name: part, in: query, schema: {type: integer, maximum: 1}}]\n"
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace("  /jobs/clip:\n", f"  /jobs/clip:\n{wide}"), encoding="utf-8")
    listing = soundness.load(path).operation("listImageToVideos")
    assert [each["name"] for each in listing.parameters] == ["part", "per_part"]
    assert check_parameters(listing, {"part": "9"}) == []


@pytest.mark.parametrize("name", documents.bundled())
def test_nothing_of_a_bundled_document_goes_unread(name: str) -> None:
    soundness.verify(loaded(name))
