"""What of a wallet may go back to the buyer's bank."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MINOR, SCALE
from ledger.journal.withdrawals.standing import Standing

amounts = st.integers(0, 1000 * SCALE)


def standing(own=100, owed=0, asked=0, paid_in=100, withdrawn=0):
    """In whole yuan."""
    return Standing(*(each * SCALE for each in (own, owed, asked, paid_in, withdrawn)))


def test_free_money_that_came_by_the_bank_may_go_back():
    assert standing().refundable_amount == 100 * SCALE
    assert standing(own=30).refundable_amount == 30 * SCALE


def test_what_is_owed_or_asked_for_stays():
    assert standing(owed=20, asked=30).refundable_amount == 50 * SCALE
    assert standing(owed=200).refundable_amount == 0


def test_money_that_came_another_way_does_not_go_to_the_bank():
    assert standing(paid_in=40).refundable_amount == 40 * SCALE
    assert standing(own=60, paid_in=100, withdrawn=80).refundable_amount == 20 * SCALE


@given(st.builds(Standing, amounts, amounts, amounts, amounts, amounts))
def test_never_more_than_is_free_and_whole_minor_units(found):
    amount = found.refundable_amount
    assert amount >= 0
    assert amount % MINOR == 0
    assert amount <= max(0, found.own_amount - found.owed_amount - found.asked_amount)
    assert amount <= max(0, found.paid_in_amount - found.withdrawn_amount - found.asked_amount)
