"""What the journal needs from elsewhere: payments, the log's lanes, and a signature."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.core.ids import LicenceId, TopUpId
from app.core.money import Money
from app.core.signing import Signer
from ledger.journal.audit_rules.stretches import Stretch


@dataclass(frozen=True)
class PaymentInstructions:
    """How a buyer pays a top-up: the reference to quote and where to."""

    reference: str
    pay_into: str


class PaymentGateway(Protocol):
    """A way for money to reach a wallet."""

    @property
    def name(self) -> str:
        """The gateway's name as stored with a top-up, for instance ``bank_transfer``."""
        ...

    def open_top_up(self, top_up_id: TopUpId, money: Money) -> PaymentInstructions:
        """Instructions for one payment; the reference is unique and repeats for the same id."""
        ...


@dataclass(frozen=True)
class LaneLeaf:
    """One leaf of a meter lane, with the lane's running totals at that leaf."""

    n: int
    total_units: int
    total_amount: int
    leaf_hash: str
    entry: bytes


@dataclass(frozen=True)
class LaneSpan:
    """What a lane did in a period: everything after ``opening`` up to and including ``closing``."""

    lane: int
    opening: LaneLeaf
    closing: LaneLeaf
    carried_calls: int = 0
    """Calls from before the period that were committed after the invoice of their own."""

    @property
    def units(self) -> int:
        """Units of the calls in between."""
        return self.closing.total_units - self.opening.total_units

    @property
    def amount(self) -> int:
        """Money of the calls in between, in 10⁻⁸ units."""
        return self.closing.total_amount - self.opening.total_amount


@dataclass(frozen=True)
class LaneCount:
    """What the leaves of a lane add up to, one by one."""

    calls: int
    units: int
    amount: int


@dataclass(frozen=True)
class ProvenLeaf:
    """A leaf's bytes, its zero-based index and the path to the checkpoint's root.

    ``origin`` names an earlier shard of the log, under whose last checkpoint the leaf stands.
    """

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    origin: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """As evidence carries it, in base64."""
        proof = {
            "entry": _base64(self.entry),
            "index": self.index,
            "path": [_base64(node) for node in self.path],
        }
        return {**proof, "origin": self.origin} if self.origin else proof


@dataclass(frozen=True)
class LedgerProofs:
    """A checkpoint and the proofs of leaves under it, by leaf hash.

    ``predecessors`` lead to the heads of earlier shards, where leaves stand in them.
    """

    checkpoint: str
    leaves: Mapping[str, ProvenLeaf]
    predecessors: tuple[dict[str, Any], ...] = ()

    @property
    def heads(self) -> dict[str, Any]:
        """The members of evidence that say under which heads its leaves stand."""
        heads: dict[str, Any] = {"checkpoint": self.checkpoint}
        return {**heads, "predecessors": list(self.predecessors)} if self.predecessors else heads


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class LeafMissing(LookupError):
    """The log has no leaf of that number in the lane."""

    def __init__(self, lane: int, n: int) -> None:
        super().__init__(f"the log has no leaf {n} of lane {lane}")


class LaneLedger(Protocol):
    """The log as the journal sees it: the lanes of a licence and their proofs."""

    def lanes(
        self,
        session: Session,
        licence_id: LicenceId,
        *,
        from_at: datetime,
        until_at: datetime,
        opening_counts: Mapping[int, int] | None = None,
    ) -> list[LaneSpan]:
        """Every lane opened before ``until_at``, by number.

        The opening leaf is the last one before ``from_at``; where ``opening_counts`` is given, the
        leaf with that lane's n instead, and the lane's opening for lanes that it does not name.
        Calls between that leaf and ``from_at`` are the span's carried calls.
        """
        ...

    def spans_between(
        self,
        session: Session,
        licence_id: LicenceId,
        ends: Mapping[int, tuple[int, int]],
        *,
        from_at: datetime,
    ) -> list[LaneSpan]:
        """The same from numbers: ``lane -> (opening n, closing n)``, as an invoice keeps them.

        Raises `LeafMissing`.
        """
        ...

    def recount(
        self, session: Session, licence_id: LicenceId, lane: int, ends: tuple[int, int]
    ) -> LaneCount:
        """Every call after the opening up to and including the closing n, added up from leaves."""
        ...

    def prove(
        self, session: Session, leaf_hashes: Sequence[str], *, key_name: str = ""
    ) -> LedgerProofs | None:
        """Proofs under the newest checkpoint; None while one of the leaves is not under any.

        The heads shown reach back to the shard that ``key_name``, the signing key's, begins with.
        """
        ...


@dataclass(frozen=True)
class JournalPorts:
    """The adapters that the journal's routes use, wired once by the factory."""

    gateway: PaymentGateway
    lane_ledger: LaneLedger
    statement_signer: Signer
    hosted_gateways: Mapping[str, PaymentGateway] = field(default_factory=dict)
    further_rules: Sequence[Stretch] = ()
    """Rules of the audit that look into other rooms too, beside the journal's own."""

    def find_gateway(self, name: str | None) -> PaymentGateway | None:
        """The gateway of a name, the default one for None."""
        if name is None or name == self.gateway.name:
            return self.gateway
        return self.hosted_gateways.get(name)
