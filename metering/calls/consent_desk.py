"""Finds the consent that a call rests on: default deny, and nothing at all where none is needed.

What it remembers is for speed alone: a withdrawal that it has not heard of is caught by the
consent's fence at the commit (`metering.recording.commit_store`).
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from psycopg.rows import dict_row

from app.core.compact_jws import NotASignedToken, TokenReader
from metering.calls import consent_rules
from metering.calls.consent_rules import Wanted
from metering.calls.decisions import Refused
from metering.connections import Connections
from metering.fences import consent_fence
from metering.views import ConsentView, LicenceView

ENTRIES_MAX = 20_000
TOKEN_TYPE = "consent+jwt"  # noqa: S105 -- the type of a token, no secret
HELD_MAX = 50
"""Consents of one person for one recipient that are looked at; a person gives a handful."""

COLUMNS = """
SELECT consent_id, listing_code, recipient_id, subject, permitted_purposes, token_hash, state,
       expires_at FROM call_consents
"""
FIND = COLUMNS + "WHERE consent_id = %s"
HELD = (
    COLUMNS
    + "WHERE listing_code = %s AND recipient_id = %s AND subject = %s"
    + f" ORDER BY consent_id DESC LIMIT {HELD_MAX}"
)


@dataclass(frozen=True, slots=True)
class ConsentClaim:
    """What a call brings for its consent."""

    token: str | None
    purpose: str | None
    parameters: Mapping[str, Any]


@dataclass(slots=True)
class _Entry:
    consents: Sequence[ConsentView]
    checked_at: float


class ConsentDesk:
    """Asks the projection of the consent register; a consent is at most a second old."""

    def __init__(
        self, connections: Connections, tokens: TokenReader, *, fresh_seconds: float = 1.0
    ) -> None:
        self._connections = connections
        self._tokens = tokens
        self._fresh_seconds = fresh_seconds
        self._entries: dict[tuple[str, ...], _Entry] = {}
        self._lock = threading.Lock()
        self._generation = 0

    def demand(self, licence: LicenceView, claim: ConsentClaim, at: datetime) -> ConsentView | None:
        """The consent that carries the call, None where the licence needs none.

        Raises `metering.errors.CallRefused`.
        """
        if licence.consent_model is None:
            return None
        decision = self._decide(licence, claim, at)
        if isinstance(decision, Refused):
            raise decision.as_error()
        return decision

    def _decide(
        self, licence: LicenceView, claim: ConsentClaim, at: datetime
    ) -> ConsentView | Refused:
        rule = licence.route.subject
        subject = None if rule is None else rule.pseudonym_in(claim.parameters)
        if subject is None:
            return consent_rules.subject_unknown()
        wanted = Wanted(subject, claim.purpose, at)
        if licence.consent_model == consent_rules.PRE_COLLECTED:
            place = (licence.listing_code, licence.buyer_id, subject)
            return consent_rules.choose(licence, self._look(HELD, place), wanted)
        # A model that is not known here is answered like the strictest.
        return self._by_token(licence, claim.token, wanted)

    def _by_token(
        self, licence: LicenceView, token: str | None, wanted: Wanted
    ) -> ConsentView | Refused:
        if token is None:
            return consent_rules.token_missing()
        try:
            consent_id = str(self._tokens.read(token)["jti"])
        except (NotASignedToken, KeyError):
            return consent_rules.token_refused()
        held = self._look(FIND, (consent_id,))
        # Signed by us and yet unknown here: a test of the register, or another installation's.
        if not held or held[0].token_hash != sha256(token.encode()).hexdigest():
            return consent_rules.token_refused()
        return consent_rules.judge(licence, held[0], wanted) or held[0]

    def _look(self, query: str, place: tuple[str, ...]) -> Sequence[ConsentView]:
        entry, asked_at = self._entries.get(place), time.monotonic()
        if entry is not None and asked_at - entry.checked_at < self._fresh_seconds:
            return entry.consents
        generation = self._generation
        found = self._load(query, place)
        with self._lock:
            # Nothing found is not kept: a consent that is given now serves the next call.
            if found and generation == self._generation:
                self._keep(place, _Entry(found, asked_at))
        return found

    def _keep(self, place: tuple[str, ...], entry: _Entry) -> None:
        if len(self._entries) >= ENTRIES_MAX:
            self._entries.pop(next(iter(self._entries)))
        self._entries[place] = entry

    def _load(self, query: str, place: tuple[str, ...]) -> Sequence[ConsentView]:
        with self._connections.transaction() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            rows = cursor.execute(query, place).fetchall()
        return [_view(row) for row in rows]

    def forget(self, consent_ids: frozenset[str]) -> None:
        """Drop what an announced change touches."""
        with self._lock:
            self._generation += 1
            self._entries = {
                place: entry
                for place, entry in self._entries.items()
                if not any(each.consent_id in consent_ids for each in entry.consents)
            }

    def forget_everything(self) -> None:
        """Drop all: announcements may have been missed."""
        with self._lock:
            self._generation += 1
            self._entries = {}


def _view(row: Mapping[str, Any]) -> ConsentView:
    return ConsentView(
        consent_id=row["consent_id"],
        listing_code=row["listing_code"],
        recipient_id=row["recipient_id"],
        subject=row["subject"],
        purposes=frozenset(row["permitted_purposes"]),
        token_hash=row["token_hash"],
        state=row["state"],
        expires_at=row["expires_at"],
        fence=consent_fence(row["consent_id"]),
    )
