"""Licences: issued for an order that a scenario permits, never widened."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from typing_extensions import Unpack

from app.core.agreed_terms import AgreedTerms, agreed_terms
from app.core.canonical import digest_hex
from app.core.unit_of_work import UnitOfWork
from compliance.events import LicenceIssued
from compliance.lapses.expiry_policy import lapse
from compliance.models.licences import Licence, ListingStanding, Scenario
from compliance.models.narrowing import CHAIN, Narrowing
from compliance.models.reviews import Party, ReviewCase
from compliance.review.case_machine import Stage
from compliance.review.listing_machine import ListingState
from compliance.review.scenario_machine import LicenceState
from compliance.rules.facts import product_terms as approved_terms
from compliance.services.lapses import note_lapses
from compliance.services.licences.rules import demand_lawful_licence
from compliance.terms.chain import chain_terms
from compliance.terms.effective_terms import Terms, effective, from_document, to_document
from compliance.terms.errors import LicenceCannotBeIssued, Obstacle
from compliance.terms.retention import NotARetention


class PlacedOrder(AgreedTerms):
    """An order as it was placed; ``due_amount`` at scale 10⁻⁸."""

    agreement_hash: str
    product_id: str
    dossier_hash: str
    due_amount: int
    product_terms: dict[str, Any]


def issue_licence(uow: UnitOfWork, **placed: Unpack[PlacedOrder]) -> Licence:
    """The licence of an order; whatever it raises undoes the order.

    Both parties verified, the listing open, exactly this dossier approved by two reviewers, and
    an active scenario of this buyer for this listing: without one of them there is no licence.
    Its terms are the meet of all of them, of each link of the chain of rights and of what that
    chain has lost since. Raises `LicenceCannotBeIssued`, `RulesBlock`, `DossierHashMismatch`.
    """
    _demand_parties(uow, placed["buyer_id"], placed["supplier_id"])
    _demand_open_listing(uow, placed["listing_code"], placed["supplier_id"])
    approval = _demand_approval(
        uow, placed["version_id"], placed["dossier_hash"], placed["listing_code"]
    )
    scenario = _demand_scenario(
        uow, placed["scenario_id"], placed["buyer_id"], placed["listing_code"]
    )
    agreed = Terms(
        starts_at=placed["starts_at"],
        ends_at=placed["ends_at"],
        calls_per_second=placed["plan_terms"].get("calls_per_second"),
    )
    links = (approved_terms(approval.dossier), placed["product_terms"], scenario.terms or {})
    chain = [*chain_terms(approval.dossier), *chain_narrowings(uow, placed["version_id"])]
    licence = _licence(uow, _effective(links, [agreed, *chain]), placed)
    uow.session.add(licence)
    uow.session.flush()
    demand_lawful_licence(uow, licence, approval)
    note_term(uow, licence)
    _record_issue(uow, licence)
    return licence


def note_term(uow: UnitOfWork, licence: Licence) -> None:
    """When the licence ends, for its buyer."""
    note_lapses(
        uow,
        subject_id=licence.id,
        organisation_id=licence.buyer_id,
        listing_code=licence.listing_code,
        lapses=[lapse("LICENCE", licence.order_id, licence.ends_at)],
    )


def _licence(uow: UnitOfWork, terms: Terms, placed: PlacedOrder) -> Licence:
    document = to_document(terms)
    agreed = {name: value for name, value in placed.items() if name in AgreedTerms.__annotations__}
    agreed |= {"starts_at": terms.starts_at, "ends_at": terms.ends_at}
    return Licence(
        id=uow.ids.opaque("lic"),
        terms=document,
        terms_hash=digest_hex(document),
        agreement_hash=placed["agreement_hash"],
        dossier_hash=placed["dossier_hash"],
        state=LicenceState.ACTIVE,
        issued_at=uow.now,
        narrowings=[],
        **agreed,
    )


def _demand_parties(uow: UnitOfWork, buyer_id: str, supplier_id: str) -> None:
    buyer = uow.session.get(Party, buyer_id)
    supplier = uow.session.get(Party, supplier_id)
    is_whole = (
        buyer is not None
        and supplier is not None
        and buyer.is_buyer
        and supplier.is_supplier
        and min(buyer.verified_until, supplier.verified_until) > uow.now
    )
    if not is_whole:
        raise LicenceCannotBeIssued(Obstacle.PARTY_NOT_VERIFIED)


def _demand_open_listing(uow: UnitOfWork, listing_code: str, supplier_id: str) -> None:
    # Shared lock: a suspension waits for this order or this order sees the suspension.
    standing = uow.session.get(ListingStanding, listing_code, with_for_update={"read": True})
    if (
        standing is None
        or standing.state != ListingState.LISTED
        or standing.supplier_id != supplier_id
    ):
        raise LicenceCannotBeIssued(Obstacle.LISTING_NOT_OPEN)


def _demand_approval(
    uow: UnitOfWork, version_id: str, dossier_hash: str, listing_code: str
) -> ReviewCase:
    wanted = select(ReviewCase).where(
        ReviewCase.version_id == version_id,
        ReviewCase.dossier_hash == dossier_hash,
        ReviewCase.listing_code == listing_code,
        ReviewCase.stage == Stage.APPROVED,
    )
    approval = uow.session.scalars(wanted.limit(1)).one_or_none()
    if approval is None:
        raise LicenceCannotBeIssued(Obstacle.VERSION_NOT_APPROVED)
    approval.demand_unchanged()
    return approval


def _demand_scenario(
    uow: UnitOfWork, scenario_id: str, buyer_id: str, listing_code: str
) -> Scenario:
    scenario = uow.session.get(Scenario, scenario_id, with_for_update=True)
    if (
        scenario is None
        or scenario.buyer_id != buyer_id
        or scenario.listing_code != listing_code
        or not scenario.is_active_at(uow.now)
    ):
        raise LicenceCannotBeIssued(Obstacle.SCENARIO_NOT_ACTIVE)
    return scenario


def _effective(documents: Iterable[Mapping[str, Any]], further: Iterable[Terms]) -> Terms:
    try:
        links = [from_document(document) for document in documents]
    except NotARetention:
        raise LicenceCannotBeIssued(Obstacle.TERMS_UNREADABLE) from None
    return effective([*links, *further])


def chain_narrowings(uow: UnitOfWork, version_id: str) -> list[Terms]:
    """What the chain of a version has lost so far: further links of every licence to come."""
    wanted = select(Narrowing.terms).where(
        Narrowing.source == CHAIN, Narrowing.version_id == version_id
    )
    return [from_document(terms) for terms in uow.session.scalars(wanted)]


def _record_issue(uow: UnitOfWork, licence: Licence) -> None:
    uow.record(
        LicenceIssued(
            occurred_at=uow.now,
            licence_id=licence.id,
            terms=licence.terms,
            terms_hash=licence.terms_hash,
            **agreed_terms(licence),
        )
    )
