"""Whoever lost password or authenticator gets back in, and nobody else with them."""

import hashlib
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import services
from app.accounts.access_models import AccessReset, SecondFactor
from app.accounts.errors import PersonDeactivatedAlready, PersonNotFound, WeakPassword
from app.accounts.events import AccessRegained
from app.accounts.events import AccessReset as AccessWasReset
from app.accounts.queries import list_access_resets
from app.accounts.reset_errors import (
    AccessResetDecided,
    AccessResetNotFound,
    ColleagueCanReset,
    OwnAccess,
    ResetNeedsSecondPerson,
    ResetTokenRefused,
)
from app.accounts.sign_in_errors import SessionOver, SignInRefused
from app.core.principals import Role
from app.core.reach import Reach

NEW = "a new walk by another sea"


def of(house, kind):
    return [event for event in house.units.events if isinstance(event, kind)]


@pytest.fixture
def owner(house):
    return house.register(email="owner@example.cn")


@pytest.fixture
def colleague(house, owner):
    return house.add(owner, [Role.BUYER], "buyer@example.cn")


@pytest.fixture
def operators(house):
    first = house.open()
    second = house.add_staff(first, Role.OPERATOR, "second@exchange.cn")
    return first, second


def reset(house, who, person_id):
    return house.do(
        services.reset_access,
        house.kit,
        who,
        person_id=person_id,
        reach=Reach.organisation(who.organisation_id),
    )


def propose(house, who, person_id):
    return house.do(
        services.propose_access_reset, who, person_id=person_id, reason="Seen with identity card."
    )


def approve(house, who, reset_id):
    return house.do(services.approve_access_reset, house.kit, who, reset_id=reset_id)


def use(house, token, password=NEW):
    house.do(services.use_access_reset, house.kit.passwords, token=token, password=password)


def enrol(house, tokens):
    """A second factor of the session's person; its secret."""
    person = house.authenticate(tokens)
    enrolment = house.do(services.enrol_second_factor, house.kit, person)
    code = pyotp.TOTP(enrolment.secret).at(house.units.clock.now())
    house.do(
        services.confirm_second_factor,
        house.kit,
        person,
        one_time_code=code,
        session_id=person.session_id,
    )


def test_an_owner_lets_a_colleague_in_again_without_password_and_authenticator(
    house, owner, colleague
):
    tokens = house.sign_in(colleague.email)
    enrol(house, tokens)
    issued = reset(house, owner, colleague.id)
    with pytest.raises(SessionOver):
        house.authenticate(tokens)
    assert house.refresh(tokens) is None
    with pytest.raises(SignInRefused):
        house.sign_in(colleague.email)
    use(house, issued.text)
    assert house.sign_in(colleague.email, NEW).has_second_factor is False
    with house.units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.get(SecondFactor, colleague.id) is None
    (told,) = of(house, AccessWasReset)
    assert (told.person_id, told.reset_by, told.asked_by) == (colleague.id, owner.id, None)
    assert [each.person_id for each in of(house, AccessRegained)] == [colleague.id]


def test_a_token_is_kept_as_a_hash_and_opens_once(house, owner, colleague):
    issued = reset(house, owner, colleague.id)
    assert issued.text.startswith("cfw_")
    with house.units.begin(Reach.EXCHANGE) as uow:
        stored = uow.session.scalars(select(AccessReset)).one()
        assert stored.token_hash == hashlib.sha256(issued.text.encode()).hexdigest()
        assert stored.state(uow.now) == "issued"
    use(house, issued.text)
    for token in (issued.text, issued.text[:-1], "cfw_" + "A" * 43):
        with pytest.raises(ResetTokenRefused):
            use(house, token, "yet another walk somewhere")
    house.sign_in(colleague.email, NEW)


def test_a_token_ends_after_a_day_and_by_the_next_one(house, owner, colleague, clock):
    first, second = reset(house, owner, colleague.id), reset(house, owner, colleague.id)
    with pytest.raises(ResetTokenRefused):
        use(house, first.text)
    clock.advance(seconds=timedelta(hours=24).total_seconds())
    with pytest.raises(ResetTokenRefused):
        use(house, second.text)
    third = reset(house, owner, colleague.id)
    house.do(services.deactivate_person, owner, person_id=colleague.id)
    with pytest.raises(ResetTokenRefused):
        use(house, third.text)


def test_nobody_resets_their_own_a_stranger_s_or_a_former_colleague_s(house, owner, colleague):
    stranger = house.register()
    with pytest.raises(OwnAccess):
        reset(house, owner, owner.id)
    for person_id in (colleague.id, "psn_of_nobody"):
        with pytest.raises(PersonNotFound):
            reset(house, stranger, person_id)
    # The second lock: also where the transaction reaches everything.
    with pytest.raises(PersonNotFound):
        house.do(services.reset_access, house.kit, stranger, person_id=colleague.id)
    house.do(services.deactivate_person, owner, person_id=colleague.id)
    with pytest.raises(PersonDeactivatedAlready):
        reset(house, owner, colleague.id)


def test_a_last_owner_is_let_in_by_two_operators(house, owner, operators):
    first, second = operators
    asked = propose(house, first, owner.id)
    house.sign_in("owner@example.cn")
    with pytest.raises(ResetNeedsSecondPerson):
        approve(house, first, asked.id)
    issued = approve(house, second, asked.id)
    with pytest.raises(SignInRefused):
        house.sign_in("owner@example.cn")
    with pytest.raises(AccessResetDecided):
        approve(house, second, asked.id)
    use(house, issued.text)
    house.sign_in("owner@example.cn", NEW)
    (told,) = of(house, AccessWasReset)
    assert (told.reset_by, told.asked_by) == (second.id, first.id)
    page = house.do(list_access_resets, organisation_id=owner.organisation_id, cursor=None, limit=5)
    assert [(each.id, each.approved_by) for each in page.items] == [(asked.id, second.id)]


def test_the_exchange_resets_nobody_for_whom_an_owner_can(house, owner, colleague, operators):
    first, second = operators
    asked = propose(house, first, owner.id)
    other = house.add(owner, [Role.OWNER], "other@example.cn")
    for person_id in (colleague.id, other.id):
        with pytest.raises(ColleagueCanReset):
            propose(house, first, person_id)
    # Judged again when it is approved: meanwhile there is a second owner.
    with pytest.raises(ColleagueCanReset):
        approve(house, second, asked.id)
    house.sign_in("owner@example.cn")


def test_staff_are_let_in_by_two_operators_and_never_by_themselves(house, operators):
    first, second = operators
    reviewer = house.add_staff(first, Role.REVIEWER, "reviewer@exchange.cn")
    third = house.add_staff(first, Role.OPERATOR, "third@exchange.cn")
    use(house, approve(house, second, propose(house, first, reviewer.id).id).text)
    house.sign_in("reviewer@exchange.cn", NEW)
    asked = propose(house, first, third.id)
    with pytest.raises(OwnAccess):
        approve(house, third, asked.id)
    with pytest.raises(OwnAccess):
        propose(house, first, first.id)
    with pytest.raises(AccessResetNotFound):
        approve(house, second, "acr_of_nobody")


def test_a_proposal_that_nobody_approves_in_a_week_is_none(house, owner, operators, clock):
    first, second = operators
    asked = propose(house, first, owner.id)
    clock.advance(seconds=timedelta(days=7).total_seconds())
    with pytest.raises(AccessResetDecided) as refused:
        approve(house, second, asked.id)
    assert refused.value.facts["state"] == "expired"


@pytest.mark.parametrize("change", ["asked_by", "person_id"])
def test_the_database_knows_the_second_person_too(house, owner, operators, change):
    first, second = operators
    issued = approve(house, second, propose(house, first, owner.id).id)
    with house.units.begin(Reach.EXCHANGE) as uow, pytest.raises(IntegrityError, match="ck_access"):
        uow.session.execute(
            update(AccessReset)
            .where(AccessReset.id == issued.access_reset.id)
            .values({change: second.id})
        )


def test_a_reset_is_read_by_its_organisation_and_the_exchange_alone(house, owner, colleague):
    reset(house, owner, colleague.id)
    stranger = house.register()
    for organisation_id, count in ((owner.organisation_id, 1), (stranger.organisation_id, 0)):
        with house.units.begin(Reach.organisation(organisation_id)) as uow:
            assert len(uow.session.scalars(select(AccessReset)).all()) == count


def test_a_weak_password_is_refused_and_the_token_still_opens(house, owner, colleague):
    issued = reset(house, owner, colleague.id)
    with pytest.raises(WeakPassword):
        use(house, issued.text, "short")
    use(house, issued.text)
