"""The journal: its lane ledger, its signers, and who takes money for it."""

from app.keys.rotation import believed_receipt_keys
from app.parts import Parts
from app.reactions.returned_periods import RETURNED_PERIODS
from app.wiring.log import statement_signer
from ledger.journal.audit.ports import AuditPorts
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.evidence.log_facts import StoredLogFacts
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.top_ups.bank_transfer_gateway import BankTransferGateway
from metering.plans.charged_periods import charged_periods


def bank_transfers(parts: Parts) -> BankTransferGateway:
    """Payments by bank transfer, to the accounts that the settings name."""
    return BankTransferGateway(parts.settings.bank_accounts)


def billing_ports(parts: Parts) -> BillingPorts:
    """What invoices and bills are made from and signed with."""
    return BillingPorts(LogLaneLedger(), statement_signer(parts))


def audit_ports() -> AuditPorts:
    """The audit's rules over the journal and another room together."""
    return AuditPorts((RETURNED_PERIODS,))


def evidence_ports(parts: Parts) -> EvidencePorts:
    """What settlements, credits and disputes are proven from and signed with."""
    keyring = parts.keyring
    return EvidencePorts(
        StoredLogFacts(),
        LogLaneLedger(),
        statement_signer(parts),
        believed_receipt_keys(keyring),
        charged_periods,
    )
