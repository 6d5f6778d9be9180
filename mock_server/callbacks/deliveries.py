"""The callbacks of one session: those to be sent now, and the record of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_server.callbacks.courier import Carrier
    from mock_server.callbacks.delivery import Delivery


class Policy(msgspec.Struct):
    """How a session's callbacks are sent, where that is not as the provider's document says.

    `secrets` sign each (`whsec_...`; two while one replaces the other); `retries` are the seconds before each further
    attempt on the session's clock, `timeout` the real ones that an attempt may take.
    """

    secrets: Sequence[str] = ()
    retries: Sequence[float] | None = None
    timeout: float | None = None


class Deliveries:
    """The callbacks of one session. `out` is to be sent now; of those that are done, the last `most` are kept.

    `under_way` counts those that are being sent; `urgent` says that some of `out` are to arrive before
    the answer to the request that brought them. `carrier` takes them elsewhere than the server's.
    """

    def __init__(self, policy: Policy, most: int) -> None:
        self.policy, self._most = policy, most
        self.out: list[Delivery] = []
        self.under_way = 0
        self.urgent = False
        self.carrier: Carrier | None = None
        self.total = 0
        self._kept: dict[str, Delivery] = {}
        self._done: dict[str, None] = {}

    def add(self, delivery: Delivery) -> None:
        """Keep a new delivery."""
        self.total += 1
        self._kept[delivery.id] = delivery

    def done(self, delivery: Delivery) -> None:
        """Take note that nobody waits for a delivery any more, and forget the one that was done first."""
        self._done[delivery.id] = None
        if len(self._done) > self._most:
            oldest = next(iter(self._done))
            del self._done[oldest], self._kept[oldest]

    def drop(self, delivery: Delivery) -> None:
        """Forget a delivery that is not to be sent after all."""
        if self._kept.pop(delivery.id, None) is not None:
            self.total -= 1

    def get(self, name: str) -> Delivery | None:
        """Return a delivery by its `webhook-id`, if it is still kept."""
        return self._kept.get(name)

    def keeps(self, delivery: Delivery) -> bool:
        """Whether this very delivery is still kept, and was not forgotten by a reset."""
        return self._kept.get(delivery.id) is delivery

    def where(self, fits: Callable[[Delivery], bool]) -> list[Delivery]:
        """Return the deliveries that fit, oldest first."""
        return [delivery for delivery in self._kept.values() if fits(delivery)]

    def take(self) -> list[Delivery]:
        """Return what is to be sent now, which is the caller's from here on."""
        taken, self.out = self.out, []
        return taken

    def clear(self) -> None:
        """Forget every delivery; those that wait for their next attempt are not sent any more."""
        for held in (self._kept, self._done, self.out):
            held.clear()
        self.total = 0
