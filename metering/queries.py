"""Reads of the control plane: own entitlements, own usage, plans."""

from datetime import date, datetime

from sqlalchemy import Date, Select, case, cast, extract, func, select, text
from sqlalchemy.orm import Session

from app.core.exchange_calendar import local_time
from app.core.paging import Page, between, matching, of_party, paginate
from metering.answers.outcomes import OutcomeKind
from metering.errors import EntitlementNotFound, PlanNotKnown
from metering.models import CallKey, Entitlement, PlanCopy, UsageEvent
from metering.plans.terms import PlanTerms, read_plan


def _own_entitlements(organisation_id: str | None, side: str | None = None) -> Select[Entitlement]:
    """Those of a party; None asks for everybody's and is for the exchange's staff."""
    return select(Entitlement).where(
        *of_party(
            organisation_id, side, buyer=Entitlement.buyer_id, supplier=Entitlement.supplier_id
        )
    )


def list_entitlements(
    session: Session,
    organisation_id: str | None,
    *,
    side: str | None = None,
    state: str | None = None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Entitlement]:
    """A page of entitlements, newest licence first; the period is that in which they begin."""
    wanted = {
        Entitlement.state: state,
        Entitlement.listing_code: listing_code,
        Entitlement.buyer_id: buyer_id,
        Entitlement.supplier_id: supplier_id,
    }
    statement = _own_entitlements(organisation_id, side).where(
        *matching(wanted), *between(Entitlement.starts_at, from_at, until_at)
    )
    return paginate(session, statement, key=Entitlement.licence_id, cursor=cursor, limit=limit)


def get_entitlement(session: Session, organisation_id: str | None, licence_id: str) -> Entitlement:
    """One entitlement; raises `EntitlementNotFound`, also for another organisation's."""
    if not licence_id.isascii() or not licence_id.isprintable():
        raise EntitlementNotFound(licence_id.encode("ascii", "replace").decode())
    statement = _own_entitlements(organisation_id).where(Entitlement.licence_id == licence_id)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise EntitlementNotFound(licence_id)
    return found


def list_listing_entitlements(
    session: Session,
    supplier_id: str | None,
    listing_code: str,
    *,
    cursor: str | None,
    limit: int,
) -> Page[Entitlement]:
    """A page of a listing's entitlements, for its supplier; None is for the exchange's staff."""
    statement = select(Entitlement).where(Entitlement.listing_code == listing_code)
    if supplier_id is not None:
        statement = statement.where(Entitlement.supplier_id == supplier_id)
    return paginate(session, statement, key=Entitlement.licence_id, cursor=cursor, limit=limit)


def list_usage(
    session: Session,
    organisation_id: str | None,
    *,
    licence_id: str | None = None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    key_id: str | None = None,
    outcome: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[UsageEvent]:
    """A page of usage events, newest first; ``from_at`` is included, ``until_at`` is not."""
    party = of_party(organisation_id, buyer=UsageEvent.buyer_id, supplier=UsageEvent.supplier_id)
    statement = select(UsageEvent).where(*party)
    traded = matching(
        {
            Entitlement.listing_code: listing_code,
            Entitlement.buyer_id: buyer_id,
            Entitlement.supplier_id: supplier_id,
        }
    )
    if traded:
        # Events are indexed by licence, of which a listing and a pair of parties have few.
        licences = select(Entitlement.licence_id).where(*traded)
        statement = statement.where(UsageEvent.licence_id.in_(licences))
    key = None if key_id is None else session.get(CallKey, key_id)
    wanted = {
        # A key is of one licence, and events are indexed by that.
        UsageEvent.licence_id: licence_id or (key and key.licence_id),
        UsageEvent.key_id: key_id,
        UsageEvent.outcome: outcome,
    }
    statement = statement.where(
        *matching(wanted), *between(UsageEvent.occurred_at, from_at, until_at)
    )
    return paginate(session, statement, key=UsageEvent.event_id, cursor=cursor, limit=limit)


def get_plan(session: Session, plan_id: str) -> tuple[PlanCopy, PlanTerms]:
    """A published plan and its terms; raises `PlanNotKnown`."""
    found = session.get(PlanCopy, plan_id)
    if found is None:
        raise PlanNotKnown(plan_id)
    return found, read_plan(found.terms)


RECORDS = case((UsageEvent.outcome == "rows", func.greatest(UsageEvent.units, 1)), else_=1)
"""Records in one delivered answer; where rows are not counted an answer is one record."""


def count_answers(
    session: Session, lane_id: str, *, after_n: int, until_n: int
) -> list[tuple[str, str, date, int, int]]:
    """(listing, supplier, day in China, answers, hits among them) of a stretch of a lane."""
    day = cast(local_time(UsageEvent.occurred_at), Date)
    counted = (
        select(
            UsageEvent.listing_code,
            UsageEvent.supplier_id,
            day,
            func.count(),
            func.count().filter(UsageEvent.outcome != OutcomeKind.MISS.value),
        )
        .where(UsageEvent.lane_id == lane_id, UsageEvent.n > after_n, UsageEvent.n <= until_n)
        .group_by(UsageEvent.listing_code, UsageEvent.supplier_id, day)
        .order_by(UsageEvent.listing_code, day)
    )
    return [
        (code, supplier, on, n, hits) for code, supplier, on, n, hits in session.execute(counted)
    ]


def count_delivered(
    session: Session, lane_id: str, *, after_n: int, until_n: int
) -> list[tuple[int, int, int]]:
    """(calendar year in China, answers with content, records in them) of a stretch of a lane."""
    year = extract("year", local_time(UsageEvent.occurred_at))
    counted = (
        select(year, func.count(), func.sum(RECORDS))
        .where(
            UsageEvent.lane_id == lane_id,
            UsageEvent.n > after_n,
            UsageEvent.n <= until_n,
            UsageEvent.outcome.in_(["hit", "rows", "units"]),
        )
        .group_by(year)
        .order_by(year)
    )
    return [(int(each), calls, int(records)) for each, calls, records in session.execute(counted)]


def count_recorded_calls(session: Session) -> int:
    """Metered calls of everybody since the beginning: where each lane has got to."""
    return int(session.scalars(text("SELECT coalesce(sum(sequence), 0) FROM lanes")).one())
