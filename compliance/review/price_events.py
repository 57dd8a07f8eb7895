"""What happens to an alarm over another price."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PriceAlarmRaised(Event):
    """A licence was issued at a price that other buyers of the same version do not have."""

    alarm_id: str
    licence_id: str
    listing_code: str
    supplier_id: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class PriceExplained(Event):
    """The supplier said why a buyer has another price; the reason itself stays off the log."""

    alarm_id: str
    listing_code: str
    supplier_id: str
    ground: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class PriceDecided(Event):
    """Somebody of the exchange accepted a reason for another price, or objected."""

    alarm_id: str
    listing_code: str
    supplier_id: str
    state: str
    decided_by: str
    reason_hash: str
