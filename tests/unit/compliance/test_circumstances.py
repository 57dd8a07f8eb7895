"""What the exchange itself saw reaches the rules: tests of consent, and open objections."""

from datetime import timedelta

import pytest

from app.core.reach import Reach
from compliance import queries
from compliance.consent.models import ConsentRegister
from compliance.models.registrations import Objection, Registration
from compliance.models.reviews import ReviewCase
from tests.factories.compliance import SUPPLIER_ID, open_review, personal_members, verify_parties


@pytest.fixture
def uow(units):
    with units.begin(Reach.EXCHANGE) as uow:
        verify_parties(uow)
        yield uow


def answer_to(uow, case, rule_id):
    uow.session.flush()
    outcomes = queries.latest_evaluation(uow, case).outcomes
    (answer,) = [each for each in outcomes if each["rule_id"] == rule_id]
    return answer


def register(uow, product_id, **tried):
    instants = ("test_granted_at", "test_denied_at", "test_withdrawn_at")
    return ConsentRegister(
        product_id=product_id,
        supplier_id=SUPPLIER_ID,
        listing_code=None,
        key_ciphertext=b"sealed",
        noted_at=uow.now,
        opened_at=uow.now,
        **dict.fromkeys(instants, uow.now) | tried,
    )


def product_of(uow):
    return open_review(uow, version_id="ver_before").product_id


def test_consent_that_was_granted_denied_and_withdrawn_in_a_test_passes(uow):
    uow.session.add(register(uow, product_of(uow)))
    case = open_review(uow, version_id="ver_persons", **personal_members())
    assert answer_to(uow, case, "I4")["outcome"] == "PASS"


def test_a_test_of_consent_that_was_only_begun_is_left_to_the_reviewer(uow):
    uow.session.add(register(uow, product_of(uow), test_withdrawn_at=None))
    case = open_review(uow, version_id="ver_persons", **personal_members())
    assert answer_to(uow, case, "I4")["outcome"] == "NEEDS_HUMAN"


def objected(uow, case: ReviewCase, state):
    uow.session.flush()
    uow.session.add(
        Registration(
            id="reg_disputed",
            case_id=case.id,
            product_id=case.product_id,
            version_id=case.version_id,
            supplier_id=case.supplier_id,
            listing_code=case.listing_code,
            name="Airports",
            dossier_hash=case.dossier_hash,
            state="OBJECTION",
            is_for_listing=True,
            registered_at=uow.now,
            publicity_ends_at=uow.now + timedelta(days=5),
            final_at=None,
            changed_at=uow.now,
        )
    )
    uow.session.flush()
    is_open = state == "RAISED"
    uow.session.add(
        Objection(
            id="obj_disputed",
            registration_id="reg_disputed",
            objector_id="org_other",
            supplier_id=case.supplier_id,
            raised_by="usr_other",
            statement="These rows are ours.",
            excluded_ids=[],
            state=state,
            raised_at=uow.now,
            decided_by=None if is_open else "usr_judge",
            reason=None if is_open else "They are not.",
            reason_salt=None if is_open else "5a",
            reason_hash=None if is_open else "a" * 64,
            decided_at=None if is_open else uow.now,
        )
    )
    uow.session.flush()


def test_an_open_objection_to_the_product_sends_its_next_version_back(uow):
    objected(uow, open_review(uow, version_id="ver_before"), "RAISED")
    case = open_review(uow, version_id="ver_next")
    assert case.stage == "RETURNED"
    assert answer_to(uow, case, "P10")["decided_by"]["faults"] == ["obj_disputed"]


def test_an_objection_that_was_dismissed_stands_against_nothing(uow):
    objected(uow, open_review(uow, version_id="ver_before"), "DISMISSED")
    case = open_review(uow, version_id="ver_next")
    assert answer_to(uow, case, "P10")["outcome"] == "NEEDS_HUMAN"
