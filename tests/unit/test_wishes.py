"""What a request asks for: read wherever it is well said, refused with `BadWish` and nothing else where it is not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_server.wishes import NOTHING, PACES, BadWish, Wish, wish_of

names = st.sampled_from(["succeed", "fail", "fail-late", "slow", "stuck", "x_1"])
seconds = st.integers(0, 10**6) | st.floats(0, 1e6).map(lambda number: round(number, 3))
wishes = st.builds(
    Wish,
    st.none() | names,
    st.none() | st.lists(seconds.map(float), min_size=1, max_size=4).map(tuple),
    st.none() | st.integers(1, 1000),
    st.none() | st.sampled_from(PACES),
)
spaces = st.sampled_from(["", " ", "  ", "\t"])
foreign = st.sampled_from(
    [
        "respond-async",
        "return=minimal",
        "wait=10",
        'foo="a, scenario=nonsense; polls=x"',
        "handling=lenient; polls=x",
        '""',
    ]
)


def parts(wish: Wish) -> list[tuple[str, str]]:
    delay = "/".join(f"{each:f}" for each in wish.delay) if wish.delay else None
    every = {"scenario": wish.scenario, "delay": delay, "polls": wish.polls, "pace": wish.pace}
    return [(name, str(value)) for name, value in every.items() if value is not None]


@st.composite
def written(draw: st.DrawFn, wish: Wish, separators: str = ",;") -> str:
    """Return a wish as someone may write it: in any order and case, with spaces and quotes."""
    pieces = []
    for name, value in draw(st.permutations(parts(wish))):
        name = draw(st.sampled_from([name, name.upper(), name.title()]))
        value = draw(st.sampled_from([value, f'"{value}"']))
        pieces.append(f"{draw(spaces)}{name}{draw(spaces)}={draw(spaces)}{value}{draw(spaces)}")
    return draw(st.sampled_from(separators)).join(pieces)


@given(wishes, st.data())
def test_a_wish_is_read_however_it_is_written(wish: Wish, data: st.DataObject) -> None:
    text = data.draw(written(wish))
    assert wish_of(text, {}) == wish
    if text:
        assert wish_of(None, {"prompt": f"a cat [[kling:{text}]] on a mat"}) == wish
        assert wish_of(None, {"negative_prompt": f"[[KLING:{text}]]"}) == wish


@given(wishes, st.lists(foreign, max_size=4), st.data())
def test_other_peoples_preferences_are_ignored(wish: Wish, others: list[str], data: st.DataObject) -> None:
    pieces = [*others, *(f"{name}={value}" for name, value in parts(wish))]
    assert wish_of(", ".join(data.draw(st.permutations(pieces))), {}) == wish


def read(prefer: str | None, body: dict[str, object]) -> Wish:
    """Return the wish, or none of it if it is bad and says what is accepted."""
    try:
        return wish_of(prefer, body)
    except BadWish as bad:
        return NOTHING if bad.accepted else Wish(polls=-1)


@given(st.text() | st.text('[]kling:scenariodelaypollspace=,;/"\\ 0123456789.-', max_size=80))
@example('"')
@example('scenario="fail')
@example("delay=nan")
@example("delay=inf/-inf")
@example("polls=" + "9" * 5000)
@example("polls=²")
@example("delay=" + "9" * 5000)
@example('\\"' * 20_000)
@example('"\\' * 20_000)
def test_anything_else_is_a_bad_wish_or_nothing(text: str) -> None:
    for prefer, body in ((text, {}), (None, {"prompt": f"[[kling:{text}]]"}), (None, {"prompt": text, "n": 1})):
        wish = read(prefer, body)
        assert wish.polls is None or 1 <= wish.polls <= 1000
        assert wish.pace is None or wish.pace in PACES
        assert wish.delay is None or all(0 <= each <= 1e8 for each in wish.delay)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("polls=0", "1 to 1000"),
        ("polls=1001", "1 to 1000"),
        ("polls=0005000000", "1 to 1000"),
        ("polls=two", "1 to 1000"),
        ("polls=", "1 to 1000"),
        ("polls=-1", "1 to 1000"),
        ("pace=fast", "least, typical, most, spread"),
        ("delay=soon", "seconds, as in delay=2, or one for each transition, as in delay=1/4"),
        ("delay=-1", "seconds, as in delay=2, or one for each transition, as in delay=1/4"),
        ("delay=1//2", "seconds, as in delay=2, or one for each transition, as in delay=1/4"),
        ("delay=nan", "seconds, as in delay=2, or one for each transition, as in delay=1/4"),
        ("delay=1e9", "seconds, as in delay=2, or one for each transition, as in delay=1/4"),
        ("scenario=fail, polls=x", "1 to 1000"),
    ],
)
def test_what_cannot_be_had_is_told_with_what_can(text: str, accepted: str) -> None:
    with pytest.raises(BadWish) as caught:
        wish_of(text, {})
    assert caught.value.accepted == accepted
    assert str(caught.value) in text


@given(wishes, wishes, wishes)
def test_the_header_goes_before_the_body_and_sooner_before_later(first: Wish, second: Wish, third: Wish) -> None:
    said = [", ".join(f"{name}={value}" for name, value in parts(each)) for each in (first, second, third)]
    header, early, late = said
    body = {"prompt": f"[[kling:{early or 'x'}]] and [[kling:{late or 'x'}]]"}
    assert wish_of(header, body) == first.over(second).over(third)
    apart = {"prompt": f"[[kling:{early or 'x'}]]", "negative_prompt": f"[[kling:{late or 'x'}]]"}
    assert wish_of(header, apart) == wish_of(header, body)


@given(wishes, wishes, wishes)
def test_a_wish_over_another_is_itself_with_gaps_filled(first: Wish, second: Wish, third: Wish) -> None:
    both = first.over(second)
    for name in ("scenario", "delay", "polls", "pace"):
        own = getattr(first, name)
        assert getattr(both, name) == (getattr(second, name) if own is None else own)
    assert first.over(second).over(third) == first.over(second.over(third))
    assert first.over(NOTHING) == NOTHING.over(first) == first
    assert first.lacks(second) is (both != first)


def test_an_empty_scenario_is_asked_for_and_not_taken_for_none() -> None:
    assert wish_of("scenario=", {}) == Wish(scenario="")
    assert Wish(scenario="").over(Wish(scenario="fail")) == Wish(scenario="")


def test_only_texts_of_the_body_are_looked_into_and_no_long_ones() -> None:
    directive = "[[kling:scenario=fail]]"
    assert wish_of(None, {"n": 1, "list": [directive], "object": {"prompt": directive}, "none": None}) == NOTHING
    assert wish_of(None, {"image": "A" * 20_000 + directive}) == NOTHING
    assert wish_of(None, {"prompt": "A" * 2_000 + directive}) == Wish(scenario="fail")
