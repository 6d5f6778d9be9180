"""Small films, drawn quickly: by a fixture for a test, and as a plugin for a suite in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

if TYPE_CHECKING:
    from mock_server import film
    from mock_server.files import File


def draw_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the videos of this process small as long as the patch lasts."""
    from mock_server import film, media

    def small(shot: film.Shot, **options: Any) -> File | None:
        return film.film(replace(shot, short_side=min(shot.short_side, 90)), **options)

    monkeypatch.setattr(media, "film", small)


@pytest.fixture(autouse=True)
def _small_films(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_small(monkeypatch)
