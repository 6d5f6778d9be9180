"""From a file to a `Provider`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import msgspec

from kling_contract.documents import vocabulary
from kling_contract.documents.complaints import nearest
from kling_contract.documents.files import find, folder, read
from kling_contract.documents.model import Operation, Provider
from kling_contract.documents.parts import (
    REQUIRED_ROWS,
    Auth,
    Availability,
    Callbacks,
    Choice,
    ErrorRow,
    Expiry,
    Footage,
    Lifecycle,
    Scenario,
    Transition,
)
from kling_contract.documents.references import Resolver
from kling_contract.envelopes import Envelope
from kling_contract.wording import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kling_contract.documents.files import Source

VERSION = "3.1"
_HOW = "; openapi/README.md tells how to write a document"
METHODS = ("get", "put", "post", "delete", "patch")


def load(provider: str | Path, *, checked: bool = False) -> Provider:
    """Return a bundled provider by name, or one that the OpenAPI 3.1 file at a path describes.

    One that was `checked` before is not held against the vocabulary again, which is half of the work. Raises
    `DocumentError` with file and line for a file that cannot be read, a reference to nothing, an extension that breaks
    the vocabulary, or a part that OpenAPI would not have there.
    """
    source = read(find(provider))
    _check_kind(source)
    resolver = Resolver(source)
    document = resolver.inline({key: value for key, value in source.tree.items() if key != "components"})
    document["components"] = source.tree.get("components", {})
    if not checked:
        for file in resolver.files.values():
            vocabulary.check(file)
        vocabulary.check_document(document, resolver)
    return _Reader(source, resolver, document).provider()


def _check_kind(source: Source) -> None:
    tree = source.tree
    if not isinstance(tree, dict):
        raise source.error("not an OpenAPI 3.1 document", ())
    if "openapi" not in tree:
        message = "not an OpenAPI 3.1 document (it has no `openapi: 3.1.0`)"
        if "swagger" in tree:
            message = f"this is Swagger {_version(source, 'swagger')}; OpenAPI {VERSION} is read here{_HOW}"
        raise source.error(message, ("swagger",))
    version = _version(source, "openapi")
    if version.split(".")[:2] != VERSION.split("."):
        raise source.error(f"this is OpenAPI {version}; {VERSION} is read here{_HOW}", ("openapi",))
    if not isinstance(tree.get("info"), dict) or "x-provider" not in tree["info"]:
        raise source.error(f"info has no x-provider{_HOW}", ("info",))


def _version(source: Source, key: str) -> str:
    """Return the version that a document says it has; without quotes, YAML reads 3.1 and 2.0 as numbers."""
    found = source.tree[key]
    if isinstance(found, str | int | float) and not isinstance(found, bool):
        return str(found)
    raise source.error(f"{key} is of type {type_of(found)}; accepted: a version such as {VERSION}.0", (key,))


class _Reader(msgspec.Struct, frozen=True):
    source: Source
    resolver: Resolver
    document: dict[str, Any]

    def provider(self) -> Provider:
        facts = self.document["info"]["x-provider"]
        title = facts.get("title", facts["name"])
        return Provider(
            name=facts["name"],
            title=title,
            date=facts["date"],
            file=self.source.path,
            digest=self._digest(),
            base_urls=tuple(server["url"].rstrip("/") for server in self.document.get("servers", ())),
            auth=_auth(facts["auth"]),
            id_digits=facts["ids"]["digits"],
            id_prefix=facts["ids"].get("prefix", ""),
            expiry=Expiry(**facts.get("results", {})),
            callbacks=_callbacks(facts.get("callbacks", {})),
            errors=self._errors(),
            scenarios=self._scenarios(),
            operations=self._operations(facts["name"], title),
            document=self.document,
            sources=self._sources(),
        )

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self.resolver.files):
            digest.update(self.resolver.files[path].text)
        return digest.hexdigest()[:12]

    def _sources(self) -> dict[str, Any]:
        trees = [file.tree for file in self.resolver.files.values()]
        components = [tree.get("components") for tree in trees if isinstance(tree, dict)]
        found = [each.get("x-sources", {}) for each in components if isinstance(each, dict)]
        return {tag: source for tags in found for tag, source in tags.items()}

    def _errors(self) -> dict[str, ErrorRow]:
        rows = self.document["info"].get("x-errors", {})
        asks = _auth(self.document["info"]["x-provider"]["auth"]).asks
        needed = ("auth.missing", *REQUIRED_ROWS) if asks else REQUIRED_ROWS
        missing = [name for name in needed if name not in rows]
        if missing:
            raise self.source.error(f"x-errors has no row {missing[0]}", ("info", "x-errors"))
        return {name: _row(name, row) for name, row in rows.items() if name != "x-facts"}

    def _scenarios(self) -> dict[str, Scenario]:
        """Return the document's scenarios; one that names none has those that Kling's documents share."""
        says = self.document["info"].get("x-scenarios")
        if says is None:
            says = read(folder() / "common.yaml").tree["components"]["x-scenarios"]
        return {name: _scenario(name, each) for name, each in says.items()}

    def _operations(self, name: str, title: str) -> dict[str, Operation]:
        operations: dict[str, Operation] = {}
        for path, method, node, pointer in self._nodes():
            operation = self._operation(name, title, path, method, node)
            if operation.id in operations:
                raise self.source.error(f"operationId {operation.id} is given twice", pointer)
            operations[operation.id] = operation
        if not operations:
            raise self.source.error("no operation has x-operation", ("paths",))
        self._check_replies(operations)
        return operations

    def _nodes(self) -> Iterator[tuple[str, str, dict[str, Any], tuple[str | int, ...]]]:
        for path, item in (self.document.get("paths") or {}).items():
            for method in METHODS:
                node = item.get(method)
                if isinstance(node, dict) and "x-operation" in node:
                    shared = item.get("parameters", [])
                    yield (
                        path,
                        method,
                        {**node, "parameters": _parameters(shared, node.get("parameters", []))},
                        (
                            "paths",
                            path,
                            method,
                        ),
                    )

    def _operation(self, provider: str, title: str, path: str, method: str, node: dict[str, Any]) -> Operation:
        says = node["x-operation"]
        content = node.get("requestBody", {}).get("content", {}).get("application/json", {})
        statuses = self._statuses(node)
        callback_field, callback = _callback(node)
        return Operation(
            id=node["operationId"],
            provider=provider,
            title=title,
            family=says["family"],
            kind=says["kind"],
            method=method.upper(),
            path=path,
            summary=node.get("summary", ""),
            call=says.get("call"),
            request=content.get("schema"),
            parameters=tuple(node["parameters"]),
            responses={str(status): answer for status, answer in node["responses"].items()},
            envelope=Envelope(node["x-envelope"], statuses),
            callback=Envelope(callback["x-envelope"], statuses) if callback else None,
            callback_schema=_json_schema(callback.get("requestBody", {})) if callback else None,
            callback_field=callback_field,
            statuses=statuses,
            availability=_availability(node.get("x-availability", {"state": "unverified"})),
            lifecycle=_lifecycle(node["x-lifecycle"]) if "x-lifecycle" in node else None,
            external=says.get("external"),
            blank=frozenset(says.get("blank", ())),
            ids=tuple(says.get("ids", ())),
            page=says.get("page"),
            size=says.get("size"),
            facts=says.get("x-facts", {}),
            examples={name: example.get("value") for name, example in content.get("examples", {}).items()},
        )

    def _statuses(self, node: dict[str, Any]) -> Mapping[str, str]:
        answers = node["responses"].values() if isinstance(node.get("responses"), dict) else ()
        found = (_find(_json_schema(answer), "x-status-values") for answer in answers)
        return cast("Mapping[str, str]", next((values for values in found if values), {}))

    def _check_replies(self, operations: Mapping[str, Operation]) -> None:
        rows = self.document["info"].get("x-errors", {})
        for operation in operations.values():
            place = ("paths", operation.path, operation.method.lower(), "x-availability")
            reply, follows = operation.availability.reply, operation.availability.follows
            if reply is not None and reply not in rows:
                said = f"x-availability: no row {reply!r} in x-errors; {nearest(reply, rows)}"
                raise self.source.error(said, (*place, "reply"))
            if follows is not None and follows not in operations:
                said = f"x-availability: no operation {follows!r}; {nearest(follows, operations)}"
                raise self.source.error(said, (*place, "follows"))


def _parameters(shared: Sequence[dict[str, Any]], own: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the parameters of a path and of its operation, which may replace one of the path (OpenAPI 3.1, 4.8.9)."""
    replaced = {(each["name"], each["in"]) for each in own}
    return [*(each for each in shared if (each["name"], each["in"]) not in replaced), *own]


def _json_schema(answer: Any) -> Any:
    return answer.get("content", {}).get("application/json", {}).get("schema", {}) if isinstance(answer, dict) else {}


def _find(node: Any, key: str) -> Any:
    """Return the first value of `key` anywhere below `node`."""
    if isinstance(node, dict):
        return node[key] if key in node else next((v for v in (_find(each, key) for each in node.values()) if v), None)
    if isinstance(node, list):
        return next((v for v in (_find(each, key) for each in node) if v), None)
    return None


def _callback(node: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    for expressions in node.get("callbacks", {}).values():
        for expression, item in expressions.items():
            _, _, field = expression.partition("$request.body#/")
            if field and "x-envelope" in item.get("post", {}):
                return field.rstrip("}"), item["post"]
    return None, None


def _auth(says: Mapping[str, Any]) -> Auth:
    token = says.get("hs256") or {}
    return Auth(key=says["key"], hs256="hs256" in says, **token)


def _callbacks(says: Mapping[str, Any]) -> Callbacks:
    return Callbacks(tuple(says.get("retries", ())), says.get("timeout", 5.0))


def _availability(says: Mapping[str, Any]) -> Availability:
    return Availability(**{key: value for key, value in says.items() if key != "x-facts"})


def _lifecycle(says: Mapping[str, Any]) -> Lifecycle:
    steps = says["transitions"]
    transitions = tuple(
        Transition(s["to"], s["typical"], s.get("least", s["typical"]), s.get("most", s["typical"])) for s in steps
    )
    return Lifecycle(
        says["result"],
        says.get("count", 1),
        says.get("slots", 1),
        says.get("units"),
        transitions,
        Footage(**{name: _choice(each) for name, each in says.get("video", {}).items()}),
    )


def _choice(says: int | Mapping[str, Any]) -> Choice:
    return Choice(says) if isinstance(says, int) else Choice(**says)


def _scenario(name: str, says: Mapping[str, Any]) -> Scenario:
    return Scenario(name, says["summary"], says["ends"], says["pace"], says.get("reason", ""))


def _row(name: str, says: Mapping[str, Any]) -> ErrorRow:
    return ErrorRow(
        name=name,
        status=says["status"],
        means=says["means"],
        body=Envelope(says["body"]),
        any_status=says.get("any-status", False),
        retry=says.get("retry", False),
        rules=tuple(says.get("rules", ())),
        content_type=says.get("content-type", "application/json"),
        headers=says.get("headers", {}),
        facts=says.get("x-facts", {}),
    )
