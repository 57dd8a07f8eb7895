"""The verbs of this room; reactions and routes call them by these names."""

from listings.services.contributions import (
    agree_to_contribution,
    decline_contribution,
    note_agreement_shares,
)
from listings.services.custom_offers import (
    accept_custom_offer,
    decline_custom_offer,
    propose_custom_offer,
    withdraw_custom_offer,
)
from listings.services.deletions import delete_draft, delete_product
from listings.services.demands import (
    answer_demand,
    close_demand,
    edit_demand,
    extend_demand,
    post_demand,
)
from listings.services.drafts import amend_draft, draft_version, register_product, replace_draft
from listings.services.grading import note_quality
from listings.services.importing import import_drafts
from listings.services.ordering import activate_order, place_order
from listings.services.parties import note_party_refused, note_party_verified
from listings.services.publication import (
    delist_listing,
    publish_listing,
    resume_listing,
    revoke_listing,
    suspend_listing,
    take_off_sale,
)
from listings.services.ratings import rate_listing, withdraw_rating
from listings.services.registry import (
    cancel_for_cause,
    cancel_registration,
    enter_registration,
    finish_publicity,
    give_registration_up,
)
from listings.services.scenarios import (
    note_scenario_approved,
    note_scenario_ended,
    note_scenario_narrowed,
)
from listings.services.submissions import (
    close_version,
    reject_version,
    reopen_version,
    return_version,
    submit_version,
)
from listings.services.transfers import (
    accept_transfer,
    begin_successor,
    decline_transfer,
    note_consents_left,
    propose_transfer,
    withdraw_transfer,
)

__all__ = [
    "accept_custom_offer",
    "accept_transfer",
    "activate_order",
    "agree_to_contribution",
    "amend_draft",
    "answer_demand",
    "begin_successor",
    "cancel_for_cause",
    "cancel_registration",
    "close_demand",
    "close_version",
    "decline_contribution",
    "decline_custom_offer",
    "decline_transfer",
    "delete_draft",
    "delete_product",
    "delist_listing",
    "draft_version",
    "edit_demand",
    "enter_registration",
    "extend_demand",
    "finish_publicity",
    "give_registration_up",
    "import_drafts",
    "note_agreement_shares",
    "note_consents_left",
    "note_party_refused",
    "note_party_verified",
    "note_quality",
    "note_scenario_approved",
    "note_scenario_ended",
    "note_scenario_narrowed",
    "place_order",
    "post_demand",
    "propose_custom_offer",
    "propose_transfer",
    "publish_listing",
    "rate_listing",
    "register_product",
    "reject_version",
    "reopen_version",
    "replace_draft",
    "resume_listing",
    "return_version",
    "revoke_listing",
    "submit_version",
    "suspend_listing",
    "take_off_sale",
    "withdraw_custom_offer",
    "withdraw_rating",
    "withdraw_transfer",
]
