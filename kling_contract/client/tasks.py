"""The handle that a create call returns, and its asynchronous twin."""

from __future__ import annotations

from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import httpx

from kling_contract.client.downloads import LARGEST, Part, Progress, check_url, publish
from kling_contract.client.steps import Fetch, Sleep, Steps, adrive, drive
from kling_contract.errors import APIError, ConnectionLost, KlingError, ServerError, TaskFailed, WaitTimeout

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from datetime import datetime

    from kling_contract.client.conversation import Conversation
    from kling_contract.client.states import Image, Status, TaskState, Video
    from kling_contract.client.steps import AsyncRun, Run, Step

_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 1.0, 1.25, 5.0


class _Handle:
    """What both handles know, and the steps of what they do. The state is replaced whole, never changed."""

    _GET = "kling.get"

    def __init__(self, talk: Conversation | None, run: Any, operation: str, state: TaskState) -> None:
        self._talk, self._run, self._operation, self._state = talk, run, operation, state

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the client behind: it holds a key, which is to be in no file and no queue."""
        return _alone, (type(self), self._operation, self._state)

    def __copy__(self) -> Self:
        return type(self)(self._talk, self._run, self._operation, self._state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(self._talk, self._run, self._operation, deepcopy(self._state, memo))

    @property
    def id(self) -> str:
        """The provider's id, a text whatever its digits."""
        return self._state.id

    @property
    def status(self) -> Status:
        """The canonical status, as of the last answer: submitted, processing, succeed or failed."""
        return self._state.status

    @property
    def done(self) -> bool:
        """Whether the task has ended, one way or the other."""
        return self.status in ("succeed", "failed")

    @property
    def reason(self) -> str | None:
        """The provider's words on why the task failed."""
        return self._state.reason

    @property
    def created_at(self) -> datetime | None:
        """When the provider took the task, UTC."""
        return self._state.created_at

    @property
    def updated_at(self) -> datetime | None:
        """When the task last changed, UTC."""
        return self._state.updated_at

    @property
    def external_task_id(self) -> str | None:
        """The caller's own id of the task."""
        return self._state.external_task_id

    @property
    def images(self) -> list[Image]:
        """The images of the result."""
        return list(self._state.images)

    @property
    def videos(self) -> list[Video]:
        """The videos of the result."""
        return list(self._state.videos)

    @property
    def raw(self) -> Any:
        """What the provider last said of the task, by its own names."""
        return self._state.raw

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, status={self.status!r})"

    @property
    def _client(self) -> Conversation:
        """The conversation of the task's client. Raises `KlingError` for a task that came from another process."""
        if self._talk is None:
            again = f"{self._GET}({self._operation!r}, {self.id!r})"
            raise KlingError(f"task {self.id} has no client here, as it came from another process: get it by {again}")
        return self._talk

    def _refreshing(self) -> Steps[None]:
        try:
            state = yield from self._client.get(self._operation, self.id)
        except APIError as error:
            error.task = self
            raise
        self._state = replace(state, external_task_id=state.external_task_id or self.external_task_id)

    def _waiting(self, timeout: float | None, poll: float | None) -> Steps[None]:
        if poll is not None and not poll > 0:
            raise ValueError(f"poll is {poll}; accepted: seconds above 0")
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout is {timeout}; accepted: seconds from 0 on, math.inf, or None for the default")
        if self._missing_result() is not None:
            # It was shown by a list or a callback, which may leave the result out.
            yield from self._refreshing()
        if not self.done:
            yield from self._polling(timeout, poll)
        if self.status == "failed":
            raise TaskFailed(self)
        missing = self._missing_result()
        if missing is not None:
            missing.task = self
            raise missing

    def _missing_result(self) -> APIError | None:
        """Return the error of a task that has succeeded and has nothing to show for it."""
        if self.status != "succeed" or self._state.images or self._state.videos:
            return None
        return self._client.result_missing(self._operation, self._state)

    def _polling(self, timeout: float | None, poll: float | None) -> Steps[None]:
        clock = self._client.clock
        timeout = self._client.longest_wait(self._operation) if timeout is None else timeout
        deadline, pause = clock.now() + timeout, poll or _FIRST_PAUSE
        while not self.done:
            left = deadline - clock.now()
            if left <= 0:
                raise WaitTimeout(self, timeout)
            yield Sleep(min(pause, left))
            yield from self._refreshing()
            pause = poll or min(pause * _GROWTH, _LONGEST_PAUSE)

    def _saving(
        self, folder: str | os.PathLike[str], max_bytes: int, progress: Callable[[Progress], object] | None
    ) -> Steps[list[Path]]:
        """Fetch every result before the first gets its name, so that a failure leaves nothing behind."""
        talk, results = self._client, self._results()
        place = Path(folder)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise KlingError(f"task {self.id} cannot be saved: {error.filename} is no folder") from error
        with ExitStack() as stack:
            parts = []
            for number, (name, url, suffix) in enumerate(results, 1):
                watch = _watch(progress, number, len(results)) if progress else None
                parts.append(stack.enter_context(Part(place, f"{self.id}-{name}", suffix, max_bytes, watch)))
                yield from self._fetching(talk, url, parts[-1])
            return publish(parts)

    def _results(self) -> list[tuple[int, str, str]]:
        if self.status == "failed":
            raise TaskFailed(self)
        found = [(image.index, image.url, ".png") for image in self._state.images]
        found += [(index, video.url, ".mp4") for index, video in enumerate(self._state.videos)]
        if not found:
            hint = "it has no results" if self.done else f"it is {self.status}; wait() first"
            raise KlingError(f"task {self.id} cannot be saved: {hint}")
        for _, url, _ in found:
            check_url(url)
        return found

    def _fetching(self, talk: Conversation, url: str, part: Part) -> Steps[None]:
        attempt = 0
        while True:
            try:
                yield Fetch(url, part)
                part.end()
                return
            except httpx.RequestError as error:
                failure: ConnectionLost | ServerError = ConnectionLost("save", error)
                failure.__cause__ = error
            except ServerError as error:
                failure = error
            if attempt >= talk.retries:
                raise failure
            yield Sleep(talk.pause(failure, attempt))
            attempt += 1


def _watch(progress: Callable[[Progress], object], number: int, results: int) -> Callable[[int, int | None], object]:
    return lambda size, total: progress(Progress(number, results, size, total))


def _alone(kind: type[_Handle], operation: str, state: TaskState) -> _Handle:
    """Return a task that came from another process: all of it can be read, and nobody can be asked about it."""
    return kind(None, partial(adrive if issubclass(kind, AsyncTask) else drive, perform=_nobody), operation, state)


def _nobody(step: Step) -> NoReturn:
    raise AssertionError(f"a task without a client asked for {step}")


class Task(_Handle):
    """A task at the provider, as of the last answer.

    It pickles without its client, whose key must not travel: in another process all that is known of it can be read,
    and `refresh`, `wait` and `save` raise `KlingError` with the call that gets it there. A copy within the process
    keeps the client.
    """

    _run: Run

    def refresh(self) -> Self:
        """Ask the provider how the task is."""
        self._run(self._refreshing())
        return self

    def wait(self, timeout: float | None = None, poll: float | None = None) -> Self:
        """Return when the task has succeeded, asking every `poll` seconds (by default 1 s, growing to 5 s).

        Raises `TaskFailed` when it has failed, `UnexpectedAnswer` when it has succeeded and there is no image or video
        with a URL, and `WaitTimeout` after `timeout` seconds of the client's clock: by default eight times the longest
        that the provider's document says for such a task (the sum of `most` in its `x-lifecycle`), and never less than
        10 minutes; `math.inf` waits without end. Each of the errors has the task as `error.task`.
        """
        self._run(self._waiting(timeout, poll))
        return self

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        max_bytes: int = LARGEST,
        progress: Callable[[Progress], object] | None = None,
    ) -> list[Path]:
        """Write the results to `<task id>-<index>.png` (or the suffix they have) in `folder`, and return the paths.

        Nothing is overwritten: a name that is taken gets `-2`, `-3`, ... All results are saved or none, and none if
        `progress` raises, which is called after each chunk. The key is not sent along, since results live on other
        hosts. Raises `KlingError` for a task without results, a `folder` that is a file, a URL that is not http(s)
        and a result of more than `max_bytes`, `ConnectionLost` for one that did not come whole.
        """
        return self._run(self._saving(folder, max_bytes, progress))


class AsyncTask(_Handle):
    """A task at the provider, as of the last answer; the asynchronous twin of `Task`."""

    _GET = "await kling.get"
    _run: AsyncRun

    async def refresh(self) -> Self:
        """Ask the provider how the task is."""
        await self._run(self._refreshing())
        return self

    async def wait(self, timeout: float | None = None, poll: float | None = None) -> Self:
        """Do what `Task.wait` does."""
        await self._run(self._waiting(timeout, poll))
        return self

    async def save(
        self,
        folder: str | os.PathLike[str],
        *,
        max_bytes: int = LARGEST,
        progress: Callable[[Progress], object] | None = None,
    ) -> list[Path]:
        """Do what `Task.save` does; `progress` is a plain callable here too."""
        return await self._run(self._saving(folder, max_bytes, progress))
