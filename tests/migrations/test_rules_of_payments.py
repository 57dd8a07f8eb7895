"""Whatever the code does, the database refuses a payment that cannot be true or stands twice."""

import pytest

from tests.factories.bare_rows import LATER, faults

SENT = {"state": "sent", "request": {}, "first_sent_at": LATER}
REFUND = {"kind": "refund", "parent_id": "o", "requested_by": "p", "approved_by": "q"}

RULES = {
    "payment_operations": (
        {"kind": "payment", "state": "planned"},
        {
            "amount": [{"amount": 0}],
            "approved": [
                {**REFUND, "approved_by": None},
                {**REFUND, "requested_by": None},
                {**REFUND, "kind": "reversal", "approved_by": None},
                {**REFUND, **SENT, "approved_by": None},
            ],
            "currency": [{"currency": "fen"}],
            "kind": [{"kind": "gift"}],
            "parent": [
                {"parent_id": "o"},
                {**REFUND, "parent_id": None},
                {**REFUND, "kind": "reversal", "parent_id": None},
            ],
            "state": [{**SENT, "state": "lose"}],
            "two_people": [{**REFUND, "approved_by": "p"}],
            "written_before_sent": [
                {**SENT, "request": None},
                {**SENT, "first_sent_at": None},
                {**SENT, "state": "open", "request": None},
                {**SENT, "state": "succeeded", "request": None},
                {**SENT, "state": "disputed", "first_sent_at": None},
                {**SENT, "state": "lost", "first_sent_at": None},
            ],
        },
        {"operation_id", "idempotency_key", "kind subject_id"},
    ),
    "payment_references": ({}, {}, {"gateway reference"}),
    "payment_disputes": (
        {"state": "open"},
        {
            "amount": [{"amount": 0}],
            "closed": [{"closed_at": LATER}, {"state": "won"}, {"state": "lost"}],
            "state": [{"state": "drawn", "closed_at": LATER}],
        },
        {"dispute_id", "gateway reference"},
    ),
    "payment_events": (
        {"state": "waiting"},
        {"state": [{"state": "read"}]},
        {"notice_id", "gateway event_id"},
    ),
    "payment_movements": (
        {"explained_by": "fee"},
        {"explained_by": [{"explained_by": "gift"}]},
        {"movement_id", "gateway reference"},
    ),
    "payment_findings": (
        {},
        {
            "currency": [{"currency": "fen"}],
            "resolved": [{"resolved_at": LATER}, {"resolved_by": "p"}],
            "seen_count": [{"seen_count": 0}],
        },
        {"finding_id", "gateway rule subject"},
    ),
    "payment_sweeps": ({}, {}, {"gateway"}),
    "payout_accounts": (
        {"state": "ready", "provider_reference": "x"},
        {
            "provider_reference": [
                {"provider_reference": None},
                {"state": "onboarding", "provider_reference": None},
                {"state": "planned"},
                {"state": "failed"},
                {"state": "rejected", "provider_reference": None},
            ],
            "state": [{"state": "closed", "provider_reference": None}],
        },
        {
            "account_id",
            "idempotency_key",
            "organisation_id gateway",
            "gateway provider_reference",
        },
    ),
}


@pytest.mark.parametrize("table", RULES)
def test_no_row_of_payments_stands_that_cannot_be_true(bare, table):
    assert faults(bare, table, *RULES[table]) == []
