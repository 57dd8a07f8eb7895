"""People, their roles and their passwords."""

import threading

import pytest
from sqlalchemy.exc import IntegrityError

from app.accounts import queries, services
from app.accounts.errors import (
    EmailTaken,
    LastOfRole,
    OwnRoles,
    PeopleLimitReached,
    PersonDeactivatedAlready,
    PersonNotFound,
    RoleNotForOrganisation,
    RoleNotHeld,
    RolesConflict,
    WeakPassword,
)
from app.accounts.events import PersonAdded, PersonDeactivated, RoleGranted, RoleWithdrawn
from app.accounts.services import people
from app.accounts.sign_in_errors import PasswordRefused, SessionOver, SignInRefused
from app.core.principals import Role
from app.core.reach import Reach
from tests.unit.accounts.house import PASSWORD, as_principal

NEW_PASSWORD = "a short walk in the hills"


def events(house, kind):
    return [event for event in house.units.events if isinstance(event, kind)]


@pytest.fixture
def owner(house):
    return house.register(email="owner@example.cn")


@pytest.fixture
def buyer(house, owner):
    return house.add(owner, [Role.BUYER], "buyer@example.cn")


def test_an_owner_adds_a_colleague(house, owner, buyer):
    assert (buyer.organisation_id, buyer.roles) == (owner.organisation_id, {Role.BUYER})
    assert events(house, PersonAdded)[-1].roles == ("buyer",)
    granted = events(house, RoleGranted)[-1]
    assert (granted.person_id, granted.granted_by) == (buyer.id, owner.id)


def test_an_owner_adds_nobody_with_a_staff_role(house, owner):
    with pytest.raises(RoleNotForOrganisation):
        house.add(owner, [Role.REVIEWER], "spy@example.cn")


def test_an_operator_adds_staff(house):
    reviewer = house.add_staff(house.open(), Role.REVIEWER, "reviewer@exchange.cn")
    assert reviewer.roles == {Role.REVIEWER}


def test_an_address_of_another_organisation_is_taken_too(house, owner):
    house.register(email="other@example.cn")
    reach = Reach.organisation(owner.organisation_id)
    with pytest.raises(EmailTaken):
        house.do(
            services.add_person,
            house.kit.passwords,
            owner,
            reach=reach,
            email="Other@example.cn",
            name="Copy",
            password=PASSWORD,
            roles=[Role.BUYER],
        )


def test_an_organisation_has_a_bounded_number_of_people(house, owner, monkeypatch):
    monkeypatch.setattr(people, "PEOPLE_MAX", 1)
    with pytest.raises(PeopleLimitReached):
        house.add(owner, [Role.BUYER], "one.too.many@example.cn")


def test_a_role_is_granted_once(house, owner, buyer):
    for _ in range(2):
        house.do(services.grant_role, owner, person_id=buyer.id, role=Role.SUPPLIER)
    granted = house.do(queries.get_person, owner.organisation_id, buyer.id)
    assert granted.roles == {Role.BUYER, Role.SUPPLIER}
    assert [e.role for e in events(house, RoleGranted)] == ["buyer", "supplier"]


def test_a_granted_role_counts_after_the_next_refresh(house, owner, buyer):
    tokens = house.sign_in(buyer.email)
    house.do(services.grant_role, owner, person_id=buyer.id, role=Role.SUPPLIER)
    assert house.authenticate(tokens).roles == {Role.BUYER}
    refreshed = house.refresh(tokens)
    assert house.authenticate(refreshed).roles == {Role.BUYER, Role.SUPPLIER}


def test_a_withdrawn_role_stops_every_access_token_at_once(house, owner, buyer):
    house.do(services.grant_role, owner, person_id=buyer.id, role=Role.SUPPLIER)
    tokens = house.sign_in(buyer.email)
    house.do(services.withdraw_role, owner, person_id=buyer.id, role=Role.SUPPLIER)
    with pytest.raises(SessionOver):
        house.authenticate(tokens)
    assert house.authenticate(house.refresh(tokens)).roles == {Role.BUYER}
    assert events(house, RoleWithdrawn)[0].withdrawn_by == owner.id


def test_a_role_can_be_granted_again_after_its_withdrawal(house, owner, buyer):
    house.do(services.withdraw_role, owner, person_id=buyer.id, role=Role.BUYER)
    again = house.do(services.grant_role, owner, person_id=buyer.id, role=Role.BUYER)
    assert again.roles == {Role.BUYER}
    assert [grant.is_in_force for grant in again.grants] == [False, True]


def test_a_role_that_is_not_held_cannot_be_withdrawn(house, owner, buyer):
    with pytest.raises(RoleNotHeld):
        house.do(services.withdraw_role, owner, person_id=buyer.id, role=Role.SUPPLIER)


@pytest.mark.parametrize("verb", [services.grant_role, services.withdraw_role])
def test_nobody_changes_their_own_roles(house, owner, verb):
    with pytest.raises(OwnRoles):
        house.do(verb, owner, person_id=owner.id, role=Role.OWNER)


def test_nobody_deactivates_themselves(house, owner):
    with pytest.raises(OwnRoles):
        house.do(services.deactivate_person, owner, person_id=owner.id)


def test_an_auditor_gets_no_second_staff_role(house):
    operator = house.open()
    auditor = house.add_staff(operator, Role.AUDITOR, "auditor@exchange.cn")
    with pytest.raises(RolesConflict):
        house.do(services.grant_role, operator, person_id=auditor.id, role=Role.REVIEWER)


def test_nobody_touches_people_of_another_organisation(house, owner, buyer):
    other = house.register(email="other@example.cn")
    for verb, fields in (
        (services.grant_role, {"role": Role.OWNER}),
        (services.withdraw_role, {"role": Role.BUYER}),
        (services.deactivate_person, {}),
    ):
        with pytest.raises(PersonNotFound):
            house.do(verb, other, person_id=buyer.id, **fields)


def test_nobody_reads_people_of_another_organisation(house, owner, buyer):
    other = house.register(email="other@example.cn")
    with pytest.raises(PersonNotFound):
        house.do(queries.get_person, other.organisation_id, buyer.id)
    page = house.do(queries.list_people, other.organisation_id, cursor=None, limit=100)
    assert [person.id for person in page.items] == [other.id]


def test_a_deactivated_person_is_out_at_once_and_for_good(house, owner, buyer):
    tokens = house.sign_in(buyer.email)
    house.do(services.deactivate_person, owner, person_id=buyer.id)
    with pytest.raises(SessionOver):
        house.authenticate(tokens)
    assert house.refresh(tokens) is None
    with pytest.raises(SignInRefused):
        house.sign_in(buyer.email)


def test_a_second_deactivation_changes_nothing(house, owner, buyer):
    first = house.do(services.deactivate_person, owner, person_id=buyer.id)
    house.units.clock.advance(seconds=60)
    second = house.do(services.deactivate_person, owner, person_id=buyer.id)
    assert first.deactivated_at == second.deactivated_at
    assert len(events(house, PersonDeactivated)) == 1


def test_a_deactivated_person_gets_no_role(house, owner, buyer):
    house.do(services.deactivate_person, owner, person_id=buyer.id)
    with pytest.raises(PersonDeactivatedAlready):
        house.do(services.grant_role, owner, person_id=buyer.id, role=Role.OWNER)


def test_the_last_owner_stays(house, owner):
    second = house.add(owner, [Role.OWNER], "second@example.cn")
    house.do(services.deactivate_person, owner, person_id=second.id)
    third = house.add(owner, [Role.BUYER], "third@example.cn")
    with pytest.raises(LastOfRole):
        house.do(services.deactivate_person, as_principal(third), person_id=owner.id)
    with pytest.raises(LastOfRole):
        house.do(services.withdraw_role, as_principal(third), person_id=owner.id, role=Role.OWNER)


def test_two_owners_who_remove_each_other_at_once_leave_one(house, owner):
    second = as_principal(house.add(owner, [Role.OWNER], "second@example.cn"))
    start, refusals = threading.Barrier(2), []

    def remove(who, whom):
        start.wait()
        try:
            house.do(services.withdraw_role, who, person_id=whom.id, role=Role.OWNER)
        except LastOfRole as refusal:
            refusals.append(refusal)

    threads = [
        threading.Thread(target=remove, args=pair) for pair in ((owner, second), (second, owner))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = house.do(queries.list_people, owner.organisation_id, cursor=None, limit=10)
    assert sum(Role.OWNER in person.roles for person in page.items) == 1
    assert len(refusals) == 1


def test_people_are_found_by_name_address_role_and_whether_they_are_active(house, owner, buyer):
    def found(**asked):
        page = house.do(queries.list_people, owner.organisation_id, cursor=None, limit=9, **asked)
        return {each.id for each in page.items}

    assert found(q=buyer.email.upper()) == {buyer.id}
    assert found(role="buyer") == {owner.id, buyer.id}
    assert found() == found(is_active=True) == {owner.id, buyer.id}
    house.do(services.withdraw_role, owner, person_id=buyer.id, role=Role.BUYER)
    house.do(services.deactivate_person, owner, person_id=buyer.id)
    assert found(role="buyer") == {owner.id}
    assert (found(is_active=False), found(is_active=True)) == ({buyer.id}, {owner.id})


def change(house, tokens, present, new):
    person = house.authenticate(tokens)
    house.do(
        services.change_password,
        house.kit.passwords,
        person,
        present_password=present,
        new_password=new,
        session_id=person.session_id,
    )


def test_a_changed_password_ends_the_other_sessions(house, owner):
    here, elsewhere = house.sign_in("owner@example.cn"), house.sign_in("owner@example.cn")
    change(house, here, PASSWORD, NEW_PASSWORD)
    assert house.authenticate(here).id == owner.id
    with pytest.raises(SessionOver):
        house.authenticate(elsewhere)
    with pytest.raises(SignInRefused):
        house.sign_in("owner@example.cn", PASSWORD)
    assert house.sign_in("owner@example.cn", NEW_PASSWORD)


def test_a_password_is_changed_only_with_the_present_one(house, owner):
    tokens = house.sign_in("owner@example.cn")
    with pytest.raises(PasswordRefused):
        change(house, tokens, NEW_PASSWORD, NEW_PASSWORD)


def test_a_new_password_follows_the_rules(house, owner):
    tokens = house.sign_in("owner@example.cn")
    with pytest.raises(WeakPassword):
        change(house, tokens, PASSWORD, "owner@example.cn!")


def test_a_row_that_breaks_another_rule_is_not_mistaken_for_a_taken_address(house, owner):
    with pytest.raises(IntegrityError, match="people_name_check"):
        house.do(
            services.add_person,
            house.kit.passwords,
            owner,
            email="long@example.cn",
            name="x" * 101,
            password=PASSWORD,
            roles=[Role.BUYER],
        )
