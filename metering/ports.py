"""What metering needs of other rooms and of the world outside; satisfied by shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import psycopg
from sqlalchemy.orm import Session

from app.core.round_trips import Statements

LeafRow = tuple[bytes, bytes, str, str | None, int | None, int | None]
"""leaf hash, leaf, entry type, licence, lane number, n."""


class Wallets(Protocol):
    """Buyers' prepaid money, held in the journal; amounts at scale 10⁻⁸."""

    def reserve(
        self,
        connection: "psycopg.Connection[Any]",
        *,
        organisation_id: str,
        currency: str,
        wanted_amount: int,
        least_amount: int,
        lease_id: str,
    ) -> int:
        """Hold between ``least_amount`` and ``wanted_amount`` for a lease; 0 when it has less.

        Runs in the connection's transaction and never commits.
        """
        ...

    def available(
        self, connection: "psycopg.Connection[Any]", *, organisation_id: str, currency: str
    ) -> int:
        """What may still be held: balance and credit less what is held already."""
        ...

    def settle(
        self, connection: "psycopg.Connection[Any]", *, lease_id: str, spent_amount: int
    ) -> None:
        """End a lease's hold; what was not spent returns to the wallet."""
        ...


class ApprovedUses(Protocol):
    """What buyers may order for, held by the listings."""

    def last_end(
        self, session: Session, *, buyer_id: str, listing_code: str, at: datetime
    ) -> datetime | None:
        """The end of the buyer's scenario in force that lasts longest; None without one."""
        ...


class CallRun(NamedTuple):
    """Calls ``first_n`` to ``last_n`` of a lane, paid out of one lease's hold.

    Amounts at scale 10⁻⁸, ``split`` in basis points. Shares are the difference of the split running
    totals, so that no remainder is lost over any number of batches.
    """

    lane_id: str
    licence_id: str
    buyer_id: str
    supplier_id: str
    currency: str
    lease_id: str
    first_n: int
    last_n: int
    amount: int
    total_amount_before: int
    split: Mapping[str, int]


class CallBooks(Protocol):
    """The journal's side of metered calls."""

    def post_runs(
        self, statements: Statements, runs: Sequence[CallRun], *, booked_at: datetime
    ) -> None:
        """Book runs of calls in their transaction; one that costs nothing books nothing."""
        ...


class CallLog(Protocol):
    """The public log's intake."""

    def append_leaves(self, statements: Statements, rows: Sequence[LeafRow]) -> None:
        """Store unsequenced leaves in their transaction, in this order within a lane."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how an upstream is asked; the credential is in clear and never logged."""

    url: str
    method: str
    timeout_seconds: float
    response_bytes_max: int
    credential_header: str | None
    credential: str | None


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """Status and body, exactly as they came."""

    status: int
    body: bytes


class UpstreamFailed(Exception):
    """The upstream gave no usable answer; the text is for operators, never for buyers."""

    reason: str = "connection_failed"
    """What the supplier is told of it: a `metering.delivery.errors.FailureKind`."""


class UpstreamTimedOut(UpstreamFailed):
    """The upstream did not answer whole in its time."""

    reason = "timed_out"


class FileReader(Protocol):
    """A range of a supplier's file, on its way."""

    def read(self) -> bytes:
        """The next piece, nothing at the end; raises `UpstreamFailed`."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class SupplierFiles(Protocol):
    """Opens files at suppliers' systems."""

    def open(
        self, target: Target, *, name: str, size_bytes: int, first: int, last: int
    ) -> FileReader:
        """The bytes from first to last, both included; raises `UpstreamFailed`."""
        ...


class Upstream(Protocol):
    """Asks suppliers' systems."""

    def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """One answer within time and size; raises `UpstreamFailed` or `UpstreamTimedOut`."""
        ...

    def close(self) -> None:
        """Close pooled connections."""
        ...
