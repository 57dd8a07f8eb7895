"""Whatever changes something takes an Idempotency-Key, or says why a repeat does no harm."""

from flask import Flask

WRITING = {"POST", "PUT", "PATCH", "DELETE"}

UNKEYED = {
    # Signing in, and what one holds: each is good once, or replaces what nobody has used.
    "accounts.post_session": "a second sign-in opens another session and doubles nothing",
    "accounts.post_refresh": "a refresh token is good once; a copy of it ends the session",
    "accounts.delete_session": "what has ended stays ended",
    "accounts.post_use": "the token is good once",
    "accounts.post_second_factor": "replaces a secret that nobody has confirmed",
    "accounts.post_confirmation": "what waits is confirmed once; then nothing waits",
    "accounts.put_password": "asks for the present password, which is another one afterwards",
    # Roles and standing: the same again is as good as once.
    "accounts.post_role": "a role that is held already stays as it is",
    "accounts.post_staff_role": "a role that is held already stays as it is",
    "accounts.delete_role": "a role that is not held is not withdrawn",
    "accounts.delete_staff_role": "a role that is not held is not withdrawn",
    "accounts.post_deactivation": "who is deactivated stays so, since the first instant",
    "accounts.post_staff_deactivation": "who is deactivated stays so, since the first instant",
    "accounts.delete_api_key": "a revoked key stays revoked, since the first instant",
    "accounts.delete_collector_key": "a revoked key stays revoked, since the first instant",
    # Sets what the body says, whatever was there before.
    "compliance.put_own_specialities": "sets the whole list",
    "compliance.put_specialities": "sets the whole list",
    "listings.put_demand": "replaces what an unanswered demand says",
    "listings.patch_version": "replaces the named parts of a draft; If-Match keeps others' work",
    "listings.put_rating": "sets the one rating of a buyer and listing",
    "listings.put_version": "replaces a draft; If-Match keeps others' work",
    "log.put_evidence_mode": "sets the one mode of a licence",
    "metering.put_day_cap": "sets the one cap of the day",
    "metering.put_key_cap": "sets the one cap of a key",
    "metering.put_licence_cap": "sets the one cap of a licence",
    "metering.put_renewal": "says whether a subscription goes on",
    "notices.patch_webhook_endpoint": "sets the named members of an endpoint",
    "spend-alerts.put_spend_alert": "sets the one alert of a currency",
    # Takes away what is there once.
    "documents.delete_document": "what is gone is not found again",
    "listings.delete_product": "what is gone is not found again",
    "listings.delete_rating": "what is gone is not found again",
    "listings.delete_version": "what is gone is not found again; If-Match keeps the next draft",
    "metering.delete_day_cap": "no cap is none, however often",
    "metering.delete_key_cap": "no cap is none, however often",
    "metering.delete_licence_cap": "no cap is none, however often",
    "notices.delete_webhook_endpoint": "what is gone is not found again",
    "payouts.delete_payout_failure": "takes back the one first word that waits",
    "withdrawals.delete_withdrawal_failure": "takes back the one first word that waits",
    # Reads, and asks by POST only because the question has a body.
    "compliance.post_probe": "looks at the upstream again; a later look replaces an earlier one",
    "log.post_evidence_bundle": "makes an archive of what is there, and keeps none",
    "quotes.post_plan_replay": "computes, and stores nothing",
    "quotes.post_quote": "computes, and stores nothing",
    # Known by what it carries.
    "documents.put_document": "its address is the hash of its bytes, so the same again is the same",
    "log.post_acknowledgement": "the same signed document again changes nothing",
    "payments.post_event": "a provider's notice is kept once by the provider's own id",
}
"""Views of changing methods that take no Idempotency-Key, each with why it needs none."""


def unkeyed_writes(app: Flask) -> set[str]:
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if (rule.methods or set()) & WRITING
        and not getattr(app.view_functions[rule.endpoint], "is_idempotent", False)
    }


def test_whatever_changes_something_without_a_key_is_named_with_a_reason(app):
    assert unkeyed_writes(app) == set(UNKEYED)


def test_a_planted_post_without_a_key_is_found(app):
    app.add_url_rule("/planted", "planted", lambda: None, methods=["POST"])
    assert unkeyed_writes(app) - set(UNKEYED) == {"planted"}


def test_every_reason_is_one():
    assert [name for name, reason in UNKEYED.items() if len(reason.split()) < 4] == []
