"""Every way out of a process that we know: how plain Python reaches a host that a document names."""

from __future__ import annotations

from tests.attack import (
    ways_by_address,
    ways_by_library,
    ways_by_name,
    ways_by_proxy,
    ways_by_tls,
    ways_that_stay_open,
)

WAYS = [
    *ways_by_name.WAYS,
    *ways_by_library.WAYS,
    *ways_by_address.WAYS,
    *ways_by_tls.WAYS,
    *ways_by_proxy.WAYS,
    *ways_that_stay_open.WAYS,
]
