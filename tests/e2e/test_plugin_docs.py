"""docs/pytest.md runs as it is printed, and describes everything there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kling_contract import pytest_plugin
from kling_contract.testing import MockHandle, Requests, Seen, SeenTask
from kling_contract.testing.callbacks import Callbacks
from kling_contract.testing.marks import ARGUMENTS
from tests.e2e.suites import run

pytestmark = pytest.mark.usefixtures("small_films")

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.S | re.M)
APP, *TESTS = [block for kind, block in BLOCKS if kind == "python"]
(INI,) = [block for kind, block in BLOCKS if kind == "ini"]
CODE = set(re.findall(r"`([^`\n]+)`", TEXT))


def test_every_test_of_it_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**{f"test_{number}": text for number, text in enumerate(TESTS)})
    pytester.makeini(INI)
    (pytester.path / "conftest.py").write_text(
        "import os\nassert os.environ['COMETAPI_BASE'].startswith('http://127.0.0.1:')\n"
    )
    result = run(pytester, "", app=APP, plugins=("anyio", "pytest_httpx", "requests_mock", "respx"))
    result.assert_outcomes(passed=sum(len(re.findall(r"^ *(?:async )?def test_", text, re.M)) for text in TESTS))


def test_the_failures_that_it_shows_are_those_there_are(pytester: pytest.Pytester) -> None:
    shown = [block for kind, block in BLOCKS if kind == "text"]
    result = run(
        pytester,
        """
        import threading

        GO = threading.Event()

        def late():
            GO.wait()
            my_app.CLIENT.post(my_app.API, json={"image": URL})

        LEFT = threading.Thread(target=late)

        def test_first(kling):
            LEFT.start()

        def test_it(kling):
            my_app.CLIENT.post(my_app.API, json={"image": URL, "mode": "turbo"})
            with pytest.raises(httpx.ConnectError):
                my_app.CLIENT.post("https://api.cometapi.com/v1/chat/completions")
            GO.set()
            LEFT.join()
        """,
        "-rA",
        app=APP,
    )
    result.assert_outcomes(passed=2, errors=1)
    assert len(shown) == 3
    for each in shown:
        assert each.partition(": ")[2] in result.stdout.str()


def described(name: str) -> bool:
    """Whether a name begins a piece of code, or is one of several in it."""
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", code) for code in CODE)


def public(owner: type) -> list[str]:
    slots = getattr(owner, "__dataclass_fields__", {})
    return [name for name in {**vars(owner), **slots} if not name.startswith("_") and name not in OURS]


OURS = {"close", "of", "refusals", "unheard"}  # what the fixture alone is to call
HANDLE = [*public(MockHandle), "url", "provider", "callbacks"]


@pytest.mark.parametrize("name", [*HANDLE, *public(Callbacks), *public(Requests), *public(Seen), *public(SeenTask)])
def test_everything_of_the_handle_is_described(name: str) -> None:
    assert described(name), name


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_argument_of_the_marker_is_described(name: str) -> None:
    (table,) = re.findall(r"^\| argument .*?\n\n", TEXT, re.S | re.M)
    assert f"| `{name}=" in table
    assert f"{name}=" in pytest_plugin._MARKER


def test_every_option_is_described(pytestconfig: pytest.Config) -> None:
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    options = [name for group in parser._groups for option in group.options for name in option.names()]
    assert options == ["--kling-server"]
    assert sorted(parser._inidict) == ["kling_env", "kling_server"]
    assert all(described(name) for name in options)
    assert all(re.search(rf"^{name} = ", INI, re.M) for name in parser._inidict)


def test_the_readme_leads_here() -> None:
    assert "(docs/pytest.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
