"""Ours and theirs as processes: uvicorn with httptools and uvloop, one process each, no log."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.requests import CREATE, GET, PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
# At this speed every task has ended when it is asked for, and its answer is as long as it gets.
_OPTIONS = ("--provider", PROVIDER, "--open", f"{CREATE},{GET}", "--log-format", "none", "--speed", "1000000")
OURS = ("kling_contract", "serve", *_OPTIONS, "--port", "0")
THEIRS = ("benchmarks.echo",)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    def resident(self) -> float | None:
        """Return its memory in MB, or None where the system does not tell (/proc/PID/status)."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return None

    def busy(self) -> float | None:
        """Return the seconds that it has kept a core busy, or None where the system does not tell (/proc/PID/stat)."""
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return None


@contextlib.contextmanager
def running(command: tuple[str, ...]) -> Iterator[Server]:
    """Start a server on a free port and a core of its own, and stop it at the end."""
    process = start(command)
    pin(process.pid, 0)
    try:
        yield Server(process, port_of(process))
    finally:
        stop(process)


def start(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Start a module of Python that says on which port it serves."""
    line = [sys.executable, "-m", *command]
    return subprocess.Popen(line, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def environment() -> dict[str, str]:
    """Return this process's environment, with modules kept compiled from one start to the next as usual."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for its end."""
    process.terminate()
    process.communicate()


def port_of(process: subprocess.Popen[bytes]) -> int:
    """Return the port of a server's ready line, once it takes requests. Raises RuntimeError if it ends before."""
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    return int(line.rpartition(b":")[2])


def pin(process: int, core: int) -> None:
    """Keep a process on one core, where there are several and the system can do it."""
    if sys.platform == "linux" and len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(process, {cores[core]})
