"""Everything recorded about a subject in one list, oldest first, followed from room to room.

From the subject downwards everything that belongs to it (a product's versions, a listing's
licences, a licence's invoices), and upwards the one line that it came from (a licence's order, its
scenario, its listing, its product), but not what else belongs to those.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.errors import AuditSubjectUnknown
from ledger.journal.books.postings import TEMPLATES
from ledger.payments.operations import Kind

SOURCES = ("log", "journal", "compliance", "accounts", "payments")
"""Rooms whose records a trail has."""
KINDS = TEMPLATES | {
    "carried_answer",
    "conflict_declaration",
    "evaluation",
    "item_answer",
    "review_decision",
    "verification",
    *Kind,
}
"""Everything that a record may be, besides the types of the log's entries."""
IDS_MAX = 20_000
"""Ids that one trail follows; a larger organisation is asked about licence by licence."""

# What belongs to what. An organisation is the parent of what it offers and of what it buys.
BELONGS = """
    SELECT supplier_id AS parent, id AS child FROM data_products
    UNION ALL SELECT id, listing_code FROM data_products
    UNION ALL SELECT product_id, id FROM product_versions
    UNION ALL SELECT version_id, id FROM review_cases
    UNION ALL SELECT id, listing_code FROM review_cases WHERE stage = 'APPROVED'
    UNION ALL SELECT version_id, id FROM plans
    UNION ALL SELECT version_id, registration_id FROM registry_entries
    UNION ALL SELECT registration_id, id FROM registration_transfers
    UNION ALL SELECT id, successor_product_id FROM registration_transfers
    UNION ALL SELECT version_id, id FROM contributions
    UNION ALL SELECT listing_code, id FROM custom_offers
    UNION ALL SELECT listing_code, id FROM scenarios
    UNION ALL SELECT buyer_id, id FROM scenarios
    UNION ALL SELECT listing_code, id FROM orders
    UNION ALL SELECT buyer_id, id FROM orders
    UNION ALL SELECT scenario_id, id FROM orders
    UNION ALL SELECT id, agreement_id FROM orders
    UNION ALL SELECT order_id, id FROM licences
    UNION ALL SELECT licence_id, id FROM api_keys
    UNION ALL SELECT organisation_id, id FROM collector_keys
    UNION ALL SELECT licence_id, invoice_id FROM invoices
    UNION ALL SELECT licence_id, credit_id FROM credits
    UNION ALL SELECT licence_id, dispute_id FROM disputes
    UNION ALL SELECT licence_id, acknowledgement_id FROM acknowledgements
    UNION ALL SELECT supplier_id, settlement_id FROM settlements
    UNION ALL SELECT settlement_id, payout_id FROM payouts
    UNION ALL SELECT organisation_id, top_up_id FROM top_ups
    UNION ALL SELECT organisation_id, credit_line_id FROM credit_lines
    UNION ALL SELECT organisation_id, bank_account_id FROM bank_accounts
    UNION ALL SELECT subject_id, operation_id FROM payment_operations
"""

FOLLOWED = f"""
    WITH RECURSIVE down(id) AS (
        SELECT CAST(:subject AS text)
        UNION
        SELECT b.child FROM down JOIN LATERAL (
            SELECT e.child FROM ({BELONGS}) e WHERE e.parent = down.id) b ON true
    ), up(id) AS (
        SELECT CAST(:subject AS text)
        UNION
        SELECT b.parent FROM up JOIN LATERAL (
            SELECT e.parent FROM ({BELONGS}) e WHERE e.child = up.id) b ON true
    )
    SELECT id FROM down UNION SELECT id FROM up WHERE id NOT LIKE 'org\\_%' OR id = :subject
    LIMIT :most
"""  # noqa: S608 -- our own text

# What the log does not hold, or not in words: money, checks, people's answers.
RECORDS = """
    SELECT e.recorded_at AS at, 'log' AS source, e.entry_type AS kind,
        lpad(e.arrival::text, 20, '0') AS key, jsonb_build_object('leaf_hash',
            encode(e.leaf_hash, 'hex'), 'leaf', convert_from(e.body, 'UTF8')::jsonb) AS facts
    FROM log_entries e
    WHERE (e.licence_id = ANY(:ids) OR e.arrival IN (
            SELECT s.arrival FROM log_entry_subjects s WHERE s.subject = ANY(:ids)))
        AND (:with_calls OR e.entry_type <> 'call')
    UNION ALL
    SELECT t.booked_at, 'journal', t.template, lpad(t.transaction_id::text, 20, '0'),
        jsonb_build_object('transaction_id', t.transaction_id, 'reference', t.reference,
            'licence_id', t.licence_id, 'order_id', t.order_id, 'postings',
            (SELECT jsonb_agg(jsonb_build_object('account_id', p.account_id, 'amount',
                p.amount::text) ORDER BY p.line) FROM postings p
                WHERE p.transaction_id = t.transaction_id))
    FROM journal_transactions t
    WHERE (t.licence_id = ANY(:ids) OR t.order_id = ANY(:ids) OR t.reference = ANY(:ids))
        AND (:with_calls OR t.template <> 'accrue_calls')
    UNION ALL
    SELECT v.evaluated_at, 'compliance', 'evaluation', v.id, jsonb_build_object(
        'evaluation_id', v.id, 'case_id', v.case_id, 'rule_set_hash', v.rule_set_hash,
        'input_hash', v.input_hash) FROM rule_evaluations v WHERE v.case_id = ANY(:ids)
    UNION ALL
    SELECT k.declared_at, 'compliance', 'conflict_declaration', k.case_id || '/' || k.reviewer_id
            || '/' || k.is_conflicted, jsonb_build_object('case_id', k.case_id,
        'reviewer_id', k.reviewer_id, 'is_conflicted', k.is_conflicted, 'conflicts', k.conflicts)
    FROM conflict_declarations k WHERE k.case_id = ANY(:ids)
    UNION ALL
    SELECT i.answered_at, 'compliance', 'item_answer', i.case_id || '/' || i.rule_id || '/'
            || i.reviewer_id, jsonb_build_object('case_id', i.case_id, 'rule_id', i.rule_id,
        'reviewer_id', i.reviewer_id, 'outcome', i.outcome, 'reason', i.reason)
    FROM item_answers i WHERE i.case_id = ANY(:ids)
    UNION ALL
    SELECT w.carried_at, 'compliance', 'carried_answer', w.case_id || '/' || w.rule_id,
        jsonb_build_object('case_id', w.case_id, 'rule_id', w.rule_id, 'from_case_id',
            w.from_case_id, 'from_version_id', w.from_version_id)
    FROM carried_answers w WHERE w.case_id = ANY(:ids)
    UNION ALL
    SELECT d.decided_at, 'compliance', 'review_decision', d.case_id || '/' || d.stage,
        jsonb_build_object('case_id', d.case_id, 'stage', d.stage, 'reviewer_id', d.reviewer_id,
            'decision', d.decision, 'reason', d.reason, 'reason_hash', d.reason_hash)
    FROM review_decisions d WHERE d.case_id = ANY(:ids)
    UNION ALL
    SELECT v.decided_at, 'accounts', 'verification', v.id, jsonb_build_object('organisation_id',
        v.organisation_id, 'decision', v.decision, 'method', v.method, 'reason', v.reason,
        'decided_by', v.decided_by, 'valid_until', v.valid_until)
    FROM verification_decisions v WHERE v.organisation_id = ANY(:ids)
    UNION ALL
    SELECT o.requested_at, 'payments', o.kind, o.operation_id, jsonb_build_object(
        'operation_id', o.operation_id, 'subject_id', o.subject_id, 'gateway', o.gateway,
        'amount', o.amount::text, 'currency', o.currency, 'state', o.state)
    FROM payment_operations o WHERE o.operation_id = ANY(:ids) OR o.subject_id = ANY(:ids)
"""

PAGE = f"""
    SELECT r.at, r.source, r.kind, r.key, r.facts FROM ({RECORDS}) r
    WHERE (r.at, r.source, r.kind, r.key) >
        (CAST(:after_at AS timestamptz), :after_source, :after_kind, :after_key)
    ORDER BY r.at, r.source, r.kind, r.key LIMIT :most
"""  # noqa: S608 -- our own text


@dataclass(frozen=True)
class Mark:
    """The place of a record in its trail."""

    at: datetime
    source: str
    kind: str
    key: str


@dataclass(frozen=True)
class Record:
    """One thing that was recorded: when, in which room, of which kind, and what it says."""

    at: datetime
    source: str
    kind: str
    key: str
    facts: dict[str, Any]

    @property
    def mark(self) -> Mark:
        """Its place in the trail."""
        return Mark(self.at, self.source, self.kind, self.key)


@dataclass(frozen=True)
class Trail:
    """One page of a trail, and the ids that it follows."""

    subject: str
    ids: list[str]
    is_whole: bool
    records: list[Record]
    next_mark: Mark | None


def follow(
    session: Session,
    subject: str,
    *,
    with_calls: bool = True,
    after: Mark | None = None,
    limit: int = 100,
) -> Trail:
    """Up to ``limit`` records about a subject behind ``after``, oldest first.

    Needs the exchange's reach. Raises `AuditSubjectUnknown`.
    """
    found = session.scalars(text(FOLLOWED), {"subject": subject, "most": IDS_MAX + 1})
    ids = sorted(found)[:IDS_MAX]
    rows = session.execute(
        text(PAGE),
        {
            "ids": ids,
            "with_calls": with_calls,
            "after_at": after.at if after else "-infinity",
            "after_source": after.source if after else "",
            "after_kind": after.kind if after else "",
            "after_key": after.key if after else "",
            "most": limit + 1,
        },
    )
    records = [Record(*row) for row in rows]
    if not records and after is None:
        raise AuditSubjectUnknown(subject)
    last = records[limit - 1].mark if len(records) > limit else None
    return Trail(subject, ids, len(ids) < IDS_MAX, records[:limit], last)
