"""Findings, runs and histories without a provider to ask."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from kling_contract import load
from kling_contract.probe import Finding, Left, Plan, Run, make_plan
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.findings import FAILINGS
from kling_contract.probe.tables import reasons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = 1_795_262_400.0  # 2026-11-21, 12:00 UTC
DAY = 86400.0
BASE = "https://api.cometapi.com"
HOSTILE = "a|b `c` ```\r\n::error::x%0A <script>alert(1)</script> ]]> \x1b[31m\0\x7f\u202e @all ' \" & \ufffe $x$ é作"


class Nothing:
    """A connection of level 0."""

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        return


def connected(address: tuple[str, int], timeout: float) -> Any:
    """Connect to whatever it is."""
    return Nothing()


def plan(level: int = 4, name: str = "cometapi", base_url: str = BASE) -> Plan:
    return make_plan(load(name), base_url, level=level)


def finding(reason: str = "route.alive", **changes: Any) -> Finding:
    made = Finding(
        provider="cometapi",
        base_url=BASE,
        level=2,
        operation="getImageToVideo",
        method="GET",
        path="/tasks/0",
        reason=reason,
        detail="HTTP 400, code 1201",
        raw_reason=reason,
        raw_detail="HTTP 400, code 1201",
        at=NOW,
        status=400,
        ms=120,
        standing="documented",
        documented="available",
        observed="2026-04-28",
        first=False,
    )
    return replace(made, **changes)


def run_of(*findings: Finding, **changes: Any) -> Run:
    made = Run(
        at=NOW, version="0.1.0", plans=(plan(),), findings=findings, left={("cometapi", BASE): ()}, fail_on=("down",)
    )
    return replace(made, **changes)


def with_exchange(given: Finding, **changes: Any) -> Finding:
    """Return a finding with the exchange that it was read from: the step of its operation, and an answer."""
    step = next(each for each in plan().steps if each.name == given.name and each.level == given.level)
    made = {"step": step, "url": BASE + step.path, "at": NOW, "ms": 120, "status": 404, "data": b"{}", **changes}
    made.setdefault("sent", {"accept": "application/json", **({"authorization": "Bearer $KEY"} if step.key else {})})
    return replace(given, exchange=Exchange(**made), method=step.method, path=step.path)


def write_history(path: Path, days: int, names: Sequence[str], seed: int = 0) -> None:
    """Write a run of each day before this one for each name; some days went badly, and some have no run."""
    from kling_contract.probe import History

    chance, history = random.Random(seed), History(path)
    bad = ("route.missing", "server.error", "latency.slow", "auth.rejected", "contract.schema")
    for back in range(days, 0, -1):
        if back % 17 == 0 and back != days:
            continue
        found = []
        for number, name in enumerate(names):
            reason = chance.choice(bad) if chance.random() < 0.04 or (number == 1 and 30 < back < 44) else "route.alive"
            ms = round(chance.lognormvariate(5, 0.4)) if reason != "server.error" else None
            found.append(finding(reason, operation=name, at=NOW - back * DAY, ms=ms))
        history.add(found)


texts = st.text(max_size=60) | st.sampled_from([HOSTILE, "", " ", "```", "\\|", "%0A::error::x"])
findings = st.builds(
    finding,
    st.sampled_from(sorted(reasons())),
    operation=st.none() | st.sampled_from(["createImageExpansion", "getImageToVideo"]) | texts.filter(bool),
    level=st.integers(0, 5),
    detail=texts,
    raw_detail=texts,
    raw_reason=st.sampled_from(sorted(reasons())),
    method=st.sampled_from(["", "GET", "POST"]),
    path=texts,
    at=st.floats(0, 4e9),
    status=st.none() | st.integers(100, 599),
    ms=st.none() | st.integers(0, 10**6),
    standing=st.sampled_from(["documented", "stale", "undocumented"]),
    documented=st.sampled_from([None, "available", "unavailable", "unverified"]),
    observed=st.none() | st.just("2026-04-28"),
    first=st.booleans(),
    pending=st.booleans(),
    changed=st.booleans(),
)
runs = st.builds(
    lambda many, **changes: run_of(*many, **changes),
    st.lists(findings, max_size=5),
    fail_on=st.lists(st.sampled_from(FAILINGS), unique=True).map(tuple),
    tripped=st.lists(texts, max_size=2).map(tuple),
    stopped=st.lists(texts, max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    left=st.lists(st.builds(Left, st.integers(0, 5), texts, texts), max_size=2).map(
        lambda many: {("cometapi", BASE): many}
    ),
)
