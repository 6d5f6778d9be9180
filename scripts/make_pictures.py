#!/usr/bin/env python3
"""Make the pictures of the README: the demo's photograph, its expansion, and the last frame of its video.

All are files that `kling-contract demo` leaves, scaled down; the original has the same size in each. Needs Pillow and
PyAV.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kling_contract.cli import main as run  # noqa: E402 - the checkout's own package must be found first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = ROOT / "docs" / "pictures"
WIDTH = 440  # of the photograph, in pixels; twice what the README asks for, for dense screens


def pictures(demo: Path) -> Mapping[str, Image.Image]:
    """Return each picture by its name, from the folder that the demo filled."""
    (expansion,) = demo.glob("*-0.png")
    (video,) = demo.glob("*-0.mp4")
    photo, expanded, frame = Image.open(demo / "photo.png"), Image.open(expansion), last_frame(video)
    size = (WIDTH, round(WIDTH * photo.height / photo.width))
    wide = tuple(round(side * WIDTH / photo.width) for side in expanded.size)
    return {"photo.jpg": photo.resize(size), "expanded.jpg": expanded.resize(wide), "frame.jpg": frame.resize(size)}


def last_frame(video: Path) -> Image.Image:
    """Return the last frame of a video."""
    with av.open(str(video)) as container:
        *_, frame = container.decode(video=0)
    return frame.to_image()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo and write what it made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (default: %(default)s)")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as demo:
        run(["demo", "--into", demo])
        for name, picture in pictures(Path(demo)).items():
            path = options.folder / name
            picture.save(path, "JPEG", quality=85)
            print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
