"""What decides beside the dossier: the day, the parties, what the machines found and counted."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.core.clock import iso_instant
from app.core.exchange_calendar import day_of
from app.core.unit_of_work import UnitOfWork
from compliance.consent.models import ConsentRegister
from compliance.models.licences import ListingStanding
from compliance.models.persons import PersonCount
from compliance.models.registrations import Objection, Registration
from compliance.models.reviews import Party, ReviewCase
from compliance.review.listing_machine import ListingState
from compliance.review.registration_machine import ObjectionState
from compliance.rules.person_thresholds import reached_bp, threshold_of
from compliance.sampling.queries import quality_facts, sample_facts
from compliance.scanner.dossiers import scan_facts
from compliance.services.evaluations.overlaps import overlaps_of

HISTORY_DAYS = 730
"""Two years: as far as regulations look back for violations (NDSR 31)."""

OBJECTIONS_SHOWN = 20
"""One open objection is enough to block; the rest are for whoever looks."""

Facts = dict[str, Any]


def circumstances_of(uow: UnitOfWork, case: ReviewCase) -> Facts:
    """All circumstances of a review, as they stand now."""
    quality = quality_facts(uow, case.version_id)
    return {
        "at": iso_instant(uow.now),
        "supplier": party_facts(uow, case.supplier_id),
        "probe": case.probe,
        "scan": scan_facts(case.dossier),
        "quality": quality,
        "quality_sample": sample_facts(uow, case.version_id),
        "anonymity": quality and quality["anonymity"],
        "history": _history(uow, case.supplier_id),
        "persons": person_facts(uow, case.supplier_id, case.dossier),
        "approvals": _approvals(case),
        "consent_test": _consent_test(uow, case.product_id),
        "objections": _open_objections(uow, case.product_id),
        "overlaps": overlaps_of(uow, case),
    }


def _consent_test(uow: UnitOfWork, product_id: str) -> Facts | None:
    """What the exchange saw of the product's consents (item I4); None until all three were tried.

    A test that was only begun says no more than none: what is missing is left to the reviewer.
    """
    register = uow.session.get(ConsentRegister, product_id)
    if register is None or not register.is_tested:
        return None
    return dict.fromkeys(("grant", "deny", "withdraw"), True)


def _open_objections(uow: UnitOfWork, product_id: str) -> list[str]:
    """Ids of objections to the product's registrations that nobody has answered yet (item P10)."""
    wanted = (
        select(Objection.id)
        .join(Registration, Registration.id == Objection.registration_id)
        .where(Registration.product_id == product_id, Objection.state == ObjectionState.RAISED)
    )
    return list(uow.session.scalars(wanted.order_by(Objection.id).limit(OBJECTIONS_SHOWN)))


def prospective_circumstances(uow: UnitOfWork, supplier_id: str) -> Facts:
    """Those of a dossier that nobody handed in yet, without what its content says (``scan``)."""
    return {
        "at": iso_instant(uow.now),
        "supplier": party_facts(uow, supplier_id),
        "probe": None,
        "history": _history(uow, supplier_id),
        "persons": person_facts(uow, supplier_id, {}),
        "approvals": {"first_reviewer_id": None, "second_reviewer_id": None},
    }


def _approvals(case: ReviewCase) -> Facts:
    """Who approved so far; an approval of another dossier counts for nothing."""
    if case.panel_approved_hash == case.dossier_hash:
        # Whom a panel outvoted approved nothing; two of those who did stand in their place.
        first, second = case.approved_by[:2]
        return {"first_reviewer_id": first, "second_reviewer_id": second}
    held = {
        "first_reviewer_id": (case.first_reviewer_id, case.first_approved_hash),
        "second_reviewer_id": (case.second_reviewer_id, case.second_approved_hash),
    }
    return {
        role: who if approved == case.dossier_hash else None
        for role, (who, approved) in held.items()
    }


def party_facts(uow: UnitOfWork, organisation_id: str) -> Facts:
    """An organisation as its verification stands."""
    party = uow.session.get(Party, organisation_id)
    return {
        "organisation_id": organisation_id,
        "name": party and party.name,
        "uscc": party and party.uscc,
        "is_supplier": party and party.is_supplier,
        "is_buyer": party and party.is_buyer,
        "verified_until": party and iso_instant(party.verified_until),
    }


def _history(uow: UnitOfWork, supplier_id: str) -> Facts:
    since = uow.now - timedelta(days=HISTORY_DAYS)
    states = (ListingState.REVOKED, ListingState.SUSPENDED)
    wanted = (
        select(ListingStanding.state, func.count())
        .where(
            ListingStanding.supplier_id == supplier_id,
            ListingStanding.state.in_(states),
            ListingStanding.changed_at >= since,
        )
        .group_by(ListingStanding.state)
    )
    counted = dict(uow.session.execute(wanted).all())
    return {f"{state.lower()}_count": counted.get(state, 0) for state in states}


def person_facts(uow: UnitOfWork, supplier_id: str, dossier: Facts) -> Facts:
    """Records of persons that the supplier delivered this year, by the thresholds, all buyers."""
    year = day_of(uow.now).year
    sums = (
        select(
            PersonCount.threshold_count,
            PersonCount.is_exported,
            PersonCount.pi_level,
            func.sum(PersonCount.records_count),
        )
        .where(PersonCount.supplier_id == supplier_id, PersonCount.year == year)
        .group_by(PersonCount.threshold_count, PersonCount.is_exported, PersonCount.pi_level)
    )
    delivered: dict[int, int] = {}
    exported = {True: 0, False: 0}
    for threshold, is_exported, level, records in uow.session.execute(sums):
        delivered[threshold] = delivered.get(threshold, 0) + int(records)
        exported[level == "SENSITIVE"] += int(records) if is_exported else 0
    return {
        "year": year,
        "threshold": _threshold(dossier),
        "delivered_count": sum(delivered.values()),
        "reached_bp": reached_bp(delivered),
        "exported_count": exported[False],
        "exported_sensitive_count": exported[True],
    }


def _threshold(dossier: Facts) -> int:
    listed = dossier.get("pi_categories")
    known = listed if isinstance(listed, list) else []
    return threshold_of(
        each["category"] for each in known if isinstance(each, dict) and "category" in each
    )
