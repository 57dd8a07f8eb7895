"""What GB 32100-2015 promises: any single slip of the pen is found."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.accounts.errors import InvalidUscc
from app.accounts.uscc import ALPHABET, check_character, parse_uscc

letters = st.sampled_from(ALPHABET)
bodies = st.tuples(
    st.text(letters, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(letters, min_size=9, max_size=9),
).map("".join)


@given(bodies)
def test_a_completed_code_is_valid(body):
    assert parse_uscc(body + check_character(body)) == body + check_character(body)


@given(bodies, letters, st.integers(0, 17))
def test_one_changed_character_is_found(body, other, position):
    code = body + check_character(body)
    assume(code[position] != other)
    with pytest.raises(InvalidUscc):
        parse_uscc(code[:position] + other + code[position + 1 :])


@given(bodies, st.integers(0, 16))
def test_two_swapped_neighbours_are_found(body, position):
    code = body + check_character(body)
    first, second = code[position], code[position + 1]
    assume(first != second)
    with pytest.raises(InvalidUscc):
        parse_uscc(code[:position] + second + first + code[position + 2 :])


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_refused(text):
    try:
        code = parse_uscc(text)
    except InvalidUscc:
        return
    assert len(code) == 18
    assert check_character(code[:17]) == code[17]
