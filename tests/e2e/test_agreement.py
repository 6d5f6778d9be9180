"""Gate and mock always agree, and no request whatever makes the mock stumble."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from asking import Core, example, operations
from bridge import loaded
from hypothesis import event, given
from hypothesis import strategies as st

from kling_contract.contract import check_request
from kling_contract.documents import bundled
from kling_contract.errors import Violation
from kling_contract.reading import parse

CREATES = operations("create")
SESSIONS = itertools.count()
encode = msgspec.json.Encoder(decimal_format="number").encode

# Values that stand near some limit of some document, and values of every other kind.
WORDS = [*("", "a", "1", "9", "10", "0", "5", "std", "pro", "4k", "on", "simple"), "16:9", "kling-v1", "kling-v2-6"]
IMAGES = ["https://a.b/c.png", "ftp://a.b", "data:image/png;base64,AA", "AAAA", "iVBORw0KGgo=", "x" * 501]
NUMBERS = [0, 1, 2, 3, 9, 10, 77, 1.5, 0.1, 2.0001, -0.0, 1e40, 1e-41]
plain = (
    *(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.decimals(allow_nan=False, allow_infinity=False)),
    *(st.sampled_from(NUMBERS), st.sampled_from(WORDS), st.sampled_from(IMAGES), st.text(max_size=20)),
)
lists = st.lists(st.one_of(plain), max_size=3)
values = st.one_of(*plain, lists, st.dictionaries(st.text(max_size=5), st.one_of(*plain, lists), max_size=3))


def likely(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a field's schema probably accepts."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "x-image" in schema:
        return st.just(IMAGES[0])
    if schema.get("type") in ("integer", "number"):
        low, high = schema.get("minimum", 0), schema.get("maximum", 9)
        return st.integers(low, high) if schema["type"] == "integer" else st.decimals(low, high, places=2).map(float)
    if schema.get("type") == "string":
        return st.sampled_from(["1", "9"]) if "pattern" in schema else st.text(max_size=30)
    return st.booleans() if schema.get("type") == "boolean" else values


def enriched(provider: str, create: str) -> dict[str, Any]:
    """Return the document's own example with more fields, deep ones too."""
    body = copy.deepcopy(example(loaded(provider).operation(create)))
    if create == "createImageToVideo":
        point = {"x": 1, "y": 2}
        body = {"image": IMAGES[0], "dynamic_masks": [{"mask": IMAGES[0], "trajectories": [point, point]}]}
    return body


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of everything inside a body."""
    steps = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [place for step, child in steps for place in ((*path, step), *places(child, (*path, step)))]


def put(body: Any, path: tuple[str | int, ...], value: Any) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value


def drop(body: Any, path: tuple[str | int, ...]) -> None:
    for step in path[:-1]:
        body = body[step]
    del body[path[-1]]


@st.composite
def mutated(draw: st.DrawFn, provider: str, create: str) -> Any:
    """Draw a body that began as one that is accepted, and had a few things done to it."""
    operation = loaded(provider).operation(create)
    start = st.sampled_from([example(operation), enriched(provider, create)])
    body = copy.deepcopy(draw(start))
    names = st.sampled_from([*operation.properties, *operation.renamed, "extra"]) | st.text(max_size=5)
    for _ in range(draw(st.integers(0, 3))):
        inside = places(body)
        deed = draw(st.sampled_from(["likely", "likely", "likely", "add", *(("put", "drop") if inside else ())]))
        if deed == "likely":
            name = draw(st.sampled_from(sorted(operation.properties)))
            body[name] = draw(likely(operation.properties[name]))
        elif deed == "add":
            body[draw(names)] = draw(values)
        elif deed == "put":
            put(body, draw(st.sampled_from(inside)), draw(values))
        else:
            drop(body, draw(st.sampled_from(inside)))
    return body


def judged(provider: str, create: str, data: bytes) -> list[Violation]:
    body, violations = parse(data)
    return violations or check_request(loaded(provider).operation(create), body)


@pytest.fixture(scope="module")
def cores() -> dict[tuple[str, bool], Core]:
    return {(name, lenient): Core(name, lenient=lenient) for name in bundled() for lenient in (False, True)}


@pytest.mark.parametrize(("provider", "create"), CREATES)
@given(data=st.data())
def test_the_mock_accepts_what_the_gate_accepts(
    cores: dict[tuple[str, bool], Core], provider: str, create: str, data: st.DataObject
) -> None:
    core, sent = cores[provider, False], encode(data.draw(mutated(provider, create)))
    violations = judged(provider, create, sent)
    answer = core.create(create, sent, x_kling_session=str(next(SESSIONS)))
    event("refused" if violations else "accepted")
    assert (answer.status == 200) is (not violations)
    assert [each.rule for each in answer.entry.violations] == [each.rule for each in violations][:50]


@pytest.mark.parametrize(("provider", "create"), CREATES)
@given(data=st.data())
def test_a_lenient_mock_makes_a_task_of_any_readable_object(
    cores: dict[tuple[str, bool], Core], provider: str, create: str, data: st.DataObject
) -> None:
    core, sent = cores[provider, True], encode(data.draw(mutated(provider, create)))
    unreadable = [each for each in judged(provider, create, sent) if each.rule in ("number.precision", "json.depth")]
    session = str(next(SESSIONS))
    answer = core.create(create, sent, x_kling_session=session)
    assert (answer.status == 200) is (not unreadable)
    if answer.status == 200:
        core.clock.sleep(3600)
        get = loaded(provider).sibling(loaded(provider).operation(create), "get")
        assert get is not None
        shown = core.get(get.id, answer.body["data"]["task_id"], x_kling_session=session).body["data"]
        (results,) = shown["task_result"].values()
        assert shown["task_status"] == "succeed"
        assert 1 <= len(results) <= 16


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), lenient=st.booleans())
def test_no_bytes_make_it_stumble(cores: dict[tuple[str, bool], Core], data: bytes, lenient: bool) -> None:
    answer = cores["kling", lenient].create("createImageToVideo", data, x_kling_session="bytes")
    assert answer.status in (200, 400)


SEGMENTS = ["s", "p", "kling", "v1", "videos", "image2video", "%2F", "..", "", "%"]
QUERIES = ["pageNum=0", "pageSize=500", "pageNum=%00", "&=&", "pageNum=1;pageSize=x"]
KEYS = [None, "Bearer x", "Bearer", "Bearer a.b.c", "Bearer eyJ.eyJ.eyJ"]


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", ""]) | st.text(max_size=5),
    parts=st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=5)),
    query=st.sampled_from(QUERIES) | st.text(max_size=30),
    key=st.sampled_from(KEYS) | st.text(max_size=30),
    session=st.text(max_size=10),
)
def test_no_request_makes_it_stumble(
    cores: dict[tuple[str, bool], Core], method: str, parts: list[str], query: str, key: str | None, session: str
) -> None:
    path = "/" + "/".join(parts).replace("?", "")
    answer = cores["kling", False].ask(method, f"{path}?{query}", b"{}", key=key, x_kling_session=session)
    assert answer.status in (200, 400, 401, 404)
    assert answer.entry.status == answer.status
