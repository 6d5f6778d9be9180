"""When an armed fault strikes a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from mock_server.exchange import Answer, Call
    from mock_server.faults.changes import Change

Phase = Literal["before", "after", "answer"]


class Fault(msgspec.Struct, frozen=True):
    """A change of answers under the name that it was asked for by, and when it strikes.

    before   instead of handling the request: its body is not read, and no task exists
    after    once the request was handled well, in place of its answer: the task exists, and may be billed
    answer   on whatever the answer is, a refusal too
    """

    name: str
    phase: Phase
    change: Change


def strike(call: Call, phase: Phase, answer: Answer) -> Answer:
    """Return what the faults drawn for a call make of its answer at this phase, and journal them.

    The answer itself comes back where there are none. A fault that finds nothing to change, since the answer has no
    such field, stays armed.
    """
    for armed in call.faults:
        changed = armed.thing.change(call, answer) if armed.thing.phase == phase else answer
        if changed is not answer:
            answer = changed
            call.session.faults.use(armed)
            name, others = armed.thing.name, call.entry.fault
            call.entry.fault = f"{others} + {name}" if others else name
    return answer
