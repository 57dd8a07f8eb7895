"""Key hash -> key, licence and route: looked at each second, forgotten when a change is announced.

The cache is for speed alone: what it may wrongly still believe is caught by the fence at the
commit (`metering.fences`). So the first call after a pause need not wait for the look either.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from app.core.cipher import Cipher
from metering.connections import Connections
from metering.views import KeyView, LicenceView, key_view, licence_view, route_view

ENTRIES_MAX = 20_000
KEPT_SECONDS = 60.0
"""How long a key is remembered that nobody uses."""

FIND = """
SELECT k.key_id, k.secret_hash, k.networks, k.expires_at AS key_expires_at, k.withdrawn_at,
       k.calls_per_second AS key_calls_per_second, e.permitted_purposes,
       c.cap_amount IS NOT NULL AS is_capped,
       e.licence_id, e.buyer_id, e.supplier_id, e.listing_code, e.version_id, e.scenario_id,
       e.plan_hash, e.plan_terms, e.terms, e.split, e.currency, e.state, e.revision,
       e.starts_at, e.ends_at,
       r.state AS route_state, r.revision AS route_revision, r.delivery, r.fields_in, r.fields_out,
       p.key_ciphertext AS pseudonym_key, p.key_context AS pseudonym_context,
       e.is_signed, CASE WHEN e.is_signed THEN (
           SELECT jsonb_object_agg(s.vkey, encode(s.public_key, 'hex')) FROM request_signers AS s
           WHERE s.organisation_id = e.buyer_id AND s.withdrawn_at IS NULL) END AS signers
FROM call_keys AS k
JOIN entitlements AS e ON e.licence_id = k.licence_id
JOIN delivery_routes AS r ON r.version_id = e.version_id
LEFT JOIN key_caps AS c ON c.key_id = k.key_id
LEFT JOIN pseudonym_keys AS p ON p.listing_code = e.listing_code
WHERE k.secret_hash = %s
"""

STILL = """
SELECT k.key_id, e.revision, r.revision
FROM call_keys AS k
JOIN entitlements AS e ON e.licence_id = k.licence_id
JOIN delivery_routes AS r ON r.version_id = e.version_id
WHERE k.key_id = ANY(%s)
"""


@dataclass(slots=True)
class _Entry:
    view: KeyView
    checked_at: float
    is_due: bool = False
    """Somebody is about to look at it again."""


class CallerCache:
    """Finds callers by the hash of their key."""

    def __init__(
        self,
        connections: Connections,
        cipher: Cipher,
        *,
        fresh_seconds: float = 1.0,
        upstream_calls_per_second: int | None = None,
    ) -> None:
        self._connections = connections
        self._cipher = cipher
        self._fresh_seconds = fresh_seconds
        self._upstream_calls_per_second = upstream_calls_per_second
        self._entries: dict[str, _Entry] = {}
        self._due: dict[str, _Entry] = {}
        """What is to be looked at again, all in one look."""
        self._lock = threading.Lock()
        self._generation = 0

    def remembered(
        self, secret_hash: str, later: Callable[[Callable[[], None]], None]
    ) -> KeyView | None:
        """The key with this hash if it was looked at lately; never asks anybody itself.

        After a second it has somebody look again ``later``.
        """
        entry = self._entries.get(secret_hash)
        if entry is None:
            return None
        age = time.monotonic() - entry.checked_at
        if age < self._fresh_seconds:
            return entry.view
        if age >= KEPT_SECONDS:
            return None
        if not entry.is_due:
            self._look_later(secret_hash, entry, later)
        found = self._entries.get(secret_hash)
        return None if found is None else found.view

    def _look_later(
        self, secret_hash: str, entry: _Entry, later: Callable[[Callable[[], None]], None]
    ) -> None:
        with self._lock:
            is_first = not self._due
            entry.is_due = True
            self._due[secret_hash] = entry
        if is_first:
            later(self._look_again)

    def _look_again(self) -> None:
        with self._lock:
            due, self._due = self._due, {}
        try:
            for secret_hash in self._confirm_unchanged(due):
                self._refresh(secret_hash)
        finally:
            for entry in due.values():
                entry.is_due = False

    def _confirm_unchanged(self, entries: Mapping[str, _Entry]) -> list[str]:
        """Put a new date to what did not change, in one question; the rest are returned."""
        asked_at = time.monotonic()
        with self._connections.single() as connection:
            given = [entry.view.key_id for entry in entries.values()]
            rows = connection.execute(STILL, (given,)).fetchall()
        now = {key_id: revisions for key_id, *revisions in rows}
        changed = []
        for secret_hash, entry in entries.items():
            licence = entry.view.licence
            if now.get(entry.view.key_id) == [licence.revision, licence.route.revision]:
                entry.checked_at = asked_at
            else:
                changed.append(secret_hash)
        return changed

    def confirm(self, view: KeyView, at: float) -> None:
        """A call with this view was recorded after ``at``: its commit saw that nothing changed."""
        entry = self._entries.get(view.secret_hash)
        if entry is not None and entry.view is view:
            entry.checked_at = max(entry.checked_at, at)

    def find(self, secret_hash: str) -> KeyView | None:
        """The key with this hash, at most a second old; None when there is none."""
        entry = self._entries.get(secret_hash)
        if entry is not None:
            is_fresh = time.monotonic() - entry.checked_at < self._fresh_seconds
            if is_fresh or not self._confirm_unchanged({secret_hash: entry}):
                return entry.view
        return self._refresh(secret_hash)

    def look(self, secret_hash: str) -> KeyView | None:
        """The key as it stands now: for what no commit's fence holds to that."""
        entry = self._entries.get(secret_hash)
        if entry is not None and not self._confirm_unchanged({secret_hash: entry}):
            return entry.view
        return self._refresh(secret_hash)

    def _refresh(self, secret_hash: str) -> KeyView | None:
        generation, asked_at = self._generation, time.monotonic()
        view = self._load(secret_hash)
        with self._lock:
            if view is None:
                self._entries.pop(secret_hash, None)
            elif generation == self._generation:
                # Else something was announced while we asked: use the answer once, keep nothing.
                self._keep(secret_hash, _Entry(view, asked_at))
        return view

    def _keep(self, secret_hash: str, entry: _Entry) -> None:
        if len(self._entries) >= ENTRIES_MAX:
            self._entries.pop(next(iter(self._entries)))
        self._entries[secret_hash] = entry

    def _load(self, secret_hash: str) -> KeyView | None:
        with self._connections.single() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            row = cursor.execute(FIND, (secret_hash,)).fetchone()
        return None if row is None else self._compile(row)

    def _compile(self, row: Mapping[str, Any]) -> KeyView:
        licence = licence_view(row, route_view(row, self._cipher))
        return key_view(row, licence, self._upstream_calls_per_second)

    def forget(self, kind: str, subjects: frozenset[str]) -> None:
        """Drop what an announced change touches."""
        with self._lock:
            self._generation += 1
            self._entries = {
                secret_hash: entry
                for secret_hash, entry in self._entries.items()
                if _subject(entry.view.licence, kind) not in subjects
            }

    def forget_everything(self) -> None:
        """Drop all: announcements may have been missed."""
        with self._lock:
            self._generation += 1
            self._entries = {}


def _subject(licence: LicenceView, kind: str) -> str:
    return licence.listing_code if kind == "listing" else licence.licence_id
