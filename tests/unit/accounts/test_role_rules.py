"""Which roles may stand together."""

import pytest

from app.accounts.errors import RoleNotForOrganisation, RolesConflict
from app.accounts.role_rules import OrganisationKind, available_roles, check_roles, founder_roles
from app.core.principals import MEMBER_ROLES, STAFF_ROLES, Role

SUPPLIER = OrganisationKind(is_supplier=True, is_buyer=False, is_exchange=False)
BOTH = OrganisationKind(is_supplier=True, is_buyer=True, is_exchange=False)
EXCHANGE = OrganisationKind(is_supplier=False, is_buyer=False, is_exchange=True)


def test_staff_roles_exist_only_in_the_exchange():
    assert available_roles(EXCHANGE) == STAFF_ROLES
    assert available_roles(BOTH) == MEMBER_ROLES


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_no_member_gets_a_staff_role(role):
    with pytest.raises(RoleNotForOrganisation):
        check_roles([role], BOTH)


@pytest.mark.parametrize("role", sorted(MEMBER_ROLES))
def test_nobody_of_the_exchange_gets_a_member_role(role):
    with pytest.raises(RoleNotForOrganisation):
        check_roles([role], EXCHANGE)


def test_nobody_buys_for_an_organisation_that_only_supplies():
    with pytest.raises(RoleNotForOrganisation) as refused:
        check_roles([Role.OWNER, Role.BUYER], SUPPLIER)
    assert refused.value.facts == {"roles": ["buyer"]}


@pytest.mark.parametrize("exclusive", [Role.OPERATOR, Role.AUDITOR])
@pytest.mark.parametrize("other", sorted(STAFF_ROLES))
def test_operators_and_auditors_hold_nothing_else(exclusive, other):
    if other == exclusive:
        assert check_roles([exclusive], EXCHANGE) == {exclusive}
        return
    with pytest.raises(RolesConflict):
        check_roles([exclusive, other], EXCHANGE)


def test_roles_that_decide_may_be_one_persons():
    roles = {Role.REVIEWER, Role.LISTING_OFFICER, Role.RISK_OFFICER}
    assert check_roles(roles, EXCHANGE) == roles


def test_the_first_person_may_do_everything_a_member_can():
    assert founder_roles(BOTH) == MEMBER_ROLES


def test_the_first_person_of_the_exchange_only_operates():
    assert founder_roles(EXCHANGE) == {Role.OPERATOR}
