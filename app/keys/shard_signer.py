"""Signers whose names follow the log's shards: a key keeps its bytes and is named by the year."""

from app.core.clock import Clock, iso_instant
from app.core.signing import RenamedSigner, Signer
from ledger.log.sequencing.shards import ShardCalendar


class ShardSigner:
    """One key under the name of the shard that an instant belongs to, and by itself of now's."""

    def __init__(self, signer: Signer, role: str, calendar: ShardCalendar, clock: Clock) -> None:
        self._signer = signer
        self._role = role
        self._calendar = calendar
        self._clock = clock
        self._named: dict[str, Signer] = {}

    def at(self, instant: str) -> Signer:
        """The signer of an instant in the form of leaves."""
        origin = self._calendar.origin_at(instant)
        found = self._named.get(origin)
        if found is None:
            found = self._named[origin] = RenamedSigner(self._signer, f"{origin}/{self._role}")
        return found

    @property
    def name(self) -> str:
        """The key's name in the shard of this moment."""
        return self.at(iso_instant(self._clock.now())).name

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes, whatever the name."""
        return self._signer.public_key

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature: the name is no part of it."""
        return self._signer.sign(message)
