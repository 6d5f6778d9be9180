"""Hypothesis strategies for an operation's requests, built from its document: any that keep it, or break one promise.

    from hypothesis import given
    from kling_contract import strategies

    @given(strategies.valid("createImageExpansion"))
    def test_my_form_takes_what_the_provider_takes(body): ...

Nothing is drawn in vain and thrown away: numbers that a rule judges together are drawn one after the other, each from
what the rule leaves for it. A rule that a document gains is used as soon as it is there.

Each strategy, and what the first failure of a test would show:

    >>> from hypothesis import find
    >>> expand, area = "createImageExpansion", "expansion.area"
    >>> body = find(strategies.valid(expand), lambda body: body["left_expansion_ratio"] > 0.5)
    >>> body["left_expansion_ratio"], body["right_expansion_ratio"], body["image"]
    (1, 0, 'https://images.example/a.png')

`rules` names what `broken` can break, and `limits` what `on_boundary` has three bodies for:

    >>> area in strategies.rules(expand) and area in strategies.limits(expand)
    True
    >>> from kling_contract import check_request, load
    >>> body = find(strategies.broken(expand, area), lambda body: True)
    >>> [each.rule for each in check_request(load("cometapi").operation(expand), body)]
    ['expansion.area']
    >>> three = find(strategies.on_boundary(expand, area), lambda three: three.at is not None)
    >>> len(three.allowed), len(three.refused)
    (2, 1)

Files, of a few hundred bytes whatever their sides, and those that break one rule, with its id:

    >>> len(find(strategies.images(), lambda data: True)) < 300
    True
    >>> find(strategies.images(valid=False), lambda pair: pair[1] == "image.truncated")[1]
    'image.truncated'

Ratios, with the canvas that they give:

    >>> drawn = find(strategies.expansions(), lambda drawn: drawn.canvas.width > drawn.width)
    >>> drawn.width, drawn.canvas.width
    (1, 2)
"""

try:
    import hypothesis as _hypothesis  # noqa: F401
except ImportError as error:
    raise ImportError(
        "kling_contract.strategies needs Hypothesis: pip install 'kling-contract[strategies]'", name=error.name
    ) from error

from kling_contract.strategies.edges import Boundary
from kling_contract.strategies.expansions import Expansion, expansions
from kling_contract.strategies.requests import broken, images, limits, on_boundary, rules, valid

__all__ = ["Boundary", "Expansion", "broken", "expansions", "images", "limits", "on_boundary", "rules", "valid"]
