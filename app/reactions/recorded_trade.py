"""The log entries of trade: who takes part, what is offered, its uses, licences and consents."""

from app.accounts import events as accounts
from app.core.events import Event
from app.notices import events as notices
from app.reactions.recorded import Recorded
from compliance import events as compliance
from compliance.consent import events as consent
from ledger.log import events as log
from listings import events as listings
from metering import events as metering

RECORDED_TRADE: dict[type[Event], Recorded] = {
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
    compliance.LicenceDocumentOpened: Recorded(
        "document_opened", ("licence_id", "document_hash", "opened_by")
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
    metering.ErasureDeclined: Recorded(
        "erasure_declined", ("erasure_id", "licence_id", "declined_by")
    ),
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

UNRECORDED_TRADE: dict[type[Event], str] = {
    accounts.OrganisationRegistered: "anybody may register; the verification is the evidence",
    accounts.PersonAdded: "who works where is personal; granting a role is recorded",
    accounts.AccessRegained: "personal; that the access was reset is recorded",
    accounts.PersonDeactivated: "personal; the withdrawal of a role is recorded",
    accounts.RefreshTokenReused: "an incident of one session; it is in the security log",
    listings.ProductDeleted: "the log never knew of it: nothing of it was handed in",
    listings.DraftDeleted: "the log never knew of it: it was not handed in",
    listings.ProductRegistered: "a draft binds nobody; its submission is recorded",
    listings.ListingRated: "an opinion, which its buyer may change; it binds nobody",
    listings.CustomOfferAccepted: "the order that it became is recorded",
    listings.CustomOfferDeclined: "what a buyer does not buy is between the two",
    listings.DemandAnswered: "the custom offer that it is, is recorded",
    listings.DemandExtended: "a demand binds nobody; the offers on it are recorded",
    listings.DemandClosed: "a demand binds nobody; the offers on it are recorded",
    listings.ContributionAsked: "a draft asks; what was agreed to is recorded",
    listings.ContributionDeclined: "a draft that was declined binds nobody",
    compliance.LapseNear: "a reminder changes nothing; what lapses is recorded when it does",
    consent.PseudonymKeyMade: "a secret of the supplier's; consents under it are recorded",
    consent.ConsentGranted: "its token's hash is in the next batch, which is recorded",
    consent.ConsentDenied: "counted in the next batch, which is recorded; it permits nothing",
    notices.WebhookEndpointDisabled: "between the exchange and one organisation's own system",
}
