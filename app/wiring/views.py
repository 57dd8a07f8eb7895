"""What views may ask for, by type."""

import secrets

from app.accounts.access_tokens import AccessKeys
from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.authentication import BearerAuthenticator
from app.accounts.ports import CredentialKit
from app.auditing.logged_readings import LoggedReadings
from app.documents.queries import StoredDocuments
from app.notices.ports import WebhookKit
from app.parts import Parts
from app.reactions.recording import entry_types
from app.web.access import Authenticator
from app.web.staff_reads import ReadingNotes
from app.wiring.books import audit_ports, bank_transfers, billing_ports, evidence_ports
from app.wiring.calls import upstream_probe
from app.wiring.log import log_keys, read_witness_policy, receipt_signers
from app.wiring.notices import receiver_policy
from app.wiring.payments import hosted_gateways, payment_gateways, payment_ports
from compliance.consent.ports import ConsentKit, HashTree
from compliance.ports import SentDocuments, UpstreamProbe
from compliance.sampling.ports import RowTree
from ledger.journal.audit.ports import AuditPorts
from ledger.journal.billing.invoices.evidence_services import InvoiceEvidenceSource
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.top_ups.ports import PaymentGateways
from ledger.log.anchors.queries import StoredAnchors
from ledger.log.keys import LogKeys
from ledger.log.ports import EntryTypes, EvidenceSources
from ledger.log.tree.hash_trees import HashTrees
from ledger.log.witnesses.policy import WitnessPolicy
from ledger.payments.operation_runner import OperationRunner
from ledger.payments.ports import PaymentPorts
from listings.ports import CallingBuyers, ExchangePolicy, PublicAddress, PublicDocuments
from listings.queries.approved_uses import StoredApprovedUses
from metering.calling_buyers import StoredCallingBuyers
from metering.ports import ApprovedUses
from metering.recording.receipt_queries import StoredReceipts
from metering.signing.stored import SignedRequestReader

AUDIENCE = "counterfoil"


def things(parts: Parts) -> list[tuple[type, object]]:
    """What views may ask for, by type."""
    access_keys = AccessKeys(parts.settings.public_url, AUDIENCE, parts.keyring.sessions)
    receipts = StoredReceipts(receipt_signers(parts).at)
    kit = CredentialKit(Argon2Passwords(), access_keys, parts.cipher, secrets.token_bytes)
    documents = StoredDocuments(parts.cipher)
    providers, transfers = payment_gateways(parts), bank_transfers(parts)
    return [
        (CredentialKit, kit),
        (WebhookKit, WebhookKit(parts.cipher, secrets.token_bytes, receiver_policy(parts))),
        (Authenticator, BearerAuthenticator(parts.units, access_keys)),
        (ReadingNotes, LoggedReadings()),
        (ExchangePolicy, ExchangePolicy(parts.settings.commission_bp, parts.settings.tax_bp)),
        (PublicAddress, PublicAddress(parts.settings.public_url.rstrip("/"))),
        (UpstreamProbe, upstream_probe(parts)),
        (SentDocuments, documents),
        (PublicDocuments, documents),
        (ConsentKit, _consent_kit(parts)),
        (HashTree, HashTrees()),
        (RowTree, HashTrees()),
        (PaymentGateways, PaymentGateways(transfers, hosted_gateways(parts, providers))),
        (BillingPorts, billing_ports(parts)),
        (AuditPorts, audit_ports()),
        (EvidencePorts, evidence_ports(parts)),
        (PaymentPorts, payment_ports(parts, transfers, providers)),
        (OperationRunner, OperationRunner(parts.units, providers)),
        (LogKeys, log_keys(parts)),
        (WitnessPolicy, read_witness_policy(parts)),
        (
            EvidenceSources,
            EvidenceSources(
                receipts,
                InvoiceEvidenceSource(LogLaneLedger()),
                StoredAnchors(),
                SignedRequestReader(parts.cipher),
            ),
        ),
        (EntryTypes, EntryTypes(entry_types())),
        (ApprovedUses, StoredApprovedUses()),
        (CallingBuyers, StoredCallingBuyers()),
        (StoredReceipts, receipts),
        (SignedRequestReader, SignedRequestReader(parts.cipher)),
    ]


def _consent_kit(parts: Parts) -> ConsentKit:
    signer = parts.keyring.consents
    return ConsentKit(parts.settings.public_url, signer, parts.cipher, secrets.token_bytes)
