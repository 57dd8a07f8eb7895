"""The verbs of compliance, gathered for the entry points and the reactions."""

from compliance.services.decisions import decide_case
from compliance.services.evaluations import replay_evaluation
from compliance.services.expiries import suspend_expired
from compliance.services.licences import issue_licence, revoke_licence
from compliance.services.listings import (
    note_listing_delisted,
    note_listing_published,
    resume_listing,
    revoke_listing,
    suspend_listing,
)
from compliance.services.parties import note_party_verified
from compliance.services.reviews import note_probe, open_review, take_case
from compliance.services.scenarios import decide_scenario, submit_scenario, withdraw_scenario

__all__ = [
    "decide_case",
    "decide_scenario",
    "issue_licence",
    "note_listing_delisted",
    "note_listing_published",
    "note_party_verified",
    "note_probe",
    "open_review",
    "replay_evaluation",
    "resume_listing",
    "revoke_licence",
    "revoke_listing",
    "submit_scenario",
    "suspend_expired",
    "suspend_listing",
    "take_case",
    "withdraw_scenario",
]
