"""Provenance: where each limit comes from, and what the documents say of their sources."""

from __future__ import annotations

from typing import Any

import pytest

from kling_contract.documents import Operation, Provider, bundled, load
from kling_contract.documents.files import folder, read
from kling_contract.documents.vocabulary import extensions

PROVIDERS = {name: load(name) for name in bundled()}
SOURCES = read(folder() / "common.yaml").tree["components"]["x-sources"]
NAMES = [*bundled(), "common"]
CREATES = [
    pytest.param(provider, operation, id=f"{name}-{operation.id}")
    for name, provider in PROVIDERS.items()
    for operation in provider.operations.values()
    if operation.kind == "create"
]

Tagged = tuple[str, str]


def tags_in(name: str) -> list[Tagged]:
    """Return each source that a file names, with where it stands."""
    found: list[Tagged] = []
    for pointer, extension, value in extensions(read(folder() / f"{name}.yaml").tree):
        place = "/".join(map(str, pointer))
        if extension in ("x-facts", "x-retired"):
            facts = [*value.values(), *(part for fact in value.values() for part in fact.get("parts", {}).values())]
            found += [(place, fact["source"]) for fact in facts if "source" in fact]
            found += [(place, loser["source"]) for fact in facts for loser in fact.get("losers", ())]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_source_that_a_fact_names_is_described(name: str) -> None:
    tags = tags_in(name)
    assert tags
    assert [tag for tag in tags if tag[1] not in SOURCES] == []


def test_every_described_source_is_used() -> None:
    used = {tag for name in NAMES for _, tag in tags_in(name)}
    assert SOURCES.keys() - used == set()


def test_a_provider_knows_its_sources() -> None:
    assert all(provider.sources == SOURCES for provider in PROVIDERS.values())


LIMITS = {
    "required", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "enum", "pattern", "x-image",
    "default", "x-canonical-name", "oneOf",
}  # fmt: skip


@pytest.mark.parametrize(("provider", "operation"), CREATES)
def test_every_limit_of_a_request_says_where_it_comes_from(provider: Provider, operation: Operation) -> None:
    assert operation.request
    assert unsourced(operation.request, "") == []


def unsourced(schema: Any, field: str) -> list[str]:
    facts = schema.get("x-facts", {})
    found = [f"{field} {keyword}" for keyword in sorted(LIMITS & schema.keys()) if keyword not in facts]
    for name, inner in schema.get("properties", {}).items():
        found += unsourced(inner, f"{field}/{name}")
    for branch in schema.get("allOf", ()):
        found += [] if "x-violation" in branch and "x-facts" in branch else [f"{field} {branch}"]
    for rule in schema.get("x-rules", ()):
        found += [] if "x-facts" in rule else [f"{field} {rule['id']}"]
    return found + (unsourced(schema["items"], f"{field}[]") if "items" in schema else [])


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_fact_is_about_a_keyword_beside_it(name: str) -> None:
    assert strays(PROVIDERS[name].document["paths"], "paths") == []


def strays(node: Any, place: str) -> list[str]:
    """Return the facts without their keyword; one that holds the value itself needs none."""
    if isinstance(node, list):
        return [each for index, item in enumerate(node) for each in strays(item, f"{place}/{index}")]
    if not isinstance(node, dict):
        return []
    facts = node.get("x-facts", {})
    own = [f"{place} {key}" for key, fact in facts.items() if key not in node and "value" not in fact]
    inner = ((key, value) for key, value in node.items() if key != "x-facts")
    return own + [each for key, value in inner for each in strays(value, f"{place}/{key}")]


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_operation_says_whether_it_is_served_and_how_that_is_known(name: str) -> None:
    for path, item in PROVIDERS[name].document["paths"].items():
        for node in (each for each in item.values() if isinstance(each, dict)):
            assert "state" in node["x-availability"]["x-facts"], path


def facts_of(provider: str, operation: str, field: str) -> Any:
    node: Any = PROVIDERS[provider].operation(operation).request
    for step in filter(None, field.split(".")):
        node = node["properties"][step]
    return node["x-facts"]


@pytest.mark.parametrize("side", ["up", "right", "left", "bottom"])
def test_the_default_that_breaks_its_own_area_limit_is_recorded_and_is_no_default(side: str) -> None:
    fact = facts_of("cometapi", "createImageExpansion", f"{side}_expansion_ratio")["default"]
    assert (fact["value"], fact["source"]) == (1, "COMET-EXPAND-JA")
    assert "nine times" in fact["defect"]


@pytest.mark.parametrize(
    ("provider", "operation", "field", "keyword", "word"),
    [
        ("cometapi", "createImageExpansion", "image", "default", "placeholder"),
        ("cometapi", "createImageExpansion", "n", "type", "integer"),
        ("cometapi", "createMultiImageToImage", "model_name", "enum", "retired"),
        ("cometapi", "createMultiImageToImage", "scence_image", "x-canonical-name", "misspelling"),
        ("cometapi", "createImageToVideo", "image", "default", "placeholder"),
        ("cometapi", "createImageToVideo", "model_name", "type", "kling-v2-master"),
        ("cometapi", "createImageToVideo", "dynamic_masks", "type", "object"),
        ("kling", "createImageToVideo", "model_name", "default", "retired"),
        ("kling", "createMultiImageToImage", "", "properties", "negative_prompt"),
    ],
)
def test_a_defect_of_a_page_is_recorded(provider: str, operation: str, field: str, keyword: str, word: str) -> None:
    assert word in facts_of(provider, operation, field)[keyword]["defect"]


@pytest.mark.parametrize(
    ("provider", "operation", "field", "keyword", "loser"),
    [
        ("kling", "createImageExpansion", "", "required", "required with default 0"),
        ("kling", "createImageExpansion", "", "required", "bottom_expansion_ratio"),
        ("kling", "createImageExpansion", "image", "x-image", "no aspect limit"),
        ("kling", "createMultiImageToImage", "", "required", "optional"),
        ("kling", "createMultiImageToImage", "model_name", "default", "kling-v2"),
        ("kling", "createImageToVideo", "prompt", "maxLength", 500),
        ("kling", "createImageToVideo", "negative_prompt", "maxLength", 200),
        ("cometapi", "createImageExpansion", "bottom_expansion_ratio", "minimum", "no bounds"),
        ("cometapi", "createMultiImageToImage", "subject_image_list", "minItems", 1),
        ("cometapi", "createMultiImageToImage", "scence_image", "x-canonical-name", "scene_image"),
        ("cometapi", "createImageToVideo", "prompt", "maxLength", 2500),
        ("cometapi", "createImageToVideo", "dynamic_masks", "type", "object"),
        ("anyapi", "createImageExpansion", "", "required", "n is optional"),
    ],
)
def test_a_source_that_lost_is_kept(provider: str, operation: str, field: str, keyword: str, loser: Any) -> None:
    losers = facts_of(provider, operation, field)[keyword]["losers"]
    assert loser in [each["value"] for each in losers]


@pytest.mark.parametrize(
    ("provider", "operation", "field", "keyword"),
    [
        ("anyapi", "createImageExpansion", "image", "x-image"),
        ("cometapi", "createImageExpansion", "n", "pattern"),
        ("cometapi", "createMultiImageToImage", "style_image", "x-image"),
        ("kling", "createImageToVideo", "image_tail", "x-image"),
        ("kling", "createImageToVideo", "image", "x-image"),
    ],
)
def test_what_no_source_says_is_marked_as_assumed(provider: str, operation: str, field: str, keyword: str) -> None:
    assert facts_of(provider, operation, field)[keyword]["assumed"]


@pytest.mark.parametrize(
    ("row", "keyword"),
    [("route.unavailable", "status"), ("route.unknown", "body"), ("method.unknown", "body"), ("auth.missing", "body")],
)
def test_the_answers_of_cometapi_that_nobody_saw_are_assumed(row: str, keyword: str) -> None:
    assert PROVIDERS["cometapi"].errors[row].facts[keyword]["assumed"]


def test_the_one_answer_that_was_seen_is_dated_and_its_defect_told() -> None:
    fact = PROVIDERS["cometapi"].errors["route.unavailable"].facts["body"]
    assert (fact["source"], fact["date"]) == ("COMET-EXPAND-JA", "2026-03-13")
    assert "null" in fact["defect"]


def test_every_pattern_of_a_broken_rule_leads_to_a_row() -> None:
    for provider in PROVIDERS.values():
        rows = [row for row in provider.errors.values() if row.rules]
        assert rows[-1].rules == ("*",)
        assert provider.error_for("anything.else") is rows[-1]
