"""Client and mock agree on every request that the strategies make: kept contracts, broken ones, and those at a limit.

Each example has a session of its own, so that no external id meets itself in another one.
"""

from __future__ import annotations

import functools
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from asking import MEANT, OPENED, operations
from bridge import Bridge, loaded
from hypothesis import event, given, settings
from hypothesis import strategies as st
from translating import fields_of

from kling_contract import Kling, check_request, strategies
from kling_contract.client import Task
from kling_contract.client.answers import parse_response
from kling_contract.documents import Operation, bundled
from kling_contract.errors import APIError, ContractViolation
from mock_server.journal import Entry

CREATES = operations("create")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SESSIONS = itertools.count()
some = settings(max_examples=20)

# Bodies of more than 10 MB are for the tests of the gate.
HEAVY = ("image.bytes",)


@functools.cache
def bodies(provider: str, create: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies of all kinds, each about as likely as the others."""
    known = loaded(provider)
    faults = [rule for rule in strategies.rules(create, provider=known) if rule not in HEAVY]
    broken = [strategies.broken(create, rule, provider=known) for rule in faults]
    limited = strategies.limits(create, provider=known)
    limits = st.one_of([strategies.on_boundary(create, rule, provider=known) for rule in limited])
    beside = limits.map(lambda three: three.above) | limits.map(lambda three: three.below)
    return st.one_of(strategies.valid(create, provider=known), st.one_of(broken), beside)


class Pair:
    """A client and a mock that are asked the same, in a session of their own."""

    def __init__(self, bridge: Bridge, create: str) -> None:
        self.bridge, self.provider = bridge, bridge.mock.addresses.root.provider
        self.operation: Operation = self.provider.operation(create)
        name = f"pair-{next(SESSIONS)}"
        self.session, self.url = bridge.mock.sessions.get(name), f"http://mock.test/s/{name}"
        self.kling = Kling(
            provider=self.provider, api_key="k", base_url=self.url, transport=bridge.transport, clock=bridge.clock
        )

    def call(self, body: dict[str, Any]) -> Task:
        """Let the client make a body of its own that says the same, and send it."""
        task = self.kling.create(self.operation.id, **fields_of(self.operation, body))
        self.session.catch_up()
        return task

    def refused(self, body: dict[str, Any]) -> list[tuple[str, str]] | None:
        """Return why the client does not send what a body says; None for a path of an image that is not there."""
        sent = len(self.bridge.requests)
        try:
            self.call(body)
        except ContractViolation as error:
            found = [(each.rule, each.pointer) for each in error.violations]
        except FileNotFoundError:
            found = None
        else:
            return []
        assert len(self.bridge.requests) == sent
        return found

    def send(self, body: dict[str, Any]) -> tuple[httpx.Response, Entry]:
        """Send a body past the client; return the answer, and what the mock has noted of it."""
        headers = {"authorization": "Bearer k", "content-type": "application/json"}
        with httpx.Client(transport=self.bridge.transport, headers=headers) as http:
            answer = http.post(self.url + self.operation.path, content=json.dumps(body).encode())
        return answer, self.session.journal.where(lambda _: True)[-1]


@pytest.fixture(scope="module")
def bridges() -> dict[str, Bridge]:
    return {name: Bridge(name, clock="auto", opened=OPENED) for name in bundled()}


@pytest.mark.parametrize(("provider", "create"), CREATES)
@some
@given(data=st.data())
def test_the_client_refuses_to_send_what_the_mock_would_refuse(
    bridges: dict[str, Bridge], provider: str, create: str, data: st.DataObject
) -> None:
    """Client and mock name the same violations, but for values of a wrong type, some of which the client mends."""
    body = data.draw(bodies(provider, create))
    answer, entry = Pair(bridges[provider], create).send(body)
    told = [(each.rule, each.pointer) for each in entry.violations]
    said = Pair(bridges[provider], create).refused(body)
    event(told[0][0] if told else "accepted")
    assert (answer.status_code == 200) is (told == [])
    # To the client a text that ends like the name of an image is a path.
    mended = "image.base64" if said is None else "schema.type"
    assert said == told or mended in [rule for rule, _ in told]


@pytest.mark.parametrize(("provider", "create"), CREATES)
@some
@given(data=st.data())
def test_a_refusal_is_read_as_the_row_that_the_mock_answered_with(
    bridges: dict[str, Bridge], provider: str, create: str, data: st.DataObject
) -> None:
    pair, body = Pair(bridges[provider], create), data.draw(bodies(provider, create))
    answer, entry = pair.send(body)
    violations = check_request(pair.operation, body)
    assert (answer.status_code == 200) is (violations == [])
    if violations:
        row = pair.provider.error_for(violations[0].rule)
        with pytest.raises(APIError) as caught:
            parse_response(pair.provider, pair.operation, answer.status_code, "application/json", answer.content)
        assert (entry.row, caught.value.status) == (row.name, row.status)
        assert (type(caught.value), pair.provider.errors[str(caught.value.row)].means) == (MEANT[row.means], row.means)
        assert caught.value.request_id == json.loads(answer.content)["request_id"]


@pytest.mark.parametrize(("provider", "create"), CREATES)
@some
@given(data=st.data())
def test_the_client_sees_the_task_that_the_mock_keeps_until_it_has_succeeded(
    bridges: dict[str, Bridge], provider: str, create: str, data: st.DataObject
) -> None:
    pair = Pair(bridges[provider], create)
    body = data.draw(strategies.valid(create, provider=pair.provider))
    task = pair.call(body)
    (kept,) = [pair.session.store.get(each) for each in pair.session.store.ids()]
    assert kept is not None
    assert (kept.operation, kept.count) == (create, asked(pair.operation, body))
    assert kept.fields.items() <= said(pair, pair.bridge.requests[-1]).items()
    assert (task.id, task.status, task.reason) == (kept.id, "submitted", None)
    assert (task.created_at, task.external_task_id) == (at(kept.created), kept.external_id)
    assert (kept.external_id or "") == body.get("external_task_id", "")
    task.wait()
    assert (task.status, task.updated_at, task.reason) == ("succeed", at(kept.steps[-1].at), None)
    assert len(task.images or task.videos) == kept.count
    assert [image.index for image in task.images] == list(range(len(task.images)))
    assert tuple(video.id for video in task.videos) == kept.result_ids


def asked(operation: Operation, body: dict[str, Any]) -> int:
    """Return how many results a body asks for."""
    return int(body.get("n", 1)) if operation.lifecycle and operation.lifecycle.result == "image" else 1


def said(pair: Pair, request: httpx.Request) -> dict[str, Any]:
    """Return what was on the wire, by official names."""
    return {pair.operation.canonical(name): value for name, value in json.loads(request.read()).items()}


def at(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
