#!/usr/bin/env python3
"""Make the built-in clips that the mock server hands out as video results.

Each is an MP4 (H.264, yuv420p, index before the data, no sound) of 640 x 360 pixels at 24 frames a second: a ball that
bounces once a second over a gradient, with a counter, so that a person sees that it plays. The same versions of PyAV
and Pillow write the same bytes. Needs both.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT, RATE = 640, 360, 24
FOLDER = Path(__file__).resolve().parent.parent / "mock_server" / "clips"
ENCODER = {"crf": "27", "preset": "veryslow", "x264-params": "bframes=0:keyint=48:threads=1"}
PALE, DARK = (244, 240, 232), (24, 30, 52)


def background() -> Image.Image:
    """Return the still part of each frame: a dusk gradient, the word "mock", and a track for the progress bar."""
    column = Image.frombytes("RGB", (1, 3), bytes((34, 44, 86, 120, 92, 140, 232, 156, 122)))
    picture = column.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    pen.text((24, 18), "mock", PALE, ImageFont.load_default(44), "lt")
    pen.rectangle((24, HEIGHT - 26, WIDTH - 25, HEIGHT - 19), fill=DARK)
    return picture


def draw_frame(still: Image.Image, number: int, frames: int) -> Image.Image:
    """Return frame `number` (from 0) of `frames`: the ball, the seconds and frames gone by, and the progress bar."""
    picture = still.copy()
    pen = ImageDraw.Draw(picture)
    second, part = divmod(number, RATE)
    share = part / RATE
    x, y = 70 + (WIDTH - 140) * number / max(1, frames - 1), 296 - 4 * 60 * share * (1 - share)
    pen.ellipse((x - 22, y - 22, x + 22, y + 22), fill=(255, 222, 160))
    pen.text((WIDTH / 2, HEIGHT / 2 - 20), f"0:{second:02}", PALE, ImageFont.load_default(120), "mm")
    pen.text((WIDTH - 24, 24), f"frame {number + 1} / {frames}", PALE, ImageFont.load_default(22), "rt")
    pen.rectangle((24, HEIGHT - 26, 24 + (WIDTH - 49) * (number + 1) / frames, HEIGHT - 19), fill=PALE)
    return picture


def write_clip(path: Path, seconds: int) -> None:
    """Write a clip of `seconds` to `path`. Raises av.FFmpegError where it cannot be encoded or written."""
    still, frames = background(), seconds * RATE
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for number in range(frames):
            frame = av.VideoFrame(WIDTH, HEIGHT, "rgb24")
            frame.planes[0].update(draw_frame(still, number, frames).tobytes())
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a clip for each of the asked durations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=int, nargs="+", default=[5, 10], help="durations, one clip each (default: 5 10)"
    )
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for seconds in options.seconds:
        path = options.folder / f"{seconds}s.mp4"
        write_clip(path, seconds)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
