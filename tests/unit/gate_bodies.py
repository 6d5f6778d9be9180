"""Bodies for the tests of the gate, and what the gate says of them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from kling_contract import documents
from kling_contract.contract import check_request

load = functools.cache(documents.load)
TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
URL = "https://host.example/cat.png"
EXPAND, MULTI, VIDEO = "createImageExpansion", "createMultiImageToImage", "createImageToVideo"
PROVIDERS = ["kling", "cometapi", "anyapi"]
SIDES = ("up", "down", "left", "right")


def operation(provider: str, name: str) -> Any:
    return load(TINY if provider == "tiny" else provider).operation(name)


def expansion(provider: str, ratios: Any, **fields: Any) -> dict[str, Any]:
    """Return a body of `provider`'s expansion; `ratios` are up, down, left and right."""
    renamed = operation(provider, EXPAND).renamed
    names = (renamed.get(f"{side}_expansion_ratio", f"{side}_expansion_ratio") for side in SIDES)
    count = {"anyapi": {"n": 1}}.get(provider, {})
    return {"image": URL, **dict(zip(names, ratios, strict=True)), **count, **fields}


def broken(provider: str, name: str, body: Any) -> list[str]:
    """Return the broken rules, each with its pointer."""
    return [f"{each.rule} {each.pointer}".strip() for each in check_request(operation(provider, name), body)]
