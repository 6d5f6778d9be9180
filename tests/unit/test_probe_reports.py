"""The reports: each says what was found in a form that its reader takes, and nothing of a provider is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from probed import DAY, HOSTILE, NOW, finding, findings, plan, run_of, runs, texts, write_history

from kling_contract.documents import folder
from kling_contract.documents.files import read
from kling_contract.probe import History, Run
from kling_contract.probe.reports import FORMATS, github, junit, markdown, page
from kling_contract.probe.reports.days import LONGEST, rows
from kling_contract.probe.reports.summary import headline, is_trip, worst_first
from kling_contract.probe.tables import VERDICTS, reasons
from kling_contract.probe.telling import LONGEST_DETAIL, told

SCHEMA = read(folder() / "probe-report.yaml").tree
VALID = jsonschema_rs.validator_for(SCHEMA)
DOWN, SLOW, DENIED, TRIPPED = "route.missing", "latency.slow", "auth.rejected", "probe.created_task"
MIXED = run_of(
    finding(),
    finding(DENIED, operation="getMultiImageToImage", status=401),
    finding(DOWN, operation="getImageExpansion", documented="unavailable"),
    finding(SLOW, operation="createImageToVideo", level=1),
    finding(DOWN, standing="drift", operation="createMultiImageToImage", method="POST"),
)


def rendered(run: Run, name: str, history: History | None = None) -> str:
    return FORMATS[name].render(run, history or History())


class TestJson:
    @given(runs)
    def test_every_run_is_as_its_schema_says(self, run: Run) -> None:
        VALID.validate(json.loads(rendered(run, "json")))

    def test_it_is_the_run(self) -> None:
        assert json.loads(rendered(MIXED, "json")) == MIXED.as_dict()

    def test_a_line_of_the_history_is_as_the_schema_says(self, tmp_path: Path) -> None:
        line = jsonschema_rs.validator_for({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
        History(tmp_path / "h").add(MIXED.findings)
        for each in (tmp_path / "h").read_text().splitlines():
            line.validate(json.loads(each))

    def test_the_schema_names_every_verdict_and_reason_and_no_other(self) -> None:
        assert SCHEMA["$defs"]["reason"]["enum"] == list(reasons())
        assert SCHEMA["$defs"]["verdict"]["enum"] == list(VERDICTS)

    def test_the_schema_is_closed_and_describes_every_key(self) -> None:
        objects = list(_objects(SCHEMA))
        assert len(objects) == 10
        for each in objects:
            assert each["additionalProperties"] is False
            assert set(each["required"]) == set(each["properties"])
            assert all(value.get("description") for value in each["properties"].values())

    @pytest.mark.parametrize("name", ["extra", "at", "verdict"])
    def test_the_schema_can_fail(self, name: str) -> None:
        says = MIXED.as_dict()
        says["findings"][0][name] = "nonsense"
        assert not VALID.is_valid(says)


def _objects(node: Any) -> Any:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for each in node.values():
            yield from _objects(each)


# Elements and attributes that the schema of Jenkins' JUnit format knows, and whether an attribute must be there.
KNOWN = {
    "testsuites": dict.fromkeys(("name", "tests", "failures", "errors", "skipped", "time"), False),
    "testsuite": dict.fromkeys(("name", "tests"), True)
    | dict.fromkeys(("failures", "errors", "skipped", "time", "timestamp"), False),
    "testcase": {"name": True, "classname": False, "time": False},
    "failure": {"message": False, "type": False},
    "error": {"message": False, "type": False},
    "skipped": {"message": False},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error", "skipped"}}


class TestJunit:
    @given(runs)
    def test_every_run_is_junit(self, run: Run) -> None:
        root = ElementTree.fromstring(rendered(run, "junit"))
        assert root.tag == "testsuites"
        for element in root.iter():
            known = KNOWN[element.tag]
            assert {name for name, needed in known.items() if needed} <= set(element.attrib) <= set(known)
            assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        for suite in root:
            for counted, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert int(suite.attrib[counted]) == len(suite.findall(f"testcase/{outcome}"))
            assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        tripped = 0 if any(map(is_trip, run.findings)) else len(run.tripped)
        assert len(root.findall("testsuite/testcase")) == len(run.findings) + len(run.stopped) + tripped

    @staticmethod
    def outcomes(run: Run) -> dict[str, str]:
        cases = ElementTree.fromstring(junit.render(run)).iter("testcase")
        return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in cases}

    def test_what_fails_is_a_failure_and_unknown_is_skipped(self) -> None:
        assert self.outcomes(MIXED) == {
            "level 2 getImageToVideo": "passed",
            "level 2 getMultiImageToImage": "skipped",
            "level 2 getImageExpansion": "passed",  # down, as documented
            "level 1 createImageToVideo": "passed",
            "level 2 createMultiImageToImage": "failure",
        }
        strict = self.outcomes(replace(MIXED, fail_on=("degraded", "unknown")))
        assert strict["level 1 createImageToVideo"] == strict["level 2 getMultiImageToImage"] == "failure"

    def test_a_task_that_was_created_and_a_stop_are_errors(self) -> None:
        run = run_of(finding(TRIPPED), tripped=("cometapi x",), stopped=("the budget",), fail_on=("degraded",))
        assert self.outcomes(run) == {"level 2 getImageToVideo": "error", "stopped": "error"}
        waiting = run_of(finding("route.alive", raw_reason=TRIPPED, pending=True))
        assert self.outcomes(waiting) == {"level 2 getImageToVideo": "error"}

    def test_two_hosts_of_one_provider_have_a_suite_each(self) -> None:
        run = run_of(finding(), finding(base_url="http://b"), plans=(plan(), plan(base_url="http://b")))
        assert [len(suite) for suite in ElementTree.fromstring(junit.render(run))] == [1, 1]


class TestGithub:
    @given(runs)
    def test_at_most_one_annotation_for_each_provider_and_kind(self, run: Run) -> None:
        lines = rendered(run, "github").splitlines()
        found = [re.fullmatch(r"::(error|warning|notice) title=([^:,\r\n]*)::(.+)", line) for line in lines]
        assert all(found), lines
        told = [(each[1], each[2].partition("%3A")[0]) for each in found if each]
        assert len(told) == len(set(told))
        assert len(told) <= 5

    def test_what_fails_is_an_error_what_is_bad_a_warning_and_unknown_a_notice(self) -> None:
        lines = github.render(MIXED).splitlines()
        assert [line.partition("::get")[0].partition("::create")[0] for line in lines] == [
            "::error title=cometapi%3A createMultiImageToImage fails",
            "::warning title=cometapi%3A createImageToVideo is not as it should be",
            "::notice title=cometapi%3A getMultiImageToImage cannot be judged",
        ]
        assert github.render(run_of(finding())) == ""
        assert github.render(run_of(finding(DOWN, documented="unavailable"))) == ""

    def test_two_of_a_kind_are_one_annotation(self) -> None:
        many = [finding(DOWN, operation=f"get{number}") for number in range(7)]
        (line,) = github.render(run_of(*many)).splitlines()
        assert line.startswith("::error title=cometapi%3A get0 and 6 more fails::get0 is down")
        assert line.count("%0A") == 5
        assert line.endswith("%0Aand 2 more")

    def test_percent_and_line_breaks_and_in_titles_colons_and_commas_are_escaped(self) -> None:
        (line,) = github.render(run_of(finding(DOWN, operation="a:b,c%", detail="50%\r\n::error::no"))).splitlines()
        assert line == (
            "::error title=cometapi%3A a%3Ab%2Cc%25 fails::a:b,c%25 is down, route.missing: 50%25\\r\\n::error::no"
        )

    def test_a_stop_is_an_error_and_nothing_judged_a_notice(self) -> None:
        stopped = github.render(run_of(tripped=("cometapi x: task 1",), stopped=("kling: budget",)))
        assert stopped == "::error title=the probe was stopped::cometapi x: task 1%0Akling: budget\n"
        unjudged = github.render(run_of(finding(DENIED)))
        assert unjudged.splitlines()[-1].startswith("::notice title=nothing could be judged::")

    def test_the_summary_of_the_step_is_appended(self, tmp_path: Path) -> None:
        path = tmp_path / "summary.md"
        path.write_text("before\n")
        github.append_summary(MIXED, path)
        assert path.read_text() == f"before\n{markdown.render(MIXED)}\n"


class TestMarkdown:
    def test_what_is_not_up_stands_first(self) -> None:
        table = [line.split(" | ") for line in markdown.render(MIXED).splitlines() if line.startswith("| ")]
        assert [row[0].strip("| ") for row in table] == [
            "verdict",
            "**down** (drift)",
            "**down**",
            "**degraded**",
            "**unknown**",
            "up",
        ]

    def test_the_overlay_is_there_when_something_drifted(self) -> None:
        text = markdown.render(MIXED)
        block = re.search(r"```yaml\n(.*?)\n```", text, re.DOTALL)
        assert block is not None
        assert yaml.safe_load(block[1])["actions"][0]["update"]["state"] == "unavailable"
        assert "```" not in markdown.render(run_of(finding()))

    @given(runs)
    def test_the_table_keeps_its_shape(self, run: Run) -> None:
        lines = rendered(run, "markdown").splitlines()
        table = [line for line in lines if line.startswith("|")]
        assert len(table) == (len(run.findings) + 2 if run.findings else 0)
        assert {line.count("|") for line in table} <= {7}

    @given(texts)
    def test_a_code_span_holds_any_text_and_nothing_ends_it(self, text: str) -> None:
        span = markdown.code(text)
        fence = re.match("`+", span)
        assert fence is not None
        assert "\n" not in span
        inside = span[len(fence[0]) : -len(fence[0])]
        assert span == f"{fence[0]}{inside}{fence[0]}"
        assert len(fence[0]) not in [len(each) for each in re.findall("`+", inside)]
        assert inside.strip()[:1] != "`" or inside[0] == " "

    @given(texts)
    def test_a_plain_text_has_no_markup(self, text: str) -> None:
        assert not set("`|<>*_[]@$~\n") & set(markdown.plain(text))

    @given(texts.map(lambda each: each.replace("\n", "")))
    def test_a_fenced_block_is_ended_by_its_own_fence_alone(self, text: str) -> None:
        first, *_, last = markdown.fenced(f"a\n{text}\nb").split("\n")
        assert first == last
        assert last not in text

    def test_hostile_details_are_code(self) -> None:
        lines = markdown.render(run_of(finding(DOWN, detail=HOSTILE))).splitlines()
        (line,) = [each for each in lines if "<script" in each]
        assert line.startswith("- cometapi getImageToVideo, level 2: down, route.missing: ````a|b")
        assert line.endswith("````")


class Reader(HTMLParser):
    """Gathers what a browser would make of a page: elements with their attributes, and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class TestPage:
    TAGS = re.compile(
        "html|head|meta|link|title|style|body|header|h[123]|p|ul|li|span|i|br|main|section|article|div|code|figure"
        "|figcaption|svg|path|details|summary|footer|dl|dt|dd|time"
    )
    ATTRIBUTES = re.compile(
        "lang|charset|http-equiv|content|name|rel|href|class|datetime|title|style|role|open|d|aria-label|aria-hidden"
        "|viewbox|preserveaspectratio"
    )

    @given(runs)
    def test_nothing_but_our_own_elements(self, run: Run) -> None:
        read = Reader(rendered(run, "html"))
        assert all(self.TAGS.fullmatch(tag) for tag, _ in read.elements)
        assert all(self.ATTRIBUTES.fullmatch(name) for _, attributes in read.elements for name in attributes)
        assert [attributes["href"] for _, attributes in read.elements if "href" in attributes] == ["data:,"]

    def test_a_hostile_detail_is_shown_as_it_is(self) -> None:
        read = Reader(page.render(run_of(finding(DOWN, detail=HOSTILE))))
        assert any("<script>alert(1)</script> ]]> \\x1b[31m" in each for each in read.words)

    def test_each_day_is_a_bar_with_its_title_and_class(self, tmp_path: Path) -> None:
        path = tmp_path / "h"
        for back, reason in ((4, "route.alive"), (3, DOWN), (3, "route.alive"), (1, SLOW)):
            History(path).add([finding(reason, at=NOW - back * DAY)])
        read = Reader(page.render(run_of(finding(DENIED)), History.read(path)))
        assert [(each["class"], each["title"]) for tag, each in read.elements if tag == "i" and "title" in each] == [
            ("up", "2026-11-17: up"),
            ("down", "2026-11-18: down, route.missing"),
            ("none", "2026-11-19: no run"),
            ("degraded", "2026-11-20: degraded, latency.slow"),
            ("unknown", "2026-11-21: unknown, auth.rejected"),
        ]
        (label,) = [each["aria-label"] for _, each in read.elements if "aria-label" in each]
        assert label == ("Days from 2026-11-17 to 2026-11-21: 1 up, 1 degraded, 1 down, 1 unknown, 1 without a run")
        (line,) = [each["d"] for tag, each in read.elements if tag == "path"]
        assert line == "M0.5 0.0h0L1.5 0.0M3.5 0.0h0L4.5 0.0"

    def test_four_hundred_days_of_twenty_routes_are_less_than_a_megabyte(self, tmp_path: Path) -> None:
        names = [f"getOperation{number}" for number in range(20)]
        write_history(tmp_path / "h", LONGEST + 20, names)
        text = page.render(run_of(*(finding(operation=each) for each in names)), History.read(tmp_path / "h"))
        assert len(text.encode()) < 1_000_000
        assert sum(tag == "i" and "title" in each for tag, each in Reader(text).elements) == 20 * LONGEST


class TestDays:
    def test_a_run_that_is_in_the_history_already_counts_once(self, tmp_path: Path) -> None:
        History(tmp_path / "h").add([finding(SLOW, at=NOW + 0.2)])
        (row,) = rows(run_of(finding(DOWN, at=NOW + 0.7)), History.read(tmp_path / "h"))
        assert (len(row.days), [span.reason for span in row.spans]) == (1, [DOWN])

    def test_a_route_that_this_run_did_not_ask_for_is_there(self, tmp_path: Path) -> None:
        History(tmp_path / "h").add([finding(operation="old", at=NOW - 2 * DAY)])
        history = History.read(tmp_path / "h")
        new, old = rows(run_of(finding()), history)
        assert (new.name, old.name, old.finding) == ("getImageToVideo", "old", None)
        assert [day.verdict for day in old.days] == ["up", None, None]
        assert "not asked in this run; on 2026-11-19" in page.render(run_of(finding()), history)

    @given(st.lists(st.tuples(st.floats(-1000, 50), findings), max_size=8))
    def test_days_have_no_gap_and_end_today(self, told: list[tuple[float, Any]]) -> None:
        history = History()
        from kling_contract.probe.history import _entry

        for days, each in told:
            line = json.dumps({"key": each.key, **replace(each, at=NOW + days * DAY).as_dict()})
            history.entries.append(_entry(1, line.encode()))  # type: ignore[arg-type]
        for row in rows(run_of(finding()), history):
            assert str(row.days[-1].date) == "2026-11-21"
            assert 1 <= len(row.days) <= LONGEST
            assert all((later.date - day.date).days == 1 for day, later in zip(row.days, row.days[1:], strict=False))
            assert any(day.verdict for day in row.days)


def test_the_worst_stands_first_and_is_summed_up() -> None:
    assert [each.name for each in worst_first(MIXED)][:2] == ["createMultiImageToImage", "getImageExpansion"]
    assert headline(MIXED) == "1 up, 1 degraded, 2 down, 1 unknown; 1 drifted from the document; failed (exit 1)"
    assert headline(run_of()) == "nothing asked; nothing could be judged (exit 3)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("remain quota: $0.12, need quota: $0.2", "remain quota: $[amount], need quota: $[amount]"),
        ("用户额度不足, 剩余额度: ＄0.000000", "用户额度不足, 剩余额度: ＄[amount]"),
        ("Account balance is 1,234.50 now", "Account balance is [amount] now"),
        ("you have 12.5 USD", "you have [amount] USD"),
        ("/data/balance: must be a string, found -3.2", "/data/balance: must be a string, found [amount]"),
        ("HTTP 429, code 1102, message 'Account balance not enough'", None),
        ("Insufficient credits (request id: 20261121)", None),
        ("api.cometapi.com:443, certificate for 61 more days", None),
        ("6000 ms, and 5000 ms are allowed", None),
        ("a\nb\x1b[2J", "a\\nb\\x1b[2J"),
        ("x" * 1000, "x" * (LONGEST_DETAIL - 3) + "..."),
    ],
)
def test_what_is_told_of_an_answer(text: str, shown: str | None) -> None:
    assert told(text) == (text if shown is None else shown)


def test_every_format_that_is_promised_is_there() -> None:
    assert list(FORMATS) == ["text", "json", "junit", "github", "markdown", "html"]
    files = [each.file for each in FORMATS.values() if each.file]
    assert len(files) == len(set(files))


def test_findings_that_are_hostile_everywhere_break_no_report(tmp_path: Path) -> None:
    hostile = finding(DOWN, operation=HOSTILE, path=HOSTILE, detail=HOSTILE, raw_detail=HOSTILE, base_url=HOSTILE)
    run = run_of(hostile, stopped=(HOSTILE,), tripped=(HOSTILE,), notes=(HOSTILE,))
    for name in ("json", "junit", "github", "markdown", "html"):
        assert "\x1b" not in rendered(run, name)
        assert "\0" not in rendered(run, name)
