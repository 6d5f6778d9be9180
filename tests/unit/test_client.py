from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from fakes import (
    ID,
    MISSING,
    PICTOR,
    URL,
    Clock,
    Script,
    answer,
    async_client,
    client,
    images,
    refused,
    task,
    told,
    videos,
)

from kling_contract import Image, Kling, Video, errors, load

RATIOS: dict[str, Any] = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}


def test_a_create_is_one_post_with_the_key_and_the_body() -> None:
    script = Script(task())
    with client(script, "cometapi") as kling:
        made = kling.images.expand(image=URL, **RATIOS, n=2)
    assert script.sent == [("POST", "/kling/v1/images/editing/expand")]
    request = script.requests[0]
    assert request.headers["authorization"] == "Bearer sk-test"
    assert request.headers["content-type"] == "application/json"
    assert request.url.host == "api.cometapi.com"
    assert script.body()["bottom_expansion_ratio"] == 0.1
    assert (made.id, made.status, made.done, made.images, made.videos) == (ID, "submitted", False, [], [])
    assert made.created_at == datetime(2024, 8, 4, 11, 5, 57, 708000, tzinfo=UTC)
    assert repr(made) == f"Task(id='{ID}', status='submitted')"
    assert made.raw["data"]["task_id"] == ID


def test_each_namespace_calls_its_operation() -> None:
    script = Script(task(), task(), task())
    with client(script) as kling:
        kling.images.expand(image=URL, **RATIOS)
        kling.images.multi_image_to_image(subject_image_list=[URL])
        kling.videos.image_to_video(image=URL, model_name="kling-v2-6")
    assert [path for _, path in script.sent] == [
        "/v1/images/editing/expand",
        "/v1/images/multi-image2image",
        "/v1/videos/image2video",
    ]


def test_a_broken_request_is_not_sent() -> None:
    script = Script()
    with client(script) as kling, pytest.raises(errors.ContractViolation) as caught:
        kling.images.expand(image=URL, **{**RATIOS, "up_expansion_ratio": 2, "left_expansion_ratio": 2})
    assert [violation.rule for violation in caught.value.violations] == ["expansion.area"]
    assert script.requests == []


def test_a_get_goes_by_any_operation_of_the_family() -> None:
    script = Script(videos("https://x/1.mp4"), images("https://x/1.png"))
    with client(script) as kling:
        video = kling.get("createImageToVideo", ID)
        image = kling.get("listImageExpansions", "a/b c?")
    assert script.sent == [
        ("GET", f"/v1/videos/image2video/{ID}"),
        ("GET", "/v1/images/editing/expand/a%2Fb%20c%3F"),
    ]
    assert video.videos == [Video("v0", "https://x/1.mp4", 5.041)]
    assert image.images == [Image(0, "https://x/1.png")]
    assert (video.status, video.done) == ("succeed", True)


@pytest.mark.parametrize("task_id", ["", ".", "..", 5])
def test_what_is_no_id_is_refused(task_id: Any) -> None:
    with client(Script()) as kling, pytest.raises(ValueError, match="is no task id"):
        kling.get("getImageToVideo", task_id)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda kling: kling.create("createImageToVido"), "has no operation 'createImageToVido'.*did you mean createI"),
        (lambda kling: kling.get("getNothing", "1"), "AnyAPI has no operation 'getNothing'; it has createImageExpans"),
        (lambda kling: kling.list("getImageExpansion"), "AnyAPI documents no list for image-expansion"),
        (lambda kling: kling.find("getImageExpansion", external_task_id="1"), "AnyAPI documents no way to look image-"),
        (lambda kling: kling.videos.image_to_video(image=URL), "AnyAPI has no operation 'createImageToVideo'"),
    ],
)
def test_what_a_provider_does_not_have_is_said(call: Any, words: str) -> None:
    with client(Script(), "anyapi") as kling, pytest.raises(errors.KlingError, match=words):
        call(kling)


def page(*ids: int, **more: Any) -> httpx.Response:
    return answer([told("succeed", str(number), **more) for number in ids])


def test_a_list_is_every_page_until_a_short_one() -> None:
    script = Script(page(9, 8, 7), page(6, 5, 4), page(3))
    with client(script) as kling:
        found = [each.id for each in kling.list("createImageToVideo", size=3)]
    assert found == list("9876543")
    assert [path for _, path in script.sent] == [
        f"/v1/videos/image2video?pageNum={number}&pageSize=3" for number in (1, 2, 3)
    ]


def test_a_page_is_asked_for_when_it_is_needed() -> None:
    script = Script(page(9, 8))
    with client(script) as kling:
        listed = kling.list("listImageToVideos", page=4, size=2)
        assert script.sent == []
        assert next(listed).id == "9"
    assert script.sent == [("GET", "/v1/videos/image2video?pageNum=4&pageSize=2")]


def test_a_task_that_moved_to_the_next_page_is_shown_once() -> None:
    script = Script(page(9, 8), page(8, 7), page(6))
    with client(script) as kling:
        assert [each.id for each in kling.list("listImageToVideos", size=2)] == list("9876")


def test_a_list_that_repeats_itself_ends() -> None:
    script = Script(page(9, 8), page(9, 8))
    with client(script) as kling:
        assert [each.id for each in kling.list("listImageToVideos", size=2)] == list("98")


@pytest.mark.parametrize("paging", [{"page": 0}, {"size": 0}, {"size": 501}, {"page": 1001}])
def test_a_page_that_there_cannot_be_is_refused_at_once(paging: dict[str, int]) -> None:
    with client(Script()) as kling, pytest.raises(errors.ContractViolation):
        kling.list("listImageToVideos", **paging)


def test_the_page_size_is_the_documents_own() -> None:
    script = Script(page(1))
    with client(script) as kling:
        assert len(list(kling.list("listImageToVideos"))) == 1
    assert script.sent[0][1].endswith("pageSize=30")


def test_find_asks_by_the_external_id_where_that_works() -> None:
    script = Script(task("processing", task_info={"external_task_id": "job-1"}), MISSING)
    with client(script) as kling:
        found = kling.find("createImageToVideo", external_task_id="job-1")
        assert found is not None
        assert (found.id, found.external_task_id, found.status) == (ID, "job-1", "processing")
        assert kling.find("createImageToVideo", external_task_id="job-2") is None
    assert [path for _, path in script.sent] == ["/v1/videos/image2video/job-1", "/v1/videos/image2video/job-2"]


def test_find_takes_the_id_by_its_place_and_any_operation_of_the_family() -> None:
    script = Script(*[task("processing", task_info={"external_task_id": "w1"})] * 3)
    with client(script) as kling:
        for name in ("createImageToVideo", "getImageToVideo", "listImageToVideos"):
            found = kling.find(name, "w1")
            assert found is not None
            assert found.external_task_id == "w1"
    assert {path for _, path in script.sent} == {"/v1/videos/image2video/w1"}

    async def story() -> None:
        async with async_client(Script(task("processing"), MISSING)) as kling:
            found = await kling.find("createImageToVideo", "w1")
            assert found is not None
            assert found.id == ID
            assert await kling.find("createImageToVideo", "w2") is None

    asyncio.run(story())


@pytest.mark.parametrize("external_id", ["", None, 5, "..", "a\ud800"])
@pytest.mark.parametrize("provider", ["kling", PICTOR])
def test_what_is_no_id_of_the_callers_is_refused(provider: Any, external_id: Any) -> None:
    keys: dict[str, Any] = {"api_key": None, "access_key": "a", "secret_key": "s"} if provider is PICTOR else {}
    name = "createUpscale" if provider is PICTOR else "createImageToVideo"
    with client(Script(), provider, **keys) as kling, pytest.raises(ValueError, match="is no external task id"):
        kling.find(name, external_id)


CALLS: dict[str, Any] = {
    "get": lambda kling: kling.get("getImageToVido", ID),
    "find": lambda kling: kling.find("getImageToVido", "w1"),
    "list": lambda kling: kling.list("getImageToVido"),
    "create": lambda kling: kling.create("getImageToVido"),
    "from_callback": lambda kling: kling.from_callback("getImageToVido", {}, b"{}"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_wrong_name_is_answered_with_those_there_are(call: Any) -> None:
    words = "Kling has no operation 'getImageToVido'; it has .*, createImageExpansion, .*did you mean getImageToVideo"
    with client(Script()) as kling, pytest.raises(errors.KlingError, match=words):
        call(kling)


@pytest.mark.parametrize("name", ["videos.image_to_video", "image-to-video", None, 5])
def test_an_operation_goes_by_its_operation_id(name: Any) -> None:
    with client(Script()) as kling, pytest.raises(errors.KlingError, match=r"has no operation .*createImageToVideo"):
        kling.get(name, ID)


def jobs(*tags: str) -> httpx.Response:
    return httpx.Response(
        200, json={"result": {"jobs": [{"ref": f"job_{tag}", "phase": "ok", "tag": tag} for tag in tags]}}
    )


def test_find_looks_through_the_list_where_there_is_no_other_way() -> None:
    script = Script(jobs("a", "b"), jobs("c", "d"), jobs("a"))
    with pictor(script) as kling:
        found = kling.find("createUpscale", external_task_id="c")
        assert found is not None
        assert found.id == "job_c"
        assert kling.find("createUpscale", external_task_id="z") is None


def pictor(script: Script, **options: Any) -> Kling:
    return client(script, PICTOR, **{"api_key": None, "access_key": "ak", "secret_key": "sk", **options})


def test_a_provider_never_seen_before_works_by_its_document_alone() -> None:
    done = {"job": {"ref": "job_1", "phase": "ok", "born": 7, "out": [{"href": "https://x/a"}]}}
    script = Script(httpx.Response(200, json={"job": {"ref": "job_1"}}), httpx.Response(200, json=done))
    with pictor(script) as kling:
        made = kling.create("createUpscale", image_list=[URL], factor=4)
        assert made.status == "submitted"
        assert made.wait().images == [Image(0, "https://x/a")]
        assert made.created_at == datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)
    assert script.body() == {"pics": [{"src": URL}], "times": "4"}
    assert [str(request.url) for request in script.requests] == [
        "https://api.pictor.test/v9/jobs/upscale",
        "https://api.pictor.test/v9/jobs/upscale/job_1",
    ]


def test_tokens_are_renewed_before_they_expire() -> None:
    clock = Clock(1_000_000)
    script = Script(task(), task(), task())
    with client(script, api_key=None, access_key="ak", secret_key="sk", clock=clock) as kling:
        for _ in range(3):
            kling.get("getImageToVideo", ID)
            clock.time += 900
    tokens = [request.headers["authorization"].removeprefix("Bearer ") for request in script.requests]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]
    assert claims[0] == {"iss": "ak", "exp": 1_001_800, "nbf": 999_995}
    assert tokens[0] == tokens[1]
    assert claims[2]["exp"] == 1_003_600


def test_the_asynchronous_twin_does_the_same(tmp_path: Path) -> None:
    done = images("https://x/1.png")
    file = httpx.Response(200, content=b"png")
    script = Script(task(), done, task("processing"), MISSING, page(2, 1), page(), file)

    async def story() -> None:
        async with async_client(script) as kling:
            made = await kling.images.expand(image=URL, **RATIOS)
            assert (await made.wait()).images == [Image(0, "https://x/1.png")]
            assert repr(made) == f"AsyncTask(id='{ID}', status='succeed')"
            again = await kling.get("getImageExpansion", ID)
            assert again.status == "processing"
            assert await kling.find("getImageExpansion", external_task_id="no") is None
            assert [each.id async for each in kling.list("listImageExpansions", size=2)] == ["2", "1"]
            assert [path.read_bytes() for path in await made.save(tmp_path)] == [b"png"]

    asyncio.run(story())
    assert script.answers == []
    assert script.sent[0] == ("POST", "/v1/images/editing/expand")


def test_the_asynchronous_twin_refreshes_and_creates_by_name() -> None:
    script = Script(task(), task("processing"))

    async def story() -> None:
        async with async_client(script) as kling:
            made = await kling.create("createImageToVideo", image=URL, model_name="kling-v2-6")
            assert (await made.refresh()).status == "processing"
            assert repr(kling) == "AsyncKling(provider='kling', base_url='https://api-singapore.klingai.com')"

    asyncio.run(story())


SECRET = "s" * 32
ENVIRONMENT = {
    "KLING_PROVIDER": "kling",
    "KLING_BASE_URL": "http://127.0.0.1:4060/s/a/p/kling/",
    "KLING_API_KEY": "from-environment\n",
}


def test_configuration_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    script = Script(task())
    with Kling(transport=httpx.MockTransport(script)) as kling:
        kling.get("getImageToVideo", ID)
    assert str(script.requests[0].url) == f"http://127.0.0.1:4060/s/a/p/kling/v1/videos/image2video/{ID}"
    assert script.requests[0].headers["authorization"] == "Bearer from-environment"


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "KLING_ACCESS_KEY": "a", "KLING_SECRET_KEY": SECRET}.items():
        monkeypatch.setenv(name, value)
    script = Script(task(), task())
    mock = httpx.MockTransport(script)
    with Kling(provider="cometapi", api_key="mine", base_url="http://host:1", transport=mock) as kling:
        kling.get("getImageToVideo", ID)
    with Kling(access_key="mine", transport=mock, clock=Clock()) as kling:
        kling.get("getImageToVideo", ID)
    assert str(script.requests[0].url) == f"http://host:1/kling/v1/videos/image2video/{ID}"
    assert script.requests[0].headers["authorization"] == "Bearer mine"
    token = script.requests[1].headers["authorization"].removeprefix("Bearer ")
    assert (
        jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False})["iss"]
        == "mine"
    )


def test_a_loaded_provider_and_a_path_are_providers_too() -> None:
    loaded = load("anyapi")
    assert client(Script(), loaded).provider is loaded
    assert pictor(Script()).provider.name == "pictor"
    assert client(Script(), str(PICTOR), api_key=None, access_key="a", secret_key="s").provider.name == "pictor"
    assert Kling(api_key="k").provider.name == "cometapi"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, r"no credentials for CometAPI: give api_key \(KLING_API_KEY\)$"),
    ({"provider": "kling"}, r"KLING_API_KEY\), or access_key and secret_key \(KLING_ACCESS_KEY, KLING_SECRET_KEY\)"),
    ({"provider": "kling", "access_key": "a"}, r"secret_key \(KLING_SECRET_KEY\) is missing"),
    ({"provider": "kling", "secret_key": "a"}, r"access_key \(KLING_ACCESS_KEY\) is missing"),
    ({"provider": "kling", "api_key": "k", "access_key": "a"}, "not both"),
    ({"access_key": "a", "secret_key": "s"}, r"CometAPI takes an API key \(KLING_API_KEY\), not access and secret"),
    ({"provider": PICTOR, "api_key": "k"}, "Pictor takes access and secret key, not an API key"),
    ({"provider": PICTOR}, "access_key .* is missing"),
    ({"api_key": "a b"}, "api_key is empty or no text, or has a space"),
    ({"api_key": "clé"}, "no HTTP header can carry"),
    ({"api_key": "ab\ncd"}, "no HTTP header can carry"),
    ({"api_key": "\t"}, "api_key is empty"),
    ({"api_key": b"key"}, "api_key is empty or no text"),
    ({"api_key": "Bearer sk-1"}, "api_key begins with Bearer; give it without that word"),
    ({"api_key": "bearer  sk-1"}, "begins with Bearer"),
    ({"provider": "kling", "access_key": "a", "secret_key": "Bearer s"}, "secret_key begins with Bearer"),
    ({"api_key": "k", "base_url": ""}, "base_url is ''; accepted"),
    ({"api_key": "k", "base_url": 4060}, "base_url is 4060; accepted"),
    ({"api_key": "k", "base_url": httpx.URL("http://host")}, "base_url is URL"),
    ({"api_key": "k", "base_url": "api.cometapi.com"}, "base_url is 'api.cometapi.com'; accepted"),
    ({"api_key": "k", "base_url": "ftp://host"}, "base_url"),
    ({"api_key": "k", "base_url": "http://user:pass@host"}, "base_url"),
    ({"api_key": "k", "base_url": "http://host:port"}, "base_url"),
    ({"api_key": "k", "base_url": "http://host/?a=1"}, "base_url"),
    ({"api_key": "k", "base_url": " http://host"}, "base_url is ' http://host'; accepted"),
    ({"api_key": "k", "base_url": "http://host\n"}, "base_url"),
    ({"api_key": "k", "base_url": "http://ho st"}, "base_url"),
    ({"api_key": "k", "base_url": "http://host/a b"}, "base_url"),
    ({"api_key": "k", "base_url": "http://host/\0"}, "base_url"),
    ({"api_key": "k", "base_url": "http://a..b"}, "base_url"),
    ({"api_key": "k", "base_url": f"http://{'a' * 64}.test"}, "base_url"),
    ({"api_key": "k", "base_url": "http://xn--a"}, "base_url"),
    ({"api_key": "k", "base_url": "http://\u2028h"}, "base_url"),
    ({"api_key": "k", "base_url": "http://host:0"}, "base_url"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_a_client_that_cannot_work_is_not_made(options: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=words) as caught:
        Kling(**options)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_an_empty_url_in_the_environment_is_not_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "")
    with pytest.raises(errors.ConfigurationError, match="KLING_BASE_URL is ''; accepted"):
        Kling(api_key="k")
    assert "http://host" in repr(Kling(api_key="k", base_url="http://host"))


def test_a_key_read_from_a_file_may_end_with_a_line() -> None:
    with client(script := Script(task()), api_key="sk-1\r\n") as kling:
        kling.get("getImageToVideo", ID)
    assert script.requests[0].headers["authorization"] == "Bearer sk-1"


@pytest.mark.parametrize("operation", ["getImageToVideo", "listImageToVideos"])
def test_only_a_create_creates(operation: str) -> None:
    with client(Script()) as kling, pytest.raises(errors.KlingError, match="its create is createImageToVideo"):
        kling.create(operation, image=URL)


@pytest.mark.parametrize("task_id", ["a\ud800", "\udfff"])
def test_an_id_that_no_url_can_carry_is_refused(task_id: str) -> None:
    with client(Script()) as kling, pytest.raises(ValueError, match="lone surrogate, which no URL can carry") as caught:
        kling.get("getImageToVideo", task_id)
    assert type(caught.value) is ValueError


def test_a_documents_own_calls_are_there_by_name() -> None:
    with pictor(script := Script(httpx.Response(200, json={"job": {"ref": "j1", "phase": "waiting"}}))) as kling:
        made = getattr(kling.images, "upscale")(image_list=[URL], factor=2)  # noqa: B009 - type checkers refuse it
    assert (made.id, script.body()["times"]) == ("j1", "2")
    with client(Script(), Path(__file__).parents[1] / "documents" / "tiny.yaml") as acme:
        make = getattr(acme, "posters").make  # noqa: B009 - type checkers refuse it
        with pytest.raises(errors.ContractViolation, match="createPoster was not sent"):
            make()


@pytest.mark.parametrize("name", ["poster", "_posters", "images.upscale", "__len__"])
def test_a_group_that_is_not_there_is_an_attribute_error(name: str) -> None:
    with client(Script()) as kling:
        for each in (kling, kling.images, async_client(Script())):
            with pytest.raises(AttributeError, match=f"has no '{name}'"):
                getattr(each, name)


def test_an_attribute_error_lists_the_calls() -> None:
    with client(Script()) as kling, pytest.raises(AttributeError, match=r"calls: .*videos\.image_to_video"):
        getattr(kling.videos, "image_to_vido")  # noqa: B009 - type checkers refuse it


def test_an_unknown_provider_is_named_with_the_known_ones() -> None:
    with pytest.raises(errors.DocumentError, match="accepted: anyapi, cometapi, kling"):
        Kling(provider="komet", api_key="k")


def test_a_key_is_shown_nowhere() -> None:
    kling = client(Script(refused(401, 1002, "api key not found")), api_key="sk-secret")
    with pytest.raises(errors.AuthenticationError) as caught:
        kling.get("getImageToVideo", ID)
    assert "sk-secret" not in repr(kling) + repr(kling._talk) + str(caught.value)


def test_redirects_are_not_followed_with_the_key() -> None:
    script = Script(httpx.Response(301, headers={"location": "https://elsewhere.example/"}))
    with client(script) as kling, pytest.raises(errors.UnexpectedAnswer, match="redirect"):
        kling.get("getImageToVideo", ID)
    assert len(script.requests) == 1
