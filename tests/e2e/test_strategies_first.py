"""The first test of a project that draws bodies, in a folder where Hypothesis has not kept anything yet."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run


@pytest.mark.parametrize(
    "first", ["broken", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("valid", "on_boundary"))]
)
def test_a_first_draw_is_no_slow_one(pytester: pytest.Pytester, first: str) -> None:
    # Hypothesis calls a draw of a second too slow. Calls are counted, which are the same on any machine: building its
    # table of characters, which has to be done before the first draw, takes some 15 million of them.
    result = run(
        pytester,
        """
        import sys
        from hypothesis import HealthCheck, given, settings, strategies as st
        from kling_contract import strategies

        calls = []
        untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

        def counted(drawn):
            drawn.validate()  # as `given` does before it draws
            return counting(drawn)

        @st.composite
        def counting(draw, drawn):
            calls.append(0)

            def count(*_):
                calls[-1] += 1

            sys.setprofile(count)
            try:
                return draw(drawn)
            finally:
                sys.setprofile(None)

        @untimed
        @given(counted(strategies.valid("createImageExpansion", provider="cometapi")))
        def test_valid(body):
            assert body

        @untimed
        @given(counted(strategies.broken("createImageExpansion")))
        def test_broken(body):
            assert body

        @untimed
        @given(counted(strategies.on_boundary("createImageExpansion", "expansion.area")))
        def test_on_boundary(three):
            assert three.allowed

        def teardown_module():
            assert 0 < max(calls) < 3_000_000, max(calls)
        """,
        "-k",
        f"test_{first}",
        alone=True,
    )
    result.assert_outcomes(passed=1, deselected=2)
