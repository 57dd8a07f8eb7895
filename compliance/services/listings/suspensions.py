"""Suspending at once, ratifying, resuming by two, and leaving the exchange under notice."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import CauseNotClosed
from compliance.events import ListingResumed, ListingSuspended
from compliance.models.licences import Licence, ListingStanding
from compliance.models.reviews import Party
from compliance.models.suspensions import Revocation, Suspension
from compliance.review import suspension_machine as machine
from compliance.review.listing_machine import (
    CURED_BY_A_VERSION,
    MACHINE,
    ListingState,
    SuspensionReason,
    SuspensionScope,
)
from compliance.review.panels import PanelState
from compliance.review.scenario_machine import LicenceState
from compliance.review.suspension_events import (
    DelistingCompleted,
    DelistingNoticed,
    ResumptionProposed,
    SuspensionRatified,
    SuspensionWidened,
)
from compliance.rules.errors import RulesBlock
from compliance.services.evaluations.runs import run_rules
from compliance.services.listings.standing import (
    find_approval,
    find_suspension,
    lock_standing,
    open_causes,
)
from compliance.services.policies import policy_in_force

NARROW_THEN_WIDE = (SuspensionScope.NEW_ORDERS, SuspensionScope.ALL_CALLS)


def standing_of(kept: ListingStanding, suspension: Suspension | None) -> machine.Standing:
    """The listing as the pure machine sees it."""
    in_force = suspension if kept.state == ListingState.SUSPENDED else None
    return machine.Standing(
        listing_code=kept.listing_code,
        state=ListingState(kept.state),
        scope=SuspensionScope(in_force.scope) if in_force else None,
        suspended_by=in_force.suspended_by if in_force else None,
        ratified_by=in_force.ratified_by if in_force else None,
        resumption_proposed_by=in_force.resumption_proposed_by if in_force else None,
        is_under_notice=kept.delists_at is not None,
    )


def follow(uow: UnitOfWork, kept: ListingStanding, standing: machine.Standing) -> None:
    """Keep what the machine concluded of the listing."""
    kept.state, kept.changed_at = standing.state, uow.now
    kept.suspended_by, kept.suspension_scope = standing.suspended_by, standing.scope
    if standing.state != ListingState.SUSPENDED:
        kept.suspended_by = kept.suspension_scope = kept.reason_code = None


def end_suspension(uow: UnitOfWork, suspension: Suspension, *, outcome: str, ended_by: str) -> None:
    """Close the record of a suspension."""
    suspension.outcome, suspension.ended_by, suspension.ended_at = outcome, ended_by, uow.now
    uow.session.flush()


def suspend_listing(
    uow: UnitOfWork,
    principal: Principal,
    *,
    listing_code: str,
    reason_code: str,
    scope: str = SuspensionScope.ALL_CALLS,
) -> ListingStanding:
    """Stop orders, or orders and calls, at once: one person may, a second ratifies.

    A suspension of new orders in force is widened by asking for all calls. Raises
    `ListingNeverPublished`, `IllegalTransition`.
    """
    kept = lock_standing(uow, listing_code)
    return suspend(uow, kept, principal.id, reason_code, scope=SuspensionScope(scope))


def suspend(
    uow: UnitOfWork,
    kept: ListingStanding,
    actor_id: str,
    reason_code: str,
    *,
    scope: SuspensionScope = SuspensionScope.ALL_CALLS,
) -> ListingStanding:
    """The suspension itself, by a person or by the machine, which needs no ratification."""
    in_force = find_suspension(uow, kept.listing_code)
    if in_force is not None and (in_force.scope, scope) == NARROW_THEN_WIDE:
        return widen(uow, kept, in_force, actor_id=actor_id, reason_code=reason_code)
    suspended = machine.suspend(standing_of(kept, None), actor_id, scope)
    follow(uow, kept, suspended)
    kept.reason_code = SuspensionReason(reason_code)
    hours = policy_in_force(uow).ratification_hours
    suspension = Suspension(
        id=uow.ids.new("sus"),
        listing_code=kept.listing_code,
        supplier_id=kept.supplier_id,
        scope=scope,
        reason_code=reason_code,
        suspended_by=actor_id,
        suspended_at=uow.now,
        ratify_until=None if actor_id == MACHINE else uow.now + timedelta(hours=hours),
    )
    uow.session.add(suspension)
    uow.session.flush()
    uow.record(
        ListingSuspended(
            occurred_at=uow.now,
            suspension_id=suspension.id,
            listing_code=kept.listing_code,
            reason_code=reason_code,
            scope=scope,
            suspended_by=actor_id,
            is_under_notice=kept.delists_at is not None,
        )
    )
    return kept


def widen(
    uow: UnitOfWork,
    kept: ListingStanding,
    suspension: Suspension,
    *,
    actor_id: str,
    reason_code: str,
) -> ListingStanding:
    """Calls stop too, where only new orders did."""
    widened = machine.widen(standing_of(kept, suspension))
    suspension.scope, suspension.resumption_proposed_by = SuspensionScope.ALL_CALLS, None
    suspension.resumption_proposed_at = None
    follow(uow, kept, widened)
    kept.reason_code = SuspensionReason(reason_code)
    uow.record(
        SuspensionWidened(
            occurred_at=uow.now,
            suspension_id=suspension.id,
            listing_code=kept.listing_code,
            reason_code=reason_code,
            widened_by=actor_id,
        )
    )
    return kept


def ratify_suspension(
    uow: UnitOfWork, principal: Principal, *, listing_code: str
) -> ListingStanding:
    """A second person stands behind an emergency suspension, late rather than never.

    Raises `ListingNeverPublished`, `IllegalTransition`, `AlreadyRatified`, `SecondPersonNeeded`.
    """
    kept = lock_standing(uow, listing_code)
    suspension = find_suspension(uow, listing_code)
    machine.ratify(standing_of(kept, suspension), principal.id)
    assert suspension is not None, "a suspended listing has its suspension"
    suspension.ratified_by, suspension.ratified_at = principal.id, uow.now
    uow.record(
        SuspensionRatified(
            occurred_at=uow.now,
            suspension_id=suspension.id,
            listing_code=listing_code,
            ratified_by=principal.id,
        )
    )
    return kept


def resume_listing(uow: UnitOfWork, principal: Principal, *, listing_code: str) -> ListingStanding:
    """One person proposes to open the listing again, another does: neither suspended it.

    The cause is closed and every rule run again each time. Where its evidence lapsed or its right
    ended meanwhile it is suspended for that alone, until a version cures it. Raises
    `ListingNeverPublished`, `SecondPersonNeeded`, `CauseNotClosed`, `RulesBlock`,
    `IllegalTransition`.
    """
    kept = lock_standing(uow, listing_code)
    suspension = find_suspension(uow, listing_code)
    resumed = machine.resume(standing_of(kept, suspension), principal.id)
    assert suspension is not None, "a suspended listing has its suspension"
    left = _left_to_cure(uow, kept, suspension)
    if resumed.state is ListingState.SUSPENDED:
        _propose(uow, suspension, principal)
        return kept
    follow(uow, kept, resumed)
    end_suspension(uow, suspension, outcome="RESUMED", ended_by=principal.id)
    announce_resumption(uow, kept, suspension, principal.id)
    suspend_by_itself(uow, kept, left)
    return kept


def _propose(uow: UnitOfWork, suspension: Suspension, principal: Principal) -> None:
    suspension.resumption_proposed_by = principal.id
    suspension.resumption_proposed_at = uow.now
    uow.record(
        ResumptionProposed(
            occurred_at=uow.now,
            suspension_id=suspension.id,
            listing_code=suspension.listing_code,
            proposed_by=principal.id,
        )
    )


def announce_resumption(
    uow: UnitOfWork, kept: ListingStanding, suspension: Suspension, resumed_by: str
) -> None:
    """Tell the other rooms that orders and calls are open again."""
    uow.record(
        ListingResumed(
            occurred_at=uow.now,
            suspension_id=suspension.id,
            listing_code=kept.listing_code,
            proposed_by=suspension.resumption_proposed_by or resumed_by,
            resumed_by=resumed_by,
            is_under_notice=kept.delists_at is not None,
        )
    )


def _left_to_cure(
    uow: UnitOfWork, kept: ListingStanding, suspension: Suspension
) -> list[SuspensionReason]:
    """What lapsed while it was suspended for another reason, which a version takes away.

    Raises `CauseNotClosed` or `RulesBlock` while anything else would suspend it again.
    """
    causes = open_causes(kept, uow.session.get(Party, kept.supplier_id), uow.now)
    if causes == [SuspensionReason.EVIDENCE_EXPIRED] and not is_cured_by_a_version(suspension):
        return causes
    if causes:
        raise CauseNotClosed(kept.listing_code, [cause.value for cause in causes])
    case = find_approval(uow, kept.version_id, kept.dossier_hash)
    blocking = run_rules(uow, case).blocking if case else []
    if blocking:
        raise RulesBlock([each.rule_id for each in blocking])
    return []


def is_cured_by_a_version(suspension: Suspension) -> bool:
    """By why it was made: what the machine added to an order of people cures nothing."""
    return suspension.reason_code in CURED_BY_A_VERSION


def suspend_by_itself(
    uow: UnitOfWork, kept: ListingStanding, causes: Sequence[SuspensionReason]
) -> None:
    """The machine suspends what is open again, in the same breath, for what lapsed meanwhile."""
    if causes:
        suspend(uow, kept, MACHINE, causes[0])


def note_listing_delisted(uow: UnitOfWork, *, listing_code: str) -> None:
    """The supplier took it off sale: notice begins, licences run on.

    Raises `ListingNeverPublished`, `IllegalTransition`.
    """
    kept = lock_standing(uow, listing_code)
    noticed = machine.give_notice(standing_of(kept, find_suspension(uow, listing_code)))
    days = policy_in_force(uow).delisting_notice_days
    kept.state, kept.changed_at = noticed.state, uow.now
    kept.delists_at = uow.now + timedelta(days=days)
    uow.record(
        DelistingNoticed(occurred_at=uow.now, listing_code=listing_code, delists_at=kept.delists_at)
    )


def is_held_back() -> ColumnElement[bool]:
    """In SQL, of a standing: a licence of it runs on, or a panel sits over its revocation."""
    code = ListingStanding.listing_code
    licences = select(Licence.id).where(
        Licence.listing_code == code, Licence.state == LicenceState.ACTIVE
    )
    revocations = select(Revocation.id).where(
        Revocation.listing_code == code, Revocation.state == PanelState.OPEN
    )
    return or_(licences.exists(), revocations.exists())


def complete_delisting(uow: UnitOfWork, kept: ListingStanding) -> bool:
    """Off the exchange, once its notice is over and its last licence has ended; whether it is.

    A panel that sits over its revocation decides first: nobody escapes it by leaving.
    """
    held_back = select(ListingStanding.listing_code).where(
        ListingStanding.listing_code == kept.listing_code, is_held_back()
    )
    if kept.delists_at is None or kept.delists_at > uow.now or uow.session.scalar(held_back):
        return False
    suspension = find_suspension(uow, kept.listing_code)
    follow(uow, kept, machine.delist(standing_of(kept, suspension), has_licences=False))
    if suspension is not None:
        end_suspension(uow, suspension, outcome="DELISTED", ended_by=MACHINE)
    uow.record(DelistingCompleted(occurred_at=uow.now, listing_code=kept.listing_code))
    return True
