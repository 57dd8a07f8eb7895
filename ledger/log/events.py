"""What happens to the log itself."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class AuditorRead(Event):
    """An auditor looked at what others may not see: a path, and the first id that it names."""

    principal_id: str
    subject: str
    opened_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class AdministratorRead(Event):
    """Somebody else of the exchange's staff looked at what is an organisation's."""

    principal_id: str
    subject: str
    opened_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class EvidenceBundled(Event):
    """Evidence about a licence was put together; the hash is the archive's SHA-256."""

    licence_id: str
    bundle_hash: str


@dataclass(frozen=True, kw_only=True)
class AcknowledgementKeyRegistered(Event):
    """A buyer named the key that signs its acknowledgements, and its calls."""

    key_id: str
    key_hash: str
    organisation_id: str
    vkey: str


@dataclass(frozen=True, kw_only=True)
class AcknowledgementKeyWithdrawn(Event):
    """A buyer's key signs nothing new."""

    key_id: str
    organisation_id: str
    vkey: str


@dataclass(frozen=True, kw_only=True)
class EvidenceModeSet(Event):
    """A buyer chose what its licence asks of it against invented calls."""

    licence_id: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class BuyerAcknowledged(Event):
    """A buyer signed running totals that are what the log holds."""

    acknowledgement_id: str
    licence_id: str
    document_hash: str
    key_hash: str
