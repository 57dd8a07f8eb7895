"""What an invoice adds up: lines rounded one by one, the tax inside them, credits beside them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.journal.billing.invoices.documents import (
    Charge,
    Credit,
    InvoiceFacts,
    invoice_document,
    rounded_parts,
    usage_tax,
)
from ledger.journal.evidence.leaves import LaneLeaf, LaneSpan

FEN = 1_000_000
HALF = FEN // 2
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


def lane(number, opening, closing, calls=1):
    return LaneSpan(
        number, LaneLeaf(0, 0, opening, "0a", b"0"), LaneLeaf(calls, calls, closing, "0b", b"1")
    )


def facts(spans=(), charges=(), notes=()):
    return InvoiceFacts(
        invoice_id="inv_1",
        licence_id="lic_1",
        currency="CNY",
        from_at=datetime(2026, 11, 1, tzinfo=UTC),
        until_at=datetime(2026, 12, 1, tzinfo=UTC),
        issued_at=datetime(2026, 12, 1, tzinfo=UTC),
        spans=spans,
        charges=charges,
        credits=notes,
        split=SPLIT,
    )


def fee(amount, tax=0):
    return Charge("period_fee", {"period": "1"}, amount, tax)


def test_each_line_is_rounded_by_itself():
    made = facts([lane(1, 0, HALF)], [fee(HALF), fee(HALF), fee(-400_000), fee(-HALF)])
    assert made.total_amount == (1 + 1 + 1 + 0 - 1) * FEN
    assert made.rounding_amount == made.total_amount - 600_000


def test_calls_are_rounded_in_the_sum_of_all_lanes():
    assert facts([lane(1, 0, HALF), lane(2, 0, HALF)]).total_amount == FEN


def test_a_credit_is_stated_and_no_part_of_the_total():
    document = invoice_document(facts([lane(1, 0, 5 * FEN)], notes=[Credit("crd_1", 2 * FEN)]))
    assert document["credits"] == [{"credit": "crd_1", "amount": str(2 * FEN)}]
    assert document["total_amount"] == str(5 * FEN)


@pytest.mark.parametrize(
    "stated",
    [{"spans": [lane(1, 0, 0)]}, {"charges": [fee(1)]}, {"notes": [Credit("crd_1", 1)]}],
    ids=["a free call", "a charge", "a credit"],
)
def test_an_invoice_says_something_by_any_of_what_it_states(stated):
    assert facts(**stated).says_something


def test_an_invoice_of_silent_lanes_says_nothing():
    assert not facts([lane(1, 7, 7, calls=0)]).says_something


def test_the_tax_of_calls_is_what_the_books_gave_it_as_each_lane_grew():
    # Of the tenth unit the tax has all, of a first one nothing.
    assert usage_tax([lane(1, 9, 10)], SPLIT) == 1
    assert usage_tax([lane(1, 0, 1)], SPLIT) == 0
    assert usage_tax([lane(1, 9, 10), lane(2, 9, 10)], SPLIT) == 2


@pytest.mark.parametrize(
    ("parts", "rounded"),
    [
        ([HALF, HALF], [FEN, 0]),
        ([400_000, 700_000], [0, FEN]),
        ([600_000, 600_000, 600_000], [FEN, FEN, 0]),
        ([400_000, 400_000, 400_000], [FEN, 0, 0]),
        ([-400_000, 100_000], [0, 0]),
        ([-600_000, -600_000], [0, -FEN]),
        ([], []),
    ],
)
def test_rounded_parts_sum_to_the_rounded_sum_and_ties_go_to_the_earlier(parts, rounded):
    assert rounded_parts(parts) == rounded


def test_the_tax_is_told_exactly_and_rounded_and_adds_nothing_to_the_total():
    document = invoice_document(facts([lane(1, 0, 5 * FEN)], [fee(5 * FEN, 200_000)]))
    assert document["tax"] == {
        "is_included": True,
        "share_bp": 600,
        "amount": "500000",
        "rounded_amount": str(FEN),
        "parts": [
            {"amount": "300000", "rounded_amount": str(FEN)},
            {"amount": "200000", "rounded_amount": "0"},
        ],
    }
    assert document["total_amount"] == str(10 * FEN)


def test_a_document_from_before_it_had_a_format_s_name_is_made_as_it_was():
    late = LaneSpan(1, LaneLeaf(0, 0, 0, "0a", b"0"), LaneLeaf(1, 1, FEN, "0b", b"1"), 1)
    made = facts([late], notes=[Credit("crd_1", 1)])
    now, then = (invoice_document(replace(made, is_first=first)) for first in (False, True))
    assert {"format", "tax", "credits"} == set(now) - set(then)
    assert set(now["lanes"][0]) - set(then["lanes"][0]) == {"carried"}
