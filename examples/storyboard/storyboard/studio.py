"""What becomes of a shot: it is ordered, and its clip is fetched and stored."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import boto3
import requests

from storyboard.comet import Comet, CometError
from storyboard.settings import Settings
from storyboard.shots import Shot, Shots

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """The drawing at a URL is to move as directed; `mode` is std or pro."""

    drawing: str
    direction: str
    mode: str = "std"


class Studio:
    """Orders clips and stores them."""

    def __init__(self, settings: Settings) -> None:
        self.shots = Shots(settings.database)
        self._comet = Comet(settings.cometapi_base, settings.cometapi_key)
        self._callback = f"{settings.public_url}/hooks/kling"
        self._bucket, self._s3 = settings.bucket, boto3.client("s3")

    def order(self, order: Order) -> Shot:
        """Return a new shot. Raises what `Comet` raises."""
        task = self._comet.submit(
            image=order.drawing,
            prompt=order.direction,
            mode=order.mode,
            model_name="kling-v2-6",
            duration="5",
            callback_url=self._callback,
        )
        return self.shots.add(task)

    def settle(self, task: str | None = None) -> None:
        """Look how the shot of a task is, or every shot that waits, and store what is done.

        To do it again changes nothing. What cannot be fetched now is logged, and left to the next time.
        """
        for shot in self.shots.waiting(task):
            try:
                self._settle(shot)
            except (CometError, requests.RequestException) as error:
                log.warning("shot %s goes on waiting: %s", shot.id, error)

    def _settle(self, shot: Shot) -> None:
        task = self._comet.task(shot.task)
        if task.status == "failed":
            self.shots.settle(shot, "failed", task.reason)
        elif task.status == "succeed" and task.url:
            self.shots.settle(shot, "stored", self._store(shot, task.url))

    def _store(self, shot: Shot, url: str) -> str:
        answer = requests.get(url, timeout=60)
        answer.raise_for_status()
        key = f"clips/{shot.id}.mp4"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=answer.content, ContentType="video/mp4")
        return key
