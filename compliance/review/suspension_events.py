"""What happens to a listing that is suspended, under notice, or up for revocation."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class SuspensionWidened(Event):
    """A suspension of new orders stops calls too."""

    suspension_id: str
    listing_code: str
    reason_code: str
    widened_by: str


@dataclass(frozen=True, kw_only=True)
class SuspensionRatified(Event):
    """A second person stands behind an emergency suspension."""

    suspension_id: str
    listing_code: str
    ratified_by: str


@dataclass(frozen=True, kw_only=True)
class ResumptionProposed(Event):
    """One of two people finds that a suspension's cause is closed."""

    suspension_id: str
    listing_code: str
    proposed_by: str


@dataclass(frozen=True, kw_only=True)
class DelistingNoticed(Event):
    """The supplier gave notice: off sale, and off the exchange when everything has run off."""

    listing_code: str
    delists_at: datetime


@dataclass(frozen=True, kw_only=True)
class DelistingCompleted(Event):
    """A listing's notice is over and its last licence has ended."""

    listing_code: str


@dataclass(frozen=True, kw_only=True)
class RevocationProposed(Event):
    """A panel is to revoke a listing."""

    revocation_id: str
    listing_code: str
    reason_code: str
    proposed_by: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class RevocationRefused(Event):
    """The panel did not revoke the listing."""

    revocation_id: str
    listing_code: str
