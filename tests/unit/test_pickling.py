"""Errors and tasks cross to another process and back whole, and no credential goes with them."""

from __future__ import annotations

import asyncio
import copy
import importlib
import multiprocessing
import pickle
import pkgutil
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from crossing import CROSSING, SECRET, VIOLATION, facts, instance, made, raise_one
from fakes import ID, Clock, Script, async_client, client, images, refused, task, videos

import kling_contract
import mock_server
from kling_contract import Image, Progress, Video, check_request, errors, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
PACKAGES = ("kling_contract", "mock_server")
# Started by Schemathesis, or by `python -m`: files that cannot be imported for themselves.
PROGRAMS = ("kling_contract.__main__", "kling_contract.verify.conformance.hooks")


def modules() -> Iterator[str]:
    for package in (kling_contract, mock_server):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name not in PROGRAMS:
                yield found.name


def below(kind: type) -> set[type]:
    return {kind}.union(*(below(each) for each in kind.__subclasses__()))


def own_errors() -> list[type[BaseException]]:
    """Return every class of this project that can be raised, wherever it stands."""
    for name in modules():
        importlib.import_module(name)
    found = (each for each in below(BaseException) if each.__module__.partition(".")[0] in PACKAGES)
    return sorted(found, key=lambda each: f"{each.__module__}.{each.__qualname__}")


ERRORS = own_errors()
WAYS: dict[str, Callable[[Any], Any]] = {
    **{f"pickle {each}": lambda value, each=each: pickle.loads(pickle.dumps(value, each)) for each in PROTOCOLS},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def test_the_errors_of_all_parts_are_found() -> None:
    assert below(errors.KlingError) <= set(ERRORS)
    assert {each.__module__.partition(".")[0] for each in ERRORS} == set(PACKAGES)
    assert len(ERRORS) > 40


@ways
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_error_is_the_same_on_the_other_side(kind: type[BaseException], way: Callable[[Any], Any]) -> None:
    error = instance(kind)
    error.add_note("seen at noon")
    again = way(error)
    assert again is not error
    assert facts(again) == facts(error)
    assert again.__notes__ == ["seen at noon"]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_no_error_takes_a_key_along(kind: type[BaseException]) -> None:
    assert SECRET.encode() not in pickle.dumps(instance(kind))


def test_an_error_of_a_provider_keeps_what_it_was_told() -> None:
    script = Script(refused(429, 1303, "parallel task over resource pack limit", **{"retry-after": "90"}))
    with client(script, retries=0) as kling, pytest.raises(errors.RateLimitError) as caught:
        kling.get("getImageToVideo", ID)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.status, again.request_id, again.retry_after) == (1303, 429, "f00d", 90.0)
    assert again.body["message"] == "parallel task over resource pack limit"


def test_the_notes_of_a_copy_are_its_own() -> None:
    error = errors.KlingError("x")
    error.add_note("one")
    copied = copy.deepcopy(error)
    copied.add_note("two")
    assert error.__notes__ == ["one"]


@ways
@pytest.mark.parametrize(
    "value",
    [
        VIOLATION,
        made()._state,
        Image(0, "https://x/1.png"),
        Video("v", "https://x/1.mp4", 5.041),
        Progress(1, 2, 3, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_the_same_on_the_other_side(value: Any, way: Callable[[Any], Any]) -> None:
    assert way(value) == value


def test_the_violations_of_the_gate_cross_with_their_sources() -> None:
    found = check_request(load("cometapi").operation("createImageExpansion"), {"image": "data:image/png;base64,AAAA"})
    assert any(each.source for each in found)
    assert pickle.loads(pickle.dumps(found)) == found


@ways
def test_a_task_is_readable_on_the_other_side(way: Callable[[Any], Any]) -> None:
    found = client(Script(videos("https://x/1.mp4")), api_key=SECRET).get("getImageToVideo", ID)
    again = way(found)
    assert again is not found
    assert facts(again) == facts(found)
    assert (again.created_at, again.updated_at, again.done) == (found.created_at, found.updated_at, True)
    assert repr(again) == repr(found)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_task_leaves_its_connection_and_its_key_behind(protocol: int) -> None:
    data = pickle.dumps(made(), protocol)
    assert SECRET.encode() not in data
    again = pickle.loads(data)
    told = rf"task {ID} has no client here, .* kling\.get\('getImageToVideo', '{ID}'\)"
    for ask in (again.refresh, again.wait, lambda: again.save("nowhere")):
        with pytest.raises(errors.KlingError, match=told):
            ask()


def test_a_task_that_has_ended_needs_nobody_to_wait_for_it() -> None:
    succeeded = client(Script(images("https://x/1.png"))).get("getImageExpansion", ID)
    again = pickle.loads(pickle.dumps(succeeded))
    assert again.wait() is again
    with pytest.raises(errors.TaskFailed, match="no cats"):
        pickle.loads(pickle.dumps(made("failed", task_status_msg="no cats"))).wait()


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_copy_within_the_process_keeps_its_client(way: Callable[[Any], Any]) -> None:
    script = Script(task("processing"), images("https://x/1.png"))
    found = client(script).get("getImageToVideo", ID)
    assert way(found).wait().status == "succeed"
    assert found.status == "processing"


def test_the_asynchronous_task_crosses_as_well() -> None:
    async def story() -> Any:
        async with async_client(Script(task("processing")), api_key=SECRET) as kling:
            return await kling.get("getImageToVideo", ID)

    found = asyncio.run(story())
    data = pickle.dumps(found)
    assert SECRET.encode() not in data
    again = pickle.loads(data)
    assert (type(again), again.id, again.status) == (type(found), ID, "processing")
    with pytest.raises(errors.KlingError, match=r"has no client here, .* await kling\.get\("):
        asyncio.run(again.refresh())


@pytest.mark.parametrize("make", [client, async_client])
def test_a_client_does_not_cross_and_says_why(make: Callable[..., Any]) -> None:
    kling = make(Script(), api_key=SECRET)
    for value in (kling, kling.get, kling._talk.credential):
        with pytest.raises(TypeError, match="holds a key and does not leave its process; make a client there"):
            pickle.dumps(value)


@pytest.mark.parametrize("keys", [{"api_key": SECRET}, {"api_key": None, "access_key": "ak", "secret_key": SECRET}])
def test_no_credential_is_ever_pickled(keys: dict[str, Any]) -> None:
    credential = client(Script(), clock=Clock(), **keys)._talk.credential
    with pytest.raises(TypeError, match="does not leave its process"):
        pickle.dumps(credential)


def test_a_worker_hands_tasks_and_errors_back() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(made, "failed", task_status_msg="no cats").result()
        raised = [pool.submit(raise_one, number).exception() for number in range(len(CROSSING))]
    assert (found.id, found.status, found.reason) == (ID, "failed", "no cats")
    for kind, error in zip(CROSSING, raised, strict=True):
        assert facts(error) == facts(instance(kind))
