"""Bank references notice a slip of the pen."""

import pytest

from ledger.journal.top_ups.creditor_reference import creditor_reference, is_creditor_reference

TOP_UP_ID = "tup_01jd3v8q4m0000000000000009"


def test_the_example_of_the_standard_is_accepted():
    assert is_creditor_reference("RF18539007547034")


def test_a_reference_made_here_checks():
    reference = creditor_reference(TOP_UP_ID)
    assert is_creditor_reference(reference)
    assert reference.endswith(TOP_UP_ID[-16:].upper())
    assert len(reference) <= 25


def test_every_single_wrong_character_is_noticed():
    reference = creditor_reference(TOP_UP_ID)
    for position in range(4, len(reference)):
        other = "1" if reference[position] != "1" else "2"
        assert not is_creditor_reference(reference[:position] + other + reference[position + 1 :])


@pytest.mark.parametrize("text", ["", "RF", "XX18539007547034", "RF18 5390 0754 7034", "RF１８"])
def test_what_is_no_reference_is_refused(text):
    assert not is_creditor_reference(text)
