"""What happens to registers and consents: pseudonyms, hashes and ids, and nobody by name."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PseudonymKeyMade(Event):
    """A listing's subjects have pseudonyms from now on; the key is encrypted for its context."""

    product_id: str
    listing_code: str
    supplier_id: str
    key_ciphertext: bytes
    key_context: str


@dataclass(frozen=True, kw_only=True)
class ConsentGranted(Event):
    """A data subject, by pseudonym, agreed to one recipient and purpose until an end."""

    consent_id: str
    listing_code: str
    supplier_id: str
    recipient_id: str
    subject: str
    purpose: str
    token_hash: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConsentDenied(Event):
    """A data subject did not agree."""

    consent_id: str
    supplier_id: str
    recipient_id: str


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A consent ended before its term."""

    consent_id: str
    supplier_id: str
    recipient_id: str
    token_hash: str
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class ConsentsBatched(Event):
    """Consents recorded since the last batch: the root over their tokens' hashes, and counts."""

    batch_id: str
    root_hash: str
    granted_count: int
    denied_count: int


@dataclass(frozen=True, kw_only=True)
class ConsentsLeftBehind(Event):
    """A registration went to another holder, and so many consents did not; nobody is named."""

    transfer_id: str
    registration_id: str
    supplier_id: str
    transferee_id: str
    standing_count: int
    purposes: tuple[str, ...]
