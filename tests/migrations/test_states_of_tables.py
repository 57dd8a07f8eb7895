"""What the API's document lists as a table's states is what the database lets stand there."""

import re

import pytest
from sqlalchemy import text

from app.accounts.models import VERIFICATION
from ledger.journal.billing.credit_lines.models import CREDIT_LINE
from ledger.journal.settlement.models import FINISHED, PLANNED
from ledger.journal.suspense.models import SUSPENSE_ASSIGNMENT, SUSPENSE_RETURN
from ledger.journal.write_offs.models import WRITE_OFF
from ledger.payments.models import AccountState, NoticeState
from ledger.payments.ports import DisputeOutcome
from listings.offers.demand_states import LIFE_CYCLE as DEMAND_LIFE
from metering.models import ENTITLEMENT_STATES, PERIOD_STATES


@pytest.mark.parametrize(
    ("table", "column", "states"),
    [
        ("credit_lines", "state", CREDIT_LINE.states()),
        ("demands", "state", DEMAND_LIFE.states()),
        ("entitlements", "state", ENTITLEMENT_STATES),
        ("licence_periods", "state", PERIOD_STATES),
        ("organisations", "status", VERIFICATION.states()),
        ("payment_disputes", "state", DisputeOutcome),
        ("payment_events", "state", NoticeState),
        ("payout_accounts", "state", AccountState),
        ("settlement_runs", "state", (PLANNED, FINISHED)),
        ("suspense_assignments", "state", SUSPENSE_ASSIGNMENT.states()),
        ("suspense_returns", "state", SUSPENSE_RETURN.states()),
        ("write_offs", "state", WRITE_OFF.states()),
    ],
)
def test_a_table_holds_the_states_that_are_listed(engine, table, column, states):
    with engine.connect() as connection:
        rules = connection.scalars(
            text(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = CAST(:table AS regclass) AND contype = 'c'"
            ),
            {"table": table},
        ).all()
    named = [re.findall(rf"{column} = (?:ANY \(ARRAY\[(.*?)\]|('\w+'))", rule) for rule in rules]
    allowed = {
        value for rule in named for pair in rule for value in re.findall(r"'(\w+)'", "".join(pair))
    }
    assert allowed == set(states)
