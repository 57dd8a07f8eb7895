"""What happens to statements on the platform's own duties."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PlatformDutyStated(Event):
    """Somebody who runs the exchange stated how a duty of the platform is met."""

    statement_id: str
    rule_id: str
    outcome: str
    document_hash: str
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class PlatformDutyConfirmed(Event):
    """A second person confirmed it."""

    statement_id: str
    rule_id: str
    confirmed_by: str
