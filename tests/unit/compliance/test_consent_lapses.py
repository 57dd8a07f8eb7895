"""Consents that lapse are shown by day to both sides, and each reminder comes once."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from compliance import queries, services
from compliance.consent.models import Consent, ConsentRegister
from compliance.events import LapseNear
from compliance.models.lapses import LapseRow
from compliance.services.consent_lapses import note_consent_lapses
from tests.factories.compliance import BUYER_ID, LISTING_CODE, SUPPLIER_ID, publish


@pytest.fixture
def uow(units):
    with units.begin(Reach.EXCHANGE) as uow:
        case = publish(uow)
        if uow.session.get(ConsentRegister, case.product_id) is None:
            uow.session.add(
                ConsentRegister(
                    product_id=case.product_id, supplier_id=SUPPLIER_ID, noted_at=uow.now
                )
            )
        uow.session.flush()
        uow.product_id = case.product_id
        yield uow


def digest(text):
    return sha256(text.encode()).hexdigest()


def withdraw(uow, consent):
    consent.state, consent.withdrawn_at, consent.reason_code = (
        "WITHDRAWN",
        uow.now,
        "SUBJECT_REQUEST",
    )
    uow.session.flush()


def give(uow, days, *, is_test=False, recipient_id=BUYER_ID):
    consent = Consent(
        id=uow.ids.new("con"), product_id=uow.product_id, listing_code=LISTING_CODE,
        supplier_id=SUPPLIER_ID, recipient_id=recipient_id, subject=digest(uow.ids.new("sub")),
        purpose="RESEARCH", state="GRANTED", is_test=is_test, evidence_hash="e" * 64,
        token_hash=digest(uow.ids.new("tok")), recorded_by="psn_system", recorded_at=uow.now,
        expires_at=uow.now + timedelta(days=days),
    )  # fmt: skip
    uow.session.add(consent)
    uow.session.flush()
    return consent


def shown(uow, organisation_id):
    note_consent_lapses(uow)
    uow.session.flush()
    page = queries.list_lapses(uow, organisation_id=organisation_id, kind="CONSENT")
    return [(row.name, row.lapses_at.date()) for row in page.items]


def on(uow, days):
    return (uow.now + timedelta(days=days)).date()


def test_both_sides_see_how_many_lapse_on_which_day(uow):
    for days in (5, 5, 9, 90):
        give(uow, days)
    give(uow, 5, is_test=True)
    withdraw(uow, give(uow, 5))
    expected = [("2 consents", on(uow, 5)), ("1 consent", on(uow, 9))]
    assert shown(uow, SUPPLIER_ID) == shown(uow, BUYER_ID) == expected


def test_a_row_follows_its_number_and_goes_with_its_last_consent(uow):
    first, second = give(uow, 5), give(uow, 5)
    assert shown(uow, BUYER_ID) == [("2 consents", on(uow, 5))]
    (row,) = uow.session.scalars(select(LapseRow.id).where(LapseRow.organisation_id == BUYER_ID,
                                                           LapseRow.kind == "CONSENT"))  # fmt: skip
    withdraw(uow, first)
    assert shown(uow, BUYER_ID) == [("1 consent", on(uow, 5))]
    assert uow.session.get(LapseRow, row) is not None
    withdraw(uow, second)
    assert shown(uow, BUYER_ID) == []


def test_a_reminder_is_given_once_however_often_the_number_changes(units, uow):
    give(uow, 6)
    shown(uow, BUYER_ID)
    services.remind_of_lapses(uow, 50)
    give(uow, 6)
    shown(uow, BUYER_ID)
    services.remind_of_lapses(uow, 50)
    uow.commit()
    told = [each for each in units.events if isinstance(each, LapseNear) and each.kind == "CONSENT"]
    assert sorted((each.organisation_id, each.days) for each in told) == sorted(
        [(BUYER_ID, 7), (SUPPLIER_ID, 7)]
    )
    assert {each.consequence for each in told} == {"END"}
