"""Contributors of a composite product are paid in its currency, whatever they used before."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.money import SCALE
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets.services import open_accounts
from tests.fakes.clock import START

BUYER, SUPPLIER, SECOND = "org_buyer", "org_supplier", "org_second"
SPLIT = {"supplier": 6000, f"supplier:{SECOND}": 2400, "commission": 1000, "tax": 600}
PARTIES = {"buyer_id": BUYER, "supplier_id": SUPPLIER, "currency": "USD", "split": SPLIT}


@pytest.fixture
def funded(in_unit):
    """All trade in CNY already; the buyer has dollars too."""

    def step(uow):
        for each in (BUYER, SUPPLIER, SECOND):
            open_accounts(uow, organisation_id=each)
        open_accounts(uow, organisation_id=BUYER, currency="USD")
        draft = postings.top_up(
            reference="tup_1", organisation_id=BUYER, amount=100 * SCALE, currency="USD"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    in_unit(step)


def earned(in_unit):
    held = text("SELECT sum(amount) FROM postings WHERE account_id = :account")
    account = f"{SECOND}/payable/USD"
    return in_unit(lambda uow: int(uow.session.scalar(held, {"account": account}) or 0))


def test_a_package_pays_its_contributor_in_a_currency_that_is_new_to_it(in_unit, funded):
    in_unit(
        lambda uow: trading_services.charge_order(
            uow, order_id="ord_1", amount=10 * SCALE, **PARTIES
        )
    )
    assert earned(in_unit) == 10 * SCALE * 24 // 100
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_calls_pay_their_contributor_in_a_currency_that_is_new_to_it(in_unit, funded):
    def call(uow):
        trading_services.note_licence(
            uow,
            licence_id="lic_1",
            order_id="ord_1",
            plan_hash="00" * 32,
            listing_code="S0001-ABCDEFGHJK",
            starts_at=START,
            ends_at=START + timedelta(days=30),
            **PARTIES,
        )
        draft = postings.accrue_calls(
            reference="lan_1:1-10", amount=SCALE, total_amount_before=0, **PARTIES
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    in_unit(call)
    assert earned(in_unit) == SCALE * 24 // 100
