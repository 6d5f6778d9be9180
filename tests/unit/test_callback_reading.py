"""A callback becomes the same typed state as an answer does, once it is known who sent it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bridge import loaded
from fakes import ID, PICTOR, Script, answer, async_client, client, told
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import (
    AsyncTask,
    CallbackError,
    Image,
    Task,
    TaskState,
    Video,
    errors,
    read_callback,
    verify_callback,
)
from kling_contract.clock import RealClock
from kling_contract.documents import Provider, bundled
from kling_contract.envelopes import Envelope
from kling_contract.signatures import signed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET, OTHER = "whsec_" + "c2VjcmV0" * 4, "whsec_" + "b3RoZXJz" * 4
RESULT = {"images": [{"index": 0, "url": "https://x/a.png"}], "videos": [{"id": "v", "url": "https://x/b.mp4"}]}
TOLD = told("succeed", task_info={"external_task_id": "job-1"}, task_result=RESULT, unheard_of=[1])
BODY = json.dumps(TOLD).encode()


def sent(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    return signed([secret], "1", int(RealClock().now()), body)


def with_templates(*templates: Any, words: dict[str, str] | None = None) -> Provider:
    """Return Kling with callbacks of other shapes, one for each of its creates."""
    kling = loaded("kling")
    words = words or {"submitted": "in", "processing": "on", "succeed": "done", "failed": "bad"}
    creates = [each for each in kling.operations.values() if each.kind == "create"]
    changed = {
        each.id: replace(each, callback=Envelope(template, words), statuses=words, memo={})
        for each, template in zip(creates, templates, strict=False)
    }
    return replace(kling, operations=changed)


def test_a_verified_callback_is_a_task_state() -> None:
    assert verify_callback(sent(), BODY, SECRET) == TaskState(
        id=ID,
        status="succeed",
        reason=None,
        created_at=datetime(2024, 8, 4, 11, 5, 57, 708000, tzinfo=UTC),
        updated_at=datetime(2024, 8, 4, 11, 6, tzinfo=UTC),
        external_task_id="job-1",
        images=(Image(0, "https://x/a.png"),),
        videos=(Video("v", "https://x/b.mp4", None),),
        raw=TOLD,
    )


@pytest.mark.parametrize("provider", bundled())
def test_a_callback_says_what_the_answer_to_a_get_says(provider: str) -> None:
    found = client(Script(answer(TOLD))).get("getImageExpansion", ID)
    state = read_callback(BODY, provider=provider)
    assert (state.id, state.status, state.created_at) == (found.id, found.status, found.created_at)
    assert (list(state.images), list(state.videos)) == (found.images, found.videos)
    assert read_callback(BODY.decode(), provider=loaded(provider)) == state


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (dict[str, str], "not signed"),
        (lambda: sent(secret=OTHER), "no signature matches"),
        (lambda: sent(BODY + b" "), "no signature matches"),
    ],
)
def test_what_is_not_signed_is_not_read(headers: Callable[[], dict[str, str]], words: str) -> None:
    with pytest.raises(errors.SignatureError, match=words):
        verify_callback(headers(), BODY, SECRET)


def test_the_provider_is_that_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_PROVIDER", str(PICTOR))
    with pytest.raises(CallbackError, match="Pictor documents no callbacks"):
        read_callback(BODY)
    assert read_callback(BODY, provider="kling").id == ID
    with pytest.raises(errors.DocumentError, match="did you mean 'kling'"):
        read_callback(BODY, provider="klong")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "this is no callback: the body is empty"),
        (b"\xff", "this is no callback: the body is not JSON"),
        (b"[" * 100_000, "deeper than 64 levels"),
        (b"[" * 100 + b"]" * 100, "deeper than 64 levels"),
        ('{"task_id": %s}' % ("9" * 4000), "/task_id: a number must be finite"),
        ("\ud800", "no text that UTF-8 can say"),
        (b"[]", r"no callback that CometAPI's document describes: /: \[\] instead of an object"),
        (told(task_result=[]), r"describes: /task_result: \[\] instead of an object"),
        (told(task_result={"images": {}}), "describes: /task_result/images: {} instead of a list"),
        ({}, "no callback of CometAPI: no task id at /task_id"),
        (answer(TOLD).json(), "no callback of CometAPI: no task id at /task_id"),
        (told(task_id=""), "no task id at /task_id"),
        (told(task_id=True), "no task id at /task_id"),
        (told(task_id=1.5), "no task id at /task_id"),
        (told("succeeded"), f"task {ID} has at /task_status the status 'succeeded'; CometAPI has submitted, .*failed"),
        (told(None), "at /task_status the status None"),
        (told(["succeed"]), "the status .'succeed'.; CometAPI has"),
        ({"task_id": 7}, "the callback of task 7 has at /task_status the status None"),
    ],
)
def test_a_body_that_is_no_callback_says_where(body: Any, words: str) -> None:
    with pytest.raises(CallbackError, match=words) as caught:
        read_callback(body if isinstance(body, str | bytes) else json.dumps(body))
    assert not isinstance(caught.value, errors.SignatureError)
    assert len(str(caught.value)) < 400


def test_a_parsed_body_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="body is dict; give the bytes that were received"):
        verify_callback(sent(), TOLD, SECRET)  # type: ignore[arg-type]


def test_an_id_is_a_text_whatever_its_digits() -> None:
    assert read_callback(json.dumps(told(task_id=int(ID)))).id == ID


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
item = st.fixed_dictionaries({}, optional=dict.fromkeys(("index", "id", "url", "duration"), json_values))
result = st.fixed_dictionaries({}, optional=dict.fromkeys(("images", "videos"), st.lists(item, max_size=3)))
likely = st.fixed_dictionaries(
    {"task_id": st.just(ID) | json_values, "task_status": st.just("succeed") | json_values},
    optional={
        **dict.fromkeys(("task_status_msg", "created_at", "updated_at", "task_info"), json_values),
        "task_result": result | json_values,
    },
)


@given(st.binary() | (likely | json_values).map(json.dumps))
def test_whatever_comes_is_a_state_or_a_callback_error(body: bytes | str) -> None:
    try:
        state = read_callback(body, provider=loaded("kling"))
    except CallbackError:
        return
    assert state.id
    assert state.status in ("submitted", "processing", "succeed", "failed")


def test_of_several_shapes_the_one_that_finds_most_is_taken() -> None:
    new = {"id": "$id", "status": "$status", "create_time": "$created_ms", "out": {"$each": "images", "item": "$url"}}
    provider = with_templates(loaded("kling").operations["createImageExpansion"].callback.template, new)
    assert read_callback(b'{"id": 5, "status": "done", "create_time": 0}', provider=provider).status == "succeed"
    assert read_callback(json.dumps(told("bad")), provider=provider).status == "failed"
    with pytest.raises(CallbackError, match="task 5 has at /status the status 'lost'; Kling has in, on, done, bad"):
        read_callback(b'{"id": 5, "status": "lost"}', provider=provider)
    other = with_templates({"kind": {"$equals": "a"}, "id": "$id"}, {"kind": 2, "id": "$id", "status": "$status"})
    assert read_callback(b'{"kind": 2, "id": "x", "status": "on"}', provider=other).status == "processing"
    with pytest.raises(CallbackError, match="describes: /kind: 'b' instead of 'a'"):
        read_callback(b'{"kind": "b"}', provider=other)


def test_the_handle_of_a_callback_saves_and_refreshes(tmp_path: Path) -> None:
    script = Script(httpx.Response(200, content=b"png"), answer(told("failed", task_status_msg="why")))
    kling = client(script)
    body = json.dumps(told("succeed", task_result={"images": RESULT["images"]})).encode()
    task = kling.from_callback("listImageExpansions", sent(body), body, SECRET)
    assert isinstance(task, Task)
    assert script.sent == []
    assert [path.read_bytes() for path in task.save(tmp_path)] == [b"png"]
    assert task.refresh().reason == "why"
    assert script.sent[1] == ("GET", f"/v1/images/editing/expand/{ID}")


def test_a_handle_without_a_secret_is_not_verified() -> None:
    kling = client(Script())
    assert kling.from_callback("createImageToVideo", {}, BODY).external_task_id == "job-1"
    with pytest.raises(errors.ConfigurationError, match="the callback secret is empty"):
        kling.from_callback("createImageToVideo", {}, BODY, "")
    with pytest.raises(errors.SignatureError):
        kling.from_callback("createImageToVideo", sent(secret=OTHER), BODY, SECRET)


def test_the_handle_is_of_an_operation_that_calls_back() -> None:
    with pytest.raises(errors.KlingError, match="has no operation 'createClip'"):
        client(Script()).from_callback("createClip", {}, BODY)
    pictor = client(Script(), PICTOR, api_key=None, access_key="a", secret_key="s")
    with pytest.raises(CallbackError, match="Pictor documents no callbacks of createUpscale"):
        pictor.from_callback("getUpscale", {}, BODY)


def test_the_asynchronous_twin_takes_callbacks_alike() -> None:
    async def story() -> None:
        async with async_client(Script(answer(told("processing")))) as kling:
            task = kling.from_callback("getImageToVideo", sent(), BODY, SECRET)
            assert isinstance(task, AsyncTask)
            assert (await task.refresh()).status == "processing"

    asyncio.run(story())


def test_only_who_verifies_pays_for_it() -> None:
    code = "import sys, kling_contract; from kling_contract import Kling; print('standardwebhooks' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
