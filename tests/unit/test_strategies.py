"""Bodies that keep a contract, that break one promise of it, and that lie at a limit, for every document there is."""

from __future__ import annotations

import ast
import doctest
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bridge import loaded
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from kling_contract import check_request, load, strategies
from kling_contract.documents import bundled

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
PROVIDERS = [*bundled(), str(TINY)]
CREATES = [(name, each.id) for name in PROVIDERS for each in loaded(name).operations.values() if each.kind == "create"]
EXPANSION = "createImageExpansion"
patient = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)
few = settings(patient, max_examples=5)


def broken_rules(provider: str, operation: str, body: Any) -> list[str]:
    return [each.rule for each in check_request(loaded(provider).operation(operation), body)]


@pytest.mark.parametrize(("provider", "operation"), CREATES)
@patient
@given(data=st.data())
def test_a_valid_body_is_accepted(provider: str, operation: str, data: st.DataObject) -> None:
    body = data.draw(strategies.valid(operation, provider=loaded(provider)))
    assert broken_rules(provider, operation, body) == []


RULES = [(*each, rule) for each in CREATES for rule in strategies.rules(each[1], provider=loaded(each[0]))]


@pytest.mark.parametrize(("provider", "operation", "rule"), RULES)
@few
@given(data=st.data())
def test_each_rule_can_be_broken_alone(provider: str, operation: str, rule: str, data: st.DataObject) -> None:
    body = data.draw(strategies.broken(operation, rule, provider=loaded(provider)))
    assert broken_rules(provider, operation, body) == [rule]


@pytest.mark.parametrize(("provider", "operation"), CREATES)
def test_what_is_required_and_what_a_document_computes_can_be_broken(provider: str, operation: str) -> None:
    schema = loaded(provider).operation(operation).request or {}
    wanted = {rule["id"] for rule in schema.get("x-rules", ())} | (
        {"schema.required"} if "required" in schema else set()
    )
    assert wanted <= set(strategies.rules(operation, provider=loaded(provider)))


LIMITS = [(*each, rule) for each in CREATES for rule in strategies.limits(each[1], provider=loaded(each[0]))]


@pytest.mark.parametrize(("provider", "operation", "rule"), LIMITS)
@few
@given(data=st.data())
def test_a_limit_lies_between_what_is_allowed_and_what_is_refused(
    provider: str, operation: str, rule: str, data: st.DataObject
) -> None:
    three = data.draw(strategies.on_boundary(operation, rule, provider=loaded(provider)))
    assert three.allowed
    assert three.refused
    assert [broken_rules(provider, operation, body) for body in three.allowed] == [[]] * len(three.allowed)
    assert [broken_rules(provider, operation, body) for body in three.refused] == [[rule]] * len(three.refused)


def area(body: dict[str, Any]) -> Decimal:
    left, right, up, down = (Decimal(str(body[f"{side}_expansion_ratio"])) for side in ("left", "right", "up", "down"))
    return (1 + left + right) * (1 + up + down)


def wide(body: dict[str, Any]) -> bool:
    return Decimal(str(body["left_expansion_ratio"])) + Decimal(str(body["right_expansion_ratio"])) > Decimal("1.9")


@pytest.mark.parametrize(
    "region",
    [lambda body: area(body) == 3, lambda body: area(body) == 1, wide, lambda body: "prompt" not in body],
    ids=["the limit", "nothing", "wide", "no prompt"],
)
def test_every_part_of_the_legal_region_is_reached(region: Any) -> None:
    found = find(strategies.valid(EXPANSION, provider="kling"), region, settings=settings(patient, max_examples=5000))
    assert broken_rules("kling", EXPANSION, found) == []


@patient
@given(strategies.expansions())
def test_an_expansion_comes_with_the_canvas_that_it_gives(drawn: strategies.Expansion) -> None:
    assert drawn.canvas.width >= drawn.width
    assert drawn.canvas.height >= drawn.height


def test_a_rule_that_a_document_gains_is_used_as_it_is(tmp_path: Path) -> None:
    text = TINY.read_text(encoding="utf-8")
    changed = tmp_path / "tiny.yaml"
    changed.write_text(text.replace("<= 12", "<= 6", 1), encoding="utf-8")
    provider = load(changed)
    create = provider.operation("createPoster")

    @few
    @given(strategies.on_boundary(create.id, "poster.cells", provider=provider))
    def lies_at_six(three: strategies.Boundary) -> None:
        assert all(body.get("columns", 1) * body.get("rows", 1) <= 6 for body in three.allowed)
        assert all(body.get("columns", 1) * body.get("rows", 1) > 6 for body in three.refused)

    lies_at_six()


ADDED = "        - {id: poster.tall, expression: rows <= columns + 2, message: '{left} rows are too many'}\n"


@pytest.fixture
def grown(tmp_path: Path) -> Any:
    """The invented document with one more rule, which is written nowhere else."""
    lines = TINY.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if "id: poster.cells" in line)
    path = tmp_path / "grown.yaml"
    path.write_text("".join([*lines[: at + 1], ADDED, *lines[at + 1 :]]), encoding="utf-8")
    return load(path)


def test_a_rule_that_a_document_gains_is_kept_broken_and_met(grown: Any) -> None:
    create = grown.operation("createPoster")

    @few
    @given(
        strategies.valid(create.id, provider=grown),
        strategies.broken(create.id, "poster.tall", provider=grown),
        strategies.on_boundary(create.id, "poster.tall", provider=grown),
    )
    def used(kept: Any, broken: Any, three: strategies.Boundary) -> None:
        assert check_request(create, kept) == []
        assert [each.rule for each in check_request(create, broken)] == ["poster.tall"]
        assert three.at["rows"] == three.at.get("columns", 1) + 2
        assert [
            [each.rule for each in check_request(create, body)] for body in (three.below, three.at, three.above)
        ] == [
            [],
            [],
            ["poster.tall"],
        ]

    used()


def calls(path: Path) -> set[str]:
    nodes = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in nodes}


def test_nothing_is_drawn_and_thrown_away() -> None:
    folder = Path(strategies.__file__).parent
    rejecting = {path.name for path in folder.glob("*.py") if calls(path) & {"assume", "reject", "flatmap"}}
    assert rejecting == set()
    filtering = [path.name for path in folder.glob("*.py") if ".filter(" in path.read_text()]
    assert filtering == ["texts.py"]  # where a schema limits the length of a pattern's texts


def test_left_and_right_reach_beyond_two_where_the_area_lets_them() -> None:
    wide = find(strategies.expansions(limit=5), lambda drawn: drawn.ratios.left + drawn.ratios.right > 2)
    assert wide.ratios.area <= 5
    assert find(strategies.expansions(), lambda drawn: drawn.ratios.left + drawn.ratios.right == 2).ratios.area == 3


def test_the_examples_of_the_docstring_run() -> None:
    done = doctest.testmod(strategies, extraglobs={"strategies": strategies})
    assert done.attempted > 10
    assert done.failed == 0


def test_names_that_there_are_not_are_said() -> None:
    with pytest.raises((ValueError, KeyError), match="createImageExpansion"):
        strategies.valid("createImageExpansio")
    with pytest.raises(ValueError, match=r"expansion\.area"):
        strategies.broken(EXPANSION, "expansion.aera")
