"""Custom offers, for the supplier that made them and the buyer that received them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.core.paging import Page, matching, paginate
from listings.models import CustomOffer
from listings.offers.custom_offer_states import EXPIRED, PROPOSED
from listings.offers.errors import CustomOfferNotFound


def list_custom_offers(
    session: Session,
    *,
    organisation_id: str,
    at: datetime,
    side: str | None = None,
    state: str | None = None,
    listing_code: str | None = None,
    demand_id: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[CustomOffer]:
    """Offers that the organisation made or received, newest first; ``at`` decides what expired."""
    statement = select(CustomOffer).where(_is_party(organisation_id, side))
    if state is not None:
        statement = statement.where(*_in_state(state, at))
    wanted = {CustomOffer.listing_code: listing_code, CustomOffer.demand_id: demand_id}
    statement = statement.where(*matching(wanted))
    return paginate(session, statement, key=CustomOffer.id, cursor=cursor, limit=limit)


def _is_party(organisation_id: str, side: str | None) -> ColumnElement[bool]:
    sides = {
        "supplier": CustomOffer.supplier_id == organisation_id,
        "buyer": CustomOffer.buyer_id == organisation_id,
    }
    return or_(*sides.values()) if side is None else sides[side]


def _in_state(state: str, at: datetime) -> list[ColumnElement[bool]]:
    if state == EXPIRED:
        return [CustomOffer.state == PROPOSED, CustomOffer.valid_until <= at]
    if state == PROPOSED:
        return [CustomOffer.state == PROPOSED, CustomOffer.valid_until > at]
    return [CustomOffer.state == state]


def get_custom_offer(
    session: Session, custom_offer_id: str, *, organisation_id: str
) -> CustomOffer:
    """An offer that the organisation made or received; raises `CustomOfferNotFound`."""
    statement = select(CustomOffer).where(_is_party(organisation_id, None))
    return _one(session, statement, custom_offer_id)


def lock_received(session: Session, custom_offer_id: str, *, buyer_id: str) -> CustomOffer:
    """An offer to the buyer, which nobody else decides now; raises `CustomOfferNotFound`."""
    statement = select(CustomOffer).where(_is_party(buyer_id, "buyer")).with_for_update()
    return _one(session, statement, custom_offer_id)


def lock_sent(session: Session, custom_offer_id: str, *, supplier_id: str) -> CustomOffer:
    """An offer of the supplier, which nobody else decides now; raises `CustomOfferNotFound`."""
    statement = select(CustomOffer).where(_is_party(supplier_id, "supplier")).with_for_update()
    return _one(session, statement, custom_offer_id)


def _one(session: Session, statement: Select[CustomOffer], custom_offer_id: str) -> CustomOffer:
    offer = session.scalars(statement.where(CustomOffer.id == custom_offer_id)).one_or_none()
    if offer is None:
        raise CustomOfferNotFound(custom_offer_id)
    return offer
