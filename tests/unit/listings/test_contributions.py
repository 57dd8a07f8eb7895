"""Several suppliers of one product: asked, agreed, and in every agreement."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core.canonical import digest_hex
from app.core.principals import Principal, Role
from app.core.reach import Reach
from listings import services
from listings.errors import KeptOnRecord, PartyNotVerified, VersionIncomplete, VersionInvalid
from listings.events import (
    ContributionAgreed,
    ContributionAsked,
    ContributionDeclined,
    OrderPlaced,
    VersionSubmitted,
)
from listings.models import AgreementShare, Contribution
from listings.offers.errors import ContributionChanged, ContributionDecided, ContributionNotFound
from listings.queries.contributions import list_agreement_shares, list_contributions
from tests.factories.crossing import second_runs_into_first
from tests.factories.listings import BUYER, BUYER_ID, SUPPLIER, SUPPLIER_ID

FIRST_ID, SECOND_ID = "org_" + "4" * 26, "org_" + "5" * 26
FIRST = Principal("psn_first", FIRST_ID, frozenset({Role.SUPPLIER}))
SECOND = Principal("psn_second", SECOND_ID, frozenset({Role.SUPPLIER}))
SHARES = [
    {"organisation_id": FIRST_ID, "share_bp": 2_500, "basis": "Battery telemetry."},
    {"organisation_id": SECOND_ID, "share_bp": 1_000, "basis": "Grid prices."},
]


@pytest.fixture
def partners(market):
    market.verify(FIRST_ID, "First Ltd", is_supplier=True)
    market.verify(SECOND_ID, "Second Ltd", is_supplier=True)
    return market


def asked(market, version):
    with market.as_exchange() as uow:
        found = uow.session.scalars(
            select(Contribution).where(Contribution.version_id == version.id)
        )
        return {each.contributor_id: each for each in found}


def agree(market, version, *principals):
    for principal in principals:
        contribution = asked(market, version)[principal.organisation_id]
        with market.acting(principal) as uow:
            services.agree_to_contribution(
                uow,
                principal,
                contribution_id=contribution.id,
                terms_hash=contribution.terms_hash,
            )


def amend(market, version, **form):
    with market.acting() as uow:
        return services.amend_draft(
            uow,
            SUPPLIER,
            market.cipher,
            product_id=version.product_id,
            version_number=version.version_number,
            form=form,
        )


def test_a_draft_asks_each_contributor_with_everything_that_is_at_stake(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    contribution = asked(partners, version)[FIRST_ID]
    assert contribution.state == "ASKED"
    assert contribution.terms["contributors"] == SHARES
    assert [plan["kind"] for plan in contribution.terms["plans"]] == ["per_call", "package"]
    assert contribution.terms["supplier_id"] == SUPPLIER_ID
    assert contribution.terms_hash == digest_hex(contribution.terms)
    assert {event.contributor_id for event in partners.events(ContributionAsked)} == {
        FIRST_ID,
        SECOND_ID,
    }


def test_nothing_is_submitted_before_everybody_agreed(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    agree(partners, version, FIRST)
    with pytest.raises(VersionIncomplete) as refusal:
        partners.submit(version)
    assert [error["pointer"] for error in refusal.value.facts["errors"]] == ["#/contributors/1"]
    agree(partners, version, SECOND)
    submitted = partners.submit(version)
    (event,) = partners.events(VersionSubmitted)
    assert event.dossier["contributors"] == SHARES
    assert submitted.dossier_hash == digest_hex(event.dossier)
    assert len(partners.events(ContributionAgreed)) == 2


def test_an_agreement_is_void_once_shares_or_prices_change_and_only_then(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    agree(partners, version, FIRST, SECOND)
    amend(partners, version, summary="另一个摘要。")
    assert {each.state for each in asked(partners, version).values()} == {"AGREED"}
    amend(partners, version, contributors=[{**SHARES[0], "share_bp": 2_499}, SHARES[1]])
    contributions = asked(partners, version)
    # The other's share stayed, but it agreed to the whole division.
    assert {each.state for each in contributions.values()} == {"ASKED"}
    assert {each.decided_at for each in contributions.values()} == {None}
    with pytest.raises(VersionIncomplete):
        partners.submit(version)


def test_a_contributor_that_is_taken_out_is_asked_no_more(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    amend(partners, version, contributors=SHARES[:1])
    assert set(asked(partners, version)) == {FIRST_ID}
    amend(partners, version, contributors=[])
    assert asked(partners, version) == {}
    partners.submit(version)


def test_who_decided_on_other_terms_is_told_so(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    seen = asked(partners, version)[FIRST_ID]
    amend(partners, version, contributors=[{**SHARES[0], "share_bp": 1}])
    command = {"contribution_id": seen.id, "terms_hash": seen.terms_hash}
    for decide in (services.agree_to_contribution, services.decline_contribution):
        with pytest.raises(ContributionChanged), partners.acting(FIRST) as uow:
            decide(uow, FIRST, **command)


def test_a_contributor_decides_once_on_the_same_terms(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    contribution = asked(partners, version)[FIRST_ID]
    command = {"contribution_id": contribution.id, "terms_hash": contribution.terms_hash}
    with partners.acting(FIRST) as uow:
        declined = services.decline_contribution(uow, FIRST, reason="Too little.", **command)
    assert (declined.state, declined.decline_reason) == ("DECLINED", "Too little.")
    assert len(partners.events(ContributionDeclined)) == 1
    with pytest.raises(ContributionDecided), partners.acting(FIRST) as uow:
        services.agree_to_contribution(uow, FIRST, **command)
    amend(partners, version, contributors=[{**SHARES[0], "share_bp": 3_000}, SHARES[1]])
    agree(partners, version, FIRST)


def test_only_the_contributor_itself_agrees_and_only_while_it_is_verified(partners, clock):
    version = partners.draft(partners.product(), contributors=SHARES)
    contribution = asked(partners, version)[FIRST_ID]
    command = {"contribution_id": contribution.id, "terms_hash": contribution.terms_hash}
    for principal in (SECOND, SUPPLIER):
        with pytest.raises(ContributionNotFound), partners.acting(principal) as uow:
            services.agree_to_contribution(uow, principal, **command)
    partners.verify(FIRST_ID, "First Ltd", is_supplier=True, days=1)
    clock.advance(seconds=2 * 86_400)
    with pytest.raises(PartyNotVerified), partners.acting(FIRST) as uow:
        services.agree_to_contribution(uow, FIRST, **command)


def test_nobody_agrees_whose_verification_a_reviewer_took_back(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    contribution = asked(partners, version)[FIRST_ID]
    with partners.as_exchange() as uow:
        services.note_party_refused(uow, organisation_id=FIRST_ID)
        services.note_party_refused(uow, organisation_id="org_" + "0" * 26)
    command = {"contribution_id": contribution.id, "terms_hash": contribution.terms_hash}
    with pytest.raises(PartyNotVerified), partners.acting(FIRST) as uow:
        services.agree_to_contribution(uow, FIRST, **command)


@pytest.mark.parametrize("organisation_id", ["org_" + "6" * 26, BUYER_ID, SUPPLIER_ID])
def test_only_other_verified_suppliers_contribute(partners, organisation_id):
    with pytest.raises(VersionInvalid) as refusal:
        partners.draft(
            partners.product(), contributors=[{**SHARES[0], "organisation_id": organisation_id}]
        )
    pointers = {error["pointer"] for error in refusal.value.facts["errors"]}
    assert pointers == {"#/contributors/0/organisation_id"}


def composite(market):
    version = market.draft(market.product(), contributors=SHARES)
    agree(market, version, FIRST, SECOND)
    listing = market.publish(market.submit(version))
    market.scenario(listing.listing_code)
    return listing


def test_an_order_divides_the_supplier_s_part_and_the_agreement_says_to_whom(partners):
    listing = composite(partners)
    order = partners.order(listing)
    (event,) = partners.events(OrderPlaced)
    assert event.split == {
        "supplier": 5460,
        f"supplier:{FIRST_ID}": 2100,
        f"supplier:{SECOND_ID}": 840,
        "commission": 1000,
        "tax": 600,
    }
    terms = order.agreement.terms
    assert terms["split"] == event.split
    assert terms["contributors"][0] == {
        "organisation_id": FIRST_ID,
        "name": "First Ltd",
        "uscc": "91310000MA1FL0000X",
        "share_bp": 2_500,
        "basis": "Battery telemetry.",
    }
    assert order.agreement.agreement_hash == digest_hex(terms)


def test_a_product_of_one_supplier_names_no_contributors(market):
    listing = market.listed()
    market.scenario(listing.listing_code)
    order = market.order(listing)
    assert "contributors" not in order.agreement.terms
    assert "contributors" not in listing.version.dossier()


def test_no_order_once_a_contributor_s_verification_lapsed(partners, clock):
    listing = composite(partners)
    partners.verify(SECOND_ID, "Second Ltd", is_supplier=True, days=1)
    clock.advance(seconds=2 * 86_400)
    with pytest.raises(PartyNotVerified) as refusal:
        partners.order(listing)
    assert refusal.value.facts["organisation_id"] == SECOND_ID


def note_shares(market, event):
    with market.as_exchange() as uow:
        services.note_agreement_shares(
            uow,
            agreement_id=event.agreement_id,
            agreement_hash=event.agreement_hash,
            supplier_id=event.supplier_id,
            listing_code=event.listing_code,
            version_id=event.version_id,
            split=event.split,
            agreed_at=event.occurred_at,
        )


def test_a_contributor_reads_its_share_of_an_agreement_and_nothing_of_the_buyer(partners):
    partners.order(composite(partners))
    (event,) = partners.events(OrderPlaced)
    for _ in range(2):
        note_shares(partners, event)
    with partners.acting(FIRST) as uow:
        page = list_agreement_shares(uow.session, contributor_id=FIRST_ID, cursor=None, limit=10)
        (share,) = page.items
        assert (share.agreement_id, share.split_bp) == (event.agreement_id, 2100)
        assert "buyer_id" not in AgreementShare.__table__.columns
        # Without our filter, too, there is nothing else.
        assert len(uow.session.scalars(select(AgreementShare)).all()) == 1
        elsewhere = list_agreement_shares(
            uow.session, contributor_id=FIRST_ID, listing_code="x", cursor=None, limit=10
        )
        assert elsewhere.items == []
    for principal in (BUYER, Principal("psn_x", "org_" + "8" * 26, frozenset())):
        with partners.acting(principal) as uow:
            assert uow.session.scalars(select(AgreementShare)).all() == []


@pytest.mark.parametrize(
    "statement", ["UPDATE agreement_shares SET split_bp = 1", "DELETE FROM agreement_shares"]
)
def test_a_share_of_an_agreement_never_changes(partners, statement):
    partners.order(composite(partners))
    note_shares(partners, partners.events(OrderPlaced)[0])
    with partners.units.begin(Reach.EXCHANGE) as uow:
        with pytest.raises(DBAPIError, match="never changes"):
            uow.session.execute(text(statement))
        uow.session.rollback()


def test_each_side_lists_what_it_asks_for_or_is_asked_for(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    agree(partners, version, FIRST)

    def listed(principal, **chosen):
        with partners.acting(principal) as uow:
            page = list_contributions(
                uow.session,
                organisation_id=principal.organisation_id,
                cursor=None,
                limit=10,
                **chosen,
            )
            return {each.contributor_id for each in page.items}

    assert listed(SUPPLIER) == {FIRST_ID, SECOND_ID}
    assert listed(SUPPLIER, state="AGREED") == {FIRST_ID}
    assert listed(SUPPLIER, side="contributor") == set()
    assert listed(SUPPLIER, version_id=version.id) == {FIRST_ID, SECOND_ID}
    assert listed(SUPPLIER, version_id="ver_other") == set()
    assert listed(SECOND, side="contributor", state="ASKED") == {SECOND_ID}
    assert listed(BUYER) == set()


def test_a_draft_that_a_contributor_agreed_to_is_not_deleted_nor_its_product(partners):
    version = partners.draft(partners.product(), contributors=SHARES)
    agree(partners, version, FIRST)
    for delete, named in (
        (services.delete_draft, {"version_number": version.version_number}),
        (services.delete_product, {}),
    ):
        with partners.acting() as uow, pytest.raises(KeptOnRecord) as refused:
            delete(uow, SUPPLIER, product_id=version.product_id, **named)
        assert refused.value.facts["reason"] == "AGREED_TO"
    assert {each.state for each in asked(partners, version).values()} == {"AGREED", "ASKED"}


def test_who_agrees_while_the_shares_change_has_not_agreed_to_the_new_ones(partners):
    version = partners.draft(partners.product(), contributors=SHARES[:1])
    contribution = asked(partners, version)[FIRST_ID]
    less = [{**SHARES[0], "share_bp": 1}]

    def agree_now(uow):
        services.agree_to_contribution(
            uow, FIRST, contribution_id=contribution.id, terms_hash=contribution.terms_hash
        )

    def change(uow):
        services.amend_draft(
            uow,
            SUPPLIER,
            partners.cipher,
            product_id=version.product_id,
            version_number=version.version_number,
            form={"contributors": less},
        )

    second_runs_into_first(partners.units, agree_now, change)
    asked_anew = asked(partners, version)[FIRST_ID]
    assert asked_anew.terms["contributors"] == less
    assert (asked_anew.state, asked_anew.decided_at) == ("ASKED", None)
    with pytest.raises(VersionIncomplete):
        partners.submit(version)
