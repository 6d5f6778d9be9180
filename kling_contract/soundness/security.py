"""Whether the credentials that a document asks for are those that are read here: one bearer, for every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.documents.complaints import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents.references import Pointer

Problem = tuple["Pointer", str]

_BEARER = "accepted: {type: http, scheme: bearer}"
_OPEN = (
    "security: an alternative without a credential is not read; x-provider says with `auth` what every operation takes"
)


def security(document: Mapping[str, Any], schemes: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a document, with no reference left, asks of credentials that nothing here would look at."""
    for name, scheme in schemes.items():
        kind = str(scheme.get("type"))
        if (kind.lower(), str(scheme.get("scheme", "")).lower()) != ("http", "bearer"):
            place: Pointer = ("components", "securitySchemes", name)
            found = f"{kind} {scheme['scheme']}" if "scheme" in scheme else kind
            yield place, f"securitySchemes/{name}: {found} is not read; {_BEARER}"
    yield from _requirements(document.get("security"), schemes, ())
    for path, item in document["paths"].items():
        for method, node in item.items():
            if isinstance(node, dict) and "x-operation" in node:
                yield from _requirements(node.get("security"), schemes, ("paths", path, method))


def _requirements(says: Any, schemes: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    """Yield what is wrong with one `security`; one that is not there says nothing."""
    if says is None:
        return
    if not isinstance(says, list) or not says:
        yield (*place, "security"), _OPEN
        return
    for index, alternative in enumerate(says):
        here = (*place, "security", index)
        if not isinstance(alternative, dict) or not alternative:
            yield here, _OPEN
            continue
        for name in alternative:
            if name not in schemes:
                yield (*here, name), f"security: no scheme {name!r} in securitySchemes; {nearest(name, schemes)}"
