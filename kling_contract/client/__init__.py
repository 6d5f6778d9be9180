"""The thin typed client: its thinking is pure and written once, and two shells, sync and async, carry it out."""

from kling_contract.client.kling import AsyncKling, Kling
from kling_contract.client.states import Image, Video
from kling_contract.client.tasks import AsyncTask, Task

__all__ = ["AsyncKling", "AsyncTask", "Image", "Kling", "Task", "Video"]
