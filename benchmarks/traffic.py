"""`python -m benchmarks.traffic`: how long `check-traffic` takes for a large HAR, and how much memory.

The HAR is made on the fly in a temporary file: one task in twenty exchanges, each create with an image of 200 kB, and
between them what else a browser loads. Each size is checked in a fresh process, which tells its own peak.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

SIZES = (50, 500)  # MB
MEGABYTE = 10**6
ENVELOPE = {"code": 0, "message": "success", "request_id": "1"}
HOST = "https://api.cometapi.com/kling/v1/videos/image2video"
POLLS = 19


def main() -> int:
    """Measure, and print one line for each size; or check one file and print what that took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traffic", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--size", type=int, action="append", metavar="MB", help="size of the HAR; repeatable (50, 500)")
    parser.add_argument("--check", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.check:
        print(json.dumps(check(Path(options.check))))
        return 0
    for size in options.size or SIZES:
        print(line(size), flush=True)
    return 0


def line(size: int) -> str:
    """Make a HAR of `size` MB, check it in a process of its own, and say what that took."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.har"
        entries = make(file, size * MEGABYTE)
        command = [sys.executable, "-m", "benchmarks.traffic", "--check", str(file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["entries"] == entries, found
    rate = size / found["seconds"]
    told = f"{size} MB, {entries:,} entries: {found['seconds']:.1f} s ({rate:.0f} MB/s)"
    return f"{told}, peak {found['peak']:.0f} MB, of which {found['before']:.0f} MB before the first entry"


def check(file: Path) -> dict[str, Any]:
    """Check a file in this process; memory in MB, as the system counts it."""
    from kling_contract.documents import bundled, load
    from kling_contract.verify.traffic import Inspection, Report

    inspection, report = Inspection([load(name) for name in bundled()]), Report()
    before, began = peak(), time.perf_counter()
    with file.open("rb") as stream:
        for each in inspection.findings(stream):
            report.add("", each)  # type: ignore[arg-type]
    took = time.perf_counter() - began
    return {"entries": inspection.entries, "seconds": took, "before": before, "peak": peak()}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


def make(file: Path, size: int) -> int:
    """Write a HAR of at least `size` bytes and return the number of its entries."""
    image = picture()
    entries = task = 0
    with file.open("w") as out:
        out.write('{"log": {"version": "1.2", "creator": {"name": "benchmark", "version": "1"}, "entries": [')
        while out.tell() < size:
            task += 1
            for number, each in enumerate((other(), *life(task, image))):
                write(out, each, first=not entries and not number)
                entries += 1
        out.write("]}}")
    return entries


def write(out: IO[str], entry: dict[str, Any], *, first: bool) -> None:
    out.write(("" if first else ",\n") + json.dumps(entry))


def picture() -> str:
    """Return a PNG of 200 kB that the contract accepts: a true header, noise, and a true end."""
    from kling_contract.images.png import written

    head = (640).to_bytes(4) + (480).to_bytes(4) + b"\x08\x02\0\0\0"
    return base64.b64encode(written((b"IHDR", head), (b"IDAT", os.urandom(200_000)))).decode()


def life(task: int, image: str) -> list[dict[str, Any]]:
    name, created = str(task), 1_790_000_000_000 + task
    made = {"task_id": name, "task_status": "submitted", "created_at": created, "updated_at": created}
    asked = json.dumps({"image": image, "prompt": f"rain over lake {task}", "duration": "5"})
    polls = [entry("GET", f"{HOST}/{name}", "", state(made, poll)) for poll in range(POLLS)]
    return [entry("POST", HOST, asked, made), *polls]


def state(made: dict[str, Any], poll: int) -> dict[str, Any]:
    """Return what a poll is told: processing, and at the last one the end."""
    if poll < POLLS - 1:
        return {**made, "task_status": "processing"}
    video = {"id": "1", "url": f"https://cdn.example/{made['task_id']}.mp4", "duration": "5"}
    done = {"task_status": "succeed", "updated_at": made["created_at"] + 164_000, "task_result": {"videos": [video]}}
    return {**made, **done}


def entry(method: str, url: str, asked: str, told: dict[str, Any]) -> dict[str, Any]:
    headers = [{"name": f"x-header-{number}", "value": "value " * 8} for number in range(12)]
    answer = {"content": {"mimeType": "application/json", "text": json.dumps({**ENVELOPE, "data": told})}}
    request: dict[str, Any] = {"method": method, "url": url, "headers": headers}
    if asked:
        request["postData"] = {"mimeType": "application/json", "text": asked}
    return {"time": 80, "request": request, "response": {"status": 200, "headers": headers, **answer}}


def other() -> dict[str, Any]:
    """Return what else a browser loads: a script of 30 kB."""
    return entry("GET", "https://app.example/bundle.js", "", {"script": "var a = 1;" * 3000})


if __name__ == "__main__":
    sys.exit(main())
