"""Whether a verification that found nothing has seen anything but refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.verify.conformance.failure import Failure
from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from kling_contract.documents import Provider
    from kling_contract.verify.conformance.asking import Asked
    from kling_contract.verify.conformance.scope import Scope


def guards(
    scope: Scope,
    reached: Container[str],
    counts: Mapping[str, tuple[int, int]],
    served: Sequence[Asked],
    failed: Sequence[Failure],
) -> Iterator[Failure]:
    """Yield that an operation never succeeded, or that every answer was about credentials.

    `reached` are the operations that were asked what they have to answer with success, `counts` has the requests of
    each and its successes, `served` are the exchanges of those that are served. An operation that only was not reached,
    since another of its family failed, is not at fault.
    """
    provider = scope.provider
    names = {each.operation for each in failed if each.operation}
    families = {provider.operation(name).family for name in names}
    for name, (asked, succeeded) in counts.items():
        operation = provider.operation(name)
        at_fault = name in reached and (name in names or operation.family not in families)
        if at_fault and not succeeded and not scope.is_shut(operation):
            yield Failure("guard.success", name, f"none of its {counted(asked, 'answer')} was a success")
    if is_locked_out(provider, served):
        keyed = [each for each in served if each.key]
        yield Failure(
            "guard.auth",
            None,
            f"{counted(len(keyed), 'answer was', 'answers were')} about credentials, and no other came",
            keyed[0],
        )


def is_locked_out(provider: Provider, served: Sequence[Asked]) -> bool:
    """Whether all that was asked with the key was answered as if there were none, or another one."""
    unknown = {row.status for row in provider.errors.values() if row.means == "authentication"}
    keyed = [each for each in served if each.key]
    return bool(keyed) and all(each.status in unknown for each in keyed)
