"""Orders and agreements, for the two parties to them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.core.paging import Page, between, matching, of_party, paginate
from listings.models import Agreement, Order
from listings.offers.errors import AgreementNotFound, OrderNotFound


@dataclass(frozen=True)
class OrderFilter:
    """Which orders: the ``side`` on which one stands, the other party, what and when."""

    side: str | None = None
    state: str | None = None
    listing_code: str | None = None
    buyer_id: str | None = None
    supplier_id: str | None = None
    licence_id: str | None = None
    scenario_id: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row has to fulfil; the period is that of placing."""
        columns = (
            Order.state,
            Order.listing_code,
            Order.buyer_id,
            Order.supplier_id,
            Order.licence_id,
            Order.scenario_id,
        )
        wanted = {column: getattr(self, column.key) for column in columns}
        return [*matching(wanted), *between(Order.placed_at, self.from_at, self.until_at)]


def list_orders(
    session: Session,
    *,
    organisation_id: str,
    wanted: OrderFilter = OrderFilter(),
    cursor: str | None,
    limit: int,
) -> Page[Order]:
    """Orders that the organisation placed or received, newest first."""
    party = of_party(organisation_id, wanted.side, buyer=Order.buyer_id, supplier=Order.supplier_id)
    statement = select(Order).where(*party, *wanted.conditions())
    return paginate(session, statement, key=Order.id, cursor=cursor, limit=limit)


def get_order(session: Session, order_id: str, *, organisation_id: str) -> Order:
    """An order that the organisation is party to; raises `OrderNotFound`."""
    order = session.get(Order, order_id)
    if order is None or organisation_id not in {order.buyer_id, order.supplier_id}:
        raise OrderNotFound(order_id)
    return order


def list_agreements(
    session: Session,
    *,
    organisation_id: str,
    side: str | None = None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Agreement]:
    """Agreements that the organisation is party to, newest first; the period is that of closing."""
    wanted = {
        Agreement.listing_code: listing_code,
        Agreement.buyer_id: buyer_id,
        Agreement.supplier_id: supplier_id,
    }
    statement = select(Agreement).where(
        *of_party(organisation_id, side, buyer=Agreement.buyer_id, supplier=Agreement.supplier_id),
        *matching(wanted),
        *between(Agreement.agreed_at, from_at, until_at),
    )
    return paginate(session, statement, key=Agreement.id, cursor=cursor, limit=limit)


def get_agreement(session: Session, agreement_id: str, *, organisation_id: str) -> Agreement:
    """An agreement that the organisation is party to; raises `AgreementNotFound`."""
    agreement = session.get(Agreement, agreement_id)
    if agreement is None or organisation_id not in {agreement.buyer_id, agreement.supplier_id}:
        raise AgreementNotFound(agreement_id)
    return agreement
