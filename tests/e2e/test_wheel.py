"""The wheel alone, away from the checkout, has all that it needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def environment(site: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(site), "NO_PROXY": "127.0.0.1"}


def test_the_documents_come_from_the_wheel(site: Path) -> None:
    code = "from kling_contract.documents import folder, bundled; print(folder(), *bundled())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=site.parent, env=environment(site), capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(site / "kling_contract" / "openapi"), "anyapi", "cometapi", "kling"]


def test_the_mock_serves_from_the_wheel(site: Path) -> None:
    command = [sys.executable, "-m", "kling_contract", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=site.parent, env=environment(site), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        body = b'{"image": "https://example.com/cat.png", "external_task_id": "a"}'
        headers = {"Authorization": "Bearer test", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/kling/v1/videos/image2video", body, headers)
        with urllib.request.urlopen(request) as answer:
            assert b'"task_status":"submitted"' in answer.read()
        server.send_signal(signal.SIGTERM)
        assert server.wait() == 0


def test_the_built_in_clips_are_in_the_wheel(site: Path) -> None:
    assert sorted(path.name for path in (site / "mock_server" / "clips").glob("*.mp4")) == ["10s.mp4", "5s.mp4"]
    assert (site / "kling_contract" / "py.typed").is_file()
