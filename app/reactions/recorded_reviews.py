"""The log entries of reviews, from rules to listing, suspension and appeal, and of quality."""

from app.core.events import Event
from app.reactions.recorded import Recorded
from compliance import events as compliance
from compliance.live import events as live
from compliance.review import events as review
from compliance.review import platform_events as platform
from compliance.review import price_events as prices
from compliance.review import registration_events as registrations
from compliance.review import suspension_events as suspensions
from compliance.sampling import events as sampling

RECORDED_REVIEWS: dict[type[Event], Recorded] = {
    review.ReviewAssigned: Recorded(
        "review_assigned", ("case_id", "version_id", "stage", "reviewer_id", "declared_at")
    ),
    review.ConflictDeclared: Recorded(
        "conflict_declared", ("case_id", "reviewer_id", "declared_at")
    ),
    review.ReviewReassigned: Recorded(
        "review_reassigned",
        ("case_id", "version_id", "stage", "reviewer_id", "released_by", "reason_hash"),
    ),
    review.SpecialitiesRegistered: Recorded(
        "specialities_registered", ("reviewer_id", "specialities", "registered_by")
    ),
    review.ReviewEscalated: Recorded("review_escalated", ("subject_id", "stage", "due_at")),
    review.ChangeClassified: Recorded(
        "change_classified",
        (
            "case_id",
            "version_id",
            "base_case_id",
            "base_version_id",
            "change_class",
            "table_hash",
            "diff_hash",
            "carried_rule_ids",
        ),
    ),
    review.ItemDecided: Recorded(
        "item_decided", ("case_id", "rule_id", "reviewer_id", "outcome", "reason_hash")
    ),
    review.ReviewConcluded: Recorded("review_concluded", ("case_id", "version_id", "stage")),
    review.PanelOpened: Recorded(
        "panel_opened", ("panel_id", "kind", "subject_id", "size"), optional=("case_id",)
    ),
    review.PanelVoted: Recorded(
        "panel_voted",
        ("panel_id", "member_id", "vote", "reason_hash"),
        optional=("case_id", "scenario_id"),
    ),
    review.PanelConcluded: Recorded(
        "panel_concluded",
        ("panel_id", "subject_id", "state", "in_favour_count", "against_count"),
    ),
    registrations.RegistrationFinal: Recorded(
        "registration_final", ("registration_id", "case_id", "version_id")
    ),
    registrations.RegistrationCancelled: Recorded(
        "registration_cancelled", ("registration_id", "version_id", "objection_id")
    ),
    registrations.RegistrationEnded: Recorded(
        "registration_ended",
        ("registration_id", "case_id", "version_id"),
        optional=("application_id",),
    ),
    registrations.ObjectionRaised: Recorded(
        "objection_raised", ("objection_id", "registration_id", "statement_hash")
    ),
    registrations.ObjectionResolved: Recorded(
        "objection_resolved",
        ("objection_id", "registration_id", "outcome", "decided_by", "reason_hash"),
    ),
    registrations.ListingAppliedFor: Recorded(
        "listing_applied_for", ("application_id", "registration_id", "listing_code")
    ),
    registrations.ListingApproved: Recorded(
        "listing_approved",
        (
            "application_id",
            "registration_id",
            "case_id",
            "version_id",
            "listing_code",
            "dossier_hash",
            "officer_id",
            "rule_set_hash",
            "input_hash",
            "reason_hash",
        ),
    ),
    registrations.ListingRefused: Recorded(
        "listing_refused",
        ("application_id", "case_id", "version_id", "listing_code", "officer_id", "reason_hash"),
    ),
    suspensions.SuspensionWidened: Recorded(
        "suspension_widened", ("suspension_id", "listing_code", "reason_code", "widened_by")
    ),
    suspensions.SuspensionRatified: Recorded(
        "suspension_ratified", ("suspension_id", "listing_code", "ratified_by")
    ),
    suspensions.ResumptionProposed: Recorded(
        "resumption_proposed", ("suspension_id", "listing_code", "proposed_by")
    ),
    suspensions.DelistingNoticed: Recorded("delisting_noticed", ("listing_code", "delists_at")),
    suspensions.DelistingCompleted: Recorded("delisting_completed", ("listing_code",)),
    suspensions.RevocationProposed: Recorded(
        "revocation_proposed",
        ("revocation_id", "listing_code", "reason_code", "proposed_by", "reason_hash"),
    ),
    suspensions.RevocationRefused: Recorded(
        "revocation_refused", ("revocation_id", "listing_code")
    ),
    review.AppealFiled: Recorded(
        "appeal_filed",
        (
            "appeal_id",
            "subject_kind",
            "subject_id",
            "case_id",
            "version_id",
            "ground",
            "statement_hash",
        ),
    ),
    review.AppealDecided: Recorded(
        "appeal_decided", ("appeal_id", "subject_kind", "subject_id", "version_id", "state")
    ),
    prices.PriceAlarmRaised: Recorded(
        "price_alarm_raised", ("alarm_id", "licence_id", "listing_code", "due_at")
    ),
    prices.PriceExplained: Recorded(
        "price_explained", ("alarm_id", "listing_code", "ground", "reason_hash")
    ),
    prices.PriceDecided: Recorded(
        "price_decided", ("alarm_id", "listing_code", "state", "decided_by", "reason_hash")
    ),
    platform.PlatformDutyStated: Recorded(
        "platform_duty_stated",
        ("statement_id", "rule_id", "outcome", "document_hash", "valid_until"),
    ),
    platform.PlatformDutyConfirmed: Recorded(
        "platform_duty_confirmed", ("statement_id", "rule_id", "confirmed_by")
    ),
    review.ReviewPolicySet: Recorded(
        "review_policy_set",
        ("policy_id", "policy_hash", "effective_from", "set_by", "reason_hash"),
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
    compliance.ListingSuspended: Recorded(
        "suspended", ("suspension_id", "listing_code", "reason_code", "scope", "suspended_by")
    ),
    compliance.ListingResumed: Recorded(
        "resumed", ("suspension_id", "listing_code", "proposed_by", "resumed_by")
    ),
    compliance.ListingRevoked: Recorded(
        "listing_revoked", ("listing_code", "reason_code", "revoked_by")
    ),
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

UNRECORDED_REVIEWS: dict[type[Event], str] = {
    review.ReviewExpired: "the conclusion of the case is recorded",
    compliance.ReviewOpened: "follows from the submission, which is recorded",
    compliance.ReviewReturned: "the decision that returned it is recorded",
}
