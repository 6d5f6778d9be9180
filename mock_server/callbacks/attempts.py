"""One attempt of a callback after the other: what is sent, and what follows from the answer. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from kling_contract.clock import stopwatch
from kling_contract.contract import check_callback
from kling_contract.signatures import signed
from mock_server.callbacks.delivery import Attempt
from mock_server.callbacks.modes import LATE_ANSWER, MARK, Due, callbacks_of
from mock_server.exchange import encode
from mock_server.outward import Failed, NoRequest, Refused, Reply
from mock_server.promises import keep
from mock_server.showing import values_of

if TYPE_CHECKING:
    from kling_contract.clock import Clock
    from kling_contract.documents import Operation
    from mock_server.addressing import Addresses
    from mock_server.callbacks.delivery import Delivery
    from mock_server.callbacks.mailroom import Mailroom
    from mock_server.session import Session
    from mock_server.store import Task
    from mock_server.watching import Watcher

_HEADERS = {"content-type": "application/json; charset=utf-8", "user-agent": "kling-contract"}
_MOST_TOLD = 1000


class Sending(msgspec.Struct, frozen=True):
    """A callback ready to be sent; `timeout` is in real seconds."""

    url: str
    headers: dict[str, str]
    body: bytes
    timeout: float


Result: TypeAlias = Reply | Exception
_NOT_SENT = (Refused, NoRequest)
Steps: TypeAlias = Generator[Sending, Result, None]


class Attempts:
    """Makes the attempts of every session."""

    def __init__(
        self, addresses: Addresses, mailroom: Mailroom, wall: Clock, watcher: Watcher, *, verify: bool
    ) -> None:
        self._addresses, self._mailroom, self._wall, self._watcher = addresses, mailroom, wall, watcher
        self._verify = verify
        self._told: set[str] = set()

    def of(self, session: Session, delivery: Delivery) -> Steps:
        """Make one attempt, and a second one of what is to come twice and was taken; it yields what is to be sent.

        Raises what an application raised that is the receiver.
        """
        if not session.deliveries.keeps(delivery):
            return
        task = session.store.get(delivery.task)
        served = self._addresses.served(task.provider) if task else None
        if task is None or served is None or not (delivery.attempts or _is_due(delivery, task)):
            session.deliveries.drop(delivery)
            return
        delivery.body = delivery.body or self._body(task, delivery, served.provider.operation(task.operation))
        says, policy, is_new = served.provider.callbacks, session.deliveries.policy, not delivery.attempts
        timeout = says.timeout if policy.timeout is None else policy.timeout
        retries = says.retries if policy.retries is None else policy.retries
        for _ in range(2 if delivery.mode == "duplicated" and is_new else 1):
            attempt, result = yield from self._attempt(session, delivery, task, timeout)
            if session.deliveries.keeps(delivery):
                session.agenda.settle(delivery, attempt, retries)
                self._watcher.delivery(session.name, delivery)
            if isinstance(result, Exception) and not isinstance(result, (*_NOT_SENT, Failed)):
                raise result
            if delivery.state != "delivered":
                return

    def _attempt(
        self, session: Session, delivery: Delivery, task: Task, timeout: float
    ) -> Generator[Sending, Result, tuple[Attempt, Result]]:
        wall, started = self._wall.now(), stopwatch()
        headers = {**_HEADERS, MARK: delivery.id, **_signature(session, delivery, int(wall))}
        attempt = Attempt(session.clock.now(), int(wall * 1000), headers)
        if self._mailroom.is_own(delivery.url, task.origin):
            result: Result = self._mailroom.put(session, delivery.url, headers, delivery.body)
        else:
            result = yield Sending(delivery.url, headers, delivery.body, timeout)
        attempt.milliseconds = (stopwatch() - started) * 1000
        self._conclude(attempt, result)
        if delivery.mode == "slow" and not delivery.attempts and attempt.outcome == "delivered":
            attempt.outcome, attempt.error = "timeout", LATE_ANSWER
        return attempt, result

    def _conclude(self, attempt: Attempt, result: Result) -> None:
        if isinstance(result, Reply):
            attempt.answered(result.status, result.headers, result.body, self._wall.now())
        elif isinstance(result, _NOT_SENT):
            attempt.outcome, attempt.error = "refused", str(result)
            self._tell(attempt.error)
        elif isinstance(result, Failed):
            attempt.outcome, attempt.error = "timeout" if result.kind == "timeout" else "failed", str(result)
        else:
            attempt.error = f"{type(result).__name__}: {result}"

    def _tell(self, reason: str) -> None:
        """Say why a callback was not sent, once for each reason."""
        if reason not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(reason)
            self._watcher.say(f"a callback was not sent: {reason}")

    def _body(self, task: Task, delivery: Delivery, operation: Operation) -> bytes:
        assert operation.callback is not None
        body = operation.callback.render(values_of(task, task.steps[delivery.step], task.origin))
        if self._verify:
            keep(f"the callback of {operation.id}", check_callback(operation, body))
        return encode(body)


def _is_due(delivery: Delivery, task: Task) -> bool:
    """Whether a callback is still part of the task's plan, which may have been changed before it was sent."""
    return Due(delivery.due, delivery.step) in callbacks_of(task.steps, delivery.mode)


def _signature(session: Session, delivery: Delivery, wall: int) -> dict[str, str]:
    secrets = session.deliveries.policy.secrets
    return signed(secrets, delivery.id, wall, delivery.body) if secrets else {}
