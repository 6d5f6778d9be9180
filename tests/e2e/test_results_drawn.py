"""From our client's call to a file on disk, over a socket: what Pillow and PyAV find in it is what was asked for."""

from __future__ import annotations

import io
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import av
import pytest
from asking import OPENED
from bridge import Moving, loaded
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps, ImageStat

from kling_contract import Kling
from kling_contract.demo_photo import photo
from kling_contract.expansion import Ratios, canvas, nearest
from mock_server import MockServer

PROVIDERS = ("kling", "cometapi", "anyapi")
SEED = 7
PHOTO = photo(320, 300)
STILL = {"up_expansion_ratio": 0, "down_expansion_ratio": 0, "left_expansion_ratio": 0, "right_expansion_ratio": 0}
ORIENTATION, QUARTER_TURN = 0x0112, 6  # EXIF: the tag, and "to be turned by 90 degrees to be upright"

shares = st.decimals(0, 2, places=4)
ratios = st.builds(lambda u, d, l, r: nearest(Ratios(u, d, l, r)), shares, shares, shares, shares)  # noqa: E741
sides = st.integers(300, 400)


class Kind(NamedTuple):
    """How an original is coded, and what Pillow makes of it."""

    mode: str
    file: str
    shown: str = "RGB"


KINDS = [
    *(Kind("RGB", "PNG"), Kind("RGBA", "PNG", "RGBA"), Kind("L", "PNG"), Kind("LA", "PNG", "RGBA"), Kind("P", "PNG")),
    *(Kind("RGB", "JPEG"), Kind("L", "JPEG"), Kind("CMYK", "JPEG")),
]


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Kling]]:
    """Clients of one server, by provider; their clock moves by being waited for, and the server's by being asked."""
    with ExitStack() as stack:
        server = stack.enter_context(MockServer(provider="kling", clock="auto", opened=OPENED, seed=SEED))
        yield {
            name: stack.enter_context(
                Kling(provider=loaded(name), api_key="test", base_url=f"{server.url}/p/{name}", clock=Moving())
            )
            for name in PROVIDERS
        }


@contextmanager
def saved(kling: Kling, operation: str, **fields: Any) -> Iterator[list[Path]]:
    """Make a task, wait for it, and save what it made, for as long as the block takes."""
    with tempfile.TemporaryDirectory() as folder:
        yield kling.create(operation, **fields).wait(timeout=3600).save(folder)


def noise(width: int, height: int, kind: Kind = KINDS[0], seed: int = 1, **options: Any) -> bytes:
    """Return a file of noise, so that no misplaced pixel can go unseen."""
    picture = Image.frombytes("RGBA", (width, height), random.Random(seed).randbytes(width * height * 4))
    flat = picture.convert("RGB" if kind.mode in ("P", "CMYK") else kind.mode)
    return encoded(flat.convert(kind.mode), kind.file, **options)


def encoded(picture: Image.Image, file: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, file, **options)
    return target.getvalue()


def opened(file: Path) -> Image.Image:
    with Image.open(file) as picture:
        picture.load()
        return picture


def unlike(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures, in levels of 256."""
    means = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(means) / len(means)


@settings(deadline=None, max_examples=10)
@given(
    provider=st.sampled_from(PROVIDERS), chosen=ratios, width=sides, height=sides,
    kind=st.sampled_from(KINDS), count=st.integers(1, 3), seed=st.integers(0, 99),
)  # fmt: skip
def test_an_expansion_has_the_original_to_the_pixel_where_its_ratios_say(
    clients: dict[str, Kling],
    provider: str,
    chosen: Ratios,
    width: int,
    height: int,
    kind: Kind,
    count: int,
    seed: int,
) -> None:
    data = noise(width, height, kind, seed)
    original = Image.open(io.BytesIO(data)).convert(kind.shown)
    named = {f"{side}_expansion_ratio": getattr(chosen, side) for side in ("up", "down", "left", "right")}
    place = canvas(width, height, chosen)
    with saved(clients[provider], "createImageExpansion", image=data, n=count, **named) as files:
        pictures = [opened(file) for file in files]
    assert len(pictures) == count
    for picture in pictures:
        assert (picture.format, picture.size) == ("PNG", (place.width, place.height))
        inner = picture.crop((place.x, place.y, place.x + width, place.y + height))
        assert (inner.mode, inner.tobytes()) == (kind.shown, original.tobytes())
        assert picture.info["Software"] == "kling-contract mock"
        assert picture.info["kling-seed"] == str(SEED)
    grown = (place.width, place.height) != (width, height)
    assert len({picture.tobytes() for picture in pictures}) == (count if grown else 1)


@settings(deadline=None, max_examples=3)
@given(
    shape=st.tuples(st.integers(300, 500), st.integers(300, 500)), pro=st.booleans(), tail=st.booleans(),
    seconds=st.integers(3, 5), seed=st.integers(0, 99),
)  # fmt: skip
def test_a_video_is_as_long_and_large_as_asked_begins_with_its_image_and_ends_with_its_tail(
    clients: dict[str, Kling], shape: tuple[int, int], pro: bool, tail: bool, seconds: int, seed: int
) -> None:
    start = Image.frombytes("RGB", (4, 4), random.Random(seed).randbytes(48)).resize(shape)
    end = ImageOps.invert(start)
    asked = {"model_name": "kling-v3", "prompt": "x", "mode": "pro" if pro else "std", "duration": str(seconds)}
    asked |= {"image_tail": encoded(end)} if tail else {}
    with (
        saved(clients["kling"], "createImageToVideo", image=encoded(start), **asked) as (file,),
        av.open(file) as container,
    ):
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert min(stream.width, stream.height) == (1080 if pro else 720)
        assert abs(stream.width / stream.height - shape[0] / shape[1]) < 0.01
        assert container.duration is not None
        assert abs(container.duration / av.time_base - seconds) <= 1 / 24
        frames = list(container.decode(stream))
        first, last = (frame.to_image() for frame in (frames[0], frames[-1]))
    assert len(frames) == seconds * 24
    wanted = [ImageOps.fit(each, first.size) for each in (start, end)]
    assert unlike(first, wanted[0]) < 6
    assert unlike(first, last) > 1
    assert (unlike(last, wanted[1]) < 6) is tail


@settings(deadline=None, max_examples=5)
@given(
    provider=st.sampled_from(["kling", "cometapi"]), count=st.integers(2, 4), results=st.integers(1, 2),
    aspect=st.sampled_from(["16:9", "9:16", "1:1", "3:2", "21:9"]), scene=st.booleans(), style=st.booleans(),
)  # fmt: skip
def test_a_composition_has_the_asked_aspect_and_all_its_subjects(
    clients: dict[str, Kling], provider: str, count: int, results: int, aspect: str, scene: bool, style: bool
) -> None:
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00"][:count]
    subjects = [{"subject_image": encoded(Image.new("RGB", (300, 300), each))} for each in colours]
    asked = {"subject_image_list": subjects, "aspect_ratio": aspect, "n": results}
    asked |= {name: PHOTO for name, given in (("scene_image", scene), ("style_image", style)) if given}
    with saved(clients[provider], "createMultiImageToImage", **asked) as files:
        pictures = [opened(file) for file in files]
    across, down = map(int, aspect.split(":"))
    assert len({picture.tobytes() for picture in pictures}) == len(pictures) == results
    for picture in pictures:
        assert picture.width / picture.height == pytest.approx(across / down, rel=0.01)
        found = {colour for amount, colour in picture.getcolors(1 << 24) if amount > 1000}
        assert style or {(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)} & found == {
            tuple(bytes.fromhex(each[1:])) for each in colours
        }


def test_a_phones_photo_keeps_the_pixels_that_are_stored(clients: dict[str, Kling]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = QUARTER_TURN
    data = noise(400, 300, Kind("RGB", "JPEG"), exif=exif)
    stored = Image.open(io.BytesIO(data))
    assert ImageOps.exif_transpose(stored).size == (300, 400)
    with saved(clients["kling"], "createImageExpansion", image=data, n=1, **STILL) as (file,):
        picture = opened(file)
    assert (picture.size, picture.tobytes()) == ((400, 300), stored.convert("RGB").tobytes())
    assert picture.getexif().get(ORIENTATION) is None
    asked = {"model_name": "kling-v3", "prompt": "x", "duration": "3"}
    with saved(clients["kling"], "createImageToVideo", image=data, **asked) as (file,), av.open(file) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (960, 720)
