"""A provider that the package has never seen: its document alone gives it a client, a mock and a command line."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from bridge import Bridge
from PIL import Image

from kling_contract import Kling
from kling_contract.cli import main
from kling_contract.documents import load
from kling_contract.errors import AuthenticationError, ContractViolation, RequestError, RouteUnavailable, TaskNotFound
from mock_server import MockServer

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"


def png(width: int = 90, height: int = 64) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def bridge() -> Bridge:
    return Bridge(str(TINY))


def client(bridge: Bridge, key: str = "test") -> Kling:
    chosen = {"provider": str(TINY), "base_url": "https://api.acme.example", "api_key": key}
    return Kling(**chosen, transport=bridge.transport, clock=bridge.clock, retries=0)


@pytest.fixture
def kling(bridge: Bridge) -> Any:
    with client(bridge) as found:
        yield found


def test_the_typed_call_speaks_its_names_and_reads_its_words(kling: Kling, bridge: Bridge) -> None:
    task = kling.videos.image_to_video(image=png(), prompt="rain", duration="10", external_task_id="first")
    assert re.fullmatch(r"job_\d{20}", task.id)
    assert task.status == "submitted"
    sent = json.loads(bridge.requests[0].content)
    assert sorted(sent) == ["picture", "reference", "seconds", "words"]
    assert task.wait(timeout=60).videos[0].duration == 10
    assert (task.status, task.external_task_id, task.done) == ("succeed", "first", True)


def test_a_success_is_the_status_that_the_document_says(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    changed = re.sub(r"( +)'200':", r"\1'204': {description: Nothing.}\n\1'202':", TINY.read_text(encoding="utf-8"))
    file.write_text(changed, encoding="utf-8")
    bridge = Bridge(str(file))
    with client(bridge) as kling:
        assert kling.videos.image_to_video(image=png()).wait(timeout=60).videos
    with httpx.Client(transport=bridge.transport, headers={"Authorization": "Bearer test"}) as plain:
        assert plain.post("https://api.acme.example/make/poster", json={"headline": "Tonight"}).status_code == 202


def test_its_wire_has_its_own_nesting_seconds_and_status_words(bridge: Bridge) -> None:
    with httpx.Client(base_url="https://api.acme.example", transport=bridge.transport) as client:
        client.headers["Authorization"] = "Bearer test"
        made = client.post("/make/clip", json={"picture": "https://pictures.example/cat.png"}).json()
        assert set(made) == {"ok", "job", "trace"}
        assert made["job"]["state"] == "QUEUED"
        assert made["job"]["times"] == {"made": int(bridge.clock.now()), "touched": int(bridge.clock.now())}
        bridge.clock.sleep(5)
        running = client.get(f"/jobs/clip/{made['job']['key']}").json()
        bridge.clock.sleep(60)
        done = client.get(f"/jobs/clip/{made['job']['key']}").json()
    assert running["job"]["state"] == "RUNNING"
    assert done["job"]["state"] == "DONE"
    assert done["job"]["output"]["films"][0]["length"] == "5"


def test_a_family_that_nobody_heard_of_has_a_lifecycle_and_pictures(kling: Kling, bridge: Bridge) -> None:
    task = kling.create("createPoster", prompt="Tonight", n=3, columns=4, rows=3)
    assert json.loads(bridge.requests[0].content)["copies"] == "3"
    assert len(task.wait(timeout=60).images) == 3
    for image in task.images:
        file = bridge.mock.results.file(httpx.URL(image.url).path.rpartition("/")[2])
        assert file is not None
        Image.open(io.BytesIO(file.data)).load()


def test_its_rule_refuses_in_the_client_and_in_the_mock(kling: Kling, bridge: Bridge) -> None:
    with pytest.raises(ContractViolation, match="20 cells exceed 12"):
        kling.create("createPoster", prompt="Tonight", columns=5, rows=4)
    with httpx.Client(base_url="https://api.acme.example", transport=bridge.transport) as client:
        client.headers["Authorization"] = "Bearer test"
        refused = client.post("/make/poster", json={"headline": "Tonight", "columns": 5, "rows": 4})
    assert refused.status_code == 422
    assert refused.json()["fault"]["kind"] == "bad-field"
    assert "20 cells exceed 12" in refused.json()["fault"]["text"]


def test_its_errors_mean_what_its_rows_say(kling: Kling, bridge: Bridge) -> None:
    with pytest.raises(TaskNotFound):
        kling.get("getImageToVideo", "job_1")
    kling.videos.image_to_video(image=png(), external_task_id="twice")
    with pytest.raises(RequestError, match="Reference twice is taken"):
        kling.videos.image_to_video(image=png(), external_task_id="twice")
    with httpx.Client(base_url="https://api.acme.example", transport=bridge.transport) as client:
        assert client.post("/make/clip", json={}).status_code == 403
        assert client.get("/elsewhere").text == "no such thing"


def test_a_wrong_key_has_its_own_answer() -> None:
    with client(Bridge(str(TINY), keys=frozenset({"right"})), "wrong") as kling, pytest.raises(AuthenticationError):
        kling.create("createPoster", prompt="x")


def test_a_server_that_is_another_provider_has_no_such_route() -> None:
    with client(Bridge("kling")) as kling, pytest.raises(RouteUnavailable):
        kling.create("createPoster", prompt="x")


def test_its_list_is_paged_by_its_own_names(kling: Kling, bridge: Bridge) -> None:
    made = [kling.videos.image_to_video(image=png()).id for _ in range(7)]
    assert [task.id for task in kling.list("listImageToVideos")] == made[::-1]
    assert [request.url.query for request in bridge.requests[-3:]] == [
        b"part=1&per_part=3",
        b"part=2&per_part=3",
        b"part=3&per_part=3",
    ]


def test_it_is_served_on_a_port_beside_the_bundled_ones() -> None:
    with MockServer(provider=str(TINY), speed=1e6) as server:
        headers = {"Authorization": "Bearer test"}
        made = httpx.post(f"{server.url}/make/poster", json={"headline": "Tonight"}, headers=headers).json()
        job = made["job"]["key"]
        shown = httpx.get(f"{server.url}/jobs/poster/{job}", headers=headers).json()
        beside = httpx.get(f"{server.url}/p/kling/v1/videos/image2video", headers=headers).json()
    assert shown["job"]["key"] == job
    assert beside["data"] == []


def test_the_command_line_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operations", "--provider", str(TINY)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(load(TINY).operations)
    body = tmp_path / "body.json"
    body.write_text('{"headline": "Tonight", "style": "antique", "columns": 5, "rows": 3}')
    assert main(["validate", "createPoster", str(body), "--provider", str(TINY)]) == 1
    printed = capsys.readouterr().out
    assert "poster.cells: 15 cells exceed 12" in printed
    assert "note model.retired" in printed
    assert main(["spec", str(TINY)]) == 0
    assert "Acme Pictures" in capsys.readouterr().out


def test_a_document_that_cannot_work_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "acme.yaml"
    broken.write_text(TINY.read_text().replace("columns * rows <= 12", "columns * rows =< 12"))
    assert main(["operations", "--provider", str(broken)]) == 2
    line = capsys.readouterr().err
    assert re.fullmatch(rf"kling-contract: {re.escape(str(broken))}:\d+: .*\n", line)


def test_a_taken_id_is_told_even_where_the_document_has_no_row_for_it(tmp_path: Path) -> None:
    text = TINY.read_text()
    row = text[text.index("    task.duplicate:") : text.index("    request.invalid:")]
    lacking = tmp_path / "acme.yaml"
    lacking.write_text(text.replace(row, ""))
    bridge = Bridge(str(lacking))
    with httpx.Client(base_url="https://api.acme.example", transport=bridge.transport) as client:
        client.headers["Authorization"] = "Bearer test"
        body = {"picture": "https://pictures.example/cat.png", "reference": "one"}
        assert client.post("/make/clip", json=body).status_code == 200
        refused = client.post("/make/clip", json=body)
    assert refused.status_code == 422
    assert refused.json()["fault"] | {"kind": "bad-field"} == {
        "kind": "bad-field",
        "field": "reference",
        "text": "reference 'one' is taken already",
    }
