"""The same seed draws the same bodies in another process, whatever order that one keeps sets in."""

from __future__ import annotations

import os
import subprocess
import sys

DRAW = """
import json
from hypothesis import given, seed, settings
from kling_contract import strategies

drawn = []

@seed(0)
@settings(max_examples=30, database=None)
@given(strategies.valid("createImageToVideo", provider="kling"))
def draw(body):
    drawn.append(body)

draw()
print(json.dumps(drawn, default=str))
"""


def drawn(hash_seed: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.run(
        [sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_a_seed_draws_the_same_in_another_process() -> None:
    first, *others = (drawn(seed) for seed in (1, 2, 3))
    assert len(first) > 1000
    assert others == [first, first]
