"""Signed requests as they are kept: sealed, once each, shown to the call's parties again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.canonical import canonical_bytes
from app.core.cipher import Cipher
from app.core.db import Base
from metering.connections import Connections
from metering.signing.errors import SignedRequestNotFound
from metering.signing.requests import SignedRequest

FORMAT = "counterfoil-signed-request/1"
NUMBER_MAX = 2**53 - 1

_IS_USED = "SELECT 1 FROM signed_requests WHERE licence_id = %s AND nonce = %s"


class StoredSignedRequest(Base):
    """The signed request of one call; erased with the call's detail, but for its nonce."""

    __tablename__ = "signed_requests"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    lane_id: Mapped[str]
    lane: Mapped[int]
    n: Mapped[int]
    sealed: Mapped[bytes | None]
    recorded_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """A signed request made ready to be stored with its call."""

    nonce: str
    sealed: bytes


class SignedRequests:
    """Seals signed requests, and knows which nonces are used up."""

    def __init__(self, connections: Connections, cipher: Cipher) -> None:
        self._connections = connections
        self._cipher = cipher

    def seal(self, licence_id: str, request: SignedRequest) -> SealedRequest:
        """Encrypted, because a query may say about whom it asks."""
        context = _context(licence_id, request.nonce)
        sealed = self._cipher.encrypt(canonical_bytes(request.document), context=context)
        return SealedRequest(request.nonce, sealed)

    def is_used(self, licence_id: str, nonce: str) -> bool:
        """Whether a recorded call has it; two at once are told apart at their commit."""
        with self._connections.transaction() as connection:
            return connection.execute(_IS_USED, (licence_id, nonce)).fetchone() is not None


@dataclass(frozen=True)
class SignedRequestReader:
    """Opens what is kept of signed requests."""

    cipher: Cipher

    def read(
        self, session: Session, organisation_id: str | None, *, licence_id: str, lane: int, n: int
    ) -> bytes:
        """What the buyer signed for a call, canonical JSON.

        Raises `SignedRequestNotFound`, also for another organisation's call.
        """
        if max(lane, n) > NUMBER_MAX or not licence_id.isascii() or not licence_id.isprintable():
            raise SignedRequestNotFound  # PostgreSQL has no such number, and no such text
        of = StoredSignedRequest
        statement = select(of).where(of.licence_id == licence_id, of.lane == lane, of.n == n)
        if organisation_id is not None:
            is_party = or_(of.buyer_id == organisation_id, of.supplier_id == organisation_id)
            statement = statement.where(is_party)
        found = session.scalars(statement).one_or_none()
        if found is None or found.sealed is None:
            raise SignedRequestNotFound
        return self._open(found, found.sealed)

    def signed_requests(
        self, session: Session, licence_id: str, limit: int
    ) -> Iterator[tuple[int, int, bytes]]:
        """Lane, number and document of a licence's signed calls, oldest first."""
        of = StoredSignedRequest
        statement = select(of).where(of.licence_id == licence_id, of.sealed.is_not(None))
        order = (of.recorded_at, of.lane, of.n)
        for found in session.scalars(statement.order_by(*order).limit(limit)):
            assert found.sealed is not None, "the query asks for it"
            yield found.lane, found.n, self._open(found, found.sealed)

    def _open(self, found: StoredSignedRequest, sealed: bytes) -> bytes:
        opened = self.cipher.decrypt(sealed, context=_context(found.licence_id, found.nonce))
        return canonical_bytes({"format": FORMAT, **json.loads(opened)})


def _context(licence_id: str, nonce: str) -> str:
    return f"signed-request:{licence_id}:{nonce}"
