"""Takes away from licences what a link behind them no longer permits; nothing is ever given."""

from datetime import timedelta

from sqlalchemy import Select, select

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.portions import attempt, each_alone, next_of
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import NotYourDecision
from compliance.events import ChainLinkNarrowed, LicenceNarrowed
from compliance.models.licences import Licence, ListingStanding, Scenario
from compliance.models.narrowing import CHAIN, SCENARIO, Narrowing
from compliance.models.reviews import ReviewCase
from compliance.review.case_machine import Stage
from compliance.review.listing_machine import (
    MACHINE,
    ListingState,
    RevocationReason,
    SuspensionReason,
)
from compliance.review.scenario_machine import LicenceState
from compliance.services.licences.ends import revoke
from compliance.services.licences.issuing import note_term
from compliance.services.listings.standing import lock_standing
from compliance.services.listings.suspensions import suspend
from compliance.terms.effective_terms import Terms, effective, from_document, meet, to_document
from compliance.terms.errors import ChainLinkNotFound, LicenceCannotBeIssued, NothingNarrowed

AT_ONCE_MAX = 500
"""Licences changed in one transaction; the worker's tick goes on with a larger number."""
UNDER_WAY = timedelta(minutes=1)
"""What was being issued when the loss was recorded may say that it was issued a moment later."""
TRIED_MAX = 10
"""Losses that a tick tries to go on with, until one of them does."""


def narrow_chain(
    uow: UnitOfWork,
    principal: Principal,
    *,
    listing_code: str,
    link: int,
    reason: str,
    narrowed: dict[str, object] | None = None,
    evidence_hash: str | None = None,
) -> Narrowing:
    """A grantor took something back: every licence of the listing is narrowed or ended now.

    Without ``narrowed`` the whole link has ended: licences end and the listing is suspended until
    another version stands on another chain. Raises `ListingNeverPublished`, `NotYourDecision`,
    `ChainLinkNotFound`.
    """
    standing = lock_standing(uow, listing_code)
    _demand_right(principal, standing)
    _demand_link(uow, standing, link)
    narrowing = Narrowing(
        id=uow.ids.new("nar"),
        source=CHAIN,
        listing_code=listing_code,
        version_id=standing.version_id,
        supplier_id=standing.supplier_id,
        link=link,
        terms=to_document(from_document(narrowed or {})),
        is_end=narrowed is None,
        reason=reason,
        evidence_hash=evidence_hash,
        recorded_by=principal.id,
        recorded_at=uow.now,
        applied_through="",
        is_applied=False,
    )
    uow.session.add(narrowing)
    # What follows stands in the log before what becomes of each licence.
    with uow.savepoint():
        _record_loss(uow, standing, narrowing, link)
        if narrowing.is_end:
            _end_rights(uow, standing, principal)
    _apply(uow, narrowing, AT_ONCE_MAX)
    return narrowing


def _record_loss(
    uow: UnitOfWork, standing: ListingStanding, narrowing: Narrowing, link: int
) -> None:
    uow.record(
        ChainLinkNarrowed(
            occurred_at=uow.now,
            narrowing_id=narrowing.id,
            listing_code=standing.listing_code,
            version_id=standing.version_id,
            link=link,
            is_end=int(narrowing.is_end),
            terms_hash=digest_hex(narrowing.terms),
            recorded_by=narrowing.recorded_by,
        )
    )


def _demand_right(principal: Principal, standing: ListingStanding) -> None:
    is_supplier = principal.organisation_id == standing.supplier_id
    may_as_supplier = is_supplier and principal.may(Permission.OFFER_PRODUCTS)
    if not (may_as_supplier or principal.may(Permission.SUSPEND)):
        why = "Only the listing's supplier or the exchange's risk officer says what was lost."
        raise NotYourDecision(why)


def _demand_link(uow: UnitOfWork, standing: ListingStanding, link: int) -> None:
    wanted = select(ReviewCase.dossier).where(
        ReviewCase.version_id == standing.version_id,
        ReviewCase.dossier_hash == standing.dossier_hash,
        ReviewCase.stage == Stage.APPROVED,
    )
    dossier = uow.session.scalars(wanted.limit(1)).one_or_none() or {}
    if link >= len(dossier.get("authorisation_chain") or ()):
        raise ChainLinkNotFound(standing.listing_code, link)


def _end_rights(uow: UnitOfWork, standing: ListingStanding, principal: Principal) -> None:
    # What carried the listing lapsed now; while that holds, nobody resumes it.
    lapses_at = standing.evidence_lapses_at
    standing.evidence_lapses_at = uow.now if lapses_at is None else min(lapses_at, uow.now)
    if standing.state == ListingState.LISTED:
        suspend(uow, standing, principal.id, SuspensionReason.RIGHTS_ENDED)


def narrow_scenario_licences(
    uow: UnitOfWork, principal: Principal, scenario: Scenario, *, reason: str
) -> Narrowing:
    """Every licence that rests on the scenario is narrowed to its present terms now."""
    narrowing = Narrowing(
        id=uow.ids.new("nar"),
        source=SCENARIO,
        listing_code=scenario.listing_code,
        scenario_id=scenario.id,
        supplier_id=scenario.supplier_id,
        buyer_id=scenario.buyer_id,
        terms=dict(scenario.terms or {}),
        is_end=False,
        reason=reason,
        recorded_by=principal.id,
        recorded_at=uow.now,
        applied_through="",
        is_applied=False,
    )
    uow.session.add(narrowing)
    _apply(uow, narrowing, AT_ONCE_MAX)
    return narrowing


def continue_narrowing(uow: UnitOfWork, limit: int) -> int:
    """Go on with what was too much for one transaction; how many licences were looked at.

    One that cannot go on is left as it was, for the next time, and keeps no other from it.
    """
    wanted = select(Narrowing).where(Narrowing.is_applied.is_(False)).order_by(Narrowing.id)
    for narrowing in next_of(uow, wanted, TRIED_MAX):
        done = each_alone(uow, [narrowing], lambda uow, each: _apply(uow, each, limit))
        if done:
            return done
    return 0


def _apply(uow: UnitOfWork, narrowing: Narrowing, limit: int) -> int:
    """How many of the next licences were looked at; nothing where some are left for another round.

    One that cannot be narrowed keeps no other from it.
    """
    is_first = not narrowing.applied_through
    in_order = _licences(narrowing).where(Licence.id > narrowing.applied_through)
    batch = in_order.order_by(Licence.id).limit(limit).with_for_update()
    licences = uow.session.scalars(batch).all()
    failed = sum(not _narrow_alone(uow, licence, narrowing) for licence in licences)
    if len(licences) == limit:
        narrowing.applied_through = licences[-1].id
        return limit
    if failed or (not is_first and _is_any_left(uow, narrowing)):
        narrowing.applied_through = ""
        return 0
    narrowing.is_applied = True
    return len(licences)


def _licences(narrowing: Narrowing) -> Select[Licence]:
    """What it concerns: what was issued afterwards stands on what was left of the rights."""
    wanted = select(Licence).where(
        Licence.listing_code == narrowing.listing_code,
        Licence.state == LicenceState.ACTIVE,
        Licence.issued_at <= narrowing.recorded_at + UNDER_WAY,
    )
    if narrowing.scenario_id is not None:
        wanted = wanted.where(Licence.scenario_id == narrowing.scenario_id)
    return wanted


def _narrow_alone(uow: UnitOfWork, licence: Licence, narrowing: Narrowing) -> bool:
    with attempt(uow, "licence not narrowed", licence_id=licence.id) as tried:
        _narrow(uow, licence, narrowing)
    return tried.error is None


def _is_any_left(uow: UnitOfWork, narrowing: Narrowing) -> bool:
    """Whether a round of several portions passed over a licence that could not be narrowed."""
    return any(
        narrowing.is_end or meet(before, from_document(narrowing.terms)) != before
        for licence in uow.session.scalars(_licences(narrowing))
        for before in [from_document(licence.terms)]
    )


def _narrow(uow: UnitOfWork, licence: Licence, narrowing: Narrowing) -> None:
    before = from_document(licence.terms)
    after = meet(before, from_document(narrowing.terms))
    if narrowing.is_end or _is_empty(after):
        revoke(uow, licence, actor_id=MACHINE, reason_code=RevocationReason.RIGHTS_ENDED)
        return
    if after == before:
        return
    assert after.ends_at is not None, "a licence has a term, and narrowing only shortens it"
    assert after.starts_at is not None, "as above"
    document = to_document(after)
    changed = [name for name, value in document.items() if value != licence.terms.get(name)]
    licence.terms, licence.terms_hash = document, digest_hex(document)
    licence.starts_at, licence.ends_at = after.starts_at, after.ends_at
    licence.narrowings = [*licence.narrowings, _shown(narrowing, changed, licence.terms_hash)]
    note_term(uow, licence)
    _record(uow, licence, narrowing)


def _is_empty(terms: Terms) -> bool:
    try:
        effective([terms])
    except LicenceCannotBeIssued:
        return True
    return False


def _shown(narrowing: Narrowing, changed: list[str], terms_hash: str) -> dict[str, object]:
    return {
        "narrowing_id": narrowing.id,
        "source": narrowing.source,
        "at": iso_instant(narrowing.recorded_at),
        "reason": narrowing.reason,
        "narrowed": changed,
        "terms_hash": terms_hash,
    }


def _record(uow: UnitOfWork, licence: Licence, narrowing: Narrowing) -> None:
    uow.record(
        LicenceNarrowed(
            occurred_at=uow.now,
            licence_id=licence.id,
            buyer_id=licence.buyer_id,
            supplier_id=licence.supplier_id,
            narrowing_id=narrowing.id,
            terms=licence.terms,
            terms_hash=licence.terms_hash,
            starts_at=licence.starts_at,
            ends_at=licence.ends_at,
        )
    )


def demand_narrower(before: Terms, after: Terms) -> None:
    """Raises `NothingNarrowed` when the one is the other."""
    if before == after:
        raise NothingNarrowed
