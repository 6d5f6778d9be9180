"""Level 5: one real task, the cheapest there is, from its create to the bytes of its result."""

from __future__ import annotations

import base64
import json
import math
import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from kling_contract.client.answers import parse_response
from kling_contract.client.states import TaskState
from kling_contract.contract import check_request
from kling_contract.errors import APIError
from kling_contract.images.png import written
from kling_contract.probe.classify import Judgement, judge
from kling_contract.probe.guard import Stopped
from kling_contract.probe.plan import REAL, Left, Plan, Step
from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kling_contract.documents import Operation
    from kling_contract.probe.exchange import Exchange
    from kling_contract.probe.guard import Guard
    from kling_contract.probe.sending import Sending

_POLL = 5.0  # seconds between two looks at a task
_LEAST_PATIENCE = 120.0  # seconds
_PATIENCE = 1.5  # times the longest life that the document knows
_SIDE = 512  # pixels of the square that is sent as an image, unless more are asked for


@dataclass(frozen=True, slots=True)
class Offer:
    """A body that would make a task, and its price in the document's billing units."""

    operation: Operation
    body: Mapping[str, Any]
    units: float


def with_real_task(plan: Plan, most: float, names: tuple[str, ...] = (), no_key: str | None = None) -> Plan:
    """Return the plan with one real task at its end, of at most `most` billing units; or why there is none."""
    plan = replace(plan, level=REAL)
    offers = sorted(_offers(plan, names), key=lambda each: each.units)
    if no_key or not offers:
        why = no_key or "no create that is served has a price and an example that its document accepts"
        return replace(plan, left=(*plan.left, Left(5, "create", why)))
    offer = offers[0]
    if offer.units > most:
        why = f"costs {counted(float(offer.units), 'unit')}, and {most:g} may be spent"
        return replace(plan, left=(*plan.left, Left(5, offer.operation.id, why)), over=why)
    return replace(plan, steps=(*plan.steps, _step(offer)), units=offer.units)


def _step(offer: Offer) -> Step:
    operation = offer.operation
    why = f"costs {offer.units:g} units, which was allowed"
    body = json.dumps(offer.body).encode()
    return Step(5, operation, operation.method, operation.path, why, "a task, and its result", body, key=True)


def _offers(plan: Plan, names: tuple[str, ...]) -> Iterator[Offer]:
    for operation in plan.provider.operations.values():
        life = operation.lifecycle
        asked = not names or operation.id in names
        if life is None or life.units is None or operation.availability.state == "unavailable" or not asked:
            continue
        for example in operation.examples.values():
            body = _with_own_images(operation.request or {}, example)
            if isinstance(body, dict) and not check_request(operation, body):
                yield Offer(operation, body, life.units * life.results(body))


def _with_own_images(schema: Mapping[str, Any], value: Any) -> Any:
    """Return a value with a plain picture in place of each image, since the URLs of examples do not live for ever."""
    rule = schema.get("x-image")
    if rule is not None and isinstance(value, str):
        return picture(max(_SIDE, rule.get("side", 0))) if "base64" in rule.get("accepts", ("base64",)) else value
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {name: _with_own_images(properties.get(name, {}), each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_own_images(schema.get("items", {}), each) for each in value]
    return value


def picture(side: int) -> str:
    """Return a plain square PNG as base64, `side` pixels wide: a gradient, since one colour is no photograph."""
    shades = bytes(step * 127 // side for step in range(2 * side))
    rows = (b"\0" + shades[y : y + side] for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return base64.b64encode(written((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))))).decode()


@dataclass(frozen=True, slots=True)
class Spending:
    """One real task: sent once, then looked at until it ends. `progress` is told of the step that looks at it."""

    plan: Plan
    sending: Sending
    guard: Guard
    progress: Callable[[Plan, Step], None]

    def run(self, step: Step, create: Operation) -> tuple[Judgement, Exchange]:
        """Create the task, wait for its end and fetch what it made; the exchange is that of the create, as shown."""
        exchange = self.sending.send(step)
        return self._judged(create, exchange), exchange.shown

    def _judged(self, create: Operation, exchange: Exchange) -> Judgement:
        if exchange.failure:
            return Judgement(exchange.failure, f"{exchange.detail}; a task may have been made, and billed")
        if not 200 <= exchange.status < 300:
            return judge(self.plan.provider, exchange, math.inf)
        made = "a task that was made"
        try:
            state = self._state(create, exchange)
            made = f"task {state.id}"
            return self._followed(create, state)
        except (APIError, httpx.InvalidURL) as error:
            return self._told("contract.schema", f"{made}: {error}")
        except Stopped as stopped:
            raise Stopped(f"{stopped}, and {made} was not followed to its end") from None

    def _followed(self, create: Operation, state: TaskState) -> Judgement:
        """Look at the task until it has ended, or for longer than the document has seen one live."""
        clock = self.sending.manner.clock
        began, steps = clock.now(), create.lifecycle.transitions if create.lifecycle else ()
        patience = max(_LEAST_PATIENCE, _PATIENCE * sum(each.most for each in steps))
        look = self._look(create, state.id, times=int(patience / _POLL) + 1)
        while state.status not in ("succeed", "failed"):
            if look is None or clock.now() - began >= patience:
                return self._told("task.failed", f"task {state.id} is still {state.status} after {patience:g} s")
            clock.sleep(_POLL)
            exchange = self.sending.send(look)
            passing = exchange.failure or exchange.status == 429 or exchange.status >= 500
            if not passing and look.operation is not None:
                state = self._state(look.operation, exchange)
        if state.status == "failed":
            return self._told("task.failed", f"task {state.id} failed: {state.reason or 'no reason given'}")
        return self._fetched(state, clock.now() - began)

    def _look(self, create: Operation, task: str, times: int) -> Step | None:
        get = self.plan.provider.sibling(create, "get")
        if get is None:
            return None
        path = get.path.partition("{")[0] + quote(task, safe="") + get.path.partition("}")[2]
        self.guard.allow(self.plan.base_url + path, times, key=True)
        look = Step(5, get, "GET", path, "looks at the task that was created", "its status", key=True)
        self.progress(self.plan, replace(look, path=self.sending.hide(path)))
        return look

    def _fetched(self, state: TaskState, seconds: float) -> Judgement:
        """Fetch the first result, without our key, since results live on other hosts."""
        urls = [each.url for each in state.images] + [each.url for each in state.videos]
        if not urls:
            return self._told("task.failed", f"task {state.id} succeeded without a result")
        self.guard.allow(urls[0], 1, key=False)
        fetched = self.sending.send(Step(5, None, "GET", "", "fetches the result", "a file"), urls[0]).shown
        if fetched.failure or fetched.status != 200 or not fetched.data:
            what = fetched.detail or f"HTTP {fetched.status}, {counted(len(fetched.data), 'byte')}"
            return self._told("task.failed", f"the result of task {state.id}: {what}")
        size = f"{counted(len(fetched.data), 'byte')}{' and more' if fetched.cut else ''}"
        what = f"{size} of {fetched.content_type or 'no type'}, {counted(float(self.plan.units), 'unit')}"
        return self._told("task.succeeded", f"task {state.id} in {seconds:.0f} s, {what}")

    def _state(self, operation: Operation, exchange: Exchange) -> TaskState:
        try:
            return TaskState.of(self._read(operation, exchange))
        except APIError:
            # An error repeats the answer, and cuts it: it must be that of an answer without secrets.
            self._read(operation, exchange.shown)
            raise

    def _read(self, operation: Operation, exchange: Exchange) -> dict[str, Any]:
        kind, data = exchange.content_type, exchange.data
        return parse_response(self.plan.provider, operation, exchange.status, kind, data)

    def _told(self, reason: str, detail: str) -> Judgement:
        return Judgement(reason, self.sending.hide(detail))
