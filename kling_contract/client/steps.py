"""What the client's thinking asks of the world: send this, sleep so long, fetch that.

The thinking is generators that yield steps and get each one's result, so that it is written once. `drive` and `adrive`
run them, with a callable that performs one step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from kling_contract.client.downloads import Part

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request to the provider; the result is an `Answer`."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let `seconds` pass on the client's clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fetch:
    """Write what is at a URL into a part, without credentials."""

    url: str
    part: Part


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the names of `headers` are not case-sensitive."""

    status: int
    headers: Mapping[str, str]
    data: bytes


Step: TypeAlias = Send | Sleep | Fetch
Steps: TypeAlias = Generator[Step, Any, Result]


class Run(Protocol):
    """Runs steps to their end."""

    def __call__(self, steps: Steps[Result], /) -> Result:
        """Return what the steps return."""
        ...


class AsyncRun(Protocol):
    """Runs steps to their end in an event loop."""

    async def __call__(self, steps: Steps[Result], /) -> Result:
        """Return what the steps return."""
        ...


def drive(steps: Steps[Result], perform: Callable[[Step], Any]) -> Result:
    """Run `steps`; what `perform` raises is raised inside them, so that they can clean up or try again."""
    try:
        step = next(steps)
        while True:
            try:
                result = perform(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def adrive(steps: Steps[Result], perform: Callable[[Step], Awaitable[Any]]) -> Result:
    """Do the same as `drive` with an asynchronous `perform`."""
    try:
        step = next(steps)
        while True:
            try:
                result = await perform(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
