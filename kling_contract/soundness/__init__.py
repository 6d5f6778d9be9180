"""Whether what a document says can work. `documents` holds it against the vocabulary; this goes on from there."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kling_contract import documents
from kling_contract.documents.files import read
from kling_contract.documents.references import Resolver
from kling_contract.documents.vocabulary import extensions
from kling_contract.soundness.extension import Place, check_extension
from kling_contract.soundness.operation import check_operation
from kling_contract.soundness.schema import check_schema, schemas
from kling_contract.soundness.security import security
from kling_contract.soundness.unread import unread

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.documents import Provider

__all__ = ["load", "verify"]


def load(provider: str | Path) -> Provider:
    """Return a bundled provider by name, or one that the file at a path describes, looked over as a whole.

    A bundled one is neither looked over nor checked, since the tests have done that, and is read once: nothing about a
    provider ever changes. Raises `DocumentError` with file and line.
    """
    if str(provider) in documents.bundled():
        return _bundled(str(provider))
    found = documents.load(provider)
    verify(found)
    return found


@functools.cache
def _bundled(name: str) -> Provider:
    return documents.load(name, checked=True)


def verify(provider: Provider) -> None:
    """Raise `DocumentError`, with file and line, for the first thing in a provider's files that could not do its work.

    That is an expression that cannot be read, a name that nothing has (a field, a parameter, a `$value`), a status
    word or retired value outside its enum, a schema that is none, a path whose parameters are not its own, an answer
    without the task's id or status, a create whose task nobody could poll, and what nothing here would read.
    """
    resolver = Resolver(read(provider.file))
    resolver.inline(resolver.source.tree)
    for file in reversed(list(resolver.files.values())):
        for pointer, name, value in extensions(file.tree):
            check_extension(name, Place(provider, resolver, file, pointer, value))
        for pointer in schemas(file.tree):
            check_schema(resolver, file, pointer)
    for operation in provider.operations.values():
        check_operation(provider, operation, resolver)
    schemes = resolver.inline(provider.document["components"].get("securitySchemes", {}))
    for pointer, problem in (*security(provider.document, schemes), *unread(provider)):
        raise resolver.error(problem, pointer)
