"""The requests that are sent: bytes, made once."""

from __future__ import annotations

import base64
import functools
import json
import random
from typing import TYPE_CHECKING, Any

from kling_contract.documents import load
from kling_contract.images.png import written

if TYPE_CHECKING:
    from kling_contract.documents import Operation

PROVIDER, CREATE, GET = "cometapi", "createImageExpansion", "getImageExpansion"
_FILE = 1_125_000  # bytes; 1.5 MB of base64


@functools.cache
def operation(name: str) -> Operation:
    """Return an operation of the provider that is measured."""
    return load(PROVIDER).operation(name)


def small() -> dict[str, Any]:
    """Return the document's own example: a URL and four numbers, which a rule multiplies."""
    return dict(next(iter(operation(CREATE).examples.values())))


def large() -> dict[str, Any]:
    """Return the same with an image of 1.5 MB in base64."""
    field = next(name for name, schema in operation(CREATE).properties.items() if "x-image" in schema)
    return {**small(), field: base64.b64encode(_png()).decode("ascii")}


def _png() -> bytes:
    """Return what the gate looks at of a PNG of 1024x1024 pixels: its head, checksums and end, noise between."""
    head = (b"IHDR", (1024).to_bytes(4) * 2 + b"\x08\x02\0\0\0")
    noise = _FILE - len(written(head, (b"IDAT", b"")))
    return written(head, (b"IDAT", random.Random(0).randbytes(noise)))


def post(path: str, body: dict[str, Any]) -> bytes:
    """Return a whole POST of JSON."""
    data = json.dumps(body).encode()
    return _head("POST", path, f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n") + data


def get(path: str) -> bytes:
    """Return a whole GET."""
    return _head("GET", path, "")


def _head(method: str, path: str, more: str) -> bytes:
    lines = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer test\r\nAccept: */*\r\n"
    return f"{lines}{more}\r\n".encode()
