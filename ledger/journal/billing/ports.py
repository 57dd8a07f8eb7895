"""What invoices and bills need from elsewhere: the log's lanes, and a signature."""

from dataclasses import dataclass

from app.core.signing import Signer
from ledger.journal.evidence.ports import LaneLedger


@dataclass(frozen=True)
class BillingPorts:
    """The adapters that invoices and bills use, wired once by the factory."""

    lane_ledger: LaneLedger
    statement_signer: Signer
