"""Domain event -> log entry: which facts of an event become evidence, and which events do not.

Nothing personal, no organisation's name, no payload and no price per buyer enters a leaf: a field
is named here only if it is an opaque id, a hash, a code, a count or a time.
"""

from datetime import datetime

from app.accounts import events as accounts
from app.core.clock import iso_instant
from app.core.events import Event
from app.core.unit_of_work import Reaction, UnitOfWork
from app.notices import events as notices
from app.reactions.recorded import Recorded
from app.reactions.recorded_reviews import REVIEW_RECORDED
from app.reactions.recorded_settlement import SETTLEMENT_RECORDED
from compliance import events as compliance
from compliance.consent import events as consent
from compliance.live import events as live
from compliance.review import events as review
from compliance.sampling import events as sampling
from ledger.journal import events as journal
from ledger.journal.billing import events as billing
from ledger.journal.settlement import events as settlement
from ledger.log import events as log
from ledger.log.services import append_entry
from ledger.payments import events as payments
from listings import events as listings
from metering import events as metering

Leaf = str | int | list[str] | dict[str, str]


QUALITY_RECORDED: dict[type[Event], Recorded] = {
    sampling.QualitySampleCommitted: Recorded(
        "quality_sample_committed",
        ("sample_id", "version_id", "rows_root", "row_total", "declaration_hash", "attempt"),
    ),
    sampling.QualitySampleLapsed: Recorded(
        "quality_sample_lapsed", ("sample_id", "version_id", "attempt")
    ),
    sampling.ValuesShifted: Recorded(
        "quality_values_shifted", ("report_id", "former_id", "listing_code", "fields")
    ),
    sampling.QualityReported: Recorded(
        "quality",
        (
            "report_id",
            "sample_id",
            "version_id",
            "rows_root",
            "sampled_count",
            "drawn_root_hash",
            "grade",
            "values",
            "policy",
            "scanner_version",
            "report_hash",
        ),
    ),
    live.QualityDrifted: Recorded(
        "quality_drifted", ("listing_code", "report_id", "drifts", "calls_count")
    ),
    live.QualityRecovered: Recorded("quality_recovered", ("listing_code", "calls_count")),
}


RECORDED: dict[type[Event], Recorded] = {
    accounts.OrganisationVerified: Recorded(
        "organisation_verified", ("organisation_id", "verified_by", "valid_until")
    ),
    accounts.OrganisationRefused: Recorded(
        "organisation_refused", ("organisation_id", "refused_by")
    ),
    accounts.RoleGranted: Recorded("role_granted", ("person_id", "role", "granted_by")),
    accounts.AccessReset: Recorded(
        "access_reset", ("person_id", "organisation_id", "reset_by"), optional=("asked_by",)
    ),
    accounts.RoleWithdrawn: Recorded("role_withdrawn", ("person_id", "role", "withdrawn_by")),
    accounts.ApiKeyIssued: Recorded("key_issued", ("key_id", "licence_id", "expires_at")),
    accounts.ApiKeyRevoked: Recorded("key_revoked", ("key_id", "licence_id")),
    accounts.CollectorKeyIssued: Recorded(
        "collector_key_issued", ("key_id", "collector_id", "organisation_id", "expires_at")
    ),
    accounts.CollectorKeyRevoked: Recorded(
        "collector_key_revoked", ("key_id", "collector_id", "organisation_id")
    ),
    listings.VersionSubmitted: Recorded(
        "version_submitted", ("version_id", "product_id", "version_number", "dossier_hash")
    ),
    listings.EvidenceSubmitted: Recorded(
        "evidence", ("version_id", "kind", "document_hash"), optional=("valid_from", "valid_to")
    ),
    listings.RegistryEntryMade: Recorded(
        "registry_entry",
        ("registration_id", "product_id", "version_id", "record_hash", "rights"),
        optional=("chain_hash", "valid_to"),
    ),
    listings.RegistryEntryEnded: Recorded(
        "registry_entry_ended", ("registration_id", "reason_code")
    ),
    listings.TransferProposed: Recorded(
        "transfer_proposed",
        ("transfer_id", "registration_id", "supplier_id", "transferee_id", "deed_hash"),
    ),
    listings.TransferAccepted: Recorded("transfer_accepted", ("transfer_id", "deed_hash")),
    listings.TransferEnded: Recorded("transfer_ended", ("transfer_id", "outcome")),
    listings.RegistrationTransferred: Recorded(
        "registration_transferred",
        ("transfer_id", "registration_id", "successor_id", "transferee_id", "deed_hash"),
    ),
    consent.ConsentsLeftBehind: Recorded(
        "consents_left_behind", ("transfer_id", "registration_id", "standing_count", "purposes")
    ),
    listings.PlanPublished: Recorded("price_plan", ("plan_id", "plan_hash", "listing_code")),
    listings.ListingPublished: Recorded(
        "listed", ("listing_code", "version_id", "product_id", "dossier_hash")
    ),
    listings.ListingDelisted: Recorded("delisted", ("listing_code",)),
    listings.OrderPlaced: Recorded(
        "order_placed", ("order_id", "agreement_hash", "plan_hash", "scenario_id", "dossier_hash")
    ),
    listings.CustomOfferProposed: Recorded(
        "custom_offer_proposed", ("custom_offer_id", "plan_hash", "listing_code", "valid_until")
    ),
    listings.CustomOfferWithdrawn: Recorded("custom_offer_withdrawn", ("custom_offer_id",)),
    listings.ContributionAgreed: Recorded(
        "contribution_agreed", ("contribution_id", "version_id", "terms_hash")
    ),
    compliance.RulesEvaluated: Recorded(
        "rules_evaluated",
        ("case_id", "version_id", "rule_set_hash", "input_hash", "outcomes", "stage"),
        optional=("subject_id",),
    ),
    compliance.RuleSetChanged: Recorded(
        "rule_set_changed", ("rule_set_hash", "version"), optional=("previous_hash",)
    ),
    compliance.ReviewDecided: Recorded(
        "review_decided",
        ("case_id", "version_id", "reviewer_id", "stage", "decision", "reason_hash"),
    ),
    compliance.VersionApproved: Recorded(
        "registered",
        (
            "case_id",
            "version_id",
            "registration_id",
            "dossier_hash",
            "approver_ids",
            "rule_set_hash",
        ),
    ),
    compliance.VersionRejected: Recorded(
        "version_rejected", ("case_id", "version_id", "reason_hash")
    ),
    **REVIEW_RECORDED,
    **QUALITY_RECORDED,
    compliance.ListingSuspended: Recorded(
        "suspended", ("suspension_id", "listing_code", "reason_code", "scope", "suspended_by")
    ),
    compliance.ListingResumed: Recorded(
        "resumed", ("suspension_id", "listing_code", "proposed_by", "resumed_by")
    ),
    compliance.ListingRevoked: Recorded(
        "listing_revoked", ("listing_code", "reason_code", "revoked_by")
    ),
    compliance.ScenarioSubmitted: Recorded(
        "scenario_submitted",
        ("scenario_id", "listing_code", "scenario_hash"),
        optional=("risk_score", "depth"),
    ),
    compliance.ScenarioConflictDeclared: Recorded(
        "scenario_conflict_declared", ("scenario_id", "reviewer_id", "declared_at")
    ),
    compliance.ScenarioApproved: Recorded(
        "scenario_approved",
        ("scenario_id", "scenario_hash", "approved_by", "valid_from", "valid_until"),
        optional=("first_approved_by", "risk_score"),
    ),
    compliance.ScenarioFirstApproved: Recorded(
        "scenario_first_approved", ("scenario_id", "approved_by", "risk_score")
    ),
    compliance.ScenarioRefused: Recorded("scenario_refused", ("scenario_id", "refused_by")),
    compliance.ScenarioWithdrawn: Recorded("scenario_withdrawn", ("scenario_id",)),
    compliance.LicenceIssued: Recorded(
        "licence_granted",
        (
            "licence_id",
            "order_id",
            "version_id",
            "scenario_id",
            "terms_hash",
            "plan_hash",
            "starts_at",
            "ends_at",
        ),
    ),
    compliance.LicenceRevoked: Recorded(
        "licence_revoked", ("licence_id", "reason_code", "revoked_by")
    ),
    compliance.LicenceEnded: Recorded("licence_ended", ("licence_id", "ends_at")),
    compliance.ChainLinkNarrowed: Recorded(
        "chain_link_narrowed",
        ("narrowing_id", "listing_code", "version_id", "link", "is_end", "terms_hash"),
    ),
    compliance.ScenarioNarrowed: Recorded(
        "scenario_narrowed",
        ("scenario_id", "scenario_hash", "narrowed_by", "valid_from", "valid_until"),
    ),
    compliance.LicenceNarrowed: Recorded(
        "licence_narrowed", ("licence_id", "narrowing_id", "terms_hash", "starts_at", "ends_at")
    ),
    consent.ConsentsBatched: Recorded(
        "consent_batch", ("batch_id", "root_hash", "granted_count", "denied_count")
    ),
    consent.ConsentWithdrawn: Recorded("consent_revoked", ("token_hash", "reason_code")),
    metering.DetailsErased: Recorded(
        "details_erased", ("licence_id", "until_at", "reason_code", "call_count")
    ),
    metering.ErasureProposed: Recorded(
        "erasure_proposed",
        ("erasure_id", "licence_id", "until_at", "reason_code", "proposed_by"),
    ),
    metering.ErasureApproved: Recorded(
        "erasure_approved", ("erasure_id", "licence_id", "approved_by")
    ),
    journal.InvoiceIssued: Recorded("invoice", ("invoice_id", "licence_id", "invoice_hash")),
    billing.AccountWasFrozen: Recorded("account_frozen", ("freeze_id", "account_id", "rule")),
    billing.AccountFreezeLifted: Recorded(
        "account_freeze_lifted", ("freeze_id", "account_id", "rule")
    ),
    **SETTLEMENT_RECORDED,
    log.AcknowledgementKeyRegistered: Recorded("acknowledgement_key", ("key_id", "key_hash")),
    log.AcknowledgementKeyWithdrawn: Recorded("acknowledgement_key_withdrawn", ("key_id",)),
    log.EvidenceModeSet: Recorded("evidence_mode", ("licence_id", "mode")),
    log.BuyerAcknowledged: Recorded(
        "buyer_acknowledgement", ("acknowledgement_id", "licence_id", "document_hash", "key_hash")
    ),
    log.AuditorRead: Recorded("auditor_read", ("principal_id", "subject"), optional=("opened_id",)),
    log.AdministratorRead: Recorded(
        "administrator_access", ("principal_id", "subject"), optional=("opened_id",)
    ),
    log.EvidenceBundled: Recorded("evidence_bundled", ("licence_id", "bundle_hash")),
}

_BETWEEN_OWNER_AND_PROVIDER = "between the money's owner and the provider; the journal keeps it"

EXCUSED: dict[type[Event], str] = {
    accounts.OrganisationRegistered: "anybody may register; the verification is the evidence",
    accounts.PersonAdded: "who works where is personal; granting a role is recorded",
    accounts.AccessRegained: "personal; that the access was reset is recorded",
    accounts.PersonDeactivated: "personal; the withdrawal of a role is recorded",
    accounts.RefreshTokenReused: "an incident of one session; it is in the security log",
    listings.ProductDeleted: "the log never knew of it: nothing of it was handed in",
    listings.DraftDeleted: "the log never knew of it: it was not handed in",
    listings.ProductRegistered: "a draft binds nobody; its submission is recorded",
    listings.CustomOfferAccepted: "the order that it became is recorded",
    listings.CustomOfferDeclined: "what a buyer does not buy is between the two",
    listings.ContributionAsked: "a draft asks; what was agreed to is recorded",
    listings.ContributionDeclined: "a draft that was declined binds nobody",
    review.ReviewExpired: "the conclusion of the case is recorded",
    compliance.ReviewOpened: "follows from the submission, which is recorded",
    compliance.ReviewReturned: "the decision that returned it is recorded",
    compliance.LapseNear: "a reminder changes nothing; what lapses is recorded when it does",
    consent.PseudonymKeyMade: "a secret of the supplier's; consents under it are recorded",
    consent.ConsentGranted: "its token's hash is in the next batch, which is recorded",
    consent.ConsentDenied: "counted in the next batch, which is recorded; it permits nothing",
    journal.TopUpRequested: "an announcement moves no money",
    journal.TopUpCancelled: "nothing was paid; what is paid all the same is credited",
    journal.TopUpConfirmed: "a balance is between its owner and the bank; the journal keeps it",
    notices.WebhookEndpointDisabled: "between the exchange and one organisation's own system",
    journal.TopUpPaid: "a balance is between its owner and the bank; the journal keeps it",
    settlement.TopUpReturned: "as the payment that it undoes",
    settlement.PayoutRequested: "a proposal binds nobody; its approval is recorded",
    settlement.PayoutSent: "the gateway's own reference; approval and end are recorded",
    settlement.PayoutCancelled: "a proposal that was given up moved nothing",
    settlement.SuspenseMoneyAssigned: "as the payment that it turned out to be",
    settlement.WithdrawalRequested: "a request moves nothing; its approval is recorded",
    settlement.WithdrawalSent: "the bank's own reference; approval and end are recorded",
    settlement.WithdrawalCancelled: "a request that was given up moved nothing",
    journal.OrderCharged: "the order is recorded; a price per buyer does not belong in the log",
    billing.PeriodCharged: "a price per buyer does not belong in the log; the invoice is recorded",
    billing.PeriodAdjusted: "a price per buyer does not belong in the log; the invoice is recorded",
    billing.DeferralEnded: "follows from the revocation, which is recorded",
    billing.CreditLineProposed: "a proposal lends nothing",
    billing.CreditLineApproved: "what a buyer may owe is between it and the exchange",
    billing.CreditBillIssued: "adds up invoices, which are recorded",
    billing.CreditBillPaid: "whether a buyer pays is between it and the exchange",
    billing.PaymentReminded: "whether a buyer pays is between it and the exchange",
    billing.CreditLineSuspended: "whether a buyer pays is between it and the exchange",
    billing.CreditLineResumed: "whether a buyer pays is between it and the exchange",
    billing.BillSentToCollection: "whether a buyer pays is between it and the exchange",
    billing.BalanceLow: "a balance is between its owner and the exchange",
    billing.SpendSpiked: "what a buyer spends is between it and the exchange",
    metering.PeriodOpened: "follows from plan and licence, which are recorded; the journal has it",
    metering.PeriodFeeUnpaid: "what a wallet lacks is between its owner and the exchange",
    metering.PeriodClosed: "sums of recorded calls; credits and invoices that follow are recorded",
    payments.PaymentReceived: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentFailed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentCancelled: _BETWEEN_OWNER_AND_PROVIDER,
    payments.RefundApproved: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentRefunded: _BETWEEN_OWNER_AND_PROVIDER,
    payments.RefundFailed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.TransferPaid: _BETWEEN_OWNER_AND_PROVIDER,
    payments.TransferFailed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.TransferReversed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentDisputed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.DisputeClosed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.ProviderFeeCharged: _BETWEEN_OWNER_AND_PROVIDER,
    payments.ProviderPaidOut: _BETWEEN_OWNER_AND_PROVIDER,
    payments.MovementUnexplained: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PayoutAccountReady: "who is paid through whom is private",
}


def _leaf_value(value: object) -> Leaf:
    if isinstance(value, datetime):
        return iso_instant(value)
    if isinstance(value, tuple | list):
        return [str(item) for item in value]
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    return value if isinstance(value, int) else str(value)


def _recorder(recorded: Recorded) -> Reaction:
    def record(uow: UnitOfWork, event: Event) -> None:
        given = [name for name in recorded.optional if getattr(event, name) is not None]
        body = {
            name.removesuffix("_id"): _leaf_value(getattr(event, name))
            for name in (*recorded.fields, *given)
        }
        body |= {name: str(getattr(event, name)) for name in recorded.amounts}
        subjects = tuple(str(value) for value in body.values() if isinstance(value, str))
        append_entry(
            uow,
            recorded.entry_type,
            body,
            licence_id=getattr(event, "licence_id", None),
            subjects=subjects,
        )

    return record


WRITTEN_ELSEWHERE = frozenset(
    {"call", "lane_opened", "log_key", "log_key_retired", "shard_closed", "shard_opened"}
)
"""Types of the data plane's leaves, and of what the log says of itself."""


def entry_types() -> frozenset[str]:
    """Every type that an entry of the log can have."""
    return WRITTEN_ELSEWHERE | {recorded.entry_type for recorded in RECORDED.values()}


RECORDERS: dict[type[Event], Reaction] = {
    event: _recorder(recorded) for event, recorded in RECORDED.items()
}
