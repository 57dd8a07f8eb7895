"""The verbs of compliance, gathered for the entry points and the reactions."""

from compliance.review.panels import APPEAL
from compliance.services.appeals import appeal_listing, appeal_rejection, vote_on_appeal
from compliance.services.cases.assignments import release_case, take_case
from compliance.services.cases.decisions import decide_case
from compliance.services.cases.intake import admit_case
from compliance.services.cases.reviews import note_probe, open_review
from compliance.services.deadlines import keep_deadlines
from compliance.services.evaluations.runs import replay_evaluation
from compliance.services.expiries import suspend_expired
from compliance.services.lapses import remind_of_lapses
from compliance.services.licences.ends import end_unrenewed, revoke_licence, surrender_licence
from compliance.services.licences.issuing import issue_licence
from compliance.services.licences.price_alarms import decide_price, explain_price
from compliance.services.listings.applications import apply_for_listing, decide_application
from compliance.services.listings.registration_ends import end_registration
from compliance.services.listings.registrations import raise_objection, resolve_objection
from compliance.services.listings.revocations import propose_revocation
from compliance.services.listings.shown_documents import open_shown_document, shown_documents
from compliance.services.listings.standing import note_listing_published
from compliance.services.listings.suspensions import (
    note_listing_delisted,
    ratify_suspension,
    resume_listing,
    suspend_listing,
)
from compliance.services.narrowing import continue_narrowing, narrow_chain
from compliance.services.panel_votes import KINDS as PANEL_KINDS
from compliance.services.panel_votes import vote_on_panel
from compliance.services.panels import seat_member
from compliance.services.parties import note_party_refused, note_party_verified
from compliance.services.platform import confirm_duty, state_duty
from compliance.services.policies import policy_document, set_policy
from compliance.services.scenarios.decisions import decide_scenario, narrow_scenario
from compliance.services.scenarios.declaring import submit_scenario, withdraw_scenario
from compliance.services.specialities import (
    assign_specialities,
    forget_specialities,
    register_specialities,
)

__all__ = [
    "APPEAL",
    "PANEL_KINDS",
    "admit_case",
    "appeal_listing",
    "appeal_rejection",
    "apply_for_listing",
    "assign_specialities",
    "confirm_duty",
    "continue_narrowing",
    "decide_application",
    "decide_case",
    "decide_price",
    "decide_scenario",
    "end_registration",
    "end_unrenewed",
    "explain_price",
    "forget_specialities",
    "issue_licence",
    "keep_deadlines",
    "narrow_chain",
    "narrow_scenario",
    "note_listing_delisted",
    "note_listing_published",
    "note_party_refused",
    "note_party_verified",
    "note_probe",
    "open_review",
    "open_shown_document",
    "policy_document",
    "propose_revocation",
    "raise_objection",
    "ratify_suspension",
    "register_specialities",
    "release_case",
    "remind_of_lapses",
    "replay_evaluation",
    "resolve_objection",
    "resume_listing",
    "revoke_licence",
    "seat_member",
    "set_policy",
    "shown_documents",
    "state_duty",
    "submit_scenario",
    "surrender_licence",
    "suspend_expired",
    "suspend_listing",
    "take_case",
    "vote_on_appeal",
    "vote_on_panel",
    "withdraw_scenario",
]
