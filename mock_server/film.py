"""The clip of an image-to-video task: an H.264 MP4 that draws nearer to the start image, of the asked length and size.

It needs PyAV and Pillow (the extra `media`). Pillow fits each picture to the frame once; libav moves and encodes it.
"""

from __future__ import annotations

import io
import random
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from mock_server.files import File, Unwanted
from mock_server.pictures import decoded, ignored, pillow, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from av import VideoFrame
    from PIL import Image

    from mock_server.pictures import Unseen

    Size = tuple[int, int]
    Planes = Sequence[Image.Image]  # of mode L: brightness, then two of colour with half its sides

PACE = (0.014, 0.022)  # how much of the picture's sides goes out of sight in a second: least, most
WIDEST = Fraction(5, 2)  # long side to short, the documented limit of an input image
# The number of threads is fixed because it changes the bytes.
ENCODER = {"preset": "ultrafast", "x264-params": "threads=2"}
# MP4 has tags for few labels; this keeps each under its own name.
CONTAINER = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}
BT709, UNSAID = 1, 2  # how colours are coded (H.264, table E-5); as in high definition, and said, so that none guesses


class Shot(msgspec.Struct, frozen=True):
    """What a clip shows.

    `start`, `tail` and `still` are image files (PNG, JPEG), None where there is none or nothing was at hand; what
    cannot be decoded counts as None.
    """

    seconds: int  # 1 to 15
    short_side: int  # of the frame, in pixels: 720, 1080, 2160; at least 64, and an odd one is rounded down
    rate: int  # frames a second: 24, 30
    start: bytes | None
    tail: bytes | None = None
    still: bytes | None = None  # a static mask: white areas stay still
    aspect: tuple[int, int] | None = None  # sides of an original not at hand; the stand-in has their shape
    seed: int = 0
    index: int = 0


def film(
    shot: Shot,
    *,
    label: Mapping[str, str],
    wanted: Callable[[], bool] = lambda: True,
    unseen: Unseen = ignored,
) -> File | None:
    """Return an MP4 without sound (yuv420p, its index before the data); None where PyAV or Pillow is not installed.

    The frame has the shape of the start image, else of the tail, else `aspect`, else 16:9, but at most 2.5:1. The first
    frame is the start image, or a stand-in marked so; the last is the tail, if any. White areas of the mask show the
    start image throughout. `seed` and `index` decide where the movement goes. `label` becomes metadata. `unseen` is
    called with each image that cannot be decoded. Raises `Unwanted` before the next frame once it is not `wanted`.
    """
    av, pil = _pyav(), pillow()
    if av is None or pil is None:
        return None
    images = (shot.start, shot.tail, shot.still)
    start, tail, still = found = [decoded(pil, data) for data in images]
    for data, picture in zip(images, found, strict=True):
        if picture is None:
            unseen(data)
    size = _frame_size(shot, start or tail)
    frames = _moving(av, pil, shot, size, start, tail)
    if still:
        frames = _held(av, pil, frames, _mask(pil, still, size))
    return File("video/mp4", _encoded(av, _while(wanted, frames), size, shot.rate, label), ".mp4")


def _while(wanted: Callable[[], bool], frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    for frame in frames:
        if not wanted():
            raise Unwanted
        yield frame


def _pyav() -> ModuleType | None:
    """Return the package av, or None where PyAV is not installed."""
    try:
        import av
        import av.filter
    except ImportError:
        return None
    return av


def _frame_size(shot: Shot, picture: Image.Image | None) -> Size:
    """Return (width, height) in pixels, both even, as yuv420p needs them."""
    width, height = picture.size if picture else shot.aspect or (16, 9)
    shape = min(max(Fraction(width, height), 1 / WIDEST), WIDEST)
    short, long = _even(shot.short_side), _even(shot.short_side * max(shape, 1 / shape))
    return (long, short) if shape > 1 else (short, long)


def _even(side: Fraction | int) -> int:
    return int(side) // 2 * 2


def _encoded(av: ModuleType, frames: Iterator[VideoFrame], size: Size, rate: int, label: Mapping[str, str]) -> bytes:
    target = io.BytesIO()

    def reopened(*_: object) -> io.BytesIO:
        """To move the index to the front, libav opens the written file once more, for reading."""
        return io.BytesIO(target.getvalue())

    with av.open(target, "w", "mp4", options=CONTAINER, io_open=reopened) as container:
        container.metadata.update(label)
        stream = container.add_stream("libx264", rate=rate, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def _moving(
    av: ModuleType, pil: ModuleType, shot: Shot, size: Size, start: Image.Image | None, tail: Image.Image | None
) -> Iterator[VideoFrame]:
    """Yield the frames of a shot: ever nearer to the start, and in the last third over to the tail, ever farther."""
    chance = random.Random(f"{shot.seed}/{shot.index}")
    pace, point = chance.uniform(*PACE) / shot.rate, (chance.random(), chance.random())
    last = shot.seconds * shot.rate - 1
    opening = _Camera(av, _fitted(pil, start, size), size, shot.rate, point)
    ending = _Camera(av, _fitted(pil, tail, size), size, shot.rate, point) if tail else None
    for number in range(last + 1):
        frame, share = opening.frame(number, pace * number), 1 - 3 * (last - number) / last
        if ending and share > 0:
            other = _planes(pil, ending.frame(number, pace * (last - number)))
            mixed = [pil.Image.blend(*pair, share) for pair in zip(_planes(pil, frame), other, strict=True)]
            frame = _frame(av, pil, mixed, frame)
        yield frame


def _held(av: ModuleType, pil: ModuleType, frames: Iterator[VideoFrame], mask: Planes) -> Iterator[VideoFrame]:
    """Yield `frames` with the first one on top of each where the mask is white."""
    first: Planes = ()
    for frame in frames:
        planes = _planes(pil, frame)
        first = first or planes
        yield _frame(av, pil, [pil.Image.composite(*each) for each in zip(first, planes, mask, strict=True)], frame)


def _mask(pil: ModuleType, picture: Image.Image, size: Size) -> Planes:
    sharp = picture.convert("L").point([0] * 128 + [255] * 128)
    fine = pil.ImageOps.fit(sharp, size)
    return (fine, *[fine.reduce(2)] * 2)


def _fitted(pil: ModuleType, picture: Image.Image | None, size: Size) -> Image.Image:
    """Return the picture, or a stand-in, cropped to the shape of `size`, and opaque.

    It is half as large again as the frame, so that it moves in steps finer than a pixel; twice as large looks no
    smoother, and takes longer. A large frame, whose pixels are small enough, has a picture of its own size.
    """
    fine = Fraction(3, 2) if min(size) <= 1080 else 1
    canvas = (_even(size[0] * fine), _even(size[1] * fine))
    if picture is None:
        return stand_in(pil, canvas)
    fitted: Image.Image = pil.ImageOps.fit(picture, canvas)
    flat: Image.Image = pil.Image.new("RGB", canvas, (128, 128, 128))
    flat.paste(fitted, (0, 0), fitted if fitted.mode == "RGBA" else None)
    return flat


class _Camera:
    """Looks at a picture through a window that closes in on one point of it; libav cuts it out and scales it."""

    def __init__(self, av: ModuleType, picture: Image.Image, size: Size, rate: int, point: tuple[float, float]) -> None:
        self._picture = av.VideoFrame.from_image(picture).reformat(format="yuv420p", dst_colorspace="ITU709")
        # Where the frame names its colours and the graph does not, libav converts each frame, at three times the cost.
        self._picture.colorspace = UNSAID
        self._picture.time_base = Fraction(1, rate)
        self._axes = tuple(zip("wh", "xy", picture.size, point, strict=True))
        self._graph = av.filter.Graph()
        self._graph.threads = 2  # which changes no bytes
        source = self._graph.add_buffer(None, *picture.size, self._picture.format, time_base=Fraction(1, rate))
        self._window = self._graph.add("crop", "exact=1")
        scale = self._graph.add("scale", f"{size[0]}:{size[1]}:flags=bilinear")
        self._graph.link_nodes(source, self._window, scale, self._graph.add("buffersink")).configure()

    def frame(self, number: int, lost: float) -> VideoFrame:
        """Return the picture as frame `number` (from 0), with the share `lost` of its sides out of sight."""
        for extent, place, whole, share in self._axes:
            seen = round(whole * (1 - lost))
            self._window.process_command(extent, str(seen))
            self._window.process_command(place, str(round((whole - seen) * share)))
        self._picture.pts = number
        self._graph.vpush(self._picture)
        frame: VideoFrame = self._graph.vpull()
        return frame


def _planes(pil: ModuleType, frame: VideoFrame) -> Planes:
    """Return the planes of a frame as pictures that share its memory."""
    return [
        pil.Image.frombuffer("L", (plane.width, plane.height), plane, "raw", "L", plane.line_size, 1)
        for plane in frame.planes
    ]


def _frame(av: ModuleType, pil: ModuleType, planes: Planes, like: VideoFrame) -> VideoFrame:
    """Return a frame of `planes`, at the time of `like`."""
    frame: VideoFrame = av.VideoFrame(like.width, like.height, "yuv420p")
    frame.pts, frame.time_base = like.pts, like.time_base
    for plane, picture in zip(frame.planes, planes, strict=True):
        # The rows of a frame are padded in memory.
        padded = pil.Image.new("L", (plane.line_size, plane.height))
        padded.paste(picture)
        plane.update(padded.tobytes())
    return frame
