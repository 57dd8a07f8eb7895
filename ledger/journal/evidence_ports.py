"""What credits, disputes and settlements need from elsewhere: facts of the log, a signature."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from app.core.ids import LicenceId
from app.core.signing import Signer
from ledger.journal.ids import SettlementId
from ledger.journal.ports import LaneLedger


@dataclass(frozen=True)
class LoggedCall:
    """A call as its leaf states it; amounts in 10⁻⁸ units."""

    lane: int
    n: int
    units: int
    amount: int
    total_amount: int
    currency: str
    outcome: str
    at: datetime
    leaf_hash: str

    @property
    def total_amount_before(self) -> int:
        """The lane's running total before the call."""
        return self.total_amount - self.amount

    @property
    def reference(self) -> str:
        """How credits and disputes name the call within its licence."""
        return call_reference(self.lane, self.n)


def call_reference(lane: int, n: int) -> str:
    """``lane:n``, the name of a call within its licence."""
    return f"{lane}:{n}"


def call_place(reference: str) -> tuple[int, int]:
    """Lane and n of a call's name."""
    lane, n = map(int, reference.split(":"))
    return lane, n


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
class SettlementPorts:
    """The adapters that credits, disputes and settlements use, wired once by the factory."""

    facts: LogFacts
    lane_ledger: LaneLedger
    signer: Signer
    receipt_public_keys: Collection[bytes]
    """The raw Ed25519 keys of usage receipts, former ones too: they tell genuine from invented."""
    periods_of: PeriodsOfCalls
