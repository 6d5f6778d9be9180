"""Ours and theirs as processes: uvicorn with httptools and uvloop, one process each, no log."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.requests import CREATE, GET, PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
# At this speed every task has ended when it is asked for, and its answer is as long as it gets.
_OPTIONS = ("--provider", PROVIDER, "--open", f"{CREATE},{GET}", "--log-format", "none", "--speed", "1000000")
OURS = ("kling_contract", "serve", *_OPTIONS, "--port")
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
    """Start a server on a free port of its own core, and stop it at the end; returns when it takes connections."""
    port = free_port()
    process = start(command, port)
    pin(process.pid, 0)
    try:
        wait_for(port, process)
        yield Server(process, port)
    finally:
        stop(process)


def start(command: tuple[str, ...], port: int) -> subprocess.Popen[bytes]:
    """Start a module of Python with a port as its last argument."""
    null, line = subprocess.DEVNULL, [sys.executable, "-m", *command, str(port)]
    return subprocess.Popen(line, cwd=ROOT, env=environment(), stdout=null, stderr=null)


def environment() -> dict[str, str]:
    """Return this process's environment, with modules kept compiled from one start to the next as usual."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for its end."""
    process.terminate()
    process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the port takes connections. Raises RuntimeError if the process ends before."""
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.001)
        else:
            return
    raise RuntimeError(f"{process.args!r} ended with {process.returncode}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def pin(process: int, core: int) -> None:
    """Keep a process on one core, where there are several and the system can do it."""
    if sys.platform == "linux" and len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(process, {cores[core]})
