"""What is known of a task at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["submitted", "processing", "succeed", "failed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a result; `index` counts from 0."""

    index: int
    url: str


@dataclass(frozen=True, slots=True)
class Video:
    """One video of a result; `duration` is in seconds, None where the provider does not say it."""

    id: str
    url: str
    duration: float | None


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as one answer showed it. Times are UTC; `raw` is what the provider sent, with its own names."""

    id: str
    status: Status
    reason: str | None
    created_at: datetime | None
    updated_at: datetime | None
    external_task_id: str | None
    images: tuple[Image, ...]
    videos: tuple[Video, ...]
    raw: Any

    @classmethod
    def of(cls, values: Mapping[str, Any], external_task_id: str | None = None) -> TaskState:
        """Return the state that the values of an answer say; `external_task_id` holds if they say none."""
        return cls(
            id=values["id"],
            status=cast("Status", values["status"]),
            reason=_text(values.get("reason")),
            created_at=_time(values.get("created_ms")),
            updated_at=_time(values.get("updated_ms")),
            external_task_id=_text(values.get("external_id")) or external_task_id,
            images=tuple(_images(values.get("images") or ())),
            videos=tuple(_videos(values.get("videos") or ())),
            raw=values.get("raw"),
        )


def _images(found: Any) -> list[Image]:
    """Return the images that have a URL, which is all that a result is."""
    with_url = ((position, each) for position, each in enumerate(found) if _is_url(each.get("url")))
    return [
        Image(index if isinstance(index := each.get("index"), int) else position, each["url"])
        for position, each in with_url
    ]


def _videos(found: Any) -> list[Video]:
    with_url = (each for each in found if _is_url(each.get("url")))
    return [Video(str(each.get("result_id") or ""), each["url"], _seconds(each.get("duration"))) for each in with_url]


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(milliseconds: Any) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds) if isinstance(milliseconds, int) else None
    except OverflowError:
        return None


def _seconds(value: Any) -> float | None:
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return None
