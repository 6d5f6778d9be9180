"""A mock in this process, for tests in any framework: nothing listens on a port, and nothing leaves.

with mock() as kling:
    kling.callbacks.to(app)                # a WSGI or ASGI application, called in this thread
    task = kling.client.videos.image_to_video(image="cat.png", callback_url="https://app.example.com/hook")
    task.wait()
    assert kling.callbacks.wait_for("succeed").task == task.id
"""

from kling_contract.testing.bench import mock
from kling_contract.testing.handle import MockHandle, SeenTask
from kling_contract.testing.requests import Requests, Seen
from kling_contract.testing.spans import seconds_of

__all__ = ["MockHandle", "Requests", "Seen", "SeenTask", "mock", "seconds_of"]
