"""The first test of a project that draws bodies, in a folder where Hypothesis has not kept anything yet."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run


@pytest.mark.parametrize("first", ["valid", "broken", "on_boundary"])
def test_a_first_draw_is_no_slow_one(pytester: pytest.Pytester, first: str) -> None:
    result = run(
        pytester,
        """
        from hypothesis import given
        from kling_contract import strategies

        @given(strategies.valid("createImageExpansion", provider="cometapi"))
        def test_valid(body):
            assert body

        @given(strategies.broken("createImageExpansion"))
        def test_broken(body):
            assert body

        @given(strategies.on_boundary("createImageExpansion", "expansion.area"))
        def test_on_boundary(three):
            assert three.allowed
        """,
        "-k",
        f"test_{first}",
    )
    result.assert_outcomes(passed=1, deselected=2)
