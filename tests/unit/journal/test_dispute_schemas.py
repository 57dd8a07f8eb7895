"""What may be said when a dispute is decided."""

import pytest
from marshmallow import ValidationError

from ledger.journal.disputes.schemas import DecideDisputeSchema


def decide(**call):
    return DecideDisputeSchema().load(
        {"accepted": [{"lane": 1, "n": 1, **call}], "text": "As compared."}
    )


@pytest.mark.parametrize("amount", ["0", "0.00000000"])
def test_a_call_accepted_for_nothing_is_refused(amount):
    """It would end the dispute as accepted, with nothing given back."""
    with pytest.raises(ValidationError, match="over 0"):
        decide(amount=amount)


def test_a_call_is_accepted_for_the_least_amount_or_for_all_of_it():
    assert decide(amount="0.00000001")["accepted"] == [{"lane": 1, "n": 1, "amount": 1}]
    assert decide()["accepted"] == [{"lane": 1, "n": 1, "amount": None}]
