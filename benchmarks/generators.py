"""Two load generators behind one signature: our own, which needs nothing, and wrk."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.load import Order, Slice, Unexpected
from benchmarks.servers import ROOT, pin

Generator = Callable[[Order], Slice]

_SCRIPT = """
local requests, turn = {}, 0
for index = 1, %d do
  local file = io.open("%s/" .. index, "rb")
  requests[index] = file:read("*a")
  file:close()
end
function request()
  turn = turn %% #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local rate = summary.requests / summary.duration * 1e6
  local p99 = latency:percentile(99) / 1000
  io.write(string.format("\\n%%d %%f %%f %%d", summary.requests, rate, p99, summary.errors.status))
end
"""


def own(order: Order) -> Slice:
    """Carry out an order with `benchmarks.load`, on the second core. Raises `Unexpected` if it fails."""
    command = [sys.executable, "-m", "benchmarks.load"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pin(process.pid, 1)
    answer, _ = process.communicate(msgspec.msgpack.encode(order))
    if process.returncode:
        raise Unexpected("the load generator failed; its reason stands above")
    return msgspec.msgpack.decode(answer, type=Slice)


def wrk(order: Order) -> Slice:
    """Carry out an order with wrk, which counts whole seconds. Raises `Unexpected` if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        for index, request in enumerate(order.requests, 1):
            Path(folder, str(index)).write_bytes(request)
        script = Path(folder, "script.lua")
        script.write_text(_SCRIPT % (len(order.requests), folder))
        options = [f"-c{order.connections}", f"-d{max(round(order.seconds), 1)}s", "-t1", "-s", str(script)]
        process = subprocess.Popen(["wrk", *options, f"http://{order.host}:{order.port}"], stdout=subprocess.PIPE)
        pin(process.pid, 1)
        answer, _ = process.communicate()
    answers, rate, p99, errors = answer.decode().rpartition("\n")[2].split()
    if process.returncode or int(errors):
        raise Unexpected(f"wrk counts {errors} answers that are no success")
    return Slice(int(answers), float(rate), float(p99))


GENERATORS = {"own": own, "wrk": wrk}
