"""Every slip of one character, and every exchange of two, is found in a listing code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.catalogue.listing_codes import ALPHABET, make_listing_code, parse_listing_code
from listings.errors import ListingCodeInvalid

parties = st.text("0123456789", min_size=10, max_size=10)
randoms = st.text(ALPHABET, min_size=9, max_size=9)
codes = st.builds(make_listing_code, parties, randoms)
places = st.sampled_from([*range(10), *range(11, 21)])


@given(codes)
def test_a_made_code_is_read_back_unchanged_in_any_case(code):
    assert parse_listing_code(code) == parse_listing_code(code.lower()) == code
    assert len(code) == 21


@given(codes, places, st.sampled_from(ALPHABET))
def test_a_substituted_character_is_found(code, place, character):
    slip = code[:place] + character + code[place + 1 :]
    if slip != code:
        with pytest.raises(ListingCodeInvalid):
            parse_listing_code(slip)


@given(codes, places, places)
def test_two_exchanged_characters_are_found(code, left, right):
    characters = list(code)
    characters[left], characters[right] = characters[right], characters[left]
    slip = "".join(characters)
    if slip != code:
        with pytest.raises(ListingCodeInvalid):
            parse_listing_code(slip)


def test_every_adjacent_transposition_of_every_pair_is_found():
    for left in ALPHABET:
        for right in ALPHABET:
            code = make_listing_code("5000752932", f"ZH{left}{right}FV600")
            slip = code.replace(f"ZH{left}{right}", f"ZH{right}{left}")
            if slip != code:
                with pytest.raises(ListingCodeInvalid):
                    parse_listing_code(slip)


@given(st.text(max_size=40))
def test_any_text_is_refused_or_is_a_code_that_reads_as_itself(text):
    try:
        code = parse_listing_code(text)
    except ListingCodeInvalid:
        return
    assert parse_listing_code(code) == code


def test_letters_that_look_like_digits_are_read_as_digits():
    code = make_listing_code("1000000001", "A10B10C10")
    assert parse_listing_code(code.replace("1", "I").replace("0", "O")) == code


@pytest.mark.parametrize(
    ("party", "random_part"), [("12345", "A" * 9), ("1" * 10, "A" * 8), ("1" * 10, "U" * 9)]
)
def test_a_code_is_not_made_from_parts_of_the_wrong_shape(party, random_part):
    with pytest.raises(ListingCodeInvalid):
        make_listing_code(party, random_part)
