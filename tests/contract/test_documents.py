"""The documents as other tools see them, and what holds between their operations."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
import yaml
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest
from openapi_core.validation.request.exceptions import InvalidRequestBody
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from kling_contract.contract import check_response
from kling_contract.documents import Operation, Provider, bundled, folder, load
from kling_contract.documents.bundle import bundle
from kling_contract.documents.files import read
from kling_contract.soundness import verify

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
FILES = {name: folder() / f"{name}.yaml" for name in bundled()} | {"tiny": TINY}
PROVIDERS = {name: load(path) for name, path in FILES.items()}
OPERATIONS = [(name, each) for name, provider in PROVIDERS.items() for each in provider.operations.values()]

each_file = pytest.mark.parametrize("path", FILES.values(), ids=FILES)
each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
each_operation = pytest.mark.parametrize(
    ("provider", "operation"),
    [(PROVIDERS[name], operation) for name, operation in OPERATIONS],
    ids=[f"{name}-{operation.id}" for name, operation in OPERATIONS],
)


def test_a_bundled_file_is_read_once_and_nobody_changes_it() -> None:
    paths = sorted(folder().glob("*.yaml"))
    before = [copy.deepcopy(read(path).tree) for path in paths]
    for name in bundled():
        verify(load(name))
        bundle(name)
    assert all(read(path) is read(path) for path in paths)
    assert [read(path).tree for path in paths] == before
    assert read(TINY) is not read(TINY)


def written_operations(path: Path) -> set[str]:
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = (node for item in tree["paths"].values() for node in item.values() if isinstance(node, dict))
    return {node["operationId"] for node in found}


@pytest.mark.parametrize("path", [*FILES.values(), folder() / "common.yaml"], ids=[*FILES, "common"])
def test_openapi_spec_validator_accepts_the_file_as_it_is(path: Path) -> None:
    tree, uri = read_from_filename(str(path))
    assert tree["openapi"].startswith("3.1")
    validate(tree, base_uri=uri)


@each_file
def test_schemathesis_finds_every_operation(path: Path) -> None:
    schema = schemathesis.openapi.from_path(str(path))
    found = [result.ok() for result in schema.get_all_operations()]
    assert {each.definition.raw["operationId"] for each in found} == written_operations(path)


@each_file
def test_every_written_operation_is_loaded(path: Path) -> None:
    assert set(load(path).operations) == written_operations(path)


def posted(provider: Provider, operation: Operation, body: bytes) -> MockRequest:
    url = urlsplit(provider.base_urls[0])
    headers = {"authorization": "Bearer key"}
    return MockRequest(f"https://{url.netloc}", "post", url.path + operation.path, headers=headers, data=body)


@each_provider
def test_openapi_core_takes_an_object_and_refuses_a_list(provider: Provider) -> None:
    document = OpenAPI.from_file_path(str(provider.file))
    create = next(each for each in provider.operations.values() if each.kind == "create")
    example = next(iter(create.examples.values()))
    document.validate_request(posted(provider, create, json.dumps(example).encode()))
    with pytest.raises(InvalidRequestBody):
        document.validate_request(posted(provider, create, b"[]"))


@each_provider
def test_the_document_is_sound(provider: Provider) -> None:
    verify(provider)
    assert provider.base_urls


def test_the_bundled_documents_are_the_three_providers() -> None:
    assert bundled() == ("anyapi", "cometapi", "kling")
    assert [load(name).name for name in bundled()] == list(bundled())


def test_the_operation_ids_of_a_wrapper_are_official_ones_of_the_same_family_and_kind() -> None:
    official = {each.id: (each.family, each.kind, each.call) for each in PROVIDERS["kling"].operations.values()}
    for name in ("cometapi", "anyapi"):
        own = {each.id: (each.family, each.kind, each.call) for each in PROVIDERS[name].operations.values()}
        assert own.items() <= official.items()


def test_the_three_families_are_where_the_issue_says() -> None:
    families = {name: {each.family for each in provider.operations.values()} for name, provider in PROVIDERS.items()}
    assert families["kling"] == families["cometapi"] == {"image-expansion", "multi-image-to-image", "image-to-video"}
    assert families["anyapi"] == {"image-expansion"}
    listed = {each.id for each in PROVIDERS["kling"].operations.values() if each.kind == "list"}
    assert listed == {"listImageExpansions", "listMultiImageToImages", "listImageToVideos"}


@each_operation
def test_links_lead_from_a_create_to_its_get(provider: Provider, operation: Operation) -> None:
    links = operation.responses["200"].get("links", {})
    assert bool(links) == (operation.kind == "create")
    for link in links.values():
        target = provider.operation(link["operationId"])
        assert target == provider.sibling(operation, "get")
        names = {each["name"] for each in target.parameters if each["in"] == "path"}
        assert set(link["parameters"]) == names
        assert all(points_into(operation, expression) for expression in link["parameters"].values())


def points_into(operation: Operation, expression: str) -> bool:
    node = operation.envelope.template
    for step in expression.removeprefix("$response.body#/").split("/"):
        node = node[step]
    return bool(node == "$id")


@each_operation
def test_a_create_with_a_callback_field_has_its_envelope_and_schema(provider: Provider, operation: Operation) -> None:
    if operation.callback_field is not None:
        assert operation.callback_field in operation.properties
        assert operation.callback_schema
        assert operation.callback
    else:
        assert not any("callback" in operation.canonical(name) for name in operation.properties)


@each_operation
def test_each_answer_example_satisfies_its_own_schema(provider: Provider, operation: Operation) -> None:
    for status, answer in operation.responses.items():
        for media in answer.get("content", {}).values():
            for example in media.get("examples", {}).values():
                assert check_response(operation, int(status), example["value"]) == []


def test_the_two_observed_answers_of_cometapi_are_examples_of_the_document() -> None:
    comet = PROVIDERS["cometapi"]
    missing = comet.operation("createImageExpansion").responses["404"]["content"]["application/json"]["examples"]
    assert [each["value"] for each in missing.values()] == [{"code": None, "message": "404"}]
    created = comet.operation("createImageToVideo").responses["200"]["content"]["application/json"]["examples"]
    assert [each["value"]["data"]["task_id"] for each in created.values()] == ["2032273942220931072"]


VALUES = {
    "request_id": "c0656403-1e6e-4b7e-b8f8-2cdd2595f2b9",
    "id": "867283741759111202",
    "message": "area 9 exceeds 3",
    "field": "n",
    "found": 10,
    "model": "kling-v1",
    "limit": 100,
}


@each_operation
def test_each_error_row_renders_an_answer_that_the_document_describes(provider: Provider, operation: Operation) -> None:
    for row in provider.errors.values():
        body = row.body.render(VALUES)
        status = 500 if row.status == 200 else row.status  # a page of HTML with status 200 is an error all the same
        assert check_response(operation, status, body) == [], row.name


@each_provider
def test_each_error_row_is_recognised_in_what_it_renders(provider: Provider) -> None:
    for row in provider.errors.values():
        if row.is_json:
            found = provider.classify(row.status, row.body.render(VALUES))
            assert found is not None
            assert (found[0].means, found[0].retry) == (row.means, row.retry), row.name


SHOWN: dict[str, Any] = {
    **VALUES,
    "external_id": "mine",
    "reason": "",
    "units": "8",
    "created_ms": 1758093816979,
    "updated_ms": 1758094147654,
    "images": [{"index": 0, "url": "https://host.example/0.png"}],
    "videos": [{"index": 0, "url": "https://host.example/0.mp4", "result_id": "1", "duration": "5.1"}],
}


@each_operation
@pytest.mark.parametrize("status", ["submitted", "processing", "succeed", "failed"])
def test_each_envelope_renders_an_answer_that_the_document_describes(
    provider: Provider, operation: Operation, status: str
) -> None:
    task = {**SHOWN, "status": status}
    body = operation.envelope.render({**task, "tasks": [task, task]})
    assert check_response(operation, 200, body) == []
    if operation.kind == "list":
        assert [each["id"] for each in operation.envelope.match(body)["tasks"]] == [task["id"]] * 2
    else:
        said = operation.envelope.match(body)
        assert (said["id"], said["status"]) == (task["id"], status)


@each_operation
def test_an_answer_without_its_task_is_a_violation(provider: Provider, operation: Operation) -> None:
    assert check_response(operation, 200, {})
    assert check_response(operation, 200, [])


def test_the_rows_of_the_official_table_are_all_there() -> None:
    table = {
        (401, 1000), (401, 1001), (401, 1002), (401, 1003), (401, 1004),
        (429, 1100), (429, 1101), (429, 1102), (403, 1103),
        (400, 1200), (400, 1201), (404, 1202), (404, 1203),
        (400, 1300), (400, 1301), (429, 1302), (429, 1303), (429, 1304),
        (500, 5000), (503, 5001), (504, 5002),
    }  # fmt: skip
    for name in ("kling", "anyapi"):
        rows = PROVIDERS[name].errors.values()
        found = {(row.status, row.body.template["code"]) for row in rows}
        assert found - table == {(413, 1201)}
        assert table <= found


@pytest.mark.parametrize("name", ["kling", "cometapi", "anyapi"])
def test_a_post_is_sent_again_only_after_an_answer_that_accepted_nothing(name: str) -> None:
    retried = {row.body.template["code"] for row in PROVIDERS[name].errors.values() if row.retry}
    assert retried == {1302, 1303, 5001}


@pytest.mark.parametrize(
    ("name", "row", "status", "text"),
    [
        ("kling", "auth.missing", 401, "Authorization is empty"),
        ("kling", "auth.unknown", 401, "api key not found"),
        ("kling", "auth.invalid", 401, "The token was expected to have 3 parts, but got 0"),
        ("kling", "auth.token", 401, "Authorization is invalid"),
        ("kling", "account.balance", 429, "Account balance not enough"),
        ("kling", "rate.concurrency", 429, "parallel task over resource pack limit"),
        ("kling", "task.missing", 400, "Task not found by id/external id: 867283741759111202"),
        ("kling", "task.duplicate", 400, "External_task_id 867283741759111202 already exists"),
        ("kling", "value.enum", 400, "n value '10' is invalid"),
        ("kling", "image.base64", 400, "File is not in a valid base64 format"),
        ("kling", "body.malformed", 400, "Failed to resolve the request body"),
        ("kling", "model.retired", 400, "The model 'kling-v1' has been discontinued and is no longer available."),
        ("cometapi", "route.unavailable", 404, "404"),
    ],
)  # fmt: skip
def test_the_texts_seen_in_the_wild_are_answered(name: str, row: str, status: int, text: str) -> None:
    found = PROVIDERS[name].errors[row]
    body = found.body.render(VALUES)
    assert (found.status, body["message"]) == (status, text)


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ("schema.type", "body.malformed"),
        ("json.malformed", "body.malformed"),
        ("number.precision", "body.malformed"),
        ("schema.enum", "value.enum"),
        ("schema.required", "request.invalid"),
        ("schema.maximum", "request.invalid"),
        ("expansion.area", "request.invalid"),
        ("image.prefix", "image.base64"),
        ("image.base64", "image.base64"),
        ("image.sides", "image.invalid"),
        ("image.aspect", "image.invalid"),
        ("image.bytes", "image.invalid"),
    ],
)
@pytest.mark.parametrize("name", ["kling", "cometapi", "anyapi"])
def test_each_broken_rule_has_its_row(name: str, rule: str, row: str) -> None:
    assert PROVIDERS[name].error_for(rule).name == row
