"""An accepted pattern never runs away, whatever the caller sends."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.versions.patterns import PatternRefused, check_pattern

pieces = st.sampled_from(
    ["a", "[a-z]", r"\d", ".", "(", "(?:", ")", "*", "+", "?", "{2,5}", "{3}", "|", "^", "$", "-"]
)


@given(st.lists(pieces, min_size=1, max_size=12).map("".join))
def test_an_accepted_pattern_compiles_and_answers_within_its_budget(pattern):
    try:
        check_pattern(pattern)
    except PatternRefused:
        return
    # A runaway would hit the test's own time limit: this is its worst kind of input.
    re.fullmatch(pattern, "a" * 200 + "!")


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a|aa)*",
        "(?=a)",
        r"(a)\1",
        "a**",
        "a*a*",
        "[",
        "(",
        "",
        "a" * 201,
        "é{",
        "(?P<x>a)",
    ],
)
def test_a_pattern_that_could_run_away_is_refused(pattern):
    with pytest.raises(PatternRefused):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["[A-Z]{3}", r"\d{15}(\d{2}[0-9X])", "[A-Z]{4}|[A-Z]{3}", r"[0-9A-HJ-NP-Z]{18}", ".+", "是|否"],
)
def test_an_ordinary_pattern_is_accepted(pattern):
    check_pattern(pattern)
    assert re.compile(pattern)
