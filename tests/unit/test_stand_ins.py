"""A result that does not show an image of its request says so, whatever the reason: by a note, a header and the log."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from asking import URL, Asked, Core
from edited_tiny import TINY
from PIL import Image
from test_inputs_results import expansion, png

from kling_contract.soundness import load
from kling_contract.testing import mock
from kling_contract.testing.wrong import hints
from mock_server import inputs, log
from mock_server.exchange import Exchange
from mock_server.stand_ins import RULE, header, note

EXPAND, VIDEO, MULTI = "createImageExpansion", "createImageToVideo", "createMultiImageToImage"
GIF = base64.b64encode(b"GIF89a\x40\x01\x40\x01" + bytes(600)).decode()
DAMAGED = base64.b64encode(base64.b64decode(png())[:-40]).decode()


def shown(core: Core, operation: str, body: dict[str, Any]) -> tuple[Asked, str]:
    """Make a task, let it end, and return the answer that shows its result, and the id."""
    made = core.create(operation, body)
    assert made.status == 200, made.body
    core.clock.sleep(3600)
    task = made.body["data"]["task_id"]
    return core.get(operation.replace("create", "get"), task), task


def words(answer: Asked) -> list[str]:
    """Return what the notes about the result say, and hold header and log against them."""
    found = [each.message for each in answer.entry.notes if each.rule == RULE]
    assert ("x-kling-mock-notes" in answer.headers) == bool(found)
    line = log.text(answer.entry.brief())
    assert all(f"note {RULE}: {each}" in line for each in found)
    return [each.removeprefix("a stand-in takes the place of ") for each in found]


def of_file(core: Core, task: str, ending: str = "png") -> str:
    """Return what the header of the first result's file says."""
    answer = core.mock.answer(Exchange("GET", f"/__media/{task}-0.{ending}", "", {}, b"", "http://mock.test"))
    assert answer.status == 200
    return answer.headers.get("x-kling-mock-notes", "")


def test_a_result_that_shows_its_image_says_nothing() -> None:
    core = Core()
    answer, task = shown(core, EXPAND, expansion(png()))
    assert (words(answer), of_file(core, task)) == ([], "")
    again = core.get("getImageExpansion", task)
    assert words(again) == []


def test_a_task_without_images_has_none_to_miss() -> None:
    core = Core(load(TINY))
    made = core.ask("POST", "/make/poster", {"headline": "Tonight"})
    core.clock.sleep(3600)
    answer = core.ask("GET", f"/jobs/poster/{made.body['job']['key']}")
    assert words(answer) == []


def test_an_image_given_by_url_is_not_fetched_and_that_is_told() -> None:
    core = Core()
    answer, task = shown(core, EXPAND, expansion(URL))
    assert words(answer) == ["the image: inputs given by URL are not fetched"]
    assert answer.entry.notes[-1].hint == "--fetch-from HOST, with the host of the URL"
    assert of_file(core, task) == f"{RULE} a stand-in takes the place of the image: inputs given by URL are not fetched"


def test_of_several_images_those_are_named_that_are_not_shown() -> None:
    core = Core()
    subjects = [{"subject_image": URL}, {"subject_image": png()}, {"subject_image": URL}]
    answer, task = shown(core, MULTI, {"subject_image_list": subjects, "scene_image": URL})
    said = "subject_image_list, scene_image: inputs given by URL are not fetched"
    assert words(answer) == [said]
    assert of_file(core, task).endswith(said)


def test_a_url_that_is_too_long_is_told() -> None:
    core = Core(lenient=True)
    answer, _ = shown(
        core, VIDEO, {"image": png(), "image_tail": URL + "?" + "x" * 9000, "model_name": "kling-v2-1", "mode": "pro"}
    )
    assert "image_tail: its URL is too long to be kept" in words(answer)


def test_images_that_gave_way_are_told_and_a_result_that_was_drawn_before_is_as_it_was() -> None:
    core = Core(kept_inputs=6000)
    early, drawn = shown(core, EXPAND, expansion(png()))
    assert of_file(core, drawn) == ""
    _, late = shown(core, EXPAND, expansion(png()))
    for _ in range(9):
        shown(core, EXPAND, expansion(png()))
    assert words(core.get("getImageExpansion", drawn)) == words(early) == []
    (said,) = words(core.get("getImageExpansion", late))
    assert said == "every image: images of later requests took their room of 0.00572 MB"
    assert of_file(core, late).endswith(said)


def test_a_server_that_keeps_nothing_says_so() -> None:
    core = Core(kept_inputs=0)
    answer, task = shown(core, EXPAND, expansion(png()))
    assert words(answer) == ["every image: nothing is kept of inputs"]
    assert of_file(core, task).endswith("nothing is kept of inputs")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (DAMAGED, "it is damaged, or is no PNG or JPEG, or has too many pixels to be drawn"),
        (GIF, "it is damaged, or is no PNG or JPEG"),
        ("no base64!", "it is no base64"),
        ("http://mock.test/__media/1-0.png", "it is the URL of a result that this mock does not have"),
    ],
)
def test_what_is_found_in_drawing_is_told_from_then_on(image: str, said: str) -> None:
    core = Core(lenient=True, verbose=True)
    told: list[str] = []
    core.mock.results._say = told.append
    answer, task = shown(core, EXPAND, expansion(image))
    assert words(answer) == []
    file = of_file(core, task)
    assert f"takes the place of image: {said}" in file
    (again,) = words(core.get("getImageExpansion", task))
    assert again.startswith(f"image: {said}")
    of_file(core, task)
    assert len(told) == (1 if "damaged" in said else 0)


def test_the_url_of_a_video_of_this_mock_shows_nothing() -> None:
    core = Core()
    _, film = shown(core, VIDEO, {"image": URL})
    url = f"http://mock.test/__media/{film}-0.mp4"
    _, task = shown(core, EXPAND, expansion(url))
    assert of_file(core, task).endswith("takes the place of image: it is the URL of a video")


def test_a_canvas_that_is_too_large_to_draw_is_told() -> None:
    target = io.BytesIO()
    Image.new("L", (9000, 8000)).save(target, "PNG")
    core = Core()
    _, task = shown(core, EXPAND, expansion(base64.b64encode(target.getvalue()).decode(), 0, 0, 0, 0))
    assert "a picture of 9000 x 8000 pixels is not drawn" in of_file(core, task)


@pytest.mark.usefixtures("small_films")
def test_the_last_frame_of_a_video_that_cannot_be_decoded_is_told() -> None:
    core = Core(lenient=True)
    body = {"image": png(), "image_tail": DAMAGED, "model_name": "kling-v2-1", "mode": "pro"}
    _, task = shown(core, VIDEO, body)
    assert "takes the place of image_tail: it is damaged" in of_file(core, task, "mp4")


def test_without_the_extra_every_result_with_an_image_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "missing_extra", lambda: "results are small built-in files; pip install it")
    core = Core()
    answer, _ = shown(core, EXPAND, expansion(png()))
    assert words(answer) == ["every image: results are small built-in files; pip install it"]


def test_a_task_that_has_no_result_says_nothing() -> None:
    core = Core()
    made = core.create(EXPAND, expansion(URL), prefer="scenario=fail")
    assert words(core.get("getImageExpansion", made.body["data"]["task_id"])) == []
    core.clock.sleep(3600)
    assert words(core.get("getImageExpansion", made.body["data"]["task_id"])) == []


def test_it_is_no_remark_on_what_a_test_asked() -> None:
    with mock() as kling:
        kling.client.videos.image_to_video(image=URL, model_name="kling-v2-6").wait()
        assert any(each.rule == RULE for entry in kling.session.journal.entries for each in entry.notes)
        assert not any(request.notes for request in kling.requests)
        assert hints(kling) == []


def test_a_header_holds_only_what_a_header_may() -> None:
    assert header([]) == ""
    assert header([note("é\n", "x" * 2000)]).isascii()
    assert len(header([note("a", "x" * 2000)])) == 1000
