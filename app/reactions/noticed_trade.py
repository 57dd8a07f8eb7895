"""Notices of who takes part, of reviews, listings, scenarios, offers and licences."""

from app.accounts import events as accounts
from app.core.events import Event
from app.notices import events as notices
from app.reactions.telling import (
    Noticed,
    tell_of_return,
    tell_of_transfer,
    telling,
    telling_all,
    telling_both,
    telling_each,
    telling_reviewed_supplier,
    telling_supplier,
    telling_supplier_and_exchange,
    telling_supplier_and_licensees,
)
from compliance import events as compliance
from compliance.consent import events as consent
from compliance.live import events as live
from compliance.review import events as review
from compliance.review import platform_events as platform
from compliance.review import price_events as prices
from compliance.review import registration_events as registrations
from compliance.review import suspension_events as suspensions
from compliance.sampling import events as sampling
from ledger.log import events as log
from listings import events as listings
from metering import events as metering

NOTICED_TRADE: dict[type[Event], Noticed] = {
    accounts.OrganisationVerified: Noticed(
        "organisation.verified", telling("organisation_id", "valid_until")
    ),
    accounts.OrganisationRefused: Noticed("organisation.refused", telling("organisation_id")),
    accounts.RefreshTokenReused: Noticed(
        "session.ended_for_reuse", telling("organisation_id", "person_id")
    ),
    accounts.AccessReset: Noticed(
        "access.reset", telling("organisation_id", "person_id", "reset_by")
    ),
    accounts.ApiKeyIssued: Noticed(
        "key.issued", telling("organisation_id", "key_id", "licence_id", "expires_at")
    ),
    accounts.ApiKeyRevoked: Noticed(
        "key.revoked", telling("organisation_id", "key_id", "licence_id")
    ),
    accounts.CollectorKeyIssued: Noticed(
        "collector_key.issued", telling("organisation_id", "key_id", "collector_id", "expires_at")
    ),
    accounts.CollectorKeyRevoked: Noticed(
        "collector_key.revoked", telling("organisation_id", "key_id", "collector_id")
    ),
    compliance.ReviewDecided: Noticed(
        "review.decided", telling_reviewed_supplier("case_id", "version_id", "stage", "decision")
    ),
    compliance.ReviewReturned: Noticed("review.returned", tell_of_return),
    compliance.VersionRejected: Noticed(
        "review.rejected", telling_reviewed_supplier("case_id", "version_id")
    ),
    review.ReviewExpired: Noticed(
        "review.expired", telling_reviewed_supplier("case_id", "version_id")
    ),
    listings.TransferProposed: Noticed(
        "transfer.proposed", telling("transferee_id", "transfer_id", "registration_id")
    ),
    listings.TransferAccepted: Noticed(
        "transfer.accepted", telling("supplier_id", "transfer_id", "registration_id")
    ),
    listings.TransferEnded: Noticed(
        "transfer.ended",
        telling_each(("supplier_id", "transferee_id"), "transfer_id", "registration_id", "outcome"),
    ),
    listings.RegistrationTransferred: Noticed("registration.transferred", tell_of_transfer),
    consent.ConsentsLeftBehind: Noticed(
        "consents.left_behind",
        telling_each(
            ("supplier_id", "transferee_id"),
            "transfer_id",
            "registration_id",
            "standing_count",
            "purposes",
        ),
    ),
    registrations.RegistrationFinal: Noticed(
        "registration.final", telling_reviewed_supplier("registration_id", "case_id", "version_id")
    ),
    registrations.RegistrationCancelled: Noticed(
        "registration.cancelled", telling("supplier_id", "registration_id", "version_id")
    ),
    registrations.ObjectionRaised: Noticed(
        "objection.raised", telling("supplier_id", "objection_id", "registration_id")
    ),
    registrations.ObjectionResolved: Noticed(
        "objection.resolved", telling("objector_id", "objection_id", "registration_id", "outcome")
    ),
    suspensions.SuspensionWidened: Noticed(
        "listing.suspended", telling_supplier_and_licensees("listing_code", "reason_code")
    ),
    suspensions.DelistingNoticed: Noticed(
        "listing.delisting", telling_supplier_and_licensees("listing_code", "delists_at")
    ),
    suspensions.RevocationProposed: Noticed(
        "listing.revocation_proposed", telling_supplier("listing_code", "reason_code")
    ),
    suspensions.RevocationRefused: Noticed(
        "listing.revocation_refused", telling_supplier("listing_code")
    ),
    review.AppealDecided: Noticed(
        "appeal.decided", telling("supplier_id", "appeal_id", "subject_kind", "state")
    ),
    sampling.ValuesShifted: Noticed(
        "quality.values_shifted",
        telling_supplier_and_exchange("report_id", "former_id", "listing_code", "fields"),
    ),
    prices.PriceAlarmRaised: Noticed(
        "price.alarm",
        telling_supplier_and_exchange("alarm_id", "listing_code", "licence_id", "due_at"),
    ),
    prices.PriceExplained: Noticed(
        "price.explained", telling_supplier_and_exchange("alarm_id", "listing_code", "ground")
    ),
    prices.PriceDecided: Noticed(
        "price.decided", telling("supplier_id", "alarm_id", "listing_code", "state")
    ),
    registrations.ListingRefused: Noticed(
        "listing.refused", telling("supplier_id", "application_id", "version_id", "listing_code")
    ),
    listings.ListingPublished: Noticed(
        "listing.published", telling("supplier_id", "listing_code", "product_id", "version_id")
    ),
    listings.ListingDelisted: Noticed(
        "listing.delisted", telling_supplier_and_licensees("listing_code")
    ),
    listings.ListingRated: Noticed(
        "listing.rated", telling("supplier_id", "listing_code", "stars")
    ),
    compliance.ListingSuspended: Noticed(
        "listing.suspended", telling_supplier_and_licensees("listing_code", "reason_code")
    ),
    compliance.ListingResumed: Noticed(
        "listing.resumed", telling_supplier_and_licensees("listing_code")
    ),
    compliance.ListingRevoked: Noticed(
        "listing.revoked", telling_supplier("listing_code", "reason_code")
    ),
    compliance.ScenarioApproved: Noticed(
        "scenario.approved",
        telling("buyer_id", "scenario_id", "listing_code", "valid_from", "valid_until"),
    ),
    compliance.ScenarioRefused: Noticed("scenario.refused", telling("buyer_id", "scenario_id")),
    compliance.ScenarioWithdrawn: Noticed(
        "scenario.withdrawn", telling("buyer_id", "scenario_id", "listing_code")
    ),
    compliance.LicenceIssued: Noticed(
        "licence.issued",
        telling_both("licence_id", "order_id", "listing_code", "starts_at", "ends_at"),
    ),
    compliance.LicenceRevoked: Noticed(
        "licence.revoked", telling_both("licence_id", "reason_code")
    ),
    live.QualityDrifted: Noticed(
        "quality.drifted",
        telling("supplier_id", "listing_code", "report_id", "drifts", "calls_count"),
    ),
    live.QualityRecovered: Noticed(
        "quality.recovered", telling("supplier_id", "listing_code", "calls_count")
    ),
    compliance.LapseNear: Noticed(
        "expiry.near",
        telling(
            *("organisation_id", "subject_id", "kind", "lapses_at", "consequence", "days"),
            what="name",
        ),
    ),
    compliance.LicenceNarrowed: Noticed(
        "licence.narrowed", telling_both("licence_id", "narrowing_id", "terms_hash", "ends_at")
    ),
    compliance.ScenarioNarrowed: Noticed(
        "scenario.narrowed",
        telling("buyer_id", "scenario_id", "listing_code", "valid_from", "valid_until"),
    ),
    compliance.LicenceEnded: Noticed("licence.ended", telling_both("licence_id", "ends_at")),
    consent.ConsentWithdrawn: Noticed(
        "consent.withdrawn", telling("recipient_id", "consent_id", "reason_code")
    ),
    notices.WebhookEndpointDisabled: Noticed(
        "webhook.disabled", telling("organisation_id", "endpoint_id", "reason")
    ),
    listings.CustomOfferProposed: Noticed(
        "custom_offer.proposed",
        telling(
            "buyer_id", "custom_offer_id", "listing_code", "plan_id", "plan_hash", "valid_until"
        ),
    ),
    listings.CustomOfferAccepted: Noticed(
        "custom_offer.accepted",
        telling("supplier_id", "custom_offer_id", "listing_code", "order_id"),
    ),
    listings.CustomOfferDeclined: Noticed(
        "custom_offer.declined", telling("supplier_id", "custom_offer_id", "listing_code")
    ),
    listings.CustomOfferWithdrawn: Noticed(
        "custom_offer.withdrawn", telling("buyer_id", "custom_offer_id", "listing_code")
    ),
    listings.DemandAnswered: Noticed(
        "demand.answered", telling("buyer_id", "demand_id", "custom_offer_id", "listing_code")
    ),
    listings.DemandExtended: Noticed(
        "demand.extended", telling_all("supplier_ids", "demand_id", "closes_at")
    ),
    listings.DemandClosed: Noticed("demand.closed", telling_all("supplier_ids", "demand_id")),
    listings.ContributionAsked: Noticed(
        "contribution.asked",
        telling("contributor_id", "contribution_id", "version_id", "terms_hash"),
    ),
    listings.ContributionAgreed: Noticed(
        "contribution.agreed", telling("supplier_id", "contribution_id", "version_id", "terms_hash")
    ),
    listings.ContributionDeclined: Noticed(
        "contribution.declined",
        telling("supplier_id", "contribution_id", "version_id", "terms_hash"),
    ),
}

UNNOTICED_TRADE: dict[type[Event], str] = {
    accounts.OrganisationRegistered: "the registration was answered; nobody else is concerned",
    accounts.PersonAdded: "personal, and done by the organisation itself",
    accounts.PersonDeactivated: "personal, and done by the organisation itself",
    accounts.AccessRegained: "personal; that the access was reset is told",
    accounts.RoleGranted: "personal, and done by the organisation itself",
    accounts.RoleWithdrawn: "personal, and done by the organisation itself",
    listings.ProductDeleted: "the supplier's own act, answered at once",
    listings.DraftDeleted: "the supplier's own act, answered at once",
    listings.ProductRegistered: "the supplier's own act, answered at once",
    listings.VersionSubmitted: "the supplier's own act; the review's decisions are told",
    listings.EvidenceSubmitted: "part of the version that was handed in",
    listings.PlanPublished: "comes with the listing, which is told",
    listings.RegistryEntryMade: "the registration that it publishes is told",
    listings.RegistryEntryEnded: "the holder's own act, or follows an end that is told",
    listings.OrderPlaced: "the buyer's own act; the charge and the licence are told",
    compliance.RuleSetChanged: "the exchange's own; public at GET /v1/rule-sets",
    compliance.RulesEvaluated: "a step of the review, whose decisions are told",
    compliance.ReviewOpened: "a step of the review, whose decisions are told",
    review.ReviewAssigned: "suppliers must not learn whom to approach",
    review.ConflictDeclared: "suppliers must not learn whom to approach",
    review.ReviewReassigned: "suppliers must not learn whom to approach",
    review.SpecialitiesRegistered: "the exchange's own; its staff see it in the queue",
    review.ReviewEscalated: "the exchange's own deadline; its staff see it in the queue",
    review.ChangeClassified: "a step of the review; the supplier's own case shows it",
    registrations.RegistrationEnded: "the holder's own act, or follows a revocation that is told",
    compliance.ScenarioFirstApproved: "permits nothing yet; the second approval is told",
    compliance.ScenarioConflictDeclared: "buyers must not learn whom to approach",
    review.ItemDecided: "a step of the review, whose decisions are told",
    review.ReviewConcluded: "each end is told by what follows from it",
    review.PanelOpened: "the decision that led to the panel is told",
    review.PanelVoted: "a step of the panel, whose end is told by what follows",
    review.PanelConcluded: "each end is told by what follows from it",
    registrations.ListingAppliedFor: "asked for when submitting, or the supplier's own act",
    registrations.ListingApproved: "the publication that follows is told",
    suspensions.SuspensionRatified: "the suspension was told; who stands behind it is not",
    suspensions.ResumptionProposed: "half a decision; the resumption is told",
    suspensions.DelistingCompleted: "its day was told with the notice",
    review.AppealFiled: "the supplier's own act, answered at once",
    platform.PlatformDutyStated: "the exchange's own; its staff see it at GET /v1/platform-duties",
    platform.PlatformDutyConfirmed: "the exchange's own; its staff see it at the same address",
    review.ReviewPolicySet: "public at GET /v1/review-policy",
    compliance.VersionApproved: "the publication that follows is told",
    compliance.ScenarioSubmitted: "the buyer's own act; the decision is told",
    compliance.ChainLinkNarrowed: "each licence that it narrows or ends is told",
    consent.PseudonymKeyMade: "the supplier's own act, answered at once",
    consent.ConsentGranted: "the collecting system hands the token over; one notice a person"
    " would drown the others",
    consent.ConsentDenied: "that a person said no is nobody's business but the supplier's",
    consent.ConsentsBatched: "a step of the log; the grants are told",
    log.AuditorRead: "whom an auditor looks at is not told to them",
    log.AdministratorRead: "a notice for each look at one's case would drown the others",
    log.EvidenceBundled: "whoever asked for it has it",
    compliance.LicenceDocumentOpened: "a notice for each look at one's evidence would drown the"
    " others",
    metering.DetailsErased: "the receipts show it; who asked for it is nobody else's business",
    metering.ErasureProposed: "who asked for it is nobody else's business",
    metering.ErasureDeclined: "who asked for it is nobody else's business",
    metering.ErasureApproved: "who asked for it is nobody else's business",
    sampling.QualitySampleCommitted: "the supplier's own act, answered at once",
    sampling.QualityReported: "the supplier's own act, answered with the report",
    sampling.QualitySampleLapsed: "the sample shows it, and the supplier let it lapse",
    log.AcknowledgementKeyRegistered: "the buyer's own act, answered at once",
    log.AcknowledgementKeyWithdrawn: "the buyer's own act, answered at once",
    log.EvidenceModeSet: "the buyer's own act, answered at once",
    log.BuyerAcknowledged: "the buyer's own act; the supplier reads it with the evidence",
}
"""Events of which nobody is told, each with the reason."""
