"""The verbs of this room; none of them commits."""

from app.accounts.services.access_resets import (
    IssuedReset,
    approve_access_reset,
    propose_access_reset,
    reset_access,
    use_access_reset,
)
from app.accounts.services.api_keys import (
    IssuedKey,
    issue_api_key,
    revoke_api_key,
    rotate_api_key,
)
from app.accounts.services.collector_keys import (
    IssuedCollectorKey,
    issue_collector_key,
    revoke_collector_key,
    rotate_collector_key,
)
from app.accounts.services.exchange import bootstrap_exchange
from app.accounts.services.forgetting import forget_stale_access
from app.accounts.services.licences import note_licence, note_licence_ended
from app.accounts.services.organisations import (
    add_evidence,
    decide_verification,
    register_organisation,
)
from app.accounts.services.people import (
    add_person,
    change_password,
    deactivate_person,
    demand_role,
    grant_role,
    withdraw_role,
)
from app.accounts.services.second_factors import (
    Enrolment,
    confirm_second_factor,
    enrol_second_factor,
)
from app.accounts.services.session_ends import end_session
from app.accounts.services.sessions import Tokens, refresh_session, reserve_attempt, sign_in

__all__ = [
    "Enrolment",
    "IssuedCollectorKey",
    "IssuedKey",
    "IssuedReset",
    "Tokens",
    "add_evidence",
    "add_person",
    "approve_access_reset",
    "bootstrap_exchange",
    "change_password",
    "confirm_second_factor",
    "deactivate_person",
    "decide_verification",
    "demand_role",
    "end_session",
    "enrol_second_factor",
    "forget_stale_access",
    "grant_role",
    "issue_api_key",
    "issue_collector_key",
    "note_licence",
    "note_licence_ended",
    "propose_access_reset",
    "refresh_session",
    "register_organisation",
    "reserve_attempt",
    "reset_access",
    "revoke_api_key",
    "revoke_collector_key",
    "rotate_api_key",
    "rotate_collector_key",
    "sign_in",
    "use_access_reset",
    "withdraw_role",
]
