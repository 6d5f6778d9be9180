"""What the bundled documents differ in, each fact on its own, and the command that tells it."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from bridge import loaded

from kling_contract.cli import main
from kling_contract.contract import check_request
from kling_contract.verify.diff import Comparison, Difference, Move, compare
from kling_contract.verify.diff.report import markdown, text
from kling_contract.verify.diff.trials import tried

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
EXPAND, MULTI, ANIMATE = "createImageExpansion", "createMultiImageToImage", "createImageToVideo"


@functools.cache
def comparison(source: str, target: str) -> Comparison:
    return compare(loaded(source), loaded(target))


@functools.cache
def with_trials() -> Comparison:
    return tried(comparison("cometapi", "anyapi"))


def the(source: str, target: str, operation: str, place: str, kind: str) -> Difference:
    found = comparison(source, target).differences
    [difference] = [each for each in found if (each.operation, each.place, each.kind) == (operation, place, kind)]
    return difference


def there(difference: Difference) -> Move:
    assert difference.there is not None
    return difference.there


def back(difference: Difference) -> Move:
    assert difference.back is not None
    return difference.back


def test_anyapi_calls_the_ratio_down_and_cometapi_bottom() -> None:
    found = the("cometapi", "anyapi", EXPAND, "/down_expansion_ratio", "renamed")
    assert there(found).message == "rename bottom_expansion_ratio to down_expansion_ratio"
    assert there(found).breaks_requests
    assert back(found).breaks_requests


def test_n_is_a_text_for_cometapi_and_an_integer_for_anyapi() -> None:
    found = the("cometapi", "anyapi", EXPAND, "/n", "type")
    assert (found.before, found.after) == (["string"], ["integer"])
    assert there(found).message == 'send n as an integer (2 and not "2")'
    assert back(found).message == 'send n as a text ("2" and not 2)'


def test_both_count_from_1_to_9() -> None:
    found = comparison("cometapi", "anyapi").differences
    assert [each for each in found if each.place == "/n" and each.kind == "range"] == []


def test_anyapi_requires_n() -> None:
    found = the("cometapi", "anyapi", EXPAND, "/n", "required")
    assert (there(found).breaks_requests, back(found).breaks_requests) == (True, False)


def test_the_expansion_is_not_served_by_cometapi_and_unverified_at_anyapi() -> None:
    found = the("cometapi", "anyapi", EXPAND, "availability", "availability")
    assert (found.before, found.after) == ("unavailable", "unverified")
    assert back(found).breaks_requests
    assert '{"code": null, "message": "404"}, whatever the HTTP status' in back(found).message
    assert "2026-03-13" in back(found).message
    assert not there(found).breaks


@pytest.mark.parametrize("operation", [MULTI, "getMultiImageToImage", ANIMATE, "getImageToVideo"])
def test_anyapi_lacks_routes_that_cometapi_has(operation: str) -> None:
    found = the("cometapi", "anyapi", operation, "route", "route")
    assert found.after is None
    assert there(found).breaks_requests
    assert not back(found).breaks


def test_cometapi_does_not_tell_the_external_id_of_a_new_expansion() -> None:
    found = the("cometapi", "anyapi", EXPAND, "answer.external_id", "envelope")
    assert (found.before, found.after) == (None, "/data/task_info/external_task_id")
    assert back(found).response == "lost"


def test_nothing_should_depend_on_the_message() -> None:
    found = the("cometapi", "anyapi", EXPAND, "answer/message", "envelope")
    assert (found.before, found.after) == ({"/message": "success"}, {"/message": "SUCCEED"})
    assert not found.breaks


def test_an_unknown_route_of_cometapi_is_a_page_with_status_200() -> None:
    found = the("cometapi", "anyapi", "", "route.unknown", "error")
    assert back(found).message == "expect HTTP 200 text/html for route.unknown"
    assert back(found).breaks_responses


def test_a_bad_key_has_another_body() -> None:
    found = the("cometapi", "anyapi", "", "auth.unknown", "error")
    assert found.after["body"]["code"] == 1002
    assert "error" in found.before["body"]
    assert there(found).breaks_responses


def test_kling_is_polled_at_another_path_and_by_the_external_id_too() -> None:
    route = the("kling", "cometapi", "getMultiImageToImage", "route", "route")
    assert there(route).message.startswith("poll GET /kling/v1/images/generations/{task_id} instead of GET /v1/images/")
    ids = the("kling", "cometapi", "getMultiImageToImage", "ids", "ids")
    assert (there(ids).breaks_requests, back(ids).breaks_requests) == (True, False)


def test_a_misspelt_scene_is_lost_in_silence() -> None:
    found = the("kling", "cometapi", MULTI, "/scene_image", "renamed")
    assert there(found).message == "rename scene_image to scence_image; CometAPI would ignore scene_image"
    assert (there(found).request, there(found).breaks) == ("ignored", False)


def test_cometapi_has_no_watermark_and_no_lists() -> None:
    assert there(the("kling", "cometapi", EXPAND, "/watermark_info", "missing")).request == "ignored"
    assert the("kling", "cometapi", "listImageToVideos", "route", "route").after is None


def test_limits_of_a_video() -> None:
    prompt = the("kling", "cometapi", ANIMATE, "/prompt", "length")
    assert (prompt.before, prompt.after) == ([None, 2500], [None, 500])
    mode = the("kling", "cometapi", ANIMATE, "/mode", "enum")
    assert there(mode).message == "do not send mode 4k: CometAPI takes std, pro"
    items = the("kling", "cometapi", MULTI, "/subject_image_list", "length")
    assert (items.before, items.after) == ([1, 4], [2, 4])


def test_rules_that_no_body_of_cometapi_can_break_do_not_break_the_way_back() -> None:
    found = {each.place: back(each) for each in comparison("kling", "cometapi").differences if each.kind == "rule"}
    refusing = {place for place, move in found.items() if move.breaks_requests}
    assert refusing == {"image-to-video.prompt", "capability.image-tail", "capability.motion-brush"}
    assert len(found) > len(refusing)


def test_trying_explains_every_refusal_and_shows_one() -> None:
    found = with_trials()
    assert found.tried
    assert found.untried == ()
    assert [each for each in found.differences if each.kind == "unexplained"] == []
    [required] = [each for each in found.differences if each.kind == "required"]
    body = there(required).counterexample
    assert check_request(loaded("cometapi").operation(EXPAND), body) == []
    renamed = {"down_expansion_ratio" if key.startswith("bottom") else key: value for key, value in body.items()}
    assert [each.pointer for each in check_request(loaded("anyapi").operation(EXPAND), renamed)] == ["/n"]


def test_what_kling_takes_and_cometapi_refuses_is_told() -> None:
    found = tried(compare(loaded("kling"), loaded("cometapi"), [MULTI]), examples=30)
    assert [each for each in found.differences if each.kind == "unexplained"] == []
    [length] = [each for each in found.differences if each.kind == "length"]
    assert len(there(length).counterexample["subject_image_list"]) == 1


def test_values_that_chance_seldom_combines_are_tried() -> None:
    found = tried(compare(loaded("kling"), loaded("cometapi"), [ANIMATE], one_way=True), examples=60)
    assert [each for each in found.differences if each.kind == "unexplained"] == []
    shown = {each.place: there(each).counterexample for each in found.differences if each.kind == "enum"}
    assert shown["/mode"]["mode"] == "4k"
    assert shown["/duration"]["duration"] not in ("5", "10")


def test_the_text_says_what_to_do_in_each_direction() -> None:
    lines = text(with_trials()).splitlines()
    assert lines[0] == "From CometAPI (2026-11-21) to AnyAPI (2026-11-21), and back"
    assert "  -> breaks requests rename bottom_expansion_ratio to down_expansion_ratio" in lines
    assert "  <- breaks requests rename down_expansion_ratio to bottom_expansion_ratio" in lines
    assert "  <- breaks answers  expect HTTP 200 text/html for method.unknown, route.unknown" in lines


def test_a_long_value_is_cut_in_the_text() -> None:
    found = tried(compare(loaded("kling"), loaded(str(TINY)), [ANIMATE], one_way=True), examples=5)
    assert max(map(len, text(found).splitlines())) < 800
    assert "<-" not in text(found)


def test_markdown_is_one_table_for_each_operation() -> None:
    told = markdown(with_trials())
    assert told.startswith("# From CometAPI (2026-11-21) to AnyAPI (2026-11-21), and back\n")
    assert f"## {EXPAND}\n\n| | breaks | what to do | kind |\n|---|---|---|---|\n" in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {5}
    assert any("bottom\\_expansion\\_ratio" in line and line.endswith("| renamed |") for line in rows)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["diff", *arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "cometapi", "anyapi", "--format", "json", "--examples", "0")
    told: Any = json.loads(out)
    assert code == 0
    assert (told["from"]["name"], told["to"]["name"], told["tried"]) == ("cometapi", "anyapi", None)
    assert len(told["differences"]) == len(comparison("cometapi", "anyapi").differences)
    assert {"operation", "place", "kind", "before", "after", "there", "back"} == set(told["differences"][0])


FEW = ("--examples", "0", "--operations", EXPAND)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("cometapi", "anyapi", *FEW), 0),
        (("cometapi", "anyapi", *FEW, "--fail-on", "never"), 0),
        (("cometapi", "anyapi", *FEW, "--fail-on", "breaking"), 1),
        (("cometapi", "anyapi", *FEW, "--fail-on", "any"), 1),
        (("cometapi", "cometapi", *FEW, "--fail-on", "any"), 0),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *arguments)[0] == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cometapi", "nowhere"), "nowhere"),
        (
            ("cometapi", "anyapi", "--operations", "createCat"),
            "neither provider has an operation 'createCat'; accepted: createImageExp",
        ),
        (("cometapi", "anyapi", "--examples", "few"), "'few' is no whole number from 0"),
    ],
)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_without_hypothesis_no_bodies_are_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("diff.trials", "drawing"):
        monkeypatch.delitem(sys.modules, f"kling_contract.verify.{name}")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    code, out, err = run(capsys, "cometapi", "anyapi", "--operations", EXPAND)
    assert code == 0
    assert "tried" not in out
    assert err.count("\n") == 1
    assert "needs hypothesis: pip install 'kling-contract[strategies]'" in err
