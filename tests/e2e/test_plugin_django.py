"""The plugin beside pytest-django: variables before settings, and callbacks in the transaction of the test."""

from __future__ import annotations

import textwrap

import pytest

from tests.e2e.suites import run

PROJECT = {
    "site_settings": """
        import os

        SECRET_KEY = "x"
        KLING = {"base": os.environ.get("COMETAPI_BASE", "https://api.cometapi.com"),
                 "key": os.environ.get("COMETAPI_KEY", "sk-real")}
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        INSTALLED_APPS = ["clips"]
        MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
        ALLOWED_HOSTS = ["app.example.com"]
        ROOT_URLCONF = "clips.urls"
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        """,
    "clips/__init__": "",
    "clips/models": """
        from django.db import models

        class Clip(models.Model):
            task = models.TextField()
            status = models.TextField(default="asked")
        """,
    "clips/submitting": """
        import httpx
        from clips.models import Clip
        from django.conf import settings

        def submit(url):
            answer = httpx.post(
                settings.KLING["base"] + "/kling/v1/videos/image2video",
                json={"image": url, "callback_url": "https://app.example.com/hook"},
                headers={"authorization": "Bearer " + settings.KLING["key"]},
            )
            return Clip.objects.create(task=answer.json()["data"]["task_id"])
        """,
    "clips/urls": """
        import json
        from clips.models import Clip
        from django.http import HttpResponse
        from django.urls import path
        from django.views.decorators.csrf import csrf_exempt

        @csrf_exempt
        def hook(request):
            told = json.loads(request.body)
            Clip.objects.filter(task=told["task_id"]).update(status=told["task_status"])
            return HttpResponse(status=204)

        urlpatterns = [path("hook", hook)]
        """,
}


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A Django project of a user's."""
    (pytester.path / "clips").mkdir()
    for name, text in PROJECT.items():
        (pytester.path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return pytester


def with_ini(project: pytest.Pytester, *lines: str) -> None:
    project.makeini("\n".join(["[pytest]", "DJANGO_SETTINGS_MODULE = site_settings", *lines]))


def test_a_view_is_called_back_in_the_transaction_of_the_test(project: pytest.Pytester) -> None:
    with_ini(project)
    result = run(
        project,
        """
        from clips.models import Clip
        from clips.submitting import submit
        from django.core.wsgi import get_wsgi_application
        from django.db import connection

        @pytest.mark.django_db
        def test_the_clip_is_told(kling):
            kling.callbacks.to(get_wsgi_application())
            clip = submit(URL)
            assert kling.callbacks.wait_for("succeed").task == clip.task
            clip.refresh_from_db()
            assert clip.status == "succeed"
            assert connection.in_atomic_block

        @pytest.mark.django_db
        def test_and_rolled_back(kling, settings):
            assert not Clip.objects.exists()
            settings.ALLOWED_HOSTS = []
            kling.callbacks.to(get_wsgi_application())
            submit(URL)
            with pytest.raises(AssertionError, match="succeed to https://app.example.com/hook: failed, answered 400"):
                kling.callbacks.wait_for("succeed")
        """,
        plugins=("django",),
        alone=True,
    )
    result.assert_outcomes(passed=2)


def test_a_view_is_called_back_from_the_server(project: pytest.Pytester) -> None:
    with_ini(project, "kling_server = true", "kling_env = COMETAPI_BASE={url}")
    settings = project.path / "site_settings.py"
    settings.write_text(settings.read_text().replace('":memory:"', '"db.sqlite3", "TEST": {"NAME": "test.sqlite3"}'))
    result = run(
        project,
        """
        from clips.submitting import submit
        from django.core.wsgi import get_wsgi_application

        @pytest.mark.django_db(transaction=True)
        @pytest.mark.kling(clock="frozen")
        def test_the_clip_is_told(kling_server):
            kling_server.callbacks.to(get_wsgi_application())
            clip = submit(URL)
            kling_server.advance("10m")
            clip.refresh_from_db()
            assert clip.status == "succeed"
        """,
        plugins=("django",),
        alone=True,
    )
    result.assert_outcomes(passed=1)


def test_variables_are_set_before_settings_are_imported(project: pytest.Pytester) -> None:
    with_ini(project, "kling_server = true", "kling_env = COMETAPI_BASE={url} COMETAPI_KEY={key}")
    result = run(
        project,
        """
        from clips.submitting import submit
        from django.conf import settings

        @pytest.mark.django_db
        def test_it(kling_server):
            assert settings.KLING == {"base": kling_server.url, "key": "sk-dummy-not-a-real-key"}
            clip = submit(URL)
            assert [task.id for task in kling_server.tasks] == [clip.task]
        """,
        plugins=("django",),
        alone=True,
    )
    result.assert_outcomes(passed=1)
