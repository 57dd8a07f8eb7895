"""Fences: the locks under which authority over calls changes, and its changes are announced.

Whoever withdraws a licence, key or route holds its fence exclusively until the change is
committed; whoever commits calls holds it shared and reads the revision after getting it. So a call
that starts after a withdrawal's commit can never be delivered. Advisory locks queue fairly (row
locks let new sharers overtake a waiting writer for ever) and write nothing to the table.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

CHANNEL = "counterfoil_metering"
RECALL, MONEY_RECALL = "recall", "money-recall"


def fence_key(subject: str) -> int:
    """The signed 64-bit advisory lock key of ``licence:<id>``, ``listing:<code>`` and the like."""
    digest = hashlib.sha256(b"counterfoil/metering/" + subject.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def licence_fence(licence_id: str) -> int:
    """The fence of a licence and its keys."""
    return fence_key(f"licence:{licence_id}")


def listing_fence(listing_code: str) -> int:
    """The fence of a listing's routes."""
    return fence_key(f"listing:{listing_code}")


def consent_fence(consent_id: str) -> int:
    """The fence of one data subject's consent."""
    return fence_key(f"consent:{consent_id}")


SHARE_FENCES = "SELECT pg_advisory_xact_lock_shared(key) FROM unnest(%s::bigint[]) AS key"
"""Give the keys sorted and once each: every committer then takes them in the same order."""
ANNOUNCE = "SELECT pg_notify(%(channel)s, %(message)s)"


def message(kind: str, subjects: Sequence[str]) -> str:
    """The payload of an announcement; PostgreSQL delivers it with the commit."""
    return json.dumps({"kind": kind, "subjects": list(subjects)})


def recall_message(licence_id: str) -> str:
    """The payload that asks workers to give back what they hold idle of a licence."""
    return message(RECALL, [licence_id])


def money_recall_message(buyer_id: str) -> str:
    """The payload that asks workers to give back the money they hold idle of a buyer."""
    return message(MONEY_RECALL, [buyer_id])


def read_message(payload: str) -> tuple[str, list[str]]:
    """Kind and subjects of an announcement; anything else reads as nothing."""
    try:
        read: Any = json.loads(payload)
        return str(read["kind"]), [str(subject) for subject in read["subjects"]]
    except (ValueError, KeyError, TypeError):
        return "", []
