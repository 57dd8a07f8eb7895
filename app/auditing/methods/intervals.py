"""Question 3, at past instants: what each version rested on, all the while that it was listed.

Intervals come from the log alone: a listing is live from its listing or resumption to the next
thing that happened to it; one that began and ended with the same transaction is none. What it
rested on is in the dossier that was approved.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.rules import Finding, Rule, Scope
from app.core.clock import iso_instant
from compliance.days import day_begins
from compliance.lapses.expiry import lapses_of
from compliance.lapses.expiry_policy import SUSPEND
from compliance.rules.rule_set import RuleSet

INTERVALS_MAX = 5_000
"""Intervals that one answer looks into, newest first; narrow the question for older ones."""
TICK = timedelta(seconds=120)
"""The worker looks for what has lapsed each minute; later than two looks is a breach."""
RIGHTS = frozenset({"RIGHT", "CHAIN_LINK"})

INTERVALS = """
    SELECT i.listing_code || '/' || i.version_id || '/' || i.arrival AS subject, i.listing_code,
        i.version_id, i.starts_at, coalesce(i.ends_at, CAST(:now AS timestamptz)) AS ends_at,
        c.supplier_id, c.dossier, r.document, n.ended_links
    FROM (
        SELECT s.*, lead(s.starts_at) OVER (PARTITION BY s.listing_code ORDER BY s.arrival)
                AS ends_at,
            first_value(s.version) OVER listing AS version_id,
            first_value(s.hash) OVER listing AS dossier_hash
        FROM (
            SELECT e.arrival, e.entry_type, e.recorded_at AS starts_at,
                b.leaf->>'listing_code' AS listing_code, b.leaf->>'version' AS version,
                b.leaf->>'dossier_hash' AS hash, count(*) FILTER (WHERE e.entry_type = 'listed')
                    OVER (PARTITION BY b.leaf->>'listing_code' ORDER BY e.arrival) AS listing_n
            FROM log_entries e {leaf}
            WHERE e.entry_type IN ('listed', 'suspended', 'resumed', 'delisting_noticed',
                'delisting_completed', 'delisted', 'listing_revoked')
        ) s
        WINDOW listing AS (PARTITION BY s.listing_code, s.listing_n ORDER BY s.arrival)
    ) i
    JOIN LATERAL (
        SELECT k.dossier, k.rule_set_hash, k.supplier_id FROM review_cases k
        WHERE k.version_id = i.version_id AND k.stage = 'APPROVED'
            AND k.dossier_hash = i.dossier_hash
        ORDER BY k.id DESC LIMIT 1
    ) c ON true
    JOIN rule_sets r ON r.hash = c.rule_set_hash
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(b.leaf->>'link', e.recorded_at) AS ended_links
        FROM log_entry_subjects s JOIN log_entries e USING (arrival) {leaf}
        WHERE s.subject = i.version_id AND e.entry_type = 'chain_link_narrowed'
            AND b.leaf->>'listing_code' = i.listing_code AND (b.leaf->>'is_end')::int = 1
    ) n ON true
    WHERE i.entry_type IN ('listed', 'resumed') AND i.ends_at IS DISTINCT FROM i.starts_at
        AND {within i.starts_at}
        AND {listing i.listing_code} AND {party c.supplier_id}
"""

Ended = tuple[str, str, datetime]
"""What no longer carried the listing: its kind, its name, and since when."""


def _ended(row: Any) -> Iterator[Ended]:
    """What ended two looks or more before the interval did."""
    for each in lapses_of(row.dossier, RuleSet.read(row.document)):
        if each.consequence == SUSPEND:
            yield each.kind, each.name, each.effective_at
    for link, at in (row.ended_links or {}).items():
        yield "CHAIN_LINK", f"link {link}, ended by its grantor", datetime.fromisoformat(at)


def _unbegun(dossier: Mapping[str, Any]) -> Iterator[Ended]:
    """Rights and links with the day from which they carry."""
    for right in dossier.get("rights") or ():
        if right.get("from"):
            yield "RIGHT", f"{right['right']} ({right['basis']})", day_begins(right["from"])
    for place, link in enumerate(dossier.get("authorisation_chain") or ()):
        if link.get("from"):
            yield "CHAIN_LINK", f"link {place}", day_begins(link["from"])


def _uncarried(session: Session, scope: Scope) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, subject, facts) of all that did not carry a listing while it was live."""
    query = INTERVALS + " ORDER BY i.arrival DESC LIMIT :intervals"
    parameters = {**scope.parameters, "intervals": INTERVALS_MAX}
    for row in session.execute(text(scope.narrow(query)), parameters):
        late = [
            (kind, name, "ended_at", at)
            for kind, name, at in _ended(row)
            if at + TICK <= row.ends_at
        ]
        early = [
            (kind, name, "begins_at", at)
            for kind, name, at in _unbegun(row.dossier)
            if at > row.starts_at
        ]
        for kind, name, moment, at in late + early:
            facts = {
                "listing_code": row.listing_code,
                "version_id": row.version_id,
                "listed_from": iso_instant(row.starts_at),
                "listed_until": iso_instant(row.ends_at),
                "kind": kind,
                "name": name,
                moment: iso_instant(at),
            }
            yield kind, f"{row.subject}/{kind}/{name}", facts


def _rights(session: Session, scope: Scope) -> list[Finding]:
    return [
        Finding("rights_held_while_listed", subject, facts)
        for kind, subject, facts in _uncarried(session, scope)
        if kind in RIGHTS
    ]


def _evidence(session: Session, scope: Scope) -> list[Finding]:
    return [
        Finding("evidence_held_while_listed", subject, facts)
        for kind, subject, facts in _uncarried(session, scope)
        if kind not in RIGHTS
    ]


COUNT = f"SELECT least(count(*), {INTERVALS_MAX}) FROM ({INTERVALS}) held"

HELD = (
    Rule(
        "evidence_held_while_listed",
        "At no instant of an interval in which a version was listed, now or in the past, was a"
        " document or approval that carried it more than two minutes out of date.",
        "任一版本在任一挂牌区间（现在或过去）内，其依据的文件或批准从未失效超过两分钟。",
        COUNT,
        search=_evidence,
    ),
    Rule(
        "rights_held_while_listed",
        "At no instant of such an interval was a right, or a link of the chain of rights, not yet"
        " in force, past its end, or taken back by its grantor more than two minutes before.",
        "在上述任一区间内，任何权利或权利链环节均未处于尚未生效、已届满或被授权方收回超过两分钟的状态。",
        COUNT,
        search=_rights,
    ),
)
