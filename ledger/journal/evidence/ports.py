"""What the books' evidence needs from elsewhere: the log's lanes and facts, a signature."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from app.core.ids import LicenceId
from app.core.signing import Signer
from ledger.journal.evidence.leaves import LaneCount, LaneSpan, LedgerProofs, LoggedCall
from ledger.journal.ids import SettlementId


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


class LogFacts(Protocol):
    """Single entries of the log; needs the exchange's reach."""

    def find_calls(
        self, session: Session, licence_id: LicenceId, calls: Sequence[tuple[int, int]]
    ) -> dict[tuple[int, int], LoggedCall]:
        """The calls of a licence that the log has, by lane and n."""
        ...

    def credit_leaves(self, session: Session, licence_id: LicenceId, through_n: int) -> list[str]:
        """Leaf hashes of the licence's credits 1 to ``through_n``, by n."""
        ...

    def find_statement_leaf(self, session: Session, settlement_id: SettlementId) -> str | None:
        """The leaf hash of a settlement's statement; None while it is not recorded."""
        ...


class TruedUpPeriods(Protocol):
    """Periods of a licence that are trued up together."""

    @property
    def periods(self) -> tuple[int, ...]:
        """Their numbers."""
        ...

    @property
    def charged_amount(self) -> int:
        """What their calls were charged (10⁻⁸ units)."""
        ...


class PeriodsOfCalls(Protocol):
    """The periods to which metered calls belong."""

    def __call__(
        self, session: Session, licence_id: str, calls: Sequence[tuple[int, int]]
    ) -> Mapping[tuple[int, int], TruedUpPeriods]:
        """The periods of a licence's calls, by lane and n; what was not metered is left out."""
        ...


@dataclass(frozen=True)
class EvidencePorts:
    """The adapters that make evidence of credits, disputes and settlements, wired once."""

    facts: LogFacts
    lane_ledger: LaneLedger
    signer: Signer
    receipt_public_keys: Collection[bytes]
    """The raw Ed25519 keys of usage receipts, former ones too: they tell genuine from invented."""
    periods_of: PeriodsOfCalls
