"""The demo leaves files that are what it says, and what the README shows."""

from __future__ import annotations

import contextlib
import io
import runpy
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from kling_contract.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder that the demo fills, and what it prints."""
    folder, printed = tmp_path_factory.mktemp("demo") / "tour", io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["demo", "--into", str(folder)]) == 0
    return folder, printed.getvalue()


def unlike(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures of one size, in levels of 256."""
    assert first.size == second.size
    means = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(means) / len(means)


def test_it_tells_what_happens(tour: tuple[Path, str]) -> None:
    folder, printed = tour
    assert sorted(path.suffix for path in folder.iterdir()) == [".mp4", ".png", ".png"]
    assert '{"code": null, "message": "404"}' in printed
    assert "area 9 exceeds 3" in printed
    assert "up=0.366 down=0.366 left=0.366 right=0.366" in printed


def test_its_video_is_the_photograph_brought_to_life(tour: tuple[Path, str]) -> None:
    photo = Image.open(tour[0] / "photo.png")
    (video,) = tour[0].glob("*.mp4")
    with av.open(str(video)) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    assert len(frames) == 5 * 24
    assert frames[0].size == (1080, 720)
    assert unlike(frames[0].resize(photo.size), photo) < 5 < unlike(frames[-1].resize(photo.size), photo)


def test_the_readme_shows_its_files(tour: tuple[Path, str]) -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "make_pictures.py"))["pictures"](tour[0])
    shown = ROOT / "docs" / "pictures"
    assert sorted(made) == sorted(path.name for path in shown.iterdir())
    for name, picture in made.items():
        assert unlike(picture, Image.open(shown / name)) < 3, name
