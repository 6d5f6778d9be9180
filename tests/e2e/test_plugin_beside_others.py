"""The plugin beside the mocks that a test already has, entered before the fixture and after it."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run

pytestmark = pytest.mark.usefixtures("small_films")


def test_routes_of_respx(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import respx

        CHAT, DB = "https://api.cometapi.com/v1/chat/completions", "https://db.example.com/"

        @pytest.fixture
        def routes():
            with respx.mock as router:
                yield router

        def story(routes):
            chat, db = routes.post(CHAT).respond(json={"said": "hello"}), routes.get(DB).respond(204)
            assert httpx.post(CHAT, json={}).json() == {"said": "hello"}
            assert httpx.get(DB).status_code == 204
            assert my_app.make_video(URL)[4:8] == b"ftyp"
            assert (chat.call_count, db.call_count, routes.calls.call_count) == (1, 1, 2)

        def test_entered_before(routes, kling):
            story(routes)

        def test_entered_after(kling, routes):
            story(routes)

        @respx.mock
        def test_decorated(kling):
            story(respx.mock)

        @respx.mock(base_url="https://db.example.com", assert_all_called=True)
        async def asked(respx_mock):
            respx_mock.get("/").respond(204)
            async with httpx.AsyncClient(headers={"authorization": "Bearer x"}) as client:
                assert (await client.get(DB)).status_code == 204
                url = my_app.BASE + "/kling/v1/videos/image2video"
                assert (await client.post(url, json={"image": URL})).status_code == 200

        def test_in_a_loop(kling):
            import asyncio
            asyncio.run(asked())
            kling.assert_created("createImageToVideo", times=1)

        @pytest.mark.kling(ignore="/kling/v1/account/*")
        def test_what_is_ignored_is_the_tests_own(kling):
            with respx.mock:
                respx.get("https://api.cometapi.com/kling/v1/account/costs").respond(json={})
                assert httpx.get("https://api.cometapi.com/kling/v1/account/costs").json() == {}

        @pytest.mark.kling(passthrough=["www.anyapi.vip"])
        def test_a_host_that_is_let_through_is_the_tests_own(kling):
            with respx.mock:
                respx.get("https://www.anyapi.vip/kling/v1/x").respond(418)
                assert httpx.get("https://www.anyapi.vip/kling/v1/x").status_code == 418
        """,
    )
    result.assert_outcomes(passed=6)


def test_buckets_of_moto(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import boto3, moto

        @pytest.fixture
        def bucket(monkeypatch):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
            with moto.mock_aws():
                yield stored()

        def stored():
            bucket = boto3.resource("s3", "us-east-1").Bucket("clips")
            bucket.create()
            return bucket

        def story(bucket):
            bucket.put_object(Key="one.mp4", Body=my_app.make_video(URL))
            assert bucket.Object("one.mp4").get()["Body"].read()[4:8] == b"ftyp"

        def test_entered_before(bucket, kling):
            story(bucket)
            kling.assert_created("createImageToVideo", times=1)

        def test_entered_after(kling, bucket):
            story(bucket)
            kling.assert_created("createImageToVideo", times=1)

        @moto.mock_aws
        def test_decorated(kling, monkeypatch):
            import requests

            story(stored())
            answer = requests.post(my_app.BASE + "/kling/v1/videos/image2video", json={"image": URL},
                                   headers={"authorization": "Bearer x"})
            assert answer.status_code == 200
            kling.assert_created("createImageToVideo", times=2)
        """,
    )
    result.assert_outcomes(passed=3)


def test_cassettes_of_vcrpy_and_responses(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import requests, responses, threading, vcr
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Here(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("content-length", "4")
                self.end_headers()
                self.wfile.write(b"here")
            def log_message(self, *about):
                pass

        @pytest.fixture
        def elsewhere():
            with HTTPServer(("127.0.0.1", 0), Here) as server:
                thread = threading.Thread(target=server.serve_forever)
                thread.start()
                yield f"http://127.0.0.1:{server.server_port}/"
                server.shutdown()
                thread.join()

        @pytest.fixture
        def tape(tmp_path):
            path = tmp_path / "tape.yaml"
            with vcr.use_cassette(str(path), ignore_hosts=["api.cometapi.com"]):
                yield path

        def submitted():
            url, headers = my_app.BASE + "/kling/v1/videos/image2video", {"authorization": "Bearer x"}
            return requests.post(url, json={"image": URL}, headers=headers).json()["data"]["task_id"]

        def recorded(kling, elsewhere):
            assert requests.get(elsewhere).text == "here"
            assert my_app.make_video(URL)[4:8] == b"ftyp"
            assert submitted() == kling.tasks[-1].id

        def test_a_cassette_entered_before(elsewhere, tape, kling):
            recorded(kling, elsewhere)

        def test_a_cassette_entered_after(elsewhere, kling, tape):
            recorded(kling, elsewhere)

        def test_of_the_cassette_nothing_is_ours(elsewhere, kling, tmp_path):
            path = tmp_path / "tape.yaml"
            with vcr.use_cassette(str(path), ignore_hosts=["api.cometapi.com"]):
                recorded(kling, elsewhere)
            assert elsewhere in path.read_text() and "cometapi" not in path.read_text()

        @pytest.fixture
        def other():
            with responses.RequestsMock() as given:
                given.add_passthru(my_app.BASE)
                given.get("https://other.example/", body="theirs")
                yield given

        def test_responses_entered_before(other, kling):
            assert (submitted(), requests.get("https://other.example/").text) == (kling.tasks[0].id, "theirs")

        def test_responses_entered_after(kling, other):
            assert (submitted(), requests.get("https://other.example/").text) == (kling.tasks[0].id, "theirs")
        """,
    )
    result.assert_outcomes(passed=5)


def test_both_fixtures_in_one_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def story(kling, kling_server):
            assert my_app.make_video(URL)[4:8] == b"ftyp"
            kling_server.client.videos.image_to_video(image=URL, mode="pro").wait()
            assert (len(kling.tasks), len(kling_server.tasks)) == (1, 1)

        def test_one(kling, kling_server):
            story(kling, kling_server)

        def test_other(kling_server, kling):
            story(kling, kling_server)
        """,
    )
    result.assert_outcomes(passed=2)
