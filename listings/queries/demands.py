"""Demands: the board that every supplier reads, and what each buyer posted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, cast, exists, false, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from app.core.paging import (
    InvalidCursor,
    Page,
    between,
    decode_cursor,
    encode_cursor,
    holding,
    matching,
    paginate,
)
from listings.catalogue.search_text import search_query
from listings.models import CustomOffer, Demand, DemandBuyer
from listings.offers.custom_offer_states import PROPOSED
from listings.offers.demand_errors import DemandNotFound
from listings.offers.demand_states import CLOSING, EXPIRED, NEWEST, OPEN
from listings.vocabulary import vocabulary


def list_demands(
    session: Session,
    *,
    organisation_id: str,
    at: datetime,
    q: str = "",
    state: str = OPEN,
    topic: str | None = None,
    sector: str | None = None,
    currency: str | None = None,
    is_mine: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    sort: str = NEWEST,
    cursor: str | None,
    limit: int,
) -> Page[Demand]:
    """Demands in a state: all that take offers, of others only one's own; raises `InvalidCursor`.

    ``from_at`` and ``until_at`` bound until when offers are taken.
    """
    is_own = _is_of(organisation_id)
    statement = select(Demand).where(
        *_in_state(state, at, is_own),
        *_with_words(q),
        *_of_topic(topic),
        *matching({Demand.currency: currency}),
        *between(Demand.closes_at, from_at, until_at),
        *holding(is_own, is_mine),
    )
    if sector is not None:
        statement = statement.where(Demand.sectors.contains([sector]))
    if sort == CLOSING:
        return _soonest(session, statement, cursor, limit)
    return paginate(session, statement, key=Demand.id, cursor=cursor, limit=limit)


def _is_of(organisation_id: str) -> ColumnElement[bool]:
    return exists().where(
        DemandBuyer.demand_id == Demand.id, DemandBuyer.buyer_id == organisation_id
    )


def _in_state(
    state: str, at: datetime, is_own: ColumnElement[bool]
) -> Sequence[ColumnElement[bool]]:
    if state == OPEN:
        return [Demand.state == OPEN, Demand.closes_at > at]
    if state == EXPIRED:
        return [is_own, Demand.state == OPEN, Demand.closes_at <= at]
    return [is_own, Demand.state == state]


def _with_words(q: str) -> list[ColumnElement[bool]]:
    if not q.strip():
        return []
    words = search_query(q)
    # Signs alone are no words; they find nothing rather than everything.
    return [Demand.search.bool_op("@@")(cast(words, TSQUERY)) if words else false()]


def _of_topic(topic: str | None) -> list[ColumnElement[bool]]:
    if topic is None:
        return []
    below = [term.code for term in vocabulary("topics").values() if term.parent == topic]
    return [Demand.topic.in_([topic, *below])]


def _soonest(
    session: Session, statement: Select[Demand], cursor: str | None, limit: int
) -> Page[Demand]:
    """One page of those that close soonest."""
    if cursor is not None:
        statement = statement.where(tuple_(Demand.closes_at, Demand.id) > _read(cursor))
    ordered = statement.order_by(Demand.closes_at, Demand.id).limit(limit + 1)
    found = list(session.scalars(ordered))
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], encode_cursor(f"{last.closes_at.isoformat()} {last.id}"))


def _read(cursor: str) -> tuple[datetime, str]:
    instant, _, demand_id = decode_cursor(cursor).partition(" ")
    try:
        closes_at = datetime.fromisoformat(instant)
    except ValueError:
        raise InvalidCursor from None
    if closes_at.tzinfo is None:
        raise InvalidCursor
    return closes_at, demand_id


def get_demand(session: Session, demand_id: str, *, organisation_id: str) -> Demand:
    """A demand that nobody closed, is one's own, or was answered; raises `DemandNotFound`."""
    answered = exists().where(
        CustomOffer.demand_id == Demand.id, CustomOffer.supplier_id == organisation_id
    )
    shown = or_(Demand.state == OPEN, _is_of(organisation_id), answered)
    return _one(session, select(Demand).where(shown), demand_id)


def lock_demand(session: Session, demand_id: str, *, buyer_id: str | None = None) -> Demand:
    """A demand that nobody else changes or answers now; raises `DemandNotFound`.

    Without a ``buyer_id`` anybody's, which needs the exchange's reach.
    """
    statement = select(Demand).with_for_update(of=Demand)
    if buyer_id is not None:
        statement = statement.where(_is_of(buyer_id))
    held = statement.execution_options(populate_existing=True)
    return _one(session, held, demand_id)


def _one(session: Session, statement: Select[Demand], demand_id: str) -> Demand:
    demand = session.scalars(statement.where(Demand.id == demand_id)).one_or_none()
    if demand is None:
        raise DemandNotFound(demand_id)
    return demand


def is_answered(session: Session, demand_id: str) -> bool:
    """Whether a supplier ever made an offer on it."""
    offer = select(CustomOffer.id).where(CustomOffer.demand_id == demand_id).limit(1)
    return session.scalar(offer) is not None


def count_open(session: Session, buyer_id: str, *, at: datetime) -> int:
    """How many demands of the buyer take offers."""
    return _count(session, _is_of(buyer_id), Demand.state == OPEN, Demand.closes_at > at)


def count_open_answers(
    session: Session, demand_id: str, *, at: datetime, supplier_id: str | None = None
) -> int:
    """How many offers on the demand can be accepted, of one supplier or of all."""
    return _count(
        session,
        *_open_answers(demand_id, at),
        *matching({CustomOffer.supplier_id: supplier_id}),
    )


def suppliers_with_open_answers(
    session: Session, demand_id: str, *, at: datetime
) -> tuple[str, ...]:
    """Whose offers on the demand can be accepted."""
    statement = select(CustomOffer.supplier_id).where(*_open_answers(demand_id, at)).distinct()
    return tuple(session.scalars(statement.order_by(CustomOffer.supplier_id)))


def _open_answers(demand_id: str, at: datetime) -> Sequence[ColumnElement[bool]]:
    can_be_accepted = and_(CustomOffer.state == PROPOSED, CustomOffer.valid_until > at)
    return [CustomOffer.demand_id == demand_id, can_be_accepted]


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0
