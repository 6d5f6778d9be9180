"""Image files, as a test's own code would read them from a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from hypothesis import strategies as st

from kling_contract.images import ImageRule
from kling_contract.strategies.fields import broken_files, files
from kling_contract.strategies.requests import PROVIDER, provider_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

    from kling_contract.strategies.requests import AnyProvider


@overload
def images(valid: Literal[True] = True, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[bytes]: ...
@overload
def images(valid: Literal[False], *, provider: AnyProvider = PROVIDER) -> SearchStrategy[tuple[bytes, str]]: ...
def images(valid: bool = True, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[Any]:
    """Return the bytes of image files that the provider accepts, or of those that break one rule, with its id.

    The limits are those of the first image field of the provider's document that takes files. Accepted files are PNG
    and JPEG of any size that is allowed, whole to any reader, though of a few hundred bytes; they shrink to the
    smallest square. Broken ones are of another type, cut, too small, too long for their other side, or too large.
    Raises ValueError if the provider takes no PNG or JPEG.
    """
    found = next(_rules(provider_of(provider)), None)
    if found is None:
        raise ValueError("the provider's document has no field that takes PNG or JPEG files")
    if valid:
        return files(found)
    return st.one_of(*(st.tuples(each, st.just(rule)) for rule, each in broken_files(found).items()))


def _rules(provider: Any) -> Iterator[ImageRule]:
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
