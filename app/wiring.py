"""Which adapter satisfies which port, room by room; the factory and the worker read it."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from app.accounts.access_tokens import AccessKeys
from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.authentication import BearerAuthenticator
from app.accounts.ports import CredentialKit
from app.auditing.logged_readings import LoggedReadings
from app.core.db import with_waits
from app.core.public_networks import read_networks
from app.keys.rotation import believed_receipt_keys, key_ranges
from app.keys.shard_signer import ShardSigner
from app.notices.dispatcher import Dispatcher
from app.notices.http_receiver import HttpReceivers
from app.notices.ports import WebhookKit
from app.notices.receiver_urls import ReceiverPolicy
from app.parts import Parts
from app.probing import ListedUpstreamProbe
from app.reactions.recording import entry_types
from app.reactions.returned_periods import RETURNED_PERIODS
from app.web.access import Authenticator
from app.web.staff_reads import ReadingNotes
from compliance.consent.ports import ConsentKit, HashTree
from compliance.ports import UpstreamProbe
from compliance.sampling.ports import RowTree
from ledger.journal.bank_transfer_payment_gateway import BankTransferGateway
from ledger.journal.billing.invoice_services import InvoiceEvidenceSource
from ledger.journal.call_books import CallBooks
from ledger.journal.chart import CURRENCIES
from ledger.journal.hosted_payment_gateway import HostedPaymentGateway
from ledger.journal.log_lane_ledger import LogLaneLedger
from ledger.journal.ports import JournalPorts
from ledger.journal.settlement.evidence_ports import SettlementPorts
from ledger.journal.settlement.log_facts import StoredLogFacts
from ledger.journal.wallet_leases import WalletLeases
from ledger.log import intake
from ledger.log.anchors.queries import StoredAnchors
from ledger.log.keys import LogKeys
from ledger.log.ports import EntryTypes, EvidenceSources
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.tree.hash_trees import HashTrees
from ledger.log.witnesses import policy as witness_policy
from ledger.log.witnesses.http_witness_client import HttpWitnessClient
from ledger.log.witnesses.keeper import WitnessKeeper
from ledger.log.witnesses.policy import WitnessPolicy
from ledger.payments.checkout_tokens import KeyedCheckoutTokens
from ledger.payments.operation_runner import OperationRunner
from ledger.payments.ports import Offer, PaymentGateway, PaymentPorts
from ledger.payments.stripe_payment_gateway import StripeAccess, StripePaymentGateway
from listings.ports import ExchangePolicy, PublicAddress
from listings.queries.approved_uses import StoredApprovedUses
from metering.assembly import Outside
from metering.assembly import build_data_plane as build_data_plane_of
from metering.data_plane import DataPlane, DataPlaneSettings
from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.loop_upstream import LoopHttpUpstream
from metering.loop_waiting import LoopWaiting
from metering.plans.charged_periods import charged_periods
from metering.ports import ApprovedUses
from metering.recording.receipt_queries import StoredReceipts
from metering.signing.stored import SignedRequestReader
from metering.waiting import ThreadWaiting, Waiting

PAY_INTO = "Counterfoil Data Exchange, settlement account"
AUDIENCE = "counterfoil"
CALLS_A_PLACE = 4
"""Calls in flight, by those that may wait for suppliers' systems: others wait for their commit."""


def things(parts: Parts) -> list[tuple[type, object]]:
    """What views may ask for, by type."""
    access_keys = AccessKeys(parts.settings.public_url, AUDIENCE, parts.keyring.sessions)
    kit = CredentialKit(Argon2Passwords(), access_keys, parts.cipher, secrets.token_bytes)
    lanes = LogLaneLedger()
    gateway, providers = BankTransferGateway(PAY_INTO), payment_gateways(parts)
    return [
        (CredentialKit, kit),
        (WebhookKit, WebhookKit(parts.cipher, secrets.token_bytes, receiver_policy(parts))),
        (Authenticator, BearerAuthenticator(parts.units, access_keys)),
        (ReadingNotes, LoggedReadings()),
        (ExchangePolicy, ExchangePolicy(parts.settings.commission_bp, parts.settings.tax_bp)),
        (PublicAddress, PublicAddress(parts.settings.public_url.rstrip("/"))),
        (UpstreamProbe, upstream_probe(parts)),
        (ConsentKit, _consent_kit(parts)),
        (HashTree, HashTrees()),
        (RowTree, HashTrees()),
        (
            JournalPorts,
            replace(journal_ports(parts), hosted_gateways=_hosted_gateways(parts, providers)),
        ),
        (SettlementPorts, _settlement_ports(parts)),
        (PaymentPorts, _payment_ports(parts, gateway, providers)),
        (OperationRunner, OperationRunner(parts.units, providers)),
        (LogKeys, log_keys(parts)),
        (WitnessPolicy, read_witness_policy(parts)),
        (
            EvidenceSources,
            EvidenceSources(
                _receipts(parts),
                InvoiceEvidenceSource(lanes),
                StoredAnchors(),
                SignedRequestReader(parts.cipher),
            ),
        ),
        (EntryTypes, EntryTypes(entry_types())),
        (ApprovedUses, StoredApprovedUses()),
        (StoredReceipts, _receipts(parts)),
        (SignedRequestReader, SignedRequestReader(parts.cipher)),
    ]


def _consent_kit(parts: Parts) -> ConsentKit:
    signer = parts.keyring.consents
    return ConsentKit(parts.settings.public_url, signer, parts.cipher, secrets.token_bytes)


def _settlement_ports(parts: Parts) -> SettlementPorts:
    keyring = parts.keyring
    return SettlementPorts(
        StoredLogFacts(),
        LogLaneLedger(),
        statement_signer(parts),
        believed_receipt_keys(keyring),
        charged_periods,
    )


def _receipts(parts: Parts) -> StoredReceipts:
    return StoredReceipts(receipt_signers(parts).at)


def checkpoint_keeper(parts: Parts) -> FileCheckpointKeeper:
    """The log's memory outside the database."""
    return FileCheckpointKeeper(parts.settings.var / "checkpoints")


def receipt_signers(parts: Parts) -> ShardSigner:
    """The receipts' key, named by the shard that a call belongs to."""
    return ShardSigner(parts.keyring.receipts, "receipts", parts.calendar, parts.clock)


def statement_signer(parts: Parts) -> ShardSigner:
    """The statements' key, named by the shard of the moment."""
    return ShardSigner(parts.keyring.statements, "statements", parts.calendar, parts.clock)


def _stripe(parts: Parts) -> PaymentGateway | None:
    settings = parts.settings
    if settings.stripe_api_key is None:
        return None
    returns = settings.payment_return_url.rstrip("/")
    access = StripeAccess(
        api_key=settings.stripe_api_key,
        webhook_secrets=settings.stripe_webhook_secrets,
        api_base=settings.stripe_api_base,
        success_url=f"{returns}/?payment=made",
        cancel_url=f"{returns}/?payment=left",
        onboarding_return_url=f"{returns}/?account=told",
        onboarding_refresh_url=f"{returns}/?account=again",
    )
    return StripePaymentGateway(access)


PROVIDERS: Sequence[Callable[[Parts], PaymentGateway | None]] = (_stripe,)
"""Payment providers, each None where the settings do not name it; a further one is a word here."""


def payment_gateways(parts: Parts) -> dict[str, PaymentGateway]:
    """The payment providers that the settings name, by their names."""
    made = [make(parts) for make in PROVIDERS]
    return {gateway.name: gateway for gateway in made if gateway is not None}


def _checkout_tokens(parts: Parts) -> KeyedCheckoutTokens:
    return KeyedCheckoutTokens(parts.cipher, parts.settings.public_url)


def _hosted_gateways(
    parts: Parts, providers: dict[str, PaymentGateway]
) -> dict[str, HostedPaymentGateway]:
    address_of = _checkout_tokens(parts).address
    return {
        name: HostedPaymentGateway(name, address_of=address_of, check=provider.check_amount)
        for name, provider in providers.items()
    }


def _payment_ports(
    parts: Parts, by_people: BankTransferGateway, providers: dict[str, PaymentGateway]
) -> PaymentPorts:
    hosted = [
        Offer(name, provider.currencies, is_hosted=True, pays_out=True)
        for name, provider in providers.items()
    ]
    first = Offer(by_people.name, CURRENCIES, is_hosted=False, pays_out=True)
    return PaymentPorts(providers, [first, *hosted], _checkout_tokens(parts))


def journal_ports(parts: Parts) -> JournalPorts:
    """What invoices are made from and signed with."""
    return JournalPorts(
        BankTransferGateway(PAY_INTO),
        LogLaneLedger(),
        statement_signer(parts),
        further_rules=(RETURNED_PERIODS,),
    )


def log_keys(parts: Parts) -> LogKeys:
    """The log's signers, and every key there was."""
    keyring = parts.keyring
    return LogKeys(
        keyring.checkpoint,
        keyring.receipts,
        keyring.statements,
        tuple(keyring.cosigning),
        key_ranges(keyring),
        {
            role: tuple(keyring.signer(role, key) for key in keyring.role(role).overlapping)
            for role in ("receipts", "statements")
        },
    )


def upstream_probe(parts: Parts) -> ListedUpstreamProbe:
    """Test calls to a submitted version's upstream."""
    upstream = HttpUpstream(parts.settings.upstream_networks)
    return ListedUpstreamProbe(parts.units, parts.cipher, upstream)


def receiver_policy(parts: Parts) -> ReceiverPolicy:
    """Where notices may be sent: https and public addresses, but for what the settings open."""
    return ReceiverPolicy(
        allows_http=not parts.settings.is_production,
        networks=read_networks(parts.settings.webhook_networks),
    )


def build_dispatcher(parts: Parts) -> Dispatcher:
    """The sending of webhooks of this process; it starts threads when there is something to do."""
    receivers = HttpReceivers(receiver_policy(parts))
    return Dispatcher(parts.units, parts.cipher, receivers, secrets.token_bytes)


def read_witness_policy(parts: Parts) -> WitnessPolicy:
    """Who is asked to cosign, by the witness file; raises `EvidenceRefused` for an unfit one."""
    path = parts.settings.witness_file
    if path is None:
        return witness_policy.NO_WITNESSES
    allows_http = not parts.settings.is_production
    return witness_policy.read_policy(path.read_bytes(), allows_http=allows_http)


def build_witness_keepers(parts: Parts) -> list[WitnessKeeper]:
    """One keeper a witness: each asks in a thread of its own."""
    policy = read_witness_policy(parts)
    client = HttpWitnessClient()
    return [
        WitnessKeeper(parts.units, client, witness=witness, policy=policy)
        for witness in policy.witnesses
    ]


def build_data_plane(parts: Parts) -> DataPlane:
    """The data plane of this process, served by request threads; it starts threads of its own."""
    waiting = ThreadWaiting(HttpUpstream(parts.settings.upstream_networks))
    return _data_plane(parts, waiting, places=parts.settings.web_threads)


def build_loop_data_plane(parts: Parts, loop: asyncio.AbstractEventLoop) -> DataPlane:
    """The data plane of this process, served by its event loop; it starts a few threads."""
    upstream = LoopHttpUpstream(loop, parts.settings.upstream_networks)
    return _data_plane(parts, LoopWaiting(loop, upstream), places=parts.settings.calls_in_flight)


def _data_plane(parts: Parts, waiting: Waiting, *, places: int) -> DataPlane:
    def connect() -> "psycopg.Connection[Any]":
        return psycopg.connect(with_waits(parts.database_url))

    settings = DataPlaneSettings(
        lease_seconds=parts.settings.lease_seconds,
        places=places,
        calls_max=places * CALLS_A_PLACE,
        upstream_calls_per_second=parts.settings.upstream_calls_per_second or None,
    )
    return build_data_plane_of(
        settings,
        Outside(
            connect=connect,
            clock=parts.clock,
            entropy=secrets.token_bytes,
            cipher=parts.cipher,
            receipt_signer_at=receipt_signers(parts).at,
            wallets=WalletLeases(parts.clock),
            books=CallBooks(),
            log=intake,
            waiting=waiting,
            consent_keys=(parts.keyring.consents.public_key,),
        ),
    )
