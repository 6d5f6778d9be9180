"""Hypothesis strategies for an operation's requests, built from its document: any that keep it, or break one promise.

    from hypothesis import given
    from kling_contract import strategies

    @given(strategies.valid("createImageExpansion"))
    def test_my_form_takes_what_the_provider_takes(body): ...

Nothing is drawn in vain and thrown away: numbers that a rule judges together are drawn one after the other, each from
what the rule leaves for it. A rule that a document gains is used as soon as it is there.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401
except ImportError as error:
    raise ImportError(
        "kling_contract.strategies needs Hypothesis: pip install 'kling-contract[strategies]'", name=error.name
    ) from error

from kling_contract.strategies.edges import Boundary
from kling_contract.strategies.expansions import Expansion, expansions
from kling_contract.strategies.pictures import images
from kling_contract.strategies.requests import broken, limits, on_boundary, rules, valid

__all__ = ["Boundary", "Expansion", "broken", "expansions", "images", "limits", "on_boundary", "rules", "valid"]
