"""The benchmarks run, and say what they measured; how fast anything is, no test says."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks import callbacks, fixture, load, media, probe
from benchmarks.__main__ import PARTS, main
from benchmarks.generators import own
from benchmarks.load import Order, Slice, Unexpected, measure
from benchmarks.requests import CREATE, large, operation, small
from benchmarks.results import Result, surroundings, table
from benchmarks.servers import THEIRS, port_of, running, start, stop
from benchmarks.sizes import Sizes
from kling_contract.contract import check_request
from mock_server.media import clip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SMALLEST = Sizes(slice=0.02, rounds=1, stored=1, creates=1, images=1, starts=1, imports=1, calls=1, checks=1)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def in_process(order: Order) -> Slice:
    return asyncio.run(measure(order))


@pytest.mark.parametrize("part", PARTS)
def test_each_part_yields_its_figures(part: str) -> None:
    results = list(PARTS[part](SMALLEST, in_process))
    assert {result.part for result in results} == {part}
    assert all(result.ours is None or math.isfinite(result.ours) for result in results)
    assert any(result.goal is not None for result in results)


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "gate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {result["part"] for result in told["results"]} == {"gate"}
    assert all(result["ours"] > 0 and result["met"] in (True, False) for result in told["results"])
    assert told["how"].keys() >= surroundings().keys() | {"load", "rounds", "slice"}


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "gate"]) == 0
    captured = capsys.readouterr()
    assert "| gate, small body, checks/s" in captured.out
    assert "load generator: own" in captured.out
    assert captured.err.startswith("measuring gate: ")


def test_callbacks_that_are_due_at_one_instant_are_delivered() -> None:
    figures = callbacks.run(quick=True)
    assert figures["callbacks"] == 100
    assert figures["a_second"] > 0
    assert figures["httpx_seconds"] > 0
    assert 1 <= figures["most_at_once"] <= 64


def test_the_fixture_command_prints_what_a_test_costs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks.fixture", "--quick", "--json"])
    fixture.main()
    figures = json.loads(capsys.readouterr().out)
    assert figures["rounds"] == 20
    measured = ["fixture_ms", "respx_routes_ms", "test_ms", "respx_test_ms", "test_to_respx", "first_fixture_ms"]
    assert all(figures[name] > 0 for name in measured)


def test_the_media_command_prints_a_row_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = ["expansion, 1024 x 768", "video, 5 s std", "built-in clip, 5 s"]
    media.main(["--quick", "--json", *(f"--only={kind}" for kind in kinds)])
    figures = json.loads(capsys.readouterr().out)
    assert list(figures["kinds"]) == kinds
    assert all(value > 0 for kind in figures["kinds"].values() for value in kind.values())
    assert all(value > 0 for value in figures["serving"].values())
    sizes = [kind["kilobytes"] for kind in figures["kinds"].values()]
    assert sizes[2] == len(clip(5, label={}).data) // 1000 != sizes[1]
    rows = media.report(figures).splitlines()[2:5]
    assert [row.split("|")[1].strip() for row in rows] == kinds


def test_the_probe_of_a_healthy_mock_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main(["--quick", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["providers"], figures["requests"] > 15) == (3, True)
    assert 0 < figures["without_pauses"] < figures["whole_command"]
    assert len(probe.report(figures).splitlines()) == 6


def test_wrong_use_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    for arguments in (["--only", "everything"], ["--load", "wrk"]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
    assert "wrk is not on PATH" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("result", "value", "met"),
    [
        (Result("a", "b", "c", 22.0, 20.0, 1.1, more=True), 1.1, True),
        (Result("a", "b", "c", 21.0, 20.0, 1.1, more=True), 1.05, False),
        (Result("a", "b", "c", 2.0, 1.0, 2.0), 2.0, True),
        (Result("a", "b", "c", 46.0, goal=45), 46.0, False),
        (Result("a", "b", "c", 46.0), 46.0, None),
        (Result("a", "b", "c", None, goal=45), None, None),
    ],
)
def test_a_goal_is_for_the_ratio_or_for_ours_alone(result: Result, value: float | None, met: bool | None) -> None:
    assert result.value == (None if value is None else pytest.approx(value))
    assert result.met is met
    assert result.as_dict()["met"] is met


def test_the_table_says_met_and_not_met() -> None:
    lines = table(
        [Result("a", "x", "s", 3, 1, 2, more=True), Result("a", "y", "s", 3, 1, 2), Result("a", "z", "MB", None)]
    )
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines.splitlines()]
    assert cells[2] == ["x, s", "3", "1", "3.00", ">= 2", "met"]
    assert cells[3] == ["y, s", "3", "1", "3.00", "<= 2", "not met"]
    assert cells[4] == ["z, MB", "n/a", "", "", "", ""]
    assert len({len(line) for line in lines.splitlines()}) == 1


def test_both_bodies_keep_the_contract() -> None:
    assert check_request(operation(CREATE), small()) == []
    assert check_request(operation(CREATE), large()) == []
    assert 1_490_000 < len(json.dumps(large())) < 1_510_000


def test_the_generator_of_its_own_process_counts_answers() -> None:
    with running(THEIRS) as server:
        order = Order("127.0.0.1", server.port, [b"GET /tasks/1 HTTP/1.1\r\nHost: a\r\n\r\n"], 2, 0.1)
        found = own(order)
    assert found.answers > 0
    assert 0 < found.rate <= found.answers / 0.09  # a slice may end a moment early
    assert found.p99 > 0


def served(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], seconds: float = 0.05
) -> Slice:
    async def run() -> Slice:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await measure(Order("127.0.0.1", port, [b"ping", b"pong"], 2, seconds))

    return asyncio.run(run())


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def test_the_generator_takes_answers_in_pieces_and_sends_requests_in_turns() -> None:
    seen: set[bytes] = set()

    async def in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(4):
            seen.add(request)
            for piece in (ANSWER[:9], ANSWER[9:-1], ANSWER[-1:]):
                writer.write(piece)
                await asyncio.sleep(0)
        await closed(writer)

    assert served(in_pieces).answers > 0
    assert seen == {b"ping", b"pong"}


def test_the_generator_fails_for_anything_but_200() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4)
        writer.write(ANSWER.replace(b"200 OK", b"500 No"))
        await reader.read(4)
        await closed(writer)

    with pytest.raises(Unexpected, match="500 No"):
        served(refuse)


def test_the_generator_fails_where_the_server_hangs_up() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4)
        await closed(writer)

    with pytest.raises(Unexpected, match="hung up"):
        served(hang_up)


def test_orders_and_slices_go_through_the_pipe_whole() -> None:
    order = Order("127.0.0.1", 1, [b"\xff\r\n"], 3, 0.5)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(order), type=Order) == order
    assert load.Slice(1, 2.0, 3.0) == msgspec.msgpack.decode(msgspec.msgpack.encode(Slice(1, 2.0, 3.0)), type=Slice)


def test_a_server_that_does_not_start_is_no_endless_wait() -> None:
    process = start(("benchmarks.nothing",))
    with pytest.raises(RuntimeError, match="ended with 1"):
        port_of(process)
    stop(process)
