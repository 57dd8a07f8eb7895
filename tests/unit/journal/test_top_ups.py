"""What a bank can transfer, and how a top-up may go."""

import pytest

from app.core.money import SCALE
from app.core.states import IllegalTransition
from ledger.journal.top_ups.errors import TopUpAmountUnfit
from ledger.journal.top_ups.life_cycle import (
    AMOUNT_MAX,
    TRANSITIONS,
    TopUpState,
    check_transferable,
)


@pytest.mark.parametrize("amount", [0, -SCALE, SCALE // 1000, AMOUNT_MAX + SCALE])
def test_an_amount_that_a_bank_cannot_transfer_is_refused(amount):
    with pytest.raises(TopUpAmountUnfit):
        check_transferable(amount)


@pytest.mark.parametrize("amount", [SCALE // 100, 1000 * SCALE, AMOUNT_MAX])
def test_whole_fen_up_to_the_most_are_accepted(amount):
    assert check_transferable(amount) is None


def test_money_is_credited_only_after_two_confirmations():
    once = TRANSITIONS.next(TopUpState.REQUESTED, "confirm")
    assert once == TopUpState.CONFIRMED_ONCE
    assert TRANSITIONS.next(once, "confirm") == TopUpState.POSTED


@pytest.mark.parametrize("state", [TopUpState.POSTED, TopUpState.CANCELLED])
@pytest.mark.parametrize("event", ["confirm", "cancel"])
def test_what_is_over_stays_over(state, event):
    with pytest.raises(IllegalTransition):
        TRANSITIONS.next(state, event)
