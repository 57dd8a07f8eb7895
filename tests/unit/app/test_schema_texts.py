"""What a refused amount or instant is told: enough to send the right one."""

import pytest
from marshmallow import Schema, ValidationError

from app.core.money import UNITS_MAX, format_amount
from app.web.schemas import AmountText, Timestamp


class Sent(Schema):
    amount = AmountText()
    at = Timestamp()


def refusal(member, value):
    with pytest.raises(ValidationError) as refused:
        Sent().load({member: value})
    (text,) = refused.value.messages[member]
    return text


@pytest.mark.parametrize("amount", ["1,000.00", "1e3", "0.123456789", "99999999999", "５"])
def test_a_text_that_is_no_amount_is_told_the_form_and_the_bound(amount):
    assert refusal("amount", amount) == (
        "An amount is digits, with at most eight after a point: up to 92233720368.54775807."
    )


def test_the_bound_that_is_told_is_accepted():
    assert Sent().load({"amount": format_amount(UNITS_MAX)}) == {"amount": UNITS_MAX}


@pytest.mark.parametrize(
    "at", ["2026-11-30T00:00:00 08:00", "2026-11-30", "2026-11-30T00:00:00", "yesterday"]
)
def test_what_is_no_instant_is_told_the_form_and_what_becomes_of_a_plus_in_an_address(at):
    assert refusal("at", at) == (
        "An instant with its zone, such as 2026-11-20T08:00:00Z; in an address + is written %2B."
    )


def test_an_instant_of_shanghai_is_accepted():
    assert Sent().load({"at": "2026-11-30T00:00:00+08:00"})["at"].isoformat() == (
        "2026-11-29T16:00:00+00:00"
    )
