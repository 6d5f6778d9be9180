"""What a result is drawn from: the images of its request, each in its role, and results of the mock itself."""

from __future__ import annotations

import base64
import io
import sys
from typing import Any

import av
import pytest
from asking import URL, Core
from bridge import loaded
from PIL import Image, ImageChops, ImageStat
from test_inputs_results import expansion, finished, opened, png

from mock_server import media
from mock_server.media import Input
from mock_server.shelf import Shelved
from mock_server.stand_ins import missing_extra


def sheet(picture: Image.Image, *box: int) -> set[Any]:
    """Return the colours of a part of a picture."""
    return {colour for _, colour in picture.convert("RGB").crop(box).getcolors(1 << 24)}


def ends(file: Shelved) -> tuple[Image.Image, Image.Image]:
    """Return the first and the last frame of a video."""
    with av.open(io.BytesIO(file.data)) as video:
        found = list(video.decode(video=0))
        return found[0].to_image(), found[-1].to_image()


def near(picture: Image.Image, colour: str) -> bool:
    """Whether a picture is of one colour, as far as a video can keep it."""
    difference = ImageChops.difference(picture, Image.new("RGB", picture.size, colour))
    return max(ImageStat.Stat(difference).mean) < 6


def test_an_expansion_of_a_result_shows_the_first_result_inside() -> None:
    core = Core()
    (first,) = finished(core, "createImageExpansion", expansion(png(400, 300, "red"), 0, 0, 0.5, 0))
    (second,) = finished(core, "createImageExpansion", expansion(first, 0.5, 0, 0, 0))
    (third,) = finished(core, "createImageExpansion", expansion(second, 0, 0, 0, 0.5))
    picture, inner = opened(core, third), opened(core, first)
    assert picture.size == (900, 450)
    assert picture.crop((0, 150, 600, 450)).tobytes() == inner.tobytes()
    assert opened(core, second).crop((0, 150, 600, 450)).tobytes() == inner.tobytes()


def test_a_result_of_another_session_and_an_expired_one_serve_too() -> None:
    core = Core()
    (first,) = finished(core, "createImageExpansion", expansion(png(400, 300, "red"), 0, 0, 0.5, 0))
    made = core.create("createImageExpansion", expansion(first, 0, 0, 0.5, 0), x_kling_session="other")
    core.clock.sleep(40 * 86400)
    found = core.mock.results._find(f"{made.body['data']['task_id']}-0.png")
    assert found is not None
    data = core.mock.results._drawn(found, (found.key,)).data
    assert Image.open(io.BytesIO(data)).size == (900, 300)


def test_where_a_result_is_no_image_or_not_there_a_stand_in_takes_its_place() -> None:
    core = Core()
    (video,) = finished(core, "createImageToVideo", {"image": png(), "duration": "5"})
    none = video.rpartition("/")[0] + "/871-0.png"
    for url in (video, none, video.replace("-0.mp4", "-1.png")):
        (result,) = finished(core, "createImageExpansion", expansion(url, 0, 0, 0, 1))
        assert opened(core, result).size == (2048, 768)


def test_a_task_that_is_its_own_input_ends() -> None:
    core = Core()
    (url,) = finished(core, "createImageExpansion", expansion(png(), 0, 0, 0, 0))
    number = int(url.rpartition("/")[2].partition("-")[0])
    stride = 7_368_787
    body = expansion(url.replace(str(number), str(number + stride)), 0, 0, 0, 1)
    (own,) = finished(core, "createImageExpansion", body)
    assert own == body["image"]
    assert opened(core, own).size == (2048, 768)


def chained(core: Core, length: int) -> list[str]:
    """Return the URLs of results of which each is made of the one before."""
    urls = finished(core, "createImageExpansion", expansion(png(400, 300), 0, 0, 0, 0))
    for _ in range(length):
        urls += finished(core, "createImageExpansion", expansion(urls[-1], 0, 0, 0, 0))
    return urls


def test_a_long_chain_of_results_is_drawn_from_its_beginning() -> None:
    core = Core()
    assert opened(core, chained(core, 40)[-1]).size == (400, 300)


def test_an_endless_chain_of_results_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_server.results._LONGEST_CHAIN", 4)
    core = Core()
    urls = chained(core, 5)
    assert opened(core, urls[4]).size == (400, 300)
    assert opened(core, chained(core, 5)[-1]).size == (1024, 768)


def test_subjects_scene_and_style_have_their_roles() -> None:
    core = Core()
    subjects = [{"subject_image": png(colour="red")}, {"subject_image": URL}]
    body = {"subject_image_list": subjects, "scene_image": png(400, 300, "blue"), "aspect_ratio": "1:1"}
    (url,) = finished(core, "createMultiImageToImage", body)
    (styled,) = finished(core, "createMultiImageToImage", {**body, "style_image": png(colour="lime")})
    picture, other = opened(core, url), opened(core, styled)
    assert picture.getpixel((3, 3))[2] > 2 * max(picture.getpixel((3, 3))[:2]), "the scene lies behind"
    assert (255, 0, 0) in sheet(picture, 0, 0, *picture.size)
    assert picture.size == other.size == (1024, 1024)
    assert picture.tobytes() != other.tobytes()


def test_what_a_provider_renamed_has_its_role_still(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[Input]] = []
    monkeypatch.setattr(
        "mock_server.media.draw", lambda task, index, inputs, **_: drawn.append(inputs) or media.clip(5, label={})
    )
    core = Core("cometapi")
    subjects = [{"subject_image": png(colour="red")}, {"subject_image": URL}]
    body = {"scence_image": png(colour="blue"), "subject_image_list": subjects, "style_image": URL}
    core.file(finished(core, "createMultiImageToImage", body)[0])
    fields = [
        ("scene_image", True),
        ("subject_image_list", True),
        ("subject_image_list", False),
        ("style_image", False),
    ]
    assert [(each.field, bool(each.data)) for each in drawn[0]] == fields


def test_a_video_begins_with_its_image_and_ends_with_its_tail() -> None:
    core, seconds = Core(), 3
    body = {"model_name": "kling-v3", "prompt": "x", "image": png(400, 300, "red"), "duration": str(seconds)}
    (url,) = finished(core, "createImageToVideo", {**body, "image_tail": png(400, 300, "blue")})
    file = core.file(url)
    first, last = ends(file)
    assert near(first, "red")
    assert near(last, "blue")
    assert first.size == (960, 720)
    with av.open(io.BytesIO(file.data)) as video:
        assert video.duration == seconds * av.time_base
        assert video.metadata["kling-task"] == url.rpartition("/")[2].partition("-")[0]


@pytest.mark.usefixtures("small_films")
def test_the_tail_alone_is_no_beginning() -> None:
    core = Core(lenient=True)
    body = {"image_tail": png(400, 300, "blue")}
    (url,) = finished(core, "createImageToVideo", body)
    first, last = ends(core.file(url))
    assert not near(first, "blue")
    assert near(last, "blue")


@pytest.mark.usefixtures("small_films")
def test_what_a_mask_covers_stays_still() -> None:
    core, mask, photo = Core(lenient=True), Image.new("L", (400, 300)), Image.effect_noise((400, 300), 90)
    mask.paste(255, (0, 0, 200, 300))
    body = {"image": encoded(photo), "static_mask": encoded(mask)}
    first, last = ends(core.file(finished(core, "createImageToVideo", body)[0]))
    halves = [(20, 0, first.width // 2 - 20, first.height), (first.width // 2 + 20, 0, first.width, first.height)]
    moved = [ImageStat.Stat(ImageChops.difference(first.crop(half), last.crop(half))).mean[0] for half in halves]
    assert moved[0] < moved[1] / 4


def encoded(picture: Image.Image) -> str:
    target = io.BytesIO()
    picture.save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


SIDES: list[tuple[str, dict[str, Any], int, int]] = [
    ("kling", {"mode": "std"}, 720, 24),
    ("kling", {"mode": "pro"}, 1080, 24),
    ("kling", {"mode": "4k", "model_name": "kling-v3"}, 2160, 24),
    ("kling", {"mode": "pro", "model_name": "kling-v1-6"}, 1080, 30),
    ("kling", {"model_name": "kling-v2-6"}, 720, 24),
    ("kling", {"mode": "grand", "model_name": ["x"]}, 720, 24),
    ("cometapi", {}, 720, 24),
    ("cometapi", {"mode": "pro", "model_name": "kling-v1"}, 1080, 30),
    ("tests/documents/tiny.yaml", {"seconds": "10"}, 240, 12),
    ("tests/documents/tiny.yaml", {}, 360, 12),
]


@pytest.mark.parametrize(("provider", "fields", "side", "rate"), SIDES)
def test_a_video_has_the_sides_and_the_rate_that_its_document_says(
    provider: str, fields: dict[str, Any], side: int, rate: int
) -> None:
    core = Core(provider, lenient=True)
    image = "picture" if provider.endswith("tiny.yaml") else "image"
    made = core.create("createImageToVideo", {image: URL, **fields})
    core.clock.sleep(3600)
    found = core.mock.results._find(f"{made.entry.task}-0.mp4")
    assert found is not None
    assert core.mock.results._footage(found.task) == (side, rate)


def test_an_invented_providers_video_has_its_own_sides() -> None:
    core = Core(loaded("tests/documents/tiny.yaml"))
    made = core.create("createImageToVideo", {"picture": png(300, 300, "red"), "seconds": "10"})
    core.clock.sleep(3600)
    with av.open(io.BytesIO(core.file(f"/{made.entry.task}-0.mp4").data)) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == (240, 240, 120)


def test_where_a_part_of_the_extra_is_missing_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_extra() is None
    for name in ("PIL", "av"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            assert "pip install 'kling-contract[media]'" in (missing_extra() or "")


def test_without_the_extra_results_open_still(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core()
    urls = [
        *finished(core, "createImageToVideo", {"image": png(), "duration": "10"}),
        *finished(core, "createImageExpansion", expansion(png(400, 300), 0, 0, 0.5, 0)),
        *finished(core, "createMultiImageToImage", {"subject_image_list": [{"subject_image": png()}]}),
    ]
    with monkeypatch.context() as patch:
        for name in ("PIL", "av"):
            patch.setitem(sys.modules, name, None)
        files = [core.file(url).data for url in urls]
    with av.open(io.BytesIO(files[0])) as video:
        assert video.duration == 10 * av.time_base
    assert [Image.open(io.BytesIO(data)).size for data in files[1:]] == [(600, 300), (1024, 576)]
