"""Shares of several suppliers: asked for with the draft, agreed to, kept with each agreement."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.ids import ContributionId, OrganisationId, VersionId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.errors import Fault
from listings.events import ContributionAgreed, ContributionAsked, ContributionDeclined
from listings.models import AgreementShare, Contribution, ListingParty, ProductVersion
from listings.offers.contribution_terms import (
    AGREED,
    contribution_hash,
    contribution_terms,
    contributor_faults,
    contributor_shares,
)
from listings.queries.contributions import lock_asked_of
from listings.services.parties import demand_supplier

Contributors = list[dict[str, Any]]


def sharing_faults(uow: UnitOfWork, contributors: Contributors, *, supplier_id: str) -> list[Fault]:
    """Shares that cannot be, and contributors that are no verified suppliers now."""
    if not contributors:
        return []
    faults = contributor_faults(contributors, supplier_id=supplier_id)
    named = [contributor["organisation_id"] for contributor in contributors]
    with uow.session.no_autoflush:
        parties = uow.session.scalars(
            select(ListingParty).where(ListingParty.organisation_id.in_(named))
        ).all()
    verified = {
        party.organisation_id
        for party in parties
        if party.is_supplier and party.is_verified_at(uow.now)
    }
    faults += [
        Fault(f"#/contributors/{at}/organisation_id", "No verified supplier has this id.")
        for at, organisation_id in enumerate(named)
        if organisation_id not in verified
    ]
    return faults


def ask_contributors(uow: UnitOfWork, version: ProductVersion) -> None:
    """Ask each contributor of the draft to agree, anew where the terms have changed."""
    known = {each.contributor_id: each for each in _contributions(uow, version)}
    wanted = {each["organisation_id"] for each in version.content.get("contributors", ())}
    for contributor_id in known.keys() - wanted:
        uow.session.delete(known[contributor_id])
    if wanted:
        # Contributions point to the version, so it is stored before them.
        uow.session.add(version)
        uow.session.flush()
    for contributor_id in sorted(wanted):
        terms = _terms(version, contributor_id)
        contribution = known.get(contributor_id) or _new(uow, version, contributor_id)
        if contribution.terms_hash != contribution_hash(terms):
            contribution.ask(terms, contribution_hash(terms), at=uow.now)
            uow.record(ContributionAsked(**_facts(uow, contribution)))


def _contributions(uow: UnitOfWork, version: ProductVersion) -> Iterable[Contribution]:
    if version not in uow.session:
        return []  # a draft that is only being begun has asked nobody
    # Held: whoever agrees just now agrees to what stood before, and is asked anew behind it.
    wanted = select(Contribution).where(Contribution.version_id == version.id).with_for_update()
    # The version is in the middle of its change: half of it must not be written yet.
    with uow.session.no_autoflush:
        return uow.session.scalars(wanted.order_by(Contribution.id)).all()


def _new(uow: UnitOfWork, version: ProductVersion, contributor_id: str) -> Contribution:
    contribution = Contribution(
        id=uow.ids.new("ctb"),
        version_id=version.id,
        supplier_id=version.supplier_id,
        contributor_id=contributor_id,
    )
    uow.session.add(contribution)
    return contribution


def _terms(version: ProductVersion, contributor_id: str) -> dict[str, Any]:
    identity = {
        "product_id": version.product_id,
        "version_id": version.id,
        "version_number": version.version_number,
        "supplier_id": version.supplier_id,
    }
    return contribution_terms(
        identity=identity,
        content=version.content,
        plans=[plan.terms for plan in version.plans],
        contributor_id=contributor_id,
    )


def _facts(uow: UnitOfWork, contribution: Contribution) -> dict[str, Any]:
    return {
        "occurred_at": uow.now,
        "contribution_id": ContributionId(contribution.id),
        "version_id": VersionId(contribution.version_id),
        "supplier_id": OrganisationId(contribution.supplier_id),
        "contributor_id": OrganisationId(contribution.contributor_id),
        "terms_hash": contribution.terms_hash,
    }


def missing_agreements(uow: UnitOfWork, version: ProductVersion) -> list[Fault]:
    """What a submission still needs of its contributors: verified, and agreed to what stands."""
    contributors: Contributors = version.content.get("contributors", [])
    if not contributors:
        return []
    agreed = {
        each.contributor_id: each.terms_hash
        for each in _contributions(uow, version)
        if each.state == AGREED
    }
    faults = sharing_faults(uow, contributors, supplier_id=version.supplier_id)
    return faults + [
        Fault(f"#/contributors/{at}", "It has not agreed to these shares and plans yet.")
        for at, contributor in enumerate(contributors)
        if agreed.get(contributor["organisation_id"])
        != contribution_hash(_terms(version, contributor["organisation_id"]))
    ]


def agree_to_contribution(
    uow: UnitOfWork, principal: Principal, *, contribution_id: str, terms_hash: str
) -> Contribution:
    """Agree to the terms that have this hash.

    Raises `PartyNotVerified`, `ContributionNotFound`, `ContributionChanged`, `ContributionDecided`.
    """
    contributor = demand_supplier(uow, principal.organisation_id)
    contribution = lock_asked_of(
        uow.session, contribution_id, contributor_id=contributor.organisation_id
    )
    contribution.agree(terms_hash, at=uow.now)
    uow.record(ContributionAgreed(**_facts(uow, contribution)))
    return contribution


def decline_contribution(
    uow: UnitOfWork,
    principal: Principal,
    *,
    contribution_id: str,
    terms_hash: str,
    reason: str | None = None,
) -> Contribution:
    """Decline the terms that have this hash; raises as `agree_to_contribution`."""
    contribution = lock_asked_of(
        uow.session, contribution_id, contributor_id=principal.organisation_id
    )
    contribution.decline(terms_hash, reason=reason, at=uow.now)
    uow.record(ContributionDeclined(**_facts(uow, contribution)))
    return contribution


def note_agreement_shares(
    uow: UnitOfWork,
    *,
    agreement_id: str,
    agreement_hash: str,
    supplier_id: str,
    listing_code: str,
    version_id: str,
    split: Mapping[str, int],
    agreed_at: datetime,
) -> None:
    """Let each contributor of a split read what it gets of the agreement; once."""
    rows = [
        {
            "agreement_id": agreement_id,
            "contributor_id": contributor_id,
            "supplier_id": supplier_id,
            "listing_code": listing_code,
            "version_id": version_id,
            "agreement_hash": agreement_hash,
            "split_bp": split_bp,
            "agreed_at": agreed_at,
        }
        for contributor_id, split_bp in contributor_shares(split).items()
    ]
    if rows:
        uow.session.execute(insert(AgreementShare).values(rows).on_conflict_do_nothing())
