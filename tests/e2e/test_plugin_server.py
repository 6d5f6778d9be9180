"""The fixture `kling_server`: the same handle over a port, there before settings are imported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.suites import run

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
pytestmark = pytest.mark.usefixtures("small_films")


def test_a_server_for_the_whole_run_is_there_before_settings_are_imported(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkling_server = true\nkling_env = COMETAPI_BASE={url} COMETAPI_KEY={key}\n")
    pytester.makeconftest("import os\nBASE, KEY = os.environ['COMETAPI_BASE'], os.environ['COMETAPI_KEY']\n")
    result = run(
        pytester,
        """
        import conftest, os

        def test_url(kling_server):
            assert conftest.BASE == kling_server.url == os.environ["KLING_BASE_URL"]
            assert "dummy" in conftest.KEY
            assert "127.0.0.1" in os.environ["NO_PROXY"]
            my_app.BASE = conftest.BASE
            assert my_app.make_video(URL)[4:8] == b"ftyp"
            kling_server.assert_created("createImageToVideo", times=1)

        def test_is_fresh(kling_server):
            assert kling_server.tasks == []
            task = kling_server.client.videos.image_to_video(image=URL, callback_url=kling_server.url + "/__inbox/x")
            assert kling_server.callbacks.wait_for("succeed").task == task.id

        @pytest.mark.kling(clock="frozen")
        def test_time(kling_server):
            task = kling_server.client.videos.image_to_video(image=URL)
            assert task.refresh().status == "submitted"
            assert kling_server.advance("10m") == 2
            assert task.wait().status == "succeed"
        """,
    )
    result.assert_outcomes(passed=3)


def test_a_plugin_that_wants_to_be_first_finds_the_variables(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkling_server = true\nkling_env = COMETAPI_BASE={url}\n")
    pytester.syspathinsert()
    pytester.makepyfile(
        settings_plugin="""
        import os, pytest

        FOUND = []

        @pytest.hookimpl(tryfirst=True)
        def pytest_load_initial_conftests():
            FOUND.append(os.environ["COMETAPI_BASE"])
        """
    )
    result = run(
        pytester,
        """
        import settings_plugin

        def test_it(kling_server):
            assert settings_plugin.FOUND == [kling_server.url]
        """,
        "-pkling_contract",
        "-psettings_plugin",
        alone=True,  # an older pytest warns of a plugin that it is told to load and that is there already
    )
    result.assert_outcomes(passed=1)


def test_a_late_request_for_an_earlier_tests_task_is_answered_in_that_ones(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        tasks = []

        def test_first(kling_server):
            tasks.append(kling_server.client.videos.image_to_video(image=URL))

        def test_second(kling_server):
            answer = httpx.get(f"{kling_server.url}/kling/v1/videos/image2video/{tasks[0].id}",
                               headers={"authorization": "Bearer x"})
            assert answer.json()["data"]["task_status"] == "succeed"
            assert not kling_server.requests().called
        """,
        "--kling-server",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("options", [(), ("--kling-server",)], ids=["asked for by a test", "for the whole run"])
def test_parallel_runs_do_not_meet(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    result = run(
        pytester,
        """
        import json, os

        @pytest.mark.parametrize("number", range(8))
        def test_alone(kling_server, number, request):
            task = kling_server.client.videos.image_to_video(image=URL, external_task_id="the same")
            assert [each.id for each in kling_server.tasks] == [task.id]
            assert kling_server.url == os.environ["KLING_BASE_URL"]
            with open(request.config.rootpath / f"{os.environ['PYTEST_XDIST_WORKER']}.urls", "a") as urls:
                print(json.dumps(kling_server.url), file=urls)
        """,
        "-n2",
        *options,
        plugins=("xdist", "xdist.looponfail"),
        alone=True,
    )
    result.assert_outcomes(passed=8)
    urls = [[json.loads(line) for line in file.read_text().splitlines()] for file in pytester.path.glob("*.urls")]
    assert sum(map(len, urls)) == 8
    assert [len(set(of_one)) for of_one in urls] == [1, 1]
    assert len({of_one[0] for of_one in urls}) == 2


def test_the_server_speaks_for_another_provider(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        SIDES = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}

        @pytest.mark.kling(provider="anyapi")
        def test_it(kling_server):
            assert kling_server.url.endswith("/p/anyapi")
            assert kling_server.client.images.expand(image=URL, n=1, **SIDES).wait().images
            kling_server.assert_created("createImageExpansion", times=1, down_expansion_ratio=0.1)
            kling_server.advance("1m")

        def test_its_own(kling_server):
            assert "/p/" not in kling_server.url

        @pytest.mark.kling(provider="anyapi")
        def test_strictly(kling_server):
            httpx.post(kling_server.url + "/kling/v1/images/editing/expand", json={"n": 1},
                       headers={"authorization": "Bearer x"})
        """,
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*POST /kling/v1/images/editing/expand was answered 400*", "*up_expansion_ratio is req*"]
    )


def test_the_server_speaks_for_a_document_of_the_tests_own(pytester: pytest.Pytester) -> None:
    shutil.copy(TINY, pytester.path / "acme.yaml")
    bundled = TINY.parents[2] / "openapi"
    shutil.copy(bundled / "common.yaml", pytester.path)
    edited = (bundled / "anyapi.yaml").read_text(encoding="utf-8").replace("title: AnyAPI", "title: My own", 1)
    (pytester.path / "mine.yaml").write_text(edited, encoding="utf-8")
    result = run(
        pytester,
        """
        import pathlib
        KEY = {"authorization": "Bearer x"}

        @pytest.mark.kling(provider="acme.yaml")
        def test_it(kling_server):
            assert kling_server.url.endswith("/p/acme") and kling_server.provider.name == "acme"
            task = kling_server.client.videos.image_to_video(image="https://pictures.example/cat.png")
            assert task.wait().videos[0].url.startswith(kling_server.url.removesuffix("/p/acme"))
            kling_server.assert_created("createImageToVideo", times=1)

        @pytest.mark.kling(provider=pathlib.Path("acme.yaml"))
        def test_strictly(kling_server):
            httpx.post(kling_server.url + "/make/clip", json={}, headers=KEY)

        @pytest.mark.kling(provider="acme.yaml", strict=False)
        def test_nothing_leaves(kling_server):
            with pytest.raises(httpx.ConnectError):
                httpx.post("https://api.acme.example/v9/make/clip", json={}, headers=KEY)

        @pytest.mark.kling(provider="mine.yaml")
        def test_a_copy_of_a_bundled_one(kling_server):
            assert kling_server.url.endswith("/p/anyapi") and "My own" in kling_server.provider.title

        @pytest.mark.kling(provider="anyapi")
        def test_the_bundled_one_again(kling_server):
            assert kling_server.url.endswith("/p/anyapi") and "My own" not in kling_server.provider.title
            mark = httpx.get(kling_server.url + "/kling/v1/images/editing/expand/1", headers=KEY).headers
            assert mark["x-kling-contract"].endswith(kling_server.provider.digest)

        def test_its_own(kling_server):
            assert "/p/" not in kling_server.url
        """,
    )
    result.assert_outcomes(passed=6, errors=1)
    result.stdout.fnmatch_lines(["*POST /make/clip was answered 422*", "*picture is required*"])


def test_nothing_leaves_while_the_server_stands_in(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import asyncio, requests, respx, urllib.request

        async def in_a_loop(url):
            async with httpx.AsyncClient() as client:
                await client.get(url)

        ASKING = httpx.get, requests.get, urllib.request.urlopen, lambda url: asyncio.run(in_a_loop(url))

        @pytest.mark.kling(strict=False)
        @pytest.mark.parametrize("ask", ASKING)
        @pytest.mark.parametrize("host", ["api.cometapi.com", "www.anyapi.vip", "api-singapore.klingai.com"])
        def test_who_was_not_told(kling_server, ask, host):
            with pytest.raises(Exception, match=f"{host} is out of bounds.* ask {kling_server.url} instead"):
                ask(f"https://{host}/kling/v1/videos/image2video")

        def test_mocks_of_the_tests_own(kling_server):
            with respx.mock(assert_all_mocked=False) as routes:
                routes.get("https://api.cometapi.com/v1/models").respond(json=[])
                assert httpx.get("https://api.cometapi.com/v1/models").json() == []
        """,
    )
    result.assert_outcomes(passed=13)


@pytest.mark.parametrize("line", ["COMETAPI", "={url}", "COMETAPI={base}"])
def test_a_mistake_in_kling_env_is_one_line(pytester: pytest.Pytester, line: str) -> None:
    pytester.makeini(f"[pytest]\nkling_server = true\nkling_env = {line}\n")
    result = run(pytester, "def test_it():\n    pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.lines == [
        f"ERROR: kling_env has {line!r}; accepted: NAME={{url}}, NAME={{key}} and other values",
        "",
    ]


def test_a_mistake_in_kling_env_fails_the_test_that_asks_for_the_server_in_one_line(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkling_env = COMETAPI\n")
    result = run(pytester, "def test_it(kling_server):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["_* ERROR at setup of test_it _*", "kling_env has 'COMETAPI'; accepted: *", "=* short test summary info *"],
        consecutive=True,
    )


def test_variables_are_set_while_a_test_has_the_server(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkling_env = COMETAPI_BASE={url}\n")
    result = run(
        pytester,
        """
        import os

        def here():
            return [os.environ.get(name) for name in ("COMETAPI_BASE", "KLING_BASE_URL", "KLING_API_KEY")]

        def test_before():
            assert here() == [None] * 3

        def test_it(kling_server):
            assert here() == [kling_server.url, kling_server.url, "sk-dummy-not-a-real-key"]

        def test_after(kling):
            assert here() == [None] * 3
        """,
    )
    result.assert_outcomes(passed=3)


def test_no_socket_is_left_open(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import asyncio

        async def story(kling_server):
            async with kling_server.async_client as client:
                task = await client.videos.image_to_video(image=URL)
                await task.wait()

        @pytest.mark.kling(clock="frozen")
        def test_it(kling_server):
            kling_server.client.videos.image_to_video(image=URL).wait()
            asyncio.run(story(kling_server))
        """,
        alone=True,
    )
    result.assert_outcomes(passed=1)
    assert (result.ret, result.stderr.lines) == (pytest.ExitCode.OK, [])


def test_the_line_of_the_test_is_told(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_it(kling_server):
            my_app.BASE = kling_server.url
            with pytest.raises(httpx.HTTPStatusError):
                my_app.make_video(URL, mode="turbo")
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["test_app.py:7: POST /kling/v1/videos/image2video was answered 400"])


def test_variables_are_as_before_when_the_run_is_over(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    monkeypatch.setenv("COMETAPI_BASE", "https://api.cometapi.com")
    monkeypatch.delenv("KLING_API_KEY", raising=False)
    pytester.makeini("[pytest]\nkling_server = true\nkling_env = COMETAPI_BASE={url}/kling 'OPTIONS={\"a\": 1}'\n")
    pytester.makeconftest(
        """
        import os, pytest

        @pytest.hookimpl(trylast=True)
        def pytest_unconfigure():
            print("after:", os.environ["NO_PROXY"], os.environ["COMETAPI_BASE"], os.environ.get("KLING_API_KEY"))
        """
    )
    result = run(
        pytester,
        """
        import json, os

        def test_it():
            assert os.environ["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
            assert os.environ["COMETAPI_BASE"] == os.environ["KLING_BASE_URL"] + "/kling"
            assert json.loads(os.environ["OPTIONS"]) == {"a": 1}
        """,
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["after: intranet.example https://api.cometapi.com None"])
