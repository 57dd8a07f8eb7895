"""Whoever an order names must be verified, and be the listing's and the scenario's own as well."""

import pytest

from compliance import services
from compliance.terms.errors import LicenceCannotBeIssued, Obstacle
from tests.factories.compliance import (
    BUYER,
    NEXT_YEAR,
    SUPPLIER_USCC,
    approve_scenario,
    exchange_unit,
    open_review,
    order,
    publish,
    scenario_content,
    submit_scenario,
)

OTHER_LISTING = "1000000001-9876543210"
OTHER_VERSION = "ver_00000000000000000000000002"


@pytest.fixture
def uow(units):
    with exchange_unit(units) as work:
        yield work


@pytest.fixture
def placed(uow):
    """An order that would get its licence, beside a stranger who is verified for everything."""
    case = publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    verify(uow, "org_stranger", is_supplier=True, is_buyer=True)
    return order(uow, case, scenario)


def verify(uow, organisation_id, **roles):
    services.note_party_verified(
        uow,
        organisation_id=organisation_id,
        name="Stranger Ltd",
        uscc=SUPPLIER_USCC,
        valid_until=NEXT_YEAR,
        **roles,
    )
    uow.session.flush()


def obstacle(uow, placed):
    with pytest.raises(LicenceCannotBeIssued) as refused:
        services.issue_licence(uow, **placed)
    return refused.value.facts["obstacle"]


def test_a_verified_stranger_is_not_the_supplier_of_somebody_elses_listing(uow, placed):
    assert obstacle(uow, placed | {"supplier_id": "org_stranger"}) == Obstacle.LISTING_NOT_OPEN


def test_a_verified_stranger_does_not_buy_under_somebody_elses_scenario(uow, placed):
    assert obstacle(uow, placed | {"buyer_id": "org_stranger"}) == Obstacle.SCENARIO_NOT_ACTIVE


@pytest.mark.parametrize("roles", [(False, True), (True, False)], ids=["no supplier", "no buyer"])
def test_a_party_is_verified_for_what_the_order_names_it_as(uow, placed, roles):
    is_supplier, is_buyer = roles
    verify(uow, "org_stranger", is_supplier=is_supplier, is_buyer=is_buyer)
    named = {"buyer_id": "org_stranger"} if is_supplier else {"supplier_id": "org_stranger"}
    assert obstacle(uow, placed | named) == Obstacle.PARTY_NOT_VERIFIED


def test_a_scenario_is_for_its_own_listing_alone(uow, placed):
    publish(uow, listing_code=OTHER_LISTING, version_id=OTHER_VERSION)
    elsewhere = services.submit_scenario(
        uow, BUYER, listing_code=OTHER_LISTING, content=scenario_content()
    )
    uow.session.flush()
    approve_scenario(uow, elsewhere)
    found = obstacle(uow, placed | {"scenario_id": elsewhere.id})
    assert found == Obstacle.SCENARIO_NOT_ACTIVE


def test_a_dossier_is_approved_for_its_own_listing_alone(uow, placed):
    other = publish(uow, listing_code=OTHER_LISTING, version_id=OTHER_VERSION)
    named = {"version_id": other.version_id, "dossier_hash": other.dossier_hash}
    assert obstacle(uow, placed | named) == Obstacle.VERSION_NOT_APPROVED


def test_a_dossier_under_review_is_not_approved(uow, placed):
    waiting = open_review(uow, version_id=OTHER_VERSION)
    uow.session.flush()
    named = {"version_id": waiting.version_id, "dossier_hash": waiting.dossier_hash}
    assert obstacle(uow, placed | named) == Obstacle.VERSION_NOT_APPROVED
