"""Registration and verification of organisations."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.accounts import queries, services
from app.accounts.errors import (
    EmailTaken,
    EvidenceLimitReached,
    EvidenceMissing,
    InvalidUscc,
    InvalidValidity,
    OrganisationNotFound,
    OwnOrganisation,
    UsccAlreadyVerified,
    WeakPassword,
)
from app.accounts.events import OrganisationRefused, OrganisationRegistered, OrganisationVerified
from app.accounts.models import Organisation, VerificationDecision
from app.accounts.services.organisations import EVIDENCE_MAX
from app.core.ids import OrganisationId
from app.core.principals import Principal, Role
from app.core.reach import Reach
from tests.unit.accounts.house import DOCUMENT, PASSWORD, uscc_number


@pytest.fixture
def reviewer(house):
    return house.add_staff(house.open(), Role.REVIEWER, "reviewer@exchange.cn")


def decide(house, reviewer, party, **fields):
    decision = {
        "decision": "verify",
        "method": "registry_lookup",
        "reason": "The registry shows the same name.",
        "valid_until": house.units.clock.now() + timedelta(days=365),
    }
    return house.do(
        services.decide_verification,
        reviewer,
        organisation_id=party.organisation_id,
        **decision | fields,
    )


def kinds(house):
    return [type(event) for event in house.units.events]


def test_a_registration_waits_for_verification(house):
    owner = house.register(is_buyer=False)
    organisation = house.do(queries.get_organisation, owner.organisation_id)
    assert (organisation.status, organisation.verified_until) == ("pending", None)
    assert [record.title for record in organisation.evidence] == ["Business licence"]


def test_the_first_person_owns_the_organisation_and_acts_for_its_side(house):
    assert house.register(is_buyer=False).roles == {Role.OWNER, Role.SUPPLIER}
    assert house.register(is_supplier=False).roles == {Role.OWNER, Role.BUYER}


def test_a_registration_is_recorded_by_id_only(house):
    owner = house.register(is_buyer=False)
    registered = next(e for e in house.units.events if isinstance(e, OrganisationRegistered))
    assert (registered.organisation_id, registered.is_supplier, registered.is_buyer) == (
        owner.organisation_id,
        True,
        False,
    )


def test_a_false_code_registers_nothing(house):
    with pytest.raises(InvalidUscc):
        house.register(uscc="91350100M000100Y44")
    assert house.units.events == []


def test_an_e_mail_address_registers_once_whatever_its_case(house):
    house.register(email="ren@example.cn")
    with pytest.raises(EmailTaken):
        house.register(email="REN@example.cn")


def test_a_weak_password_registers_nothing(house):
    organisation_id = OrganisationId(house.units.ids.new("org"))
    with pytest.raises(WeakPassword):
        house.do(
            services.register_organisation,
            house.kit.passwords,
            organisation_id,
            reach=Reach.organisation(organisation_id),
            name="Weak",
            uscc=uscc_number(1),
            is_supplier=True,
            is_buyer=False,
            evidence=[],
            person={"email": "w@example.cn", "name": "W", "password": "password1234"},
        )
    with pytest.raises(OrganisationNotFound):
        house.do(queries.get_organisation, organisation_id)


def test_a_reviewer_verifies_and_everybody_is_told(house, reviewer):
    owner = house.register()
    until = house.units.clock.now() + timedelta(days=365)
    organisation = decide(house, reviewer, owner, valid_until=until)
    assert (organisation.status, organisation.verified_until) == ("verified", until)
    told = next(e for e in house.units.events if isinstance(e, OrganisationVerified))
    assert (told.organisation_id, told.verified_by) == (owner.organisation_id, reviewer.id)
    assert (told.name, told.uscc) == (organisation.name, organisation.uscc)
    assert told.valid_until == until


def test_a_refusal_says_why(house, reviewer):
    owner = house.register()
    organisation = decide(
        house, reviewer, owner, decision="refuse", reason="Name differs", valid_until=None
    )
    assert (organisation.status, organisation.verified_until) == ("refused", None)
    assert organisation.decisions[0].reason == "Name differs"
    assert OrganisationRefused in kinds(house)
    assert OrganisationVerified not in kinds(house)


def test_a_refused_organisation_may_be_verified_later(house, reviewer):
    owner = house.register()
    decide(house, reviewer, owner, decision="refuse")
    assert decide(house, reviewer, owner).status == "verified"


def test_every_decision_stays_on_record(house, reviewer):
    owner = house.register()
    decide(house, reviewer, owner)
    organisation = decide(house, reviewer, owner, decision="refuse", reason="Licence withdrawn")
    assert [d.decision for d in organisation.decisions] == ["verify", "refuse"]
    assert {d.decided_by for d in organisation.decisions} == {reviewer.id}


def test_nobody_verifies_without_evidence(house, reviewer):
    owner = house.register(evidence=[])
    with pytest.raises(EvidenceMissing):
        decide(house, reviewer, owner)


def test_expired_evidence_is_no_evidence(house, reviewer):
    expired = DOCUMENT | {"valid_until": house.units.clock.now()}
    owner = house.register(evidence=[expired])
    with pytest.raises(EvidenceMissing):
        decide(house, reviewer, owner)


def test_evidence_can_follow_the_registration(house, reviewer):
    owner = house.register(evidence=[])
    reach = Reach.organisation(owner.organisation_id)
    house.do(services.add_evidence, owner, reach=reach, **DOCUMENT)
    assert decide(house, reviewer, owner).status == "verified"


def test_evidence_is_bounded(house):
    owner = house.register(evidence=[DOCUMENT] * EVIDENCE_MAX)
    with pytest.raises(EvidenceLimitReached):
        house.do(services.add_evidence, owner, **DOCUMENT)


@pytest.mark.parametrize("days", [None, -1, 0, 1101])
def test_a_verification_ends_in_the_future_and_within_three_years(house, reviewer, days):
    owner = house.register()
    until = None if days is None else house.units.clock.now() + timedelta(days=days)
    with pytest.raises(InvalidValidity):
        decide(house, reviewer, owner, valid_until=until)


def test_nobody_verifies_their_own_organisation(house):
    owner = house.register()
    insider = Principal(owner.id, owner.organisation_id, frozenset({Role.REVIEWER}))
    with pytest.raises(OwnOrganisation):
        decide(house, insider, owner)


def test_nobody_verifies_the_exchange(house, reviewer):
    with pytest.raises(OwnOrganisation):
        decide(house, reviewer, reviewer)


def test_the_database_itself_refuses_a_decision_about_ones_own_organisation(house):
    owner = house.register()
    own = VerificationDecision(
        id="vdn_1",
        organisation_id=owner.organisation_id,
        decision="refuse",
        method="in_person",
        reason="x",
        decided_by=owner.id,
        deciding_organisation_id=owner.organisation_id,
        decided_at=house.units.clock.now(),
    )
    with house.units.begin(Reach.EXCHANGE) as uow:
        uow.session.add(own)
        with pytest.raises(IntegrityError, match="not_own"):
            uow.session.flush()


def test_an_unknown_organisation_is_not_found(house, reviewer):
    stranger = Principal("psn_x", "org_" + "0" * 26, frozenset())
    with pytest.raises(OrganisationNotFound):
        decide(house, reviewer, stranger)


def test_two_may_claim_a_code_but_one_is_verified_under_it(house, reviewer):
    first, second = house.register(uscc=uscc_number(7)), house.register(uscc=uscc_number(7))
    decide(house, reviewer, second)
    with pytest.raises(UsccAlreadyVerified):
        decide(house, reviewer, first)


def test_staff_list_parties_by_status_and_page(house, reviewer):
    owners = [house.register() for _ in range(3)]
    decide(house, reviewer, owners[0])
    newest = house.do(queries.list_organisations, status="pending", cursor=None, limit=1)
    assert [o.id for o in newest.items] == [owners[2].organisation_id]
    rest = house.do(
        queries.list_organisations, status="pending", cursor=newest.next_cursor, limit=1
    )
    assert [o.id for o in rest.items] == [owners[1].organisation_id]
    assert rest.next_cursor is None


def test_staff_find_an_organisation_by_a_part_of_its_name_or_code(house, reviewer):
    owner, other = house.register(uscc=uscc_number(7)), house.register(uscc=uscc_number(8))
    wanted = house.do(queries.get_organisation, owner.organisation_id)

    def found(**asked):
        page = house.do(queries.list_organisations, cursor=None, limit=9, **asked)
        return {each.id for each in page.items}

    assert found(q=wanted.uscc.lower()) == {owner.organisation_id}
    assert owner.organisation_id in found(q=wanted.name[1:4].upper())
    assert found(q="nobody is called so") == found(q="%") == set()
    both = {owner.organisation_id, other.organisation_id}
    assert found(is_supplier=wanted.is_supplier, is_buyer=wanted.is_buyer) == both
    assert found(is_supplier=not wanted.is_supplier) == set()
    later = wanted.registered_at + timedelta(days=1)
    assert (found(from_at=later), found(until_at=later)) == (set(), both)


def test_the_exchange_is_not_among_the_parties(house, reviewer):
    page = house.do(queries.list_organisations, status=None, cursor=None, limit=100)
    assert page.items == []


def test_opening_the_exchange_twice_changes_nothing(house):
    first, second = house.open(), house.open()
    assert (first.id, first.organisation_id) == (second.id, second.organisation_id)


def test_an_organisation_sees_no_other_even_without_a_filter(house):
    house.register()
    owner = house.register()
    with house.units.begin(Reach.organisation(owner.organisation_id)) as uow:
        seen = uow.session.query(Organisation).all()
    assert [o.id for o in seen] == [owner.organisation_id]


def test_a_transaction_cannot_write_into_another_organisation(house):
    victim, owner = house.register(), house.register()
    with pytest.raises(OrganisationNotFound):
        house.do(
            services.decide_verification,
            Principal(owner.id, owner.organisation_id, frozenset({Role.REVIEWER})),
            reach=Reach.organisation(owner.organisation_id),
            organisation_id=victim.organisation_id,
            decision="refuse",
            method="in_person",
            reason="x",
        )


def test_the_password_is_stored_as_argon2id_only(house):
    owner = house.register()
    person = house.do(queries.get_person, owner.organisation_id, owner.id)
    assert person.password_hash.startswith("$argon2id$")
    assert PASSWORD not in repr(vars(person))


def test_a_row_that_breaks_another_rule_is_not_mistaken_for_a_verified_code(house, reviewer):
    owner = house.register()
    with pytest.raises(IntegrityError, match="method_check"):
        decide(house, reviewer, owner, method="x" * 41)
