"""A withdrawal or denial ends everything that it is about, however much there is."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from compliance.consent import services
from compliance.consent.events import ConsentWithdrawn
from compliance.consent.models import Consent, ConsentRegister
from compliance.terms import purposes
from tests.factories.compliance import BUYER_ID, LISTING_CODE, SUPPLIER, SUPPLIER_ID

PRODUCT, PERSON = "prd_of_persons", "a" * 64
A_FEW = 2


@pytest.fixture
def uow(units, monkeypatch):
    monkeypatch.setattr(services, "WITHDRAWN_AT_ONCE_MAX", A_FEW)
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.add(
            ConsentRegister(
                product_id=PRODUCT,
                supplier_id=SUPPLIER_ID,
                listing_code=LISTING_CODE,
                key_ciphertext=b"sealed",
                opened_at=uow.now,
                noted_at=uow.now,
            )
        )
        uow.session.flush()
        yield uow


def give(uow, purpose="RESEARCH", subject=PERSON):
    consent = Consent(
        id=uow.ids.new("con"), product_id=PRODUCT, listing_code=LISTING_CODE,
        supplier_id=SUPPLIER_ID, recipient_id=BUYER_ID, subject=subject, purpose=purpose,
        state="GRANTED", is_test=False, evidence_hash="e" * 64,
        token_hash=sha256(uow.ids.new("tok").encode()).hexdigest(), recorded_by="psn_system",
        recorded_at=uow.now, expires_at=uow.now + timedelta(days=30),
    )  # fmt: skip
    uow.session.add(consent)
    uow.session.flush()
    return consent


def standing(uow):
    wanted = select(Consent.purpose).where(Consent.state == "GRANTED").order_by(Consent.id)
    return list(uow.session.scalars(wanted))


def test_a_withdrawal_ends_all_that_a_person_granted(units, uow):
    given = [give(uow) for _ in range(2 * A_FEW + 1)]
    give(uow, subject="b" * 64)
    ended = services.withdraw_consents(
        uow, SUPPLIER, product_id=PRODUCT, subject=PERSON, reason_code="SUBJECT_REQUEST"
    )
    assert [each.id for each in ended] == [each.id for each in given]
    assert standing(uow) == ["RESEARCH"], "somebody else's"
    uow.commit()
    told = [event for event in units.events if isinstance(event, ConsentWithdrawn)]
    assert len(told) == len(given)


def test_a_denial_finds_what_it_ends_behind_all_that_it_does_not(uow):
    for _ in range(A_FEW + 1):
        give(uow, "RESEARCH")
    for purpose in ("OPERATIONS", "LOGISTICS", "SUPPLY"):
        give(uow, purpose)
    services.record_consent(
        uow,
        None,
        SUPPLIER,
        product_id=PRODUCT,
        recipient_id=BUYER_ID,
        subject=PERSON,
        purpose="LOGISTICS",
        answer="deny",
        evidence_hash="d" * 64,
    )
    assert standing(uow) == ["RESEARCH"] * (A_FEW + 1) + ["SUPPLY"]


def test_whatever_permits_a_purpose_stands_above_it():
    assert purposes.above("LOGISTICS") == {"LOGISTICS", "OPERATIONS"}
    for purpose in purposes.CODES:
        permitting = {code for code in purposes.CODES if purposes.covers(code, purpose)}
        assert purposes.above(purpose) == permitting
