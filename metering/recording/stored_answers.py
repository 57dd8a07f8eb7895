"""Answers kept for retries: what an Idempotency-Key was answered, with the parts of its receipt."""

from dataclasses import dataclass

from app.core.cipher import Cipher
from app.core.clock import iso_instant
from metering.connections import Connections
from metering.errors import IdempotencyKeyReused
from metering.recording.pending_calls import KeyedAnswer
from metering.recording.receipts import ReceiptParts

FINGERPRINT_BYTES = 32

FIND = """
SELECT a.status, a.outcome, a.sealed, u.units, u.amount, u.occurred_at, u.leaf, u.leaf_hash,
       u.detail, u.detail_key
FROM call_answers AS a
JOIN usage_events AS u
  ON u.lane_id = a.lane_id AND u.n = a.n AND u.occurred_at = a.occurred_at
WHERE a.licence_id = %s AND a.idempotency_key = %s
"""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given the first time; parts are gone once its detail was erased."""

    status: int
    outcome: str
    body: bytes
    units: int
    amount: int
    parts: ReceiptParts | None


class StoredAnswers:
    """Reads and seals answers."""

    def __init__(self, connections: Connections, cipher: Cipher) -> None:
        self._connections = connections
        self._cipher = cipher

    def seal(
        self, licence_id: str, idempotency_key: str, fingerprint: bytes, answer: tuple[int, bytes]
    ) -> KeyedAnswer:
        """The answer (status, body) made ready to be stored with its call."""
        status, body = answer
        context = _context(licence_id, idempotency_key)
        sealed = self._cipher.encrypt(fingerprint + body, context=context)
        return KeyedAnswer(idempotency_key, status, sealed)

    def find(
        self, licence_id: str, idempotency_key: str, fingerprint: bytes
    ) -> StoredAnswer | None:
        """The stored answer, if there is one; raises `IdempotencyKeyReused` for other input."""
        with self._connections.transaction() as connection:
            row = connection.execute(FIND, (licence_id, idempotency_key)).fetchone()
        if row is None:
            return None
        status, outcome, sealed, units, amount, at, leaf, hashed, detail, detail_key = row
        opened = self._cipher.decrypt(bytes(sealed), context=_context(licence_id, idempotency_key))
        if opened[:FINGERPRINT_BYTES] != fingerprint:
            raise IdempotencyKeyReused
        parts = None
        if detail is not None:
            parts = ReceiptParts(leaf, hashed, detail, detail_key, iso_instant(at))
        return StoredAnswer(status, outcome, opened[FINGERPRINT_BYTES:], units, amount, parts)


def _context(licence_id: str, idempotency_key: str) -> str:
    return f"answer:{licence_id}:{idempotency_key}"
