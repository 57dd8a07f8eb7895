"""Which terms the exchange itself enforces, which are promised, and why: shown to both sides."""

from collections.abc import Mapping
from typing import Any

ENFORCED: dict[str, str] = {
    "fields": "Every answer is cut down to these before it is delivered.",
    "calls_max": "Calls are leased out of this number; the one beyond it is refused.",
    "calls_per_second": "Counted over all processes in the database's own seconds.",
    "starts_at": "An earlier call is refused.",
    "ends_at": "A later call is refused.",
    "purposes": "A call that says another purpose is refused, and so is one about persons that says"
    " none of several. What it says is kept with it; whether that is true is promised.",
    "consent_model": "Where consent is needed, a call without a standing consent is refused.",
}
"""What the exchange itself refuses calls by, and how."""
PROMISED: dict[str, str] = {
    "regions": "Where data is used after it was delivered cannot be seen, and a caller's address"
    " shows a network and no place; the contract and audits hold the buyer to it. Networks of a key"
    " are enforced.",
    "retention": "What a buyer deletes, and when, cannot be seen from here.",
    "transfer": "A copy that is passed on makes no call.",
    "recipients": "Who reads an answer inside the buyer's house cannot be seen.",
    "may_sublicense": "As a transfer: it makes no call.",
    "duties": "Duties are acts of the buyer outside the exchange.",
    "prohibitions": "Uses outside the exchange cannot be seen.",
}
"""What only the contract and audits can hold the buyer to, and why."""


def split_by_enforcement(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The terms' JSON form in two halves: enforced by the exchange, promised by contract."""
    return {
        "enforced": {name: document.get(name) for name in ENFORCED},
        "promised": {name: document.get(name) for name in PROMISED},
    }


def reasons() -> dict[str, str]:
    """Why each term is enforced, or can only be promised."""
    return {**ENFORCED, **PROMISED}
