from __future__ import annotations

import base64
import io
from typing import Any

import av
import pytest
from asking import URL, Core
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mock_server.fetching import Fetching
from mock_server.inputs import Inputs
from mock_server.settings import Settings

RATIOS = ("up_expansion_ratio", "down_expansion_ratio", "left_expansion_ratio", "right_expansion_ratio")


def png(width: int = 320, height: int = 300, colour: str = "teal") -> str:
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def inputs(most: int) -> Inputs:
    return Inputs(Settings(kept_inputs=most), Fetching((), str))


def finished(core: Core, operation: str, body: dict[str, Any]) -> list[str]:
    """Make a task, let it end, and return the URLs of its results."""
    made = core.create(operation, body)
    assert made.status == 200, made.body
    core.clock.sleep(3600)
    shown = core.get(operation.replace("create", "get"), made.body["data"]["task_id"]).body["data"]
    assert shown["task_status"] == "succeed"
    return [each["url"] for each in next(iter(shown["task_result"].values()))]


def expansion(image: Any, *ratios: Any, **more: Any) -> dict[str, Any]:
    return {"image": image, **dict(zip(RATIOS, ratios or (0.1,) * 4, strict=True)), **more}


def opened(core: Core, url: str) -> Image.Image:
    file = core.file(url)
    assert file.content_type == "image/png"
    picture = Image.open(io.BytesIO(file.data))
    picture.load()
    return picture


def test_inputs_come_back_in_their_order_with_the_names_of_their_fields() -> None:
    kept = inputs(1000)
    kept.keep("1/a", [("image", "AAAA"), ("image_tail", URL)])
    kept.keep("1/b", [("image", "BBBB"), ("image", "CCCC")])
    assert kept.of("1/a") == (("image", "AAAA"), ("image_tail", URL))
    assert kept.of("1/b") == (("image", "BBBB"), ("image", "CCCC"))
    assert kept.of("1/c") == ()
    kept.forget("1/")
    assert kept.of("1/a") == ()


def test_of_a_url_that_is_too_long_only_its_place_is_kept() -> None:
    kept = inputs(100_000)
    kept.keep("1/a", [("image", URL + "?" + "x" * 8192), ("image", "AAAA")])
    assert kept.of("1/a") == (("image", ""), ("image", "AAAA"))


OWN = "/__media/871-0.png"


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("http://mock.test" + OWN, OWN),
        ("http://mock.test:80" + OWN, OWN),
        ("https://mock.test" + OWN, OWN),
        ("HTTP://MOCK.TEST" + OWN, OWN),
        ("http://mock.test/s/some" + OWN + "?x=1#y", OWN),
        ("https://public.example" + OWN, OWN),
        ("http://127.0.0.1:4060" + OWN, OWN),
        ("http://[::1]:4060" + OWN, OWN),
        ("http://127.0.0.1:4061" + OWN, None),
        ("http://mock.test:8080" + OWN, None),
        ("http://other.test" + OWN, None),
        ("http://mock.test.example" + OWN, None),
        ("http://other.test/?u=http://mock.test" + OWN, None),
        ("http://mock.test@other.test" + OWN, None),
        ("http://mock.test/x?" + OWN, None),
        ("http://mock.test:99999" + OWN, None),
        ("http://[bad" + OWN, None),
        ("http://mock.test/media/871-0.png", None),
    ],
)
def test_a_url_of_the_mock_itself_is_known_by_its_origin(url: str, short: str | None) -> None:
    kept = inputs(1000)
    origins = ["http://mock.test", "https://public.example", "http://localhost:4060"]
    kept.keep("1/a", [("image", url), ("image_tail", "AAAA")], origins)
    assert kept.of("1/a") == (("image", short or url), ("image_tail", "AAAA"))


@given(st.lists(st.integers(0, 60), max_size=30))
def test_inputs_never_exceed_their_bound_and_the_oldest_go_first(sizes: list[int]) -> None:
    kept = inputs(1000)
    for number, size in enumerate(sizes):
        kept.keep(f"1/{number}", [("image", "AAAA" * size)])
    held = [number for number in range(len(sizes)) if kept.of(f"1/{number}")]
    assert sum(4 * sizes[number] for number in held) <= 1000
    assert held == list(range(len(sizes)))[len(sizes) - len(held) :]
    assert len(held) >= min(len(sizes), 2)


def test_one_large_image_does_not_push_out_the_others_and_the_last_such_is_kept() -> None:
    kept = inputs(2000)
    for number, size in enumerate((100, 150, 5000, 501, 100)):
        kept.keep(f"1/{number}", [("image", "A" * size)])
        assert kept.of(f"1/{number}")
    assert [number for number in range(5) if kept.of(f"1/{number}")] == [0, 1, 2, 3, 4]
    kept.keep("1/5", [("image", "A" * 9000)])
    assert [number for number in range(6) if kept.of(f"1/{number}")] == [0, 1, 3, 4, 5]
    kept.forget("1/")
    assert not any(kept.of(f"1/{number}") for number in range(5))


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    kept = inputs(0)
    kept.keep("1/a", [("image", "AAAA")])
    assert kept.of("1/a") == ()
    assert [str(each.message) for each in kept.notes("1/a", "kept")] == [
        "a stand-in takes the place of every image: nothing is kept of inputs"
    ]


def test_a_result_exists_from_success_on() -> None:
    core = Core()
    made = core.create("createImageExpansion", expansion(png()))
    name = f"http://x/__media/{made.body['data']['task_id']}-0.png"
    core.clock.sleep(31.9)
    assert core.file(name) is None
    core.clock.sleep(0.2)
    assert core.file(name).content_type == "image/png"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "{id}-1.png",
            "{id}-0.mp4",
            "{id}-0",
            "{id}.png",
            "{id}-00.png",
            "{id}-٠.png",
            "{id}--0.png",
            "{id}-0.png.png",
        ),
        *("{id}-" + "9" * 5000 + ".png", "-0.png", "", "..", "x-0.png", "{id}-0.PNG", "{id} -0.png"),
    ],
)
def test_no_other_name_is_a_result(name: str) -> None:
    core = Core()
    (url,) = finished(core, "createImageExpansion", expansion(png()))
    task_id = url.rpartition("/")[2].partition("-")[0]
    assert core.file("/" + name.replace("{id}", task_id)) is None


def test_there_are_as_many_results_as_were_asked_for_and_they_differ() -> None:
    core = Core()
    urls = finished(core, "createImageExpansion", expansion(png(), n=9))
    files = [core.file(url).data for url in urls]
    assert len(set(urls)) == len(set(files)) == 9
    assert core.file(urls[0]).data == files[0]


def test_a_result_is_the_original_inside_more() -> None:
    core = Core()
    (url,) = finished(core, "createImageExpansion", expansion(png(400, 300, "red"), 0.25, 0.1, 0.5, 0.25))
    picture = opened(core, url)
    assert picture.size == (400 + 200 + 100, 300 + 75 + 30)
    assert picture.convert("RGB").crop((200, 75, 600, 375)).getcolors() == [(120_000, (255, 0, 0))]


def test_without_its_input_a_result_has_the_right_size_still() -> None:
    core = Core(kept_inputs=0)
    (url,) = finished(core, "createImageExpansion", expansion(png(400, 300), 0, 0, 0.5, 0.5))
    assert opened(core, url).size == (800, 300)


def test_an_unknown_field_does_not_change_a_result() -> None:
    core = Core("cometapi")
    ratios = {
        "up_expansion_ratio": 0,
        "right_expansion_ratio": 0,
        "left_expansion_ratio": 0,
        "bottom_expansion_ratio": 1,
    }
    (url,) = finished(core, "createImageExpansion", {"image": png(), **ratios, "down_expansion_ratio": 0.5})
    assert opened(core, url).size == (320, 600)


def test_several_images_make_one_in_the_aspect_that_was_asked_for() -> None:
    core = Core()
    subjects = [{"subject_image": png(colour=colour)} for colour in ("red", "blue")]
    urls = finished(core, "createMultiImageToImage", {"subject_image_list": subjects, "aspect_ratio": "9:16", "n": 2})
    assert [opened(core, url).size for url in urls] == [(576, 1024)] * 2


@pytest.mark.parametrize(("duration", "seconds"), [(None, 5), ("10", 10)])
@pytest.mark.usefixtures("small_films")
def test_a_video_plays_as_long_as_was_asked_for(duration: str | None, seconds: int) -> None:
    core = Core("cometapi")
    (url,) = finished(core, "createImageToVideo", {"image": URL, **({"duration": duration} if duration else {})})
    with av.open(io.BytesIO(core.file(url).data)) as video:
        assert video.duration == seconds * av.time_base
        assert sum(1 for _ in video.decode(video=0)) == seconds * 24


def test_the_same_seed_makes_the_same_bytes_and_another_does_not() -> None:
    files = []
    for seed in (1, 1, 2):
        core = Core(seed=seed)
        (url,) = finished(core, "createImageExpansion", expansion(png()))
        files.append((url, core.file(url).data))
    assert files[0] == files[1]
    assert files[0][1] != files[2][1]


def test_a_result_of_a_forgotten_session_is_gone() -> None:
    core = Core()
    core.mock.sessions._most = 2
    (url,) = finished(core, "createImageExpansion", expansion(png()))
    assert core.file(url) is not None
    for name in "ab":
        core.ask("GET", "/v1/videos/image2video", x_kling_session=name)
    assert core.file(url) is None


LENIENT: list[tuple[str, dict[str, Any]]] = [
    ("createImageExpansion", expansion(png(), n="many")),
    ("createImageExpansion", expansion(png(), n=10**9)),
    ("createImageExpansion", expansion(png(), n=2**65)),
    ("createImageExpansion", expansion(png(), n=-3)),
    ("createImageExpansion", expansion(png(), n=[1])),
    ("createImageExpansion", expansion(png(), n={"a": 1})),
    ("createImageExpansion", expansion(png(), n="9" * 5000)),
    ("createImageExpansion", expansion(png(), n=None)),
    ("createImageExpansion", expansion(png(), n=1.9)),
    ("createImageExpansion", expansion(png(), "x", [], None, True)),
    ("createImageExpansion", expansion(png(), 1e9, -1e9, 1e30, 2)),
    ("createImageExpansion", expansion(png(), "1e-99999999", "1e99999999", "NaN", "-Infinity")),
    ("createImageExpansion", expansion(None)),
    ("createImageExpansion", expansion([1])),
    ("createImageExpansion", expansion(png(1, 1))),
    ("createImageExpansion", expansion("iVBORw0KGgo=")),
    ("createImageExpansion", {}),
    ("createMultiImageToImage", {}),
    ("createMultiImageToImage", {"subject_image_list": "x"}),
    ("createMultiImageToImage", {"subject_image_list": ["x", 1, None, {"subject_image": 3}, {}]}),
    ("createMultiImageToImage", {"subject_image_list": {"subject_image": "x"}}),
    ("createMultiImageToImage", {"aspect_ratio": "0:0"}),
    ("createMultiImageToImage", {"aspect_ratio": "1:1e99999999"}),
    ("createMultiImageToImage", {"aspect_ratio": "1:99999999999999999999"}),
    ("createMultiImageToImage", {"aspect_ratio": 7}),
    ("createImageToVideo", {}),
    ("createImageToVideo", {"duration": "0"}),
    ("createImageToVideo", {"duration": 10}),
    ("createImageToVideo", {"duration": "forever"}),
    ("createImageToVideo", {"duration": 5.5}),
    ("createImageToVideo", {"duration": "٥"}),
    ("createImageToVideo", {"image": {"deep": ["x"]}, "dynamic_masks": {"mask": "x"}, "camera_control": "spin"}),
]


@pytest.mark.parametrize(("operation", "body"), LENIENT)
@pytest.mark.usefixtures("small_films")
def test_a_lenient_server_makes_results_of_anything(operation: str, body: dict[str, Any]) -> None:
    core = Core(lenient=True)
    urls = finished(core, operation, body)
    assert 1 <= len(urls) <= 16
    file = core.file(urls[-1])
    if operation == "createImageToVideo":
        with av.open(io.BytesIO(file.data)) as video:
            assert video.duration % av.time_base == 0
            assert 1 <= video.duration // av.time_base <= 15
    else:
        assert min(opened(core, urls[-1]).size) >= 1


def huge(width: int, height: int) -> str:
    """Return the head of a PNG that says it is so large."""
    sides = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + sides + b"\x08\x02\0\0\0" + b"x" * 9).decode()


@pytest.mark.parametrize("sides", [(2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (1, 2**31 - 1), (100_000, 100_000)])
def test_an_image_that_says_it_is_huge_does_not_fill_the_memory(sides: tuple[int, int]) -> None:
    core = Core(lenient=True)
    (url,) = finished(core, "createImageExpansion", expansion(huge(*sides), 0.5, 0.5, 0.5, 0.5))
    assert opened(core, url).size == (2 * 1024, 2 * 768)
