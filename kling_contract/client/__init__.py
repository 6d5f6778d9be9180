"""The thin typed client: its thinking is pure and written once, and two shells, sync and async, carry it out."""

from kling_contract.client.callbacks import read_callback, verify_callback
from kling_contract.client.downloads import Progress
from kling_contract.client.kling import AsyncKling, Kling
from kling_contract.client.states import Image, TaskState, Video
from kling_contract.client.tasks import AsyncTask, Task

__all__ = [
    "AsyncKling",
    "AsyncTask",
    "Image",
    "Kling",
    "Progress",
    "Task",
    "TaskState",
    "Video",
    "read_callback",
    "verify_callback",
]
