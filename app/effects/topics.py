"""What effects there are; `app/worker/effects.py` performs them."""

TOPICS = (
    "chain.announce_key",
    "chain.grant_licence",
    "chain.record_statement",
    "chain.retire_key",
    "chain.revoke_licence",
    "log.request_anchor",
    "upstream.probe",
)
