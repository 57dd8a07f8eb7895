"""The journal: its lane ledger, its signers, and who takes money for it."""

from app.keys.rotation import believed_receipt_keys
from app.parts import Parts
from app.reactions.returned_periods import RETURNED_PERIODS
from app.wiring.log import statement_signer
from ledger.journal.bank_transfer_payment_gateway import BankTransferGateway
from ledger.journal.evidence_ports import SettlementPorts
from ledger.journal.log_facts import StoredLogFacts
from ledger.journal.log_lane_ledger import LogLaneLedger
from ledger.journal.ports import JournalPorts
from metering.plans.charged_periods import charged_periods

PAY_INTO = "Counterfoil Data Exchange, settlement account"


def bank_transfers() -> BankTransferGateway:
    """Payments by bank transfer, which need nobody outside."""
    return BankTransferGateway(PAY_INTO)


def journal_ports(parts: Parts) -> JournalPorts:
    """What invoices are made from and signed with."""
    return JournalPorts(
        bank_transfers(),
        LogLaneLedger(),
        statement_signer(parts),
        further_rules=(RETURNED_PERIODS,),
    )


def settlement_ports(parts: Parts) -> SettlementPorts:
    """What settlements and their evidence are made from and signed with."""
    keyring = parts.keyring
    return SettlementPorts(
        StoredLogFacts(),
        LogLaneLedger(),
        statement_signer(parts),
        believed_receipt_keys(keyring),
        charged_periods,
    )
