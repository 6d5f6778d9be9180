"""From the client's call through the mock to the client's result, for every family and provider, in process."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import httpx
import pytest
from bridge import Bridge
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kling_contract import AsyncKling, Kling, KlingError
from kling_contract.contract import check_request
from kling_contract.documents import bundled, load
from kling_contract.errors import ContractViolation, RouteUnavailable, TaskNotFound
from kling_contract.expansion import Ratios, canvas, nearest

OPENED = frozenset({"createImageExpansion"})
URL = "https://example.com/cat.png"


def png(width: int, height: int, colour: str = "teal") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, "PNG")
    return target.getvalue()


def client(bridge: Bridge) -> Kling:
    provider = bridge.mock.addresses.root.provider
    return Kling(provider=provider, api_key="test", transport=bridge.transport, clock=bridge.clock)


CREATES = [(name, op.id) for name in bundled() for op in load(name).operations.values() if op.kind == "create"]
sides = st.decimals(0, 2, places=4)
ratios = st.builds(lambda u, d, l, r: nearest(Ratios(u, d, l, r)), sides, sides, sides, sides)  # noqa: E741
texts = st.text(max_size=200)
images = st.sampled_from([URL, png(320, 300)])


def expansion() -> st.SearchStrategy[dict[str, Any]]:
    def fields(chosen: Ratios, image: Any, count: int, prompt: str) -> dict[str, Any]:
        named = {f"{side}_expansion_ratio": getattr(chosen, side) for side in ("up", "down", "left", "right")}
        return {"image": image, "n": count, "prompt": prompt, **named}

    return st.builds(fields, ratios, images, st.integers(1, 9), texts)


def several() -> st.SearchStrategy[dict[str, Any]]:
    aspects = st.sampled_from(["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"])
    required = {"subject_image_list": st.lists(images, min_size=2, max_size=4)}
    optional = {"scene_image": images, "style_image": images, "n": st.integers(1, 9), "aspect_ratio": aspects}
    return st.fixed_dictionaries(required, optional={**optional, "prompt": texts})


def video() -> st.SearchStrategy[dict[str, Any]]:
    optional = {
        "prompt": texts,
        "negative_prompt": texts,
        "cfg_scale": st.decimals(0, 1, places=3),
        "mode": st.sampled_from(["std", "pro"]),
        "duration": st.sampled_from(["5", "10"]),
    }
    return st.fixed_dictionaries({"image": images}, optional=optional)


FIELDS = {
    "createImageExpansion": expansion(),
    "createMultiImageToImage": several(),
    "createImageToVideo": video(),
}


@pytest.mark.parametrize(("provider", "operation"), CREATES)
@given(data=st.data())
def test_every_call_comes_back_as_its_result(provider: str, operation: str, data: st.DataObject) -> None:
    fields = data.draw(FIELDS[operation])
    bridge = Bridge(provider, opened=OPENED)
    with client(bridge) as kling:
        task = kling.create(operation, **fields)
        assert (task.status, task.done) == ("submitted", False)
        assert task.id.isdecimal()
        done = task.wait(timeout=3600)
        again = kling.get(operation, task.id)
    assert done.status == "succeed"
    assert (again.id, again.status, again.updated_at) == (done.id, "succeed", done.updated_at)
    results = done.videos if operation == "createImageToVideo" else done.images
    assert len(results) == int(fields.get("n", 1))
    if operation == "createImageToVideo":
        assert done.videos[0].duration == float(fields.get("duration", "5"))
    assert not [sent for sent in bridge.requests if sent.method == "POST"][1:]


@given(chosen=ratios, width=st.integers(300, 420), height=st.integers(300, 420))
def test_an_expanded_image_has_the_pixels_that_its_ratios_say(chosen: Ratios, width: int, height: int) -> None:
    bridge = Bridge("anyapi")
    named = {f"{side}_expansion_ratio": getattr(chosen, side) for side in ("up", "down", "left", "right")}
    with client(bridge) as kling:
        task = kling.images.expand(image=png(width, height), n=1, **named).wait(timeout=3600)
    name = httpx.URL(task.images[0].url).path.rpartition("/")[2]
    file = bridge.mock.results.file(name)
    assert file is not None
    picture = Image.open(io.BytesIO(file.data)).convert("RGB")
    place = canvas(width, height, chosen)
    assert picture.size == (place.width, place.height)
    inner = picture.crop((place.x, place.y, place.x + width, place.y + height))
    assert inner.getcolors() == [(width * height, (0, 128, 128))]


def test_names_and_types_are_the_providers_on_the_wire() -> None:
    bridge = Bridge("cometapi", opened=OPENED)
    named = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
    with client(bridge) as kling:
        kling.images.expand(image=URL, n=2, **named)
    sent = bridge.requests[0].read()
    assert b'"bottom_expansion_ratio":0.1' in sent
    assert b'"n":"2"' in sent
    assert b"down_expansion_ratio" not in sent


def test_a_broken_request_is_never_sent() -> None:
    bridge = Bridge("anyapi")
    named = {f"{side}_expansion_ratio": 1 for side in ("up", "down", "left", "right")}
    with client(bridge) as kling, pytest.raises(ContractViolation) as caught:
        kling.images.expand(image=URL, n=1, **named)
    assert [violation.rule for violation in caught.value.violations] == ["expansion.area"]
    assert bridge.requests == []


def test_the_documented_404_is_a_route_that_is_not_served() -> None:
    bridge = Bridge("cometapi")
    named = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
    with client(bridge) as kling:
        with pytest.raises(RouteUnavailable) as caught:
            kling.images.expand(image=URL, **named)
        with pytest.raises(RouteUnavailable):
            kling.get("createImageExpansion", "1")
    assert caught.value.body == {"code": None, "message": "404"}
    assert caught.value.status == 404


def test_a_list_is_every_task_newest_first() -> None:
    bridge = Bridge("kling")
    with client(bridge) as kling:
        made = [kling.videos.image_to_video(image=URL, external_task_id=f"job-{n}").id for n in range(7)]
        listed = [task.id for task in kling.list("listImageToVideos", size=3)]
        found = kling.find("createImageToVideo", external_task_id="job-4")
        missing = kling.find("createImageToVideo", external_task_id="job-9")
    assert listed == made[::-1]
    assert found is not None
    assert found.id == made[4]
    assert missing is None


def test_a_lost_answer_is_looked_up_and_not_sent_again() -> None:
    bridge = Bridge("kling")
    answers = bridge.transport.handler

    def lossy(request: httpx.Request) -> httpx.Response:
        answer = answers(request)
        if request.method == "POST":
            raise httpx.ReadError("connection reset", request=request)
        return answer

    kling = Kling(provider="kling", api_key="k", transport=httpx.MockTransport(lossy), clock=bridge.clock)
    with kling:
        task = kling.videos.image_to_video(image=URL, external_task_id="once")
    assert task.external_task_id == "once"
    assert [request.method for request in bridge.requests] == ["POST", "GET"]


def test_an_unknown_task_has_its_own_error() -> None:
    with client(Bridge("kling")) as kling, pytest.raises(TaskNotFound, match="Task not found by id/external id: nope"):
        kling.get("getImageToVideo", "nope")


def test_an_operation_that_a_provider_lacks_is_named() -> None:
    with client(Bridge("anyapi")) as kling, pytest.raises(KlingError, match="AnyAPI has no operation"):
        kling.create("createImageToVideo", image=URL)


async def _animate(bridge: Bridge) -> Any:
    kling = AsyncKling(provider="kling", api_key="k", transport=bridge.transport, clock=bridge.clock)
    async with kling:
        task = await kling.videos.image_to_video(image=URL, duration="10")
        await task.wait(timeout=3600)
        listed = [each.id async for each in kling.list("listImageToVideos")]
    return task, listed


def test_the_async_client_does_the_same() -> None:
    import asyncio

    task, listed = asyncio.run(_animate(Bridge("kling")))
    assert task.videos[0].duration == 10
    assert listed == [task.id]


def test_client_and_mock_agree_on_what_is_a_decimal() -> None:
    """(1 + 0 + 1.5) * (1 + 0.1 + 0.1) is 3, which binary floats deny."""
    bridge = Bridge("anyapi")
    named = {
        "up_expansion_ratio": 0.1,
        "down_expansion_ratio": 0.1,
        "left_expansion_ratio": 0,
        "right_expansion_ratio": 1.5,
    }
    with client(bridge) as kling:
        assert kling.images.expand(image=URL, n=1, **named).status == "submitted"
    operation = load("anyapi").operation("createImageExpansion")
    named["right_expansion_ratio"] = Decimal("1.5000000000000000000000000000000000001")
    assert [each.rule for each in check_request(operation, {"image": URL, "n": 1, **named})] == ["expansion.area"]
