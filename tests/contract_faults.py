"""Ways in which a server breaks the contract, as data: each has a name, what it does, and the check that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from breaking import Ask, Call, Fault, Memory, Reply

Change = Callable[[Call, Ask, Memory], Reply]
RATIOS = ("up_expansion_ratio", "down_expansion_ratio", "left_expansion_ratio", "right_expansion_ratio")
PAGE = b"<html><body>Bad Gateway</body></html>"


def answering(kind: str, edit: Callable[[Any], None], *, status: int = 200) -> Change:
    """Change the body of each answer of a kind and status."""

    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        reply = ask(call)
        if call.kind != kind or reply.status != status:
            return reply
        body = reply.json
        edit(body)
        return reply.saying(body)

    return change


def of_task(edit: Callable[[dict[str, Any]], None], kind: str = "get") -> Change:
    return answering(kind, lambda body: edit(body["data"]))


def on_look(number: int, edit: Callable[[dict[str, Any]], None], *, after: bool = False) -> Change:
    """Change what the look of this number at a task says, and all after it."""

    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        reply = ask(call)
        if call.kind != "get" or reply.status != 200:
            return reply
        looks = memory[call.id] = memory.get(call.id, 0) + 1
        body = reply.json
        if looks == number or (after and looks > number):
            edit(body["data"])
        return reply.saying(body)

    return change


def sending(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Change the body of each create before the mock sees it."""

    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        known = call.kind == "create" and isinstance(call.body, dict)
        return ask(call.sending(**edit(call.body)) if known else call)

    return change


def instead(when: Callable[[Call], bool], reply: Reply) -> Change:
    return lambda call, ask, memory: reply if when(call) else ask(call)


def refusing(edit: Callable[[Reply], Reply]) -> Change:
    """Change each refusal of a create that has a key."""

    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        reply = ask(call)
        return edit(reply) if call.kind == "create" and reply.status == 400 else reply

    return change


def without_request_id(reply: Reply) -> Reply:
    return reply.saying({name: value for name, value in reply.json.items() if name != "request_id"})


def area(body: dict[str, Any]) -> Decimal:
    up, down, left, right = (Decimal(str(body.get(name, 0))) for name in RATIOS)
    return (1 + up + down) * (1 + left + right)


def is_numeric(body: dict[str, Any]) -> bool:
    return all(isinstance(body.get(name, 0), int | float) and not isinstance(body.get(name), bool) for name in RATIOS)


def beyond(body: dict[str, Any]) -> dict[str, Any]:
    over = is_numeric(body) and 3 < area(body) < Decimal("3.3")
    return dict.fromkeys(RATIOS, 0) if over else {}


def at_limit(body: dict[str, Any]) -> dict[str, Any]:
    return {"up_expansion_ratio": 9} if is_numeric(body) and area(body) == 3 else {}


def at_length(body: dict[str, Any]) -> dict[str, Any]:
    prompt = body.get("prompt")
    return {"prompt": prompt * 2} if isinstance(prompt, str) and len(prompt) == 2500 else {}


def coerced(body: dict[str, Any]) -> dict[str, Any]:
    """Return numbers for whatever is not one, as a lax framework does."""
    return {name: 0 for name in RATIOS if name in body and not isinstance(body[name], int | float)}


def filled(body: dict[str, Any]) -> dict[str, Any]:
    return {name: 0 for name in RATIOS if name not in body}


def remembered(call: Call, ask: Ask, memory: Memory) -> Reply:
    """Take an external id that was there before, as if it were new."""
    body = call.body if call.kind == "create" and isinstance(call.body, dict) else {}
    used = memory.setdefault("used", set())
    own = str(body.get("external_task_id"))
    if own in used:
        return ask(call.sending(external_task_id=f"{own}-{len(used)}"))
    used.add(own)
    return ask(call)


def by_external(call: Call, ask: Ask, memory: Memory) -> Reply:
    return ask(Call(**{**vars(call), "path": call.path + "x"}) if call.kind == "get" and "-" in call.id else call)


def unlisted(body: dict[str, Any]) -> None:
    body["data"] = [{**each, "task_id": each["task_id"] + "0"} for each in body["data"]]


def relisted(body: dict[str, Any]) -> None:
    for each in body["data"]:
        each["updated_at"] += 1000


def first_page(call: Call, ask: Ask, memory: Memory) -> Reply:
    path = call.path.replace("pageNum=2", "pageNum=1") if call.kind == "list" else call.path
    return ask(Call(**{**vars(call), "path": path}))


def any_size(call: Call, ask: Ask, memory: Memory) -> Reply:
    path = re.sub("pageSize=1$", "pageSize=30", call.path)
    return ask(Call(**{**vars(call), "path": path}))


def let_in(call: Call, ask: Ask, memory: Memory) -> Reply:
    return ask(Call(**{**vars(call), "headers": {**call.headers, "authorization": "Bearer anybody"}}))


def invented(call: Call, ask: Ask, memory: Memory) -> Reply:
    """Answer for a task that is not there as if it were."""
    reply = ask(call)
    if call.kind == "get" and reply.status == 400:
        task = {"task_id": call.id, "task_status": "processing", "created_at": 1795219200000, "task_info": {}}
        return Reply(200, b"").saying({"code": 0, "message": "ok", "request_id": "r", "data": task})
    return reply


def missing_as(status: int, code: int) -> Change:
    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        reply = ask(call)
        if call.kind != "get" or reply.status != 400:
            return reply
        return Reply(status, b"").saying({**reply.json, "code": code})

    return change


def every_third_is_reset(call: Call, ask: Ask, memory: Memory) -> Reply:
    memory["asked"] = memory.get("asked", 0) + 1
    return Reply(0, b"") if memory["asked"] % 3 == 0 else ask(call)


def first_told_last(body: Any, post: Callable[[Any], None], memory: Memory) -> None:
    """Tell of the first status again before the end."""
    first = memory.setdefault("first", body)
    post(body)
    if body["task_status"] == "processing":
        post({**first, "task_status": "submitted"})


def changed_back(**changes: Any) -> Callable[[Any, Callable[[Any], None], Memory], None]:
    return lambda body, post, memory: post({**body, **changes})


def at_the_end(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any, Any, Memory], None]:
    def back(body: Any, post: Callable[[Any], None], memory: Memory) -> None:
        post(edit(body) if body["task_status"] == "succeed" else body)

    return back


def without_end(body: Any, post: Callable[[Any], None], memory: Memory) -> None:
    if body["task_status"] != "succeed":
        post(body)


def contradicting(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "task_status": "failed", "task_status_msg": "no", "task_result": {}}


def results(change: Callable[[list[Any]], list[Any]]) -> Change:
    def edit(task: dict[str, Any]) -> None:
        if "images" in task.get("task_result", {}):
            task["task_result"]["images"] = change(task["task_result"]["images"])

    return of_task(edit)


def put(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda task: task.update(changes)


def shift(name: str, by: int) -> Callable[[dict[str, Any]], None]:
    return lambda task: task.update({name: task[name] + by})


def drop(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(task: dict[str, Any]) -> None:
        task.pop(name, None)

    return edit


def in_seconds(task: dict[str, Any]) -> None:
    task.update(created_at=task["created_at"] // 1000, updated_at=task["updated_at"] // 1000)


CLOSED = {"opened": frozenset({"createImageExpansion", "getImageExpansion"})}
COLLAGE: dict[str, Any] = {"family": "MultiImageToImage"}
SHORT: dict[str, Any] = {"patience": 0.8}

FAULTS = (
    Fault("field dropped", "answer.contract", of_task(drop("task_status"))),
    Fault("id dropped", "answer.contract", of_task(drop("task_id"), "create")),
    Fault("type changed", "answer.contract", of_task(lambda task: task.update(created_at=str(task["created_at"])))),
    Fault("envelope code is a text", "answer.contract", answering("get", put(code="0"))),
    Fault("envelope code is another", "answer.contract", answering("create", put(code=7))),
    Fault("unknown status word", "answer.contract", of_task(put(task_status="done"))),
    Fault("answer without its envelope", "answer.contract", answering("list", put(data=None))),
    Fault("status goes back", "lifecycle.backwards", on_look(2, put(task_status="processing", task_result={}))),
    Fault("terminal task changes", "lifecycle.terminal", on_look(2, shift("updated_at", 5000), after=True)),
    Fault(
        "result moves",
        "lifecycle.terminal",
        on_look(3, lambda task: task["task_result"]["images"][0].update(url="http://127.0.0.1/x")),
    ),
    Fault("never ends", "lifecycle.ends", of_task(put(task_status="processing", task_result={})), **SHORT),
    Fault("result before succeed", "lifecycle.result", on_look(1, put(task_status="processing"))),
    Fault("succeed without result", "lifecycle.result", results(lambda images: [])),
    Fault("one result too few", "lifecycle.count", results(lambda images: images[:-1] if len(images) > 1 else images)),
    Fault("one result too many", "lifecycle.count", results(lambda images: [*images, *images[:1]])),
    Fault("n is ignored", "lifecycle.count", sending(lambda body: {"n": 1} if body.get("n") == 2 else {})),
    Fault("time in seconds", "lifecycle.times", of_task(in_seconds, "create")),
    Fault(
        "updated before created",
        "lifecycle.times",
        of_task(lambda task: task.update(updated_at=task["created_at"] - 1)),
    ),
    Fault("wrong id", "lifecycle.identity", of_task(lambda task: task.update(task_id=task["task_id"] + "0"))),
    Fault("created drifts", "lifecycle.identity", on_look(2, shift("created_at", 1))),
    Fault("external id leads nowhere", "lifecycle.external", by_external),
    Fault("external id is another", "lifecycle.external", of_task(put(task_info={"external_task_id": "mine"}))),
    Fault("external id is dropped", "lifecycle.external", of_task(put(task_info={}))),
    Fault("duplicate is accepted", "lifecycle.duplicate", remembered),
    Fault("list without the new task", "list.contains", answering("list", unlisted)),
    Fault("list is empty", "list.contains", answering("list", put(data=[]))),
    Fault("list with another time", "list.agrees", answering("list", relisted)),
    Fault("page is ignored", "list.pages", first_page),
    Fault("page size is ignored", "list.pages", any_size),
    Fault(
        "result is gone", "result.opens", instead(lambda call: call.kind == "result", Reply(404, b"gone", "text/plain"))
    ),
    Fault(
        "result is a page", "result.opens", instead(lambda call: call.kind == "result", Reply(200, PAGE, "text/html"))
    ),
    Fault("result on no host", "result.opens", results(lambda images: [{**each, "url": "nowhere"} for each in images])),
    Fault("rule is lax by one step", "request.boundary", sending(beyond)),
    Fault("rule is strict by one step", "request.boundary", sending(at_limit)),
    Fault("length is strict by one", "request.boundary", sending(at_length)),
    Fault("required is not required", "request.refused", sending(filled)),
    Fault("types are coerced", "request.refused", sending(coerced)),
    Fault(
        "listed value is refused",
        "request.accepted",
        sending(lambda body: {"aspect_ratio": "7:7"} if body.get("aspect_ratio") == "21:9" else {}),
        **COLLAGE,
    ),
    Fault("optional field is refused", "request.accepted", sending(lambda body: {"n": 99} if "prompt" in body else {})),
    Fault(
        "fails on an optional field",
        "request.accepted",
        instead(lambda call: call.kind == "create" and "n" in (call.body or {}), Reply(500, PAGE, "text/html")),
    ),
    Fault("wrong error code", "error.row", refusing(lambda reply: reply.saying({**reply.json, "code": 9999}))),
    Fault("error code is a text", "error.row", refusing(lambda reply: reply.saying({**reply.json, "code": "1201"}))),
    Fault("refusal without its request id", "answer.contract", refusing(without_request_id)),
    Fault("refusal is a page", "error.row", refusing(lambda reply: Reply(400, PAGE, "text/html"))),
    Fault("refusal with another status", "error.row", refusing(lambda reply: Reply(422, reply.data))),
    Fault("missing task is 404", "error.row", missing_as(404, 1203)),
    Fault("missing task is there", "task.missing", invented),
    Fault("needs no key", "auth.required", let_in),
    Fault(
        "unknown path is there", "route.unknown", instead(lambda call: "no-such-path" in call.path, Reply(200, b"{}"))
    ),
    Fault("closed route is open", "availability.closed", settings=CLOSED, provider="cometapi"),
    Fault("route answers 405", "guard.success", instead(lambda call: call.kind == "list", Reply(405, b"{}"))),
    Fault(
        "takes no key at all",
        "guard.auth",
        instead(lambda call: True, Reply(401, b'{"code":1001,"message":"Authorization is empty"}')),
    ),
    Fault("connection is reset", "server.answers", every_third_is_reset),
    Fault("no callback", "callback.comes", back=lambda body, post, memory: None, **SHORT),
    Fault("no callback at the end", "callback.comes", back=without_end, **SHORT),
    Fault("callback goes back", "callback.order", back=first_told_last),
    Fault(
        "callback is no JSON",
        "callback.contract",
        back=lambda body, post, memory: post(b"status=" + body["task_status"].encode()),
        **SHORT,
    ),
    Fault(
        "callback of another shape", "callback.contract", back=lambda body, post, memory: post({"data": body}), **SHORT
    ),
    Fault("callback with another type", "callback.contract", back=changed_back(created_at="now")),
    Fault("callback contradicts the query", "callback.agrees", back=at_the_end(contradicting)),
    Fault(
        "callback with another time",
        "callback.agrees",
        back=lambda body, post, memory: post({**body, "created_at": body["created_at"] + 1}),
    ),
)
