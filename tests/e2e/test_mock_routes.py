"""Which route of which provider is asked, and in whose session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asking import OPENED, URL, Core, example, made
from bridge import loaded

from kling_contract.soundness import load

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
VIDEO = "createImageToVideo"
VIDEOS = "/v1/videos/image2video"


@pytest.mark.parametrize("place", ["", "/s/mine"])
@pytest.mark.parametrize("provider", ["", "/p/cometapi"])
def test_cometapis_expansion_is_the_documented_404_before_authorisation(place: str, provider: str) -> None:
    core = Core("cometapi" if not provider else "kling", opened=frozenset())
    path = f"{place}{provider}/kling/v1/images/editing/expand"
    for key in ("Bearer test", None, "Basic x"):
        for method, asked in (("POST", path), ("GET", f"{path}/1"), ("HEAD", f"{path}/1")):
            answer = core.ask(method, asked, {"image": URL} if method == "POST" else None, key=key)
            assert (answer.status, answer.body) == (404, {"code": None, "message": "404"})


def test_cometapis_expansion_works_once_opened() -> None:
    core = Core("cometapi", opened=OPENED)
    task_id = made(core, "createImageExpansion")
    assert core.get("getImageExpansion", task_id).body["data"]["task_status"] == "submitted"
    assert core.create("createImageExpansion", {}, key=None).status == 401


def test_any_bundled_provider_is_served_under_its_name() -> None:
    core = Core("cometapi")
    body = example(loaded("anyapi").operation("createImageExpansion"))
    for prefix in ("/p/anyapi", "/s/mine/p/anyapi"):
        answer = core.ask("POST", f"{prefix}/kling/v1/images/editing/expand", body)
        assert (answer.status, answer.headers["x-kling-contract"].split()[0]) == (200, "anyapi")
        shown = core.ask("GET", f"{prefix}/kling/v1/images/editing/expand/{answer.body['data']['task_id']}")
        assert shown.status == 200


@pytest.mark.parametrize("path", ["/p/nobody/v1/x", "/p/", "/p/kling.yaml/v1/x", "/p/..%2Fkling/v1", "/s/a/p/%00/x"])
def test_a_provider_that_is_not_bundled_is_told_apart(path: str) -> None:
    answer = Core("kling").ask("GET", path)
    assert (answer.status, answer.body["error"]["accepted"]) == (404, "kling, anyapi, cometapi")


def test_an_unknown_route_is_answered_as_the_provider_would() -> None:
    kling = Core("kling").ask("GET", "/v1/videos/image2vidoe")
    del kling.body["request_id"]
    assert (kling.status, kling.body) == (404, {"code": 1203, "message": "The requested resource does not exist"})
    (violation,) = kling.entry.violations
    assert (violation.rule, violation.hint) == ("route.unknown", "the nearest is GET /v1/videos/image2video")
    comet = Core("cometapi").ask("GET", "/v1/videos/image2video")
    assert comet.status == 200
    assert comet.body.startswith("<!doctype html>")


def test_a_wrong_method_is_answered_as_the_provider_would() -> None:
    kling = Core("kling").ask("DELETE", "/v1/videos/image2video/1")
    del kling.body["request_id"]
    assert (kling.status, kling.body) == (404, {"code": 1202, "message": "The requested method is invalid"})
    assert Core("cometapi").ask("GET", "/kling/v1/videos/image2video").body.startswith("<!doctype html>")


def test_two_sessions_do_not_see_each_others_tasks() -> None:
    core = Core("kling")
    first = core.create(VIDEO, {"image": URL, "external_task_id": "mine"}, x_kling_session="a").body["data"]["task_id"]
    second = core.create(VIDEO, {"image": URL, "external_task_id": "mine"}, x_kling_session="b").body["data"]["task_id"]
    assert first != second
    assert core.get("getImageToVideo", first, x_kling_session="b").status == 400
    assert core.get("getImageToVideo", first, x_kling_session="a").status == 200
    listed = core.ask("GET", "/s/b/v1/videos/image2video").body["data"]
    assert [task["task_id"] for task in listed] == [second]
    assert core.get("getImageToVideo", "mine", x_kling_session="b").body["data"]["task_id"] == second


def test_who_names_no_session_is_served_by_the_owner_of_the_id() -> None:
    core = Core("kling")
    task_id = core.create(VIDEO, {"image": URL}, x_kling_session="a").body["data"]["task_id"]
    shown = core.get("getImageToVideo", task_id)
    assert (shown.status, shown.entry.session) == (200, "a")
    assert core.ask("GET", f"/s/default/v1/videos/image2video/{task_id}").status == 400


def test_a_session_named_by_the_header_goes_before_the_one_in_the_path() -> None:
    core = Core("kling")
    answer = core.ask("POST", "/s/path/v1/videos/image2video", {"image": URL}, x_kling_session="header")
    assert answer.entry.session == "header"
    assert core.ask("GET", "/s/path/v1/videos/image2video", x_kling_session="").entry.session == "path"


def test_a_session_has_one_name_however_it_is_given() -> None:
    core = Core("kling")
    named = [core.ask("GET", f"/s/{name}{VIDEOS}").entry.session for name in ("%C3%A9%20b", "%c3%a9%20%62")]
    assert [*named, core.ask("GET", VIDEOS, x_kling_session="é b").entry.session] == ["é b"] * 3


@pytest.mark.parametrize("name", ["%C3%A9", "a%2Fb", "a%20b", "%0a%0dX-Evil:%201", "..", "-", "%"])
def test_a_session_may_have_any_name(name: str) -> None:
    core = Core("kling")
    answer = core.ask("POST", f"/s/{name}/v1/videos/image2video", {"image": URL})
    (listed,) = core.ask("GET", f"/s/{name}/v1/videos/image2video").body["data"]
    assert (answer.status, listed["task_id"]) == (200, answer.body["data"]["task_id"])


def test_the_same_seed_gives_the_same_answers() -> None:
    def told(seed: int) -> list[Any]:
        core = Core("kling", seed=seed)
        task_id = made(core)
        core.clock.sleep(200)
        return [core.get("getImageToVideo", task_id).body, core.get("getImageToVideo", "x").body]

    assert told(3) == told(3)
    assert told(3) != told(4)


def acme(folder: Path, *urls: str) -> Core:
    """Return a mock of the tiny document with other servers."""
    servers = "".join(f"  - url: {url}\n" for url in urls)
    path = folder / "tiny.yaml"
    path.write_text(
        TINY.read_text(encoding="utf-8").replace("  - url: https://api.acme.example/v9\n", servers), "utf-8"
    )
    return Core(load(path))


@pytest.mark.parametrize("front", ["", "/s/mine", "/p/acme", "/s/mine/p/acme"])
@pytest.mark.parametrize("base", ["", "/gateway", "/gateway/v2"])
def test_the_path_of_a_documents_server_counts_and_may_be_left_out(tmp_path: Path, base: str, front: str) -> None:
    core = acme(tmp_path, "https://a.example/gateway", "https://b.example/gateway/v2/", "https://c.example")
    made = core.ask("POST", f"{front}{base}/make/poster", {"headline": "Tonight"})
    assert made.status == 200, made.body
    shown = core.ask("GET", f"{front}{base}/jobs/poster/{made.body['job']['key']}")
    assert (shown.status, shown.entry.path) == (200, f"/jobs/poster/{made.body['job']['key']}")


@pytest.mark.parametrize(
    "path", ["/gateway", "/gatewaymake/poster", "/other/make/poster", "/gateway/gateway/make/poster"]
)
def test_what_only_looks_like_the_path_of_a_server_is_no_route(tmp_path: Path, path: str) -> None:
    core = acme(tmp_path, "https://a.example/gateway")
    assert core.ask("POST", path, {"headline": "Tonight"}).status == 404


@pytest.mark.parametrize("path", ["/make/poster", "/make/make/poster"])
def test_a_path_of_the_document_may_begin_as_its_server_does(tmp_path: Path, path: str) -> None:
    core = acme(tmp_path, "https://a.example/make")
    assert core.ask("POST", path, {"headline": "Tonight"}).status == 200


@pytest.mark.parametrize("path", ["/v1/videos/image2video/", "/v1/videos/image2vide%6F/"])
def test_a_create_is_taken_with_a_slash_at_its_end_and_that_is_noted(path: str) -> None:
    made = Core().ask("POST", path, {"image": URL, "model_name": "kling-v2-6"})
    assert (made.status, made.headers["x-kling-mock-notes"]) == (200, "route.slash")
    assert "/v1/videos/image2video does not" in made.entry.notes[0].message


def test_a_list_or_a_get_with_a_slash_at_its_end_is_no_route() -> None:
    core = Core()
    task = made(core)
    for path in ("/v1/videos/image2video/", f"/v1/videos/image2video/{task}/"):
        assert core.ask("GET", path).body["code"] == 1203
