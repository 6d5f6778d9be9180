"""An application with a bucket and a database of its own, called back in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from starlette.testclient import TestClient
from storyboard.settings import Settings
from storyboard.studio import Studio
from storyboard.web import create_app

from kling_contract.testing import MockHandle


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a bucket that keeps every version of what is put there."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3: Any = boto3.resource("s3")
        made = s3.create_bucket(Bucket="storyboard")
        made.Versioning().enable()
        yield made


@pytest.fixture
def settings(tmp_path: Path, bucket: Any) -> Settings:
    """Return settings with a dummy key."""
    return Settings("sk-dummy", "https://storyboard.example", bucket.name, database=str(tmp_path / "shots.sqlite3"))


@pytest.fixture
def studio(settings: Settings) -> Studio:
    """Return the studio of another process, on the same database."""
    return Studio(settings)


@pytest.fixture
def web(settings: Settings, kling: MockHandle) -> TestClient:
    """Return a browser of the application, which `kling` calls back."""
    app = create_app(settings)
    kling.callbacks.to(app)
    return TestClient(app)
