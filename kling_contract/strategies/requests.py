"""Bodies that keep an operation's contract, that break one promise of it, or lie at a limit of it, and image files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from hypothesis import strategies as st

from kling_contract.documents import Provider
from kling_contract.images import ImageRule
from kling_contract.soundness import load
from kling_contract.strategies.edges import Edges
from kling_contract.strategies.faults import Faults
from kling_contract.strategies.pictures import TOO_LARGE, broken_files, files
from kling_contract.strategies.values import Space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from kling_contract.documents import Operation
    from kling_contract.strategies.edges import Boundary

    AnyProvider = str | Path | Provider

PROVIDER = "cometapi"

Made = TypeVar("Made")


def valid(operation: str, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[dict[str, Any]]:
    """Return the bodies that keep an operation's contract, under the provider's own names.

    `provider` is a bundled name, the path of a document, or a loaded one. They shrink to the fewest fields, small
    numbers of few decimals, and a URL where one is accepted. Unknown fields are not drawn, though they are accepted.
    Raises KeyError for an operation that the provider has not, and ValueError for one without a body or with a
    keyword of JSON Schema that values cannot be built for.
    """
    return _space(_operation(operation, provider)).values


def rules(operation: str, *, provider: AnyProvider = PROVIDER) -> tuple[str, ...]:
    """Return the ids of the rules that `broken` can break, sorted. Raises as `valid` does."""
    return _faults(_operation(operation, provider)).rules


def broken(
    operation: str, rule: str | None = None, *, provider: AnyProvider = PROVIDER
) -> SearchStrategy[dict[str, Any]]:
    """Return bodies with exactly one violation: of a rule, or of any of `rules`. Raises as `valid` does.

    The rules are those of `x-rules` and `x-violation`, `image.*`, `number.precision`, and `schema.*`: the keywords of
    JSON Schema. A file that has too many bytes is drawn only where `image.bytes` is asked for, since it is too large to
    be printed. Raises ValueError for a rule that no body can break alone.
    """
    found = _operation(operation, provider)
    faults = _faults(found)
    if rule is None:
        return st.one_of(*(faults.values(each) for each in faults.rules if each != TOO_LARGE))
    if not faults.plans(rule):
        raise _unknown(rule, "no body breaks", found, faults.rules)
    return faults.values(rule)


def each_broken(operation: Operation, rule: str) -> list[SearchStrategy[dict[str, Any]]]:
    """Return what `broken` draws, apart: one strategy for each field, or promise, that the rule is about."""
    faults = _faults(operation)
    return [faults.values(rule, at) for at in range(len(faults.plans(rule)))]


def limits(operation: str, *, provider: AnyProvider = PROVIDER) -> tuple[str, ...]:
    """Return the ids of the rules that have a limit for `on_boundary`, sorted. Raises as `valid` does."""
    return _edges(_operation(operation, provider)).rules


def on_boundary(operation: str, rule: str, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[Boundary]:
    """Return bodies in threes: exactly at a rule's limit, one step below it, and one above. Raises as `valid` does.

    `Boundary` says what a step is, and which of the three there may not be. At the limit of `<`, `>` and exclusive
    limits a body is refused, at that of the others it is allowed. Raises ValueError for a rule that has no limit.
    """
    found = _operation(operation, provider)
    edges = _edges(found)
    if not edges.plans(rule):
        raise _unknown(rule, "no limit is known for", found, edges.rules)
    return edges.values(rule)


def each_boundary(operation: Operation, rule: str) -> list[SearchStrategy[Boundary]]:
    """Return what `on_boundary` draws, apart: one strategy for each field that the rule limits."""
    edges = _edges(operation)
    return [edges.values(rule, at) for at in range(len(edges.plans(rule)))]


@overload
def images(valid: Literal[True] = True, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[bytes]: ...
@overload
def images(valid: Literal[False], *, provider: AnyProvider = PROVIDER) -> SearchStrategy[tuple[bytes, str]]: ...
def images(valid: bool = True, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[Any]:
    """Return the bytes of image files that the provider accepts, or of those that break one rule, with its id.

    The limits are those of the first image field of the provider's document that takes files. Accepted files are PNG
    of up to 49 megapixels and JPEG of up to 5, or of the least size if that is larger, whole to any reader, though of
    a few kB at most; they shrink to the smallest square. Broken ones are of another type, cut, too small, or too long
    for their other side. Raises ValueError if the provider takes no PNG or JPEG.
    """
    found = next(_rules(_provider(provider)), None)
    if found is None:
        raise ValueError("the provider's document has no field that takes PNG or JPEG files")
    if valid:
        return files(found)
    ways = {rule: each for rule, each in broken_files(found).items() if rule != TOO_LARGE}
    return st.one_of(*(st.tuples(each, st.just(rule)) for rule, each in ways.items()))


def _rules(provider: Provider) -> Iterator[ImageRule]:
    for operation in provider.operations.values():
        for schema in _pictured(operation.request or {}):
            rule = ImageRule.from_document(schema["x-image"])
            if "base64" in rule.accepts and {"png", "jpeg"} & {*rule.formats}:
                yield rule


def _pictured(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "x-image" in schema:
        yield schema
    for below in (*schema.get("properties", {}).values(), schema.get("items", {})):
        yield from _pictured(below)


def _unknown(rule: str, what: str, operation: Operation, known: tuple[str, ...]) -> ValueError:
    return ValueError(f"{what} {rule!r} in {operation.title}'s {operation.id}; accepted: {', '.join(known)}")


def _provider(provider: AnyProvider) -> Provider:
    return provider if isinstance(provider, Provider) else load(provider)


def _operation(name: str, provider: AnyProvider) -> Operation:
    return _provider(provider).operation(name)


def _space(operation: Operation) -> Space:
    schema = operation.request
    if schema is None:
        raise ValueError(f"{operation.title}'s {operation.id} has no body")
    filled = [name for name, empty in operation.empties.items() if empty == []]
    return _kept(operation, Space, lambda: Space(schema, filled))


def _faults(operation: Operation) -> Faults:
    return _kept(operation, Faults, lambda: Faults(_space(operation), mistyped=False))


def _edges(operation: Operation) -> Edges:
    return _kept(operation, Edges, lambda: Edges(_space(operation)))


def _kept(operation: Operation, kind: type[Made], made: Callable[[], Made]) -> Made:
    if kind not in operation.memo:
        operation.memo[kind] = made()
    found: Made = operation.memo[kind]
    return found
