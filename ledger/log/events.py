"""What happens to the log itself."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class AuditorRead(Event):
    """An auditor looked at what others may not see."""

    principal_id: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class EvidenceBundled(Event):
    """Evidence about a licence was put together; the hash is the archive's SHA-256."""

    licence_id: str
    bundle_hash: str
