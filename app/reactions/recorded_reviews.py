"""The log entries of a review, from its assignment to listing, suspension and appeal."""

from app.core.events import Event
from app.reactions.recorded import Recorded
from compliance.review import events as review

REVIEW_RECORDED: dict[type[Event], Recorded] = {
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
    review.RegistrationFinal: Recorded(
        "registration_final", ("registration_id", "case_id", "version_id")
    ),
    review.RegistrationCancelled: Recorded(
        "registration_cancelled", ("registration_id", "version_id", "objection_id")
    ),
    review.RegistrationEnded: Recorded(
        "registration_ended",
        ("registration_id", "case_id", "version_id"),
        optional=("application_id",),
    ),
    review.ObjectionRaised: Recorded(
        "objection_raised", ("objection_id", "registration_id", "statement_hash")
    ),
    review.ObjectionResolved: Recorded(
        "objection_resolved",
        ("objection_id", "registration_id", "outcome", "decided_by", "reason_hash"),
    ),
    review.ListingAppliedFor: Recorded(
        "listing_applied_for", ("application_id", "registration_id", "listing_code")
    ),
    review.ListingApproved: Recorded(
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
    review.ListingRefused: Recorded(
        "listing_refused",
        ("application_id", "case_id", "version_id", "listing_code", "officer_id", "reason_hash"),
    ),
    review.SuspensionWidened: Recorded(
        "suspension_widened", ("suspension_id", "listing_code", "reason_code", "widened_by")
    ),
    review.SuspensionRatified: Recorded(
        "suspension_ratified", ("suspension_id", "listing_code", "ratified_by")
    ),
    review.ResumptionProposed: Recorded(
        "resumption_proposed", ("suspension_id", "listing_code", "proposed_by")
    ),
    review.DelistingNoticed: Recorded("delisting_noticed", ("listing_code", "delists_at")),
    review.DelistingCompleted: Recorded("delisting_completed", ("listing_code",)),
    review.RevocationProposed: Recorded(
        "revocation_proposed",
        ("revocation_id", "listing_code", "reason_code", "proposed_by", "reason_hash"),
    ),
    review.RevocationRefused: Recorded("revocation_refused", ("revocation_id", "listing_code")),
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
    review.PriceAlarmRaised: Recorded(
        "price_alarm_raised", ("alarm_id", "licence_id", "listing_code", "due_at")
    ),
    review.PriceExplained: Recorded(
        "price_explained", ("alarm_id", "listing_code", "ground", "reason_hash")
    ),
    review.PriceDecided: Recorded(
        "price_decided", ("alarm_id", "listing_code", "state", "decided_by", "reason_hash")
    ),
    review.PlatformDutyStated: Recorded(
        "platform_duty_stated",
        ("statement_id", "rule_id", "outcome", "document_hash", "valid_until"),
    ),
    review.PlatformDutyConfirmed: Recorded(
        "platform_duty_confirmed", ("statement_id", "rule_id", "confirmed_by")
    ),
    review.ReviewPolicySet: Recorded(
        "review_policy_set",
        ("policy_id", "policy_hash", "effective_from", "set_by", "reason_hash"),
    ),
}
"""The steps of a review, from its assignment to the listing."""
