"""Spending caps that a buyer sets: of a licence in all, of each day, of one key.

A cap bounds what calls cost, not fees of periods. It is a row that a lease takes from in the same
statement in which it takes units, so no number of workers spends beyond it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.exchange_calendar import day_end, day_of
from app.core.unit_of_work import UnitOfWork
from metering.errors import CallKeyNotFound, CapBelowSpending, EntitlementNotFound
from metering.models import CallKey, CapScope, Entitlement, KeyCap, SpendingDay
from metering.plans.services import lock_entitlement
from metering.queries import get_entitlement
from metering.services import change_licence


@dataclass(frozen=True, kw_only=True)
class Cap:
    """A cap and how far it is used; amounts at 10⁻⁸, leased is reserved by a serving process."""

    scope: CapScope
    key_id: str | None
    cap_amount: int
    spent_amount: int
    leased_amount: int
    opens_at: datetime | None

    @property
    def remaining_amount(self) -> int:
        """What is neither spent nor reserved."""
        return self.cap_amount - self.spent_amount - self.leased_amount


def list_caps(
    session: Session, buyer_id: str | None, licence_id: str, *, at: datetime
) -> tuple[Cap, ...]:
    """The caps of a buyer's licence; None is for the exchange's staff.

    Raises `EntitlementNotFound`, for the supplier too: caps are between a buyer and its programs.
    """
    held = _held(session, buyer_id, licence_id)
    caps = []
    if held.cap_amount is not None:
        licence = held.cap_amount, held.spent_amount, held.leased_amount
        caps.append(_cap(CapScope.LICENCE, *licence))
    if held.day_cap_amount is not None:
        day = session.get(SpendingDay, (licence_id, day_of(at)))
        used = (day.spent_amount, day.leased_amount) if day else (0, 0)
        caps.append(_cap(CapScope.DAY, held.day_cap_amount, *used, opens_at=day_end(at)))
    keys = select(KeyCap).where(KeyCap.licence_id == licence_id, KeyCap.cap_amount.is_not(None))
    for key in session.scalars(keys.order_by(KeyCap.key_id)):
        used = key.spent_amount, key.leased_amount
        caps.append(_cap(CapScope.KEY, key.cap_amount or 0, *used, key_id=key.key_id))
    return tuple(caps)


def _cap(
    scope: CapScope,
    cap_amount: int,
    spent_amount: int,
    leased_amount: int,
    *,
    key_id: str | None = None,
    opens_at: datetime | None = None,
) -> Cap:
    return Cap(
        scope=scope,
        key_id=key_id,
        cap_amount=cap_amount,
        spent_amount=spent_amount,
        leased_amount=leased_amount,
        opens_at=opens_at,
    )


def set_licence_cap(
    uow: UnitOfWork, *, buyer_id: str, licence_id: str, cap_amount: int | None
) -> None:
    """Bound what a licence may spend in all (10⁻⁸); None takes the cap away.

    Raises `EntitlementNotFound`, and `CapBelowSpending` under what is spent or out on lease.
    """
    entitlement = _lock_held(uow, buyer_id, licence_id)
    _check(cap_amount, entitlement.spent_amount, entitlement.leased_amount)
    entitlement.cap_amount = cap_amount
    entitlement.changed_at = uow.now


def set_day_cap(uow: UnitOfWork, *, buyer_id: str, licence_id: str, cap_amount: int | None) -> None:
    """Bound what a licence may spend on each day, from today on (10⁻⁸); None takes it away.

    Raises `EntitlementNotFound`, and `CapBelowSpending` under what today spent or has on lease.
    """
    entitlement = _lock_held(uow, buyer_id, licence_id)
    # Of the instant at which no lease is taken any more: midnight may have passed at the lock.
    key = {"licence_id": licence_id, "day": day_of(uow.clock.now())}
    uow.session.execute(
        insert(SpendingDay)
        .values(**key, buyer_id=buyer_id, cap_amount=None)
        .on_conflict_do_nothing()
    )
    today = uow.session.get_one(SpendingDay, key, populate_existing=True)
    _check(cap_amount, today.spent_amount, today.leased_amount)
    today.cap_amount = cap_amount
    entitlement.day_cap_amount = cap_amount
    entitlement.changed_at = uow.now


def set_key_cap(
    uow: UnitOfWork, *, buyer_id: str, licence_id: str, key_id: str, cap_amount: int | None
) -> None:
    """Bound what calls with a key may cost from now on (10⁻⁸); None takes the cap away.

    Raises `EntitlementNotFound`, `CallKeyNotFound`, and `CapBelowSpending` under what the key has
    spent or out on lease since its cap was set. A call with the key that is not recorded yet is
    decided again, under the cap.
    """
    _held(uow.session, buyer_id, licence_id)
    key = uow.session.get(CallKey, key_id)
    if key is None or key.licence_id != licence_id or key.organisation_id != buyer_id:
        raise CallKeyNotFound(key_id)
    # The fence before the entitlement, as a revocation takes them.
    change_licence(uow, licence_id)
    lock_entitlement(uow.session, licence_id)
    cap = uow.session.get(KeyCap, key_id)
    if cap is None:
        cap = KeyCap(key_id=key_id, licence_id=licence_id, buyer_id=buyer_id, set_at=uow.now)
        cap.spent_amount = cap.leased_amount = 0
        uow.session.add(cap)
    elif cap.cap_amount is None:
        # What is on lease under a cap taken away earlier still comes back to this row.
        cap.spent_amount, cap.set_at = 0, uow.now
    _check(cap_amount, cap.spent_amount, cap.leased_amount)
    cap.cap_amount = cap_amount


def _held(session: Session, buyer_id: str | None, licence_id: str) -> Entitlement:
    found = get_entitlement(session, buyer_id, licence_id)
    if buyer_id is not None and found.buyer_id != buyer_id:
        raise EntitlementNotFound(licence_id)
    return found


def _lock_held(uow: UnitOfWork, buyer_id: str, licence_id: str) -> Entitlement:
    _held(uow.session, buyer_id, licence_id)
    entitlement = lock_entitlement(uow.session, licence_id)
    assert entitlement is not None, "it was just read, and entitlements are never deleted"
    return entitlement


def _check(cap_amount: int | None, spent_amount: int, leased_amount: int) -> None:
    if cap_amount is not None and cap_amount < spent_amount + leased_amount:
        raise CapBelowSpending(spent_amount + leased_amount)
