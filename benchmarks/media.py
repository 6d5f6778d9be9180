"""Result files: how long one of each kind takes, how much memory, and how quickly a kept one is served.

`python -m benchmarks.media [--quick] [--json] [--only KIND]`. Each kind is drawn several times in a process of its own,
whose peak of memory is that of the kind; `nothing` is a process that draws none. Times are medians of wall time.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.requests import CREATE, operation, small
from benchmarks.servers import OURS, running
from kling_contract.demo_photo import photo
from mock_server.media import Input, draw
from mock_server.store import Task

if TYPE_CHECKING:
    from PIL import Image as Pictures

PHOTO, LARGE, TAIL, MASK, NOISE = "photo", "large", "tail", "mask", "noise"  # names of files
_SIDES = {PHOTO: (1024, 768), LARGE: (3888, 2592), TAIL: (1024, 768), MASK: (1024, 768), NOISE: (2600, 2600)}
_RATIOS = {f"{side}_expansion_ratio": 0.2 for side in ("up", "down", "left", "right")}
_SUBJECTS = (("subject_image", PHOTO), ("subject_image", TAIL)) * 2
_EXTRA = ("av", "PIL")
_RANGE = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of result: what it is made of, as (canonical field, file), and which packages are not there."""

    result: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[tuple[str, str]] = (("image", PHOTO),)
    short_side: int = 720
    without: Sequence[str] = ()


KINDS = {
    "nothing": Kind("nothing"),
    "expansion, 1024 x 768": Kind("image", _RATIOS),
    "expansion, 10 megapixels": Kind("image", _RATIOS, (("image", LARGE),)),
    "composition, 4 subjects, scene, style": Kind(
        "image", {"aspect_ratio": "16:9"}, (*_SUBJECTS, ("scene_image", PHOTO), ("style_image", TAIL))
    ),
    "video, 5 s std": Kind("video"),
    "video, 5 s pro": Kind("video", short_side=1080),
    "video, 5 s pro with tail": Kind("video", {}, (("image", PHOTO), ("image_tail", TAIL)), 1080),
    "video, 5 s std with static mask": Kind("video", {}, (("image", PHOTO), ("static_mask", MASK))),
    "video, 5 s 4k": Kind("video", short_side=2160),
    "video, 10 s std": Kind("video", {"duration": "10"}),
    "built-in clip, 5 s": Kind("video", without=_EXTRA),
    "plain expansion, 10 megapixels": Kind("image", _RATIOS, (("image", LARGE),), without=_EXTRA),
}


def draw_inputs(folder: Path, part: int) -> None:
    """Write every input as a JPEG; `part` is what its sides are divided by."""
    for name, (width, height) in _SIDES.items():
        _drawn(name, (width // part, height // part)).save(folder / name, "JPEG", quality=80)


def _drawn(name: str, size: tuple[int, int]) -> Pictures.Image:
    # Pillow is not in the memory of a process that has no use for it.
    from PIL import Image

    if name == NOISE:
        return Image.frombytes("RGB", size, random.Random(1).randbytes(3 * size[0] * size[1]))
    if name == MASK:
        return Image.linear_gradient("L").resize(size)
    return Image.open(io.BytesIO(photo(*size, seed=11 if name == TAIL else 7)))


def measured(name: str, folder: Path, part: int, rounds: int) -> dict[str, float]:
    """Return what drawing a kind costs this process, which has drawn nothing before."""
    kind = KINDS[name]
    for package in kind.without:
        sys.modules[package] = None  # type: ignore[assignment]
    inputs = [Input(place, (folder / file).read_bytes()) for place, file in kind.inputs]
    wall: list[float] = []
    cpu: list[float] = []
    size = 0
    for _ in range(rounds if kind.result != "nothing" else 0):
        began, busy = time.perf_counter(), time.process_time()
        size = len(draw(_task(kind), 0, inputs, short_side=kind.short_side // part).data)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - busy)
    # The system counts in kibibytes, and that of a Mac in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return {"ms": _middle(wall), "cpu_ms": _middle(cpu), "peak_megabytes": round(peak, 1), "kilobytes": size // 1000}


def _task(kind: Kind) -> Task:
    """Return a finished task, whose life is not what is measured."""
    return Task(
        id="8" * 18,
        provider="kling",
        operation="",
        family="",
        external_id=None,
        created=0,
        steps=(),
        result=kind.result,
        count=1,
        units=None,
        fields=dict(kind.fields),
        sides=None,
        result_ids=("1",),
        seed=7,
        scenario="succeed",
        reason="",
        polls=1,
    )


def _middle(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds or [0]) * 1000, 1)


def serving(picture: bytes, rounds: int) -> dict[str, float]:
    """Return how quickly a server sends a result that it has drawn: whole, and a megabyte from its middle."""
    with running(OURS) as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
        path = _large_result(f"http://127.0.0.1:{server.port}", picture)
        whole = _asker(connection, path, "")
        size = whole()
        middle = size // 2
        part = _asker(connection, path, f"Range: bytes={middle}-{middle + _RANGE - 1}\r\n")
        times = [(_timed(whole), _timed(part)) for _ in range(rounds)]
        seconds = [statistics.median(each) for each in zip(*times, strict=True)]
        ranged = part()
    return {
        "megabytes": round(size / 1e6, 1),
        "whole_ms": round(seconds[0] * 1000, 2),
        "whole_megabytes_a_second": round(size / 1e6 / seconds[0]),
        "range_megabytes": round(ranged / 1e6, 1),
        "range_ms": round(seconds[1] * 1000, 2),
    }


def _large_result(url: str, picture: bytes) -> str:
    """Create an expansion of the picture and return the path of its result, which is drawn when it is asked for."""
    name = next(name for name, schema in operation(CREATE).properties.items() if "x-image" in schema)
    body = {**small(), name: base64.b64encode(picture).decode("ascii")}
    place = url + operation(CREATE).path
    with httpx.Client(headers={"authorization": "Bearer test"}, trust_env=False, timeout=60) as client:
        task = client.post(place, json=body).raise_for_status().json()["data"]["task_id"]
    return f"/__media/{task}-0.png"


def _asker(connection: socket.socket, path: str, more: str) -> Callable[[], int]:
    """Return what asks for a path, takes the whole body, and returns its length; any answer but 200 and 206 is refused.

    Raises RuntimeError for such an answer, and for one that is cut short.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode()
    room = bytearray(1024 * 1024)

    def ask() -> int:
        connection.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += connection.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        length, left = _length(head), _length(head) - len(body)
        while left:
            count = connection.recv_into(room, min(left, len(room)))
            if not count:
                raise RuntimeError(f"{left} bytes are missing")
            left -= count
        return length

    return ask


def _length(head: bytes) -> int:
    if head[:12] not in (b"HTTP/1.1 200", b"HTTP/1.1 206"):
        raise RuntimeError(head.decode("latin-1"))
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def _timed(ask: Callable[[], int]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def run(*, quick: bool, only: Iterable[str] = ()) -> dict[str, Any]:
    """Return all figures, or those of some kinds; `quick` divides each side by eight, and draws once."""
    part, rounds = (8, 1) if quick else (1, 5)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # A new process begins with the memory of the one that starts it as its peak, so this one stays small.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
            fresh.submit(draw_inputs, folder, part).result()
            kinds = {name: fresh.submit(measured, name, folder, part, rounds).result() for name in only or KINDS}
        return {"kinds": kinds, "serving": serving((folder / NOISE).read_bytes(), 4 * rounds)}


def report(figures: Mapping[str, Any]) -> str:
    """Return the figures as a table and lines for a person."""
    rows = ["| result | ms | CPU, ms | peak, MB | file, kB |", "|---|---|---|---|---|"]
    rows += [f"| {name} | {' | '.join(map(str, each.values()))} |" for name, each in figures["kinds"].items()]
    return "\n".join([*rows, "", *(f"{name}: {value}" for name, value in figures["serving"].items())])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="pictures of an eighth of the sides, once")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help="this kind alone; repeatable")
    options = parser.parse_args(arguments)
    figures = run(quick=options.quick, only=options.only or ())
    print(json.dumps(figures, indent=2) if options.json else report(figures))


if __name__ == "__main__":
    main()
