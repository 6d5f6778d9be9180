from __future__ import annotations

from urllib.parse import quote

import pytest
from asking import operations
from bridge import loaded
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.documents import bundled
from kling_contract.routes import Route, Routes

ids = st.text(min_size=1, max_size=30)
EVERY = operations("create", "get", "list")
GETS = operations("get")


def routes(name: str) -> Routes:
    return Routes(loaded(name))


def place(path: str, value: str) -> str:
    """Return a path with `value` percent-encoded in the place of its parameter."""
    head, brace, tail = path.partition("{")
    return head + quote(value, safe="") + tail.partition("}")[2] if brace else path


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_every_documented_operation_is_found(name: str, operation: str) -> None:
    said = loaded(name).operation(operation)
    value = "872248823022106361" if "{" in said.path else ""
    assert routes(name).find(said.method, place(said.path, value)) == Route(said, value)


@pytest.mark.parametrize(("name", "operation"), GETS)
@given(value=ids)
def test_any_text_can_be_an_id(name: str, operation: str, value: str) -> None:
    said = loaded(name).operation(operation)
    assert routes(name).find("GET", place(said.path, value)) == Route(said, value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("100%25", "100%"),
        ("a%252Fb", "a%2Fb"),
        ("%E4%BD%9C", "作"),
        ("a%20b+c", "a b+c"),
        ("..", ".."),
        ("a;b=c", "a;b=c"),
        ("%zz", "%zz"),
        ("{id}", "{id}"),
        ("a%00%0d%0ab", "a\0\r\nb"),
    ],
)
def test_an_id_is_decoded_once(written: str, value: str) -> None:
    said = loaded("kling").operation("getImageToVideo")
    assert routes("kling").find("GET", f"/v1/videos/image2video/{written}") == Route(said, value)


def test_a_path_may_be_encoded_more_than_it_has_to() -> None:
    said = loaded("kling").operation("listImageToVideos")
    assert routes("kling").find("GET", "/v1/videos/%69mage2vide%6F") == Route(said, "")
    assert routes("kling").find("GET", "/v1%2Fvideos/image2video") == "route.unknown"


@pytest.mark.parametrize("name", bundled())
@pytest.mark.parametrize(
    "path",
    ["", "/", "//", "/v1", "/v1/videos", "/favicon.ico", "/v1//videos/image2video", "*", "/../etc/passwd", "/%00"],
)
def test_other_paths_are_no_route(name: str, path: str) -> None:
    assert routes(name).find("GET", path) == "route.unknown"


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_a_path_with_more_or_less_in_it_is_no_route(name: str, operation: str) -> None:
    said = loaded(name).operation(operation)
    path = place(said.path, "1")
    known = {place(each.path, "1") for each in loaded(name).operations.values()}
    for other in (path + "/", path + "/1/2", "/" + path, path.upper(), path[:-1], path + "x"):
        by_template = "{" in said.path and other == path + "x"
        if other not in known and not by_template and not (said.kind == "create" and other == path + "/"):
            assert routes(name).find(said.method, other) == "route.unknown"


@pytest.mark.parametrize(("name", "operation"), operations("create"))
def test_a_create_is_found_with_a_slash_at_its_end_as_official_samples_post(name: str, operation: str) -> None:
    said = loaded(name).operation(operation)
    assert routes(name).find("POST", said.path + "/") == Route(said, "", slash=True)
    assert routes(name).find("POST", said.path + "//") == "route.unknown"
    assert routes(name).find("GET", said.path + "/") == "route.unknown"


@pytest.mark.parametrize(("name", "operation"), EVERY)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", ""])
def test_a_wrong_method_is_told_from_a_wrong_path(name: str, operation: str, method: str) -> None:
    said = loaded(name).operation(operation)
    assert routes(name).find(method, place(said.path, "1")) == "method.unknown"


def test_a_path_without_a_list_cannot_be_listed() -> None:
    assert routes("cometapi").find("GET", "/kling/v1/videos/image2video") == "method.unknown"


@pytest.mark.parametrize(("name", "operation"), operations("get", "list"))
def test_head_is_asked_where_get_is(name: str, operation: str) -> None:
    said = loaded(name).operation(operation)
    path = place(said.path, "1")
    assert routes(name).find("HEAD", path) == routes(name).find("GET", path)


def test_head_of_a_path_that_only_makes_tasks_is_a_wrong_method() -> None:
    assert routes("anyapi").find("HEAD", "/kling/v1/images/editing/expand") == "method.unknown"


def test_the_nearest_route_is_named() -> None:
    assert routes("kling").nearest("POST", "/v1/videos/image2vidoe") == "POST /v1/videos/image2video"
    assert routes("kling").nearest("POST", "/v1/image/editing/expand") == "POST /v1/images/editing/expand"
    assert routes("cometapi").nearest("GET", "/") is None


@pytest.mark.parametrize(
    ("name", "method", "path", "nearest"),
    [
        # The method goes before all else,
        ("kling", "POST", "/v1/videos/image2video/1", "POST /v1/videos/image2video"),
        ("kling", "GET", "/v1/images/editing/expnd/1", "GET /v1/images/editing/expand/{id}"),
        ("kling", "HEAD", "/v1/videos/image2vidoe", "GET /v1/videos/image2video"),
        # then the family: the segments at the front, whatever is spelt alike,
        ("kling", "GET", "/v1/videos/multi-image2video/1", "GET /v1/videos/image2video/{id}"),
        ("kling", "POST", "/v1/videos/multi-image2image", "POST /v1/videos/image2video"),
        ("kling", "POST", "/v1/images/image2video", "POST /v1/images/multi-image2image"),
        # then the segments that are there at all, and the spelling last.
        ("kling", "POST", "/kling/v1/videos/image2video", "POST /v1/videos/image2video"),
        ("kling", "GET", "/v1/videos/image2vidoe/872248823022106361", "GET /v1/videos/image2video/{id}"),
        ("kling", "GET", "/v1/videos/image2video/1/2", "GET /v1/videos/image2video/{id}"),
        # Of a method that no route has, the path is all there is.
        ("kling", "DELETE", "/v1/videos/image2video/1", "GET /v1/videos/image2video/{id}"),
        ("kling", "DELETE", "/v1/images/multi-image2image/1", "GET /v1/images/multi-image2image/{id}"),
        ("kling", "DELETE", "/v1/images/editing/expand", "GET /v1/images/editing/expand"),
        ("anyapi", "DELETE", "/kling/v1/images/editing/expand", "POST /kling/v1/images/editing/expand"),
    ],
)
def test_the_nearest_route_is_of_the_method_then_of_the_family(name: str, method: str, path: str, nearest: str) -> None:
    assert routes(name).nearest(method, path) == nearest


def test_nothing_is_near_a_path_that_nothing_looks_like_however_long() -> None:
    assert routes("kling").nearest("GET", "/favicon.ico") is None
    assert routes("kling").nearest("GET", "/" + "x" * 1_000_000) is None
    assert routes("kling").nearest("GET", "/v1/videos/image2video" * 50_000) is None


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_a_route_is_its_own_nearest(name: str, operation: str) -> None:
    said = loaded(name).operation(operation)
    assert routes(name).nearest(said.method, said.path) == f"{said.method} {said.path}"


@given(st.text(max_size=200), st.text(max_size=5))
def test_no_path_makes_the_routes_stumble(path: str, method: str) -> None:
    found = routes("kling").find(method, "/" + path)
    assert isinstance(found, Route) or found in ("route.unknown", "method.unknown")
    nearest = routes("kling").nearest(method, "/" + path)
    assert nearest is None or nearest.partition(" ")[0] in ("GET", "POST")
