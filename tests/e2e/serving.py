"""`kling-contract serve` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
TINY = str(ROOT / "tests" / "documents" / "tiny.yaml")
STUCK = 60  # seconds until a process that does not end fails a test


class Serve:
    """The command in a process. Leaving the block ends it; then `code`, `out` and `err` are known."""

    def __init__(self, *options: str, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KLING")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kling_contract", "serve", "--port", "0", *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**clean, **environment},
            text=True,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        assert self.ready.startswith("ready http://"), self.process.communicate()
        self.url = self.ready.split()[1]
        self.code, self.out, self.err = -1, "", ""

    def __enter__(self) -> Serve:
        return self

    def __exit__(self, *error: object) -> None:
        if self.code == -1:
            self.end()

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        try:
            self.out, self.err = self.process.communicate(timeout=STUCK)
        finally:
            self.process.kill()
        self.code = self.process.returncode

    def ask(self, method: str, path: str, body: Any = None, key: str | None = "Bearer test") -> httpx.Response:
        headers = {"Authorization": key} if key else {}
        return httpx.request(method, self.url + path, headers=headers, json=body, trust_env=False)
