"""The page of the probe in a real browser: on a phone and on a desk, by day and by night."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import ROOT, Chromium
from PIL import Image
from probed import HOSTILE, finding, run_of, write_history

from kling_contract.probe import History
from kling_contract.probe.reports import page

NAMES = ["createImageToVideo", "getImageToVideo", "getMultiImageToImage", "getImageExpansion"]
VERDICTS = ["up", "degraded", "down", "unknown"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 120 days and four routes, one of which answers with whatever a page should not hold."""
    folder = tmp_path_factory.mktemp("page")
    write_history(folder / "history", 119, NAMES)
    reasons = ("route.alive", "route.missing", "latency.slow", "auth.rejected")
    long = "/" + "0123456789" * 30
    found = [finding(reason, operation=name, path=long) for name, reason in zip(NAMES, reasons, strict=True)]
    evil = HOSTILE + "</title><img src=http://evil.example/x>" * 9
    found[1] = finding("route.missing", operation=NAMES[1], detail=evil)
    path = folder / "probe.html"
    path.write_text(page.render(run_of(*found), History.read(folder / "history")), encoding="utf-8")
    return path


@pytest.fixture(
    params=[(360, False), (360, True), (1280, False), (1280, True)], ids=lambda each: f"{each[0]}-{each[1]}"
)
def opened(request: pytest.FixtureRequest, browser: Chromium, written: Path) -> Chromium:
    width, dark = request.param
    browser.look(width, dark=dark)
    browser.open(written.as_uri())
    return browser


def test_it_fits_and_fetches_nothing_and_complains_of_nothing(opened: Chromium, written: Path) -> None:
    wide, screen = opened.value("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen
    opened.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert opened.value("document.documentElement.scrollWidth") <= screen
    asked = [each["request"]["url"] for each in opened.told("Network.requestWillBeSent")]
    assert [each for each in asked if not each.startswith("data:")] == [written.as_uri()]
    for complaint in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
        assert opened.told(complaint) == []


def test_each_route_has_a_bar_for_each_day_that_can_be_seen(opened: Chromium) -> None:
    strips = "[...a.querySelectorAll('.strip')].map(s => s.children.length)"
    assert opened.value(f"[...document.querySelectorAll('article')].map(a => {strips})") == [[90, 30]] * len(NAMES)
    opened.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    sides = "[...document.querySelectorAll('.strip i')].map(i => i.getBoundingClientRect())"
    assert opened.value(f"{sides}.every(side => side.width >= 1 && side.height >= 1)")
    assert opened.value(
        "[...document.querySelectorAll('.strip i')].every(i => /^\\d{4}-\\d\\d-\\d\\d: ./.test(i.title))"
    )
    assert opened.value("document.querySelectorAll('[role=img][aria-label]').length") == 2 * len(NAMES)
    assert opened.value("[...document.querySelectorAll('svg path')].every(p => p.getBoundingClientRect().width > 50)")


def test_verdicts_differ_in_shape_and_not_in_colour_alone(opened: Chromium) -> None:
    shape = (
        "(name => { const style = getComputedStyle(document.querySelector('.strip .' + name));"
        " return style.height + ' ' + style.borderTopWidth; })"
    )
    assert len({opened.value(f"{shape}('{name}')") for name in [*VERDICTS, "none"]}) == 5


def test_text_can_be_read_against_its_ground(opened: Chromium) -> None:
    """The contrast that WCAG AA asks of text is 4.5."""
    for element in ("h1", ".quiet", ".row p", ".row .quiet", "summary", "figcaption", ".verdict", "footer p"):
        assert opened.value(f"({CONTRAST})(document.querySelector('{element}'))") >= 4.5, element


CONTRAST = """element => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let ground = element;
  while (channels(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
  const [text, back] = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
  const pair = [light(channels(text)), light(channels(back))];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


def test_day_and_night_differ(browser: Chromium, written: Path) -> None:
    grounds = []
    for dark in (False, True):
        browser.look(360, dark=dark)
        browser.open(written.as_uri())
        grounds.append(browser.value("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


def test_what_a_provider_writes_is_text(opened: Chromium) -> None:
    assert opened.value("document.querySelectorAll('script, img, iframe, title title').length") == 0
    assert "<script>alert(1)</script>" in opened.value("document.body.innerText")
    assert opened.value("document.title") == "1 of 4 fails: live routes"
    assert opened.value("document.querySelectorAll('article').length") == len(NAMES)


def test_a_first_run_alone_is_a_page_too(browser: Chromium, tmp_path: Path) -> None:
    path = tmp_path / "first.html"
    path.write_text(page.render(run_of(finding(first=True))), encoding="utf-8")
    browser.look(360)
    browser.open(path.as_uri())
    assert browser.value("document.querySelectorAll('.strip i').length") == 1
    assert browser.value("document.querySelector('h1').textContent") == "Nothing fails"


def test_the_colours_of_the_verdicts_are_seen(opened: Chromium, tmp_path: Path) -> None:
    opened.picture(tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        seen = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or ()}
    for name in VERDICTS[:3]:
        shown = opened.value(f"getComputedStyle(document.querySelector('.strip .{name}')).backgroundColor")
        assert tuple(map(int, re.findall(r"\d+", shown))) in seen, name


def test_the_browser_would_tell_of_a_slip(browser: Chromium, tmp_path: Path) -> None:
    """What the tests above look for is seen where it is there."""
    path = tmp_path / "slip.html"
    path.write_text("<script>console.log(1); oops()</script><img src=nothing.png><p style='width: 2000px'>x")
    browser.look(360)
    browser.open(path.as_uri())
    assert browser.told("Runtime.consoleAPICalled")
    assert browser.told("Runtime.exceptionThrown")
    assert len(browser.told("Network.requestWillBeSent")) == 2
    assert browser.value("document.documentElement.scrollWidth") == 2008


@pytest.mark.parametrize(("names", "code"), [(["chromium"], 0), (["google-chrome"], 0), ([], 2)])
def test_the_script_finds_a_browser_or_says_that_there_is_none(tmp_path: Path, names: list[str], code: int) -> None:
    for name in names:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    for needed in ("dirname", "sh"):
        (tmp_path / needed).symlink_to(shutil.which(needed) or "")
    script = [tmp_path / "sh", ROOT / "scripts" / "browser", "--installed"]
    done = subprocess.run(script, env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == code
    assert done.stdout == "".join(f"{tmp_path}/{name}\n" for name in names)
    assert done.stderr == ("" if names else f"browser: {NONE}\n")


NONE = "no Chromium or Chrome was found; install one (on Debian: apt install chromium)"
