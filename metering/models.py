"""Tables of the control plane's reads and of the reactions; the metered path uses plain SQL."""

import json
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

ENTITLEMENT_STATES = ("active", "revoked")
PERIOD_STATES = ("open", "unpaid", "closed", "lapsed")


class CapScope(StrEnum):
    """What a cap bounds."""

    LICENCE = "licence"
    """All calls of the licence, from its start."""
    DAY = "day"
    """The calls of each calendar day in Shanghai."""
    KEY = "key"
    """The calls with one key, from the moment the cap is set."""


class DeliveryRoute(Base):
    """How a listing's version is delivered."""

    __tablename__ = "delivery_routes"

    version_id: Mapped[str] = mapped_column(primary_key=True)
    listing_code: Mapped[str]
    supplier_id: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    delivery: Mapped[dict[str, Any]]
    fields_in: Mapped[list[dict[str, Any]]]
    fields_out: Mapped[list[dict[str, Any]]]
    changed_at: Mapped[datetime]


class Entitlement(Base):
    """A buyer's right to call: what was granted, spent and is out on lease."""

    __tablename__ = "entitlements"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str]
    agreement_id: Mapped[str]
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    version_id: Mapped[str]
    scenario_id: Mapped[str]
    plan_id: Mapped[str]
    plan_hash: Mapped[str]
    plan_terms: Mapped[dict[str, Any]]
    terms: Mapped[dict[str, Any]]
    permitted_purposes: Mapped[list[str] | None]
    terms_hash: Mapped[str]
    split: Mapped[dict[str, int]]
    currency: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    is_signed: Mapped[bool] = mapped_column(default=False)
    """Whether the buyer has to sign each call."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    granted_calls: Mapped[int | None]
    spent_calls: Mapped[int] = mapped_column(default=0)
    leased_calls: Mapped[int] = mapped_column(default=0)
    granted_units: Mapped[int | None]
    spent_units: Mapped[int] = mapped_column(default=0)
    leased_units: Mapped[int] = mapped_column(default=0)
    granted_free_units: Mapped[int] = mapped_column(default=0)
    spent_free_units: Mapped[int] = mapped_column(default=0)
    leased_free_units: Mapped[int] = mapped_column(default=0)
    cap_amount: Mapped[int | None]
    spent_amount: Mapped[int] = mapped_column(default=0)
    leased_amount: Mapped[int] = mapped_column(default=0)
    day_cap_amount: Mapped[int | None]
    next_period_at: Mapped[datetime | None]
    renewal_ends_at: Mapped[datetime | None]
    """Where the licence ends because its buyer wants no further period; None: it goes on."""
    renewal_ended_by: Mapped[str | None]
    carried_to: Mapped[str | None]
    carried_units: Mapped[int] = mapped_column(default=0)

    @property
    def is_renewing(self) -> bool:
        """Whether another period may follow, as far as its buyer is concerned."""
        return self.renewal_ends_at is None

    @property
    def usable_until(self) -> datetime:
        """Where it ends as things stand."""
        return min(self.ends_at, self.renewal_ends_at or self.ends_at)

    @property
    def remaining_units(self) -> int | None:
        """Units neither spent nor out on lease; None where nothing bounds them."""
        if self.granted_units is None:
            return None
        return self.granted_units - self.spent_units - self.leased_units


class LicencePeriod(Base):
    """A period of a licence; its sums are filled when it closes."""

    __tablename__ = "licence_periods"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[int] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    state: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    try_at: Mapped[datetime]
    fee_amount: Mapped[int]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    units: Mapped[int | None]
    free_units: Mapped[int | None]
    charged_amount: Mapped[int | None]
    total_amount: Mapped[int | None]
    minimum_amount: Mapped[int | None]
    returned_amount: Mapped[int] = mapped_column(default=0)


class AllowancePool(Base):
    """Units of a licence at one price."""

    __tablename__ = "allowance_pools"

    pool_id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    period: Mapped[int]
    position: Mapped[int]
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    kind: Mapped[str]
    unit_price: Mapped[int]
    granted_units: Mapped[int | None]
    spent_units: Mapped[int] = mapped_column(default=0)
    leased_units: Mapped[int] = mapped_column(default=0)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]

    @property
    def remaining_units(self) -> int | None:
        """Units neither spent nor out on lease; None where nothing bounds them."""
        if self.granted_units is None:
            return None
        return self.granted_units - self.spent_units - self.leased_units


class SpendingDay(Base):
    """What a licence spends on calls on one day in Shanghai, with the day's cap."""

    __tablename__ = "spending_days"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    cap_amount: Mapped[int | None]
    spent_amount: Mapped[int] = mapped_column(default=0)
    leased_amount: Mapped[int] = mapped_column(default=0)


class KeyCap(Base):
    """What one key may spend from the moment its cap was set."""

    __tablename__ = "key_caps"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    buyer_id: Mapped[str]
    cap_amount: Mapped[int | None]
    spent_amount: Mapped[int] = mapped_column(default=0)
    leased_amount: Mapped[int] = mapped_column(default=0)
    set_at: Mapped[datetime]


class CallKey(Base):
    """A key scoped to one licence; only its hash is known here."""

    __tablename__ = "call_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    organisation_id: Mapped[str]
    secret_hash: Mapped[str]
    networks: Mapped[list[str]]
    calls_per_second: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class UsageEvent(Base):
    """One recorded call; lane and n are unique, though no constraint spans the partitions."""

    __tablename__ = "usage_events"

    event_id: Mapped[str]
    licence_id: Mapped[str]
    lane_id: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[int]
    n: Mapped[int] = mapped_column(primary_key=True)
    lease_id: Mapped[str]
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    key_id: Mapped[str]
    outcome: Mapped[str]
    units: Mapped[int]
    free_units: Mapped[int]
    amount: Mapped[int]
    currency: Mapped[str]
    occurred_at: Mapped[datetime]
    leaf_hash: Mapped[bytes]
    leaf: Mapped[bytes]
    detail: Mapped[bytes | None]
    detail_key: Mapped[bytes | None]

    @property
    def purpose(self) -> str | None:
        """What the call was decided for, as its detail record has it until that is erased."""
        return None if self.detail is None else json.loads(self.detail).get("purpose")


class RequestSigner(Base):
    """A buyer's public key under which it may sign its calls; ``vkey`` is its C2SP text."""

    __tablename__ = "request_signers"

    vkey: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    public_key: Mapped[bytes]
    admitted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class PlanCopy(Base):
    """A published plan's terms, for quotes."""

    __tablename__ = "plan_copies"

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    plan_hash: Mapped[str]
    listing_code: Mapped[str]
    terms: Mapped[dict[str, Any]]
    noted_at: Mapped[datetime]
