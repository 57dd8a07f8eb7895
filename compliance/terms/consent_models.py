"""How a product's data subjects consent: the stricter of two models asks for more of each call."""

NOT_CONSENT_BASED = "NOT_CONSENT_BASED"
PRE_COLLECTED = "PRE_COLLECTED_NAMED_RECIPIENT"
PER_CALL_TOKEN = "PER_CALL_TOKEN"  # noqa: S105 -- the name of a model, no secret

STRICTNESS = (NOT_CONSENT_BASED, PRE_COLLECTED, PER_CALL_TOKEN)
"""From no consent to one that is shown with every call; a token is also in the register."""


def strictest_model(left: str, right: str) -> str:
    """The stricter model; one that is not known here is as strict as any."""
    return max(left, right, key=_rank)


def _rank(model: str) -> tuple[int, str]:
    known = STRICTNESS.index(model) if model in STRICTNESS else len(STRICTNESS)
    return known, model
