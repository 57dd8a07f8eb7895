"""Question 20: what in the data and in the database itself stands against one person's power.

Tests prove the rest; `PROVEN_BY` names them. These rules see that this installation still has the
guards that the tests were run against.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.auditing.questions import Method
from app.auditing.rules import Rule, Scope

PROVEN_BY = {
    "one person lists a product": "tests/unit/compliance/test_review_machine.py"
    "::test_every_listed_version_was_approved_by_two_clear_people_and_listed_by_a_third",
    "one person alters a meter": "tests/migrations/test_kept_rows.py"
    "::test_a_kept_row_changes_in_nothing_but_what_is_named",
    "one person rewrites history": "tests/functional/test_log_sequencing.py"
    "::test_the_database_itself_refuses_to_change_what_is_written",
    "one organisation reads or writes another's rows": "tests/functional/test_tenant_isolation.py"
    "::test_an_unfiltered_change_reaches_nobody_else_s_rows",
    "one person pays out": "tests/functional/test_payouts.py"
    "::test_nobody_approves_its_own_proposal_or_its_own_money",
    "roles exclude each other": "tests/unit/accounts/test_role_rules.py"
    "::test_operators_and_auditors_hold_nothing_else",
}

GUARDED = (
    "acknowledgements",
    "agreement_shares",
    "agreements",
    "bill_payments",
    "checkpoint_cosignatures",
    "checkpoints",
    "conflict_declarations",
    "consents",
    "credit_items",
    "credits",
    "custom_offers",
    "demand_buyers",
    "demands",
    "invoice_lines",
    "invoices",
    "item_answers",
    "journal_accounts",
    "journal_transactions",
    "licences",
    "log_entries",
    "log_head",
    "log_positions",
    "log_tiles",
    "narrowings",
    "orders",
    "payment_movements",
    "payment_operations",
    "payout_accounts",
    "postings",
    "quality_reports",
    "registry_entries",
    "review_decisions",
    "role_grants",
    "rule_evaluations",
    "rule_sets",
    "scenario_declarations",
    "settlements",
    "statement_rows",
    "usage_events",
    "verification_decisions",
    "witnessed_checkpoints",
)
"""Tables of facts: triggers keep what is written from change, deletion and emptying."""

# 56 in the rule below: bits 8, 16 and 32 of pg_trigger.tgtype are DELETE, UPDATE and TRUNCATE.
_NAMES = ", ".join(f"('{name}')" for name in GUARDED)

EXCLUSIVE = """
    SELECT a.person_id || '/' || a.role || '/' || b.role AS subject, jsonb_build_object(
        'person_id', a.person_id, 'roles', jsonb_build_array(a.role, b.role)) AS facts
    FROM role_grants a JOIN role_grants b ON b.person_id = a.person_id AND a.role < b.role
        AND tstzrange(a.granted_at, a.withdrawn_at) && tstzrange(b.granted_at, b.withdrawn_at)
    WHERE 'auditor' IN (a.role, b.role) OR 'operator' IN (a.role, b.role)
"""

ALONE = """
    SELECT 'top-up ' || top_up_id AS subject, jsonb_build_object('top_up_id', top_up_id,
        'person_id', first_confirmed_by) AS facts
    FROM top_ups WHERE first_confirmed_by = second_confirmed_by
    UNION ALL
    SELECT 'payout ' || payout_id, jsonb_build_object('payout_id', payout_id,
        'person_id', approved_by) FROM payouts WHERE approved_by = requested_by
    UNION ALL
    SELECT 'credit line ' || credit_line_id, jsonb_build_object('credit_line_id', credit_line_id,
        'person_id', decided_by) FROM credit_lines
    WHERE decided_by = proposed_by AND state IN ('approved', 'suspended')
    UNION ALL
    SELECT 'listing ' || g.listing_code, jsonb_build_object('listing_code', g.listing_code,
        'version_id', g.version_id) FROM listing_standings g
    WHERE g.state = 'LISTED' AND NOT EXISTS (SELECT FROM review_cases c
        WHERE c.version_id = g.version_id AND c.stage = 'APPROVED' AND (c.needs_panel
            OR c.first_reviewer_id <> c.second_reviewer_id) AND (SELECT count(DISTINCT approver)
                FROM unnest(c.approved_by) approver) >= 2)
"""


def _proofs(_session: Session, _scope: Scope) -> Mapping[str, Any]:
    """The tests that prove each clause."""
    return {"proven_by": PROVEN_BY}


SEPARATION = Method(
    rules=(
        Rule(
            "roles_are_separate",
            "Nobody is, or was, operator or auditor and at the same time held a role that decides.",
            "无人曾同时担任运维或审计与决策角色。",
            "SELECT count(*) FROM role_grants",
            EXCLUSIVE,
        ),
        Rule(
            "two_people_did_it",
            "Each listing, payment, payout and credit line that takes two people had two.",
            "凡须两人的挂牌、入账、付款与信用额度，均由两人完成。",
            "SELECT (SELECT count(*) FROM top_ups) + (SELECT count(*) FROM payouts)"
            " + (SELECT count(*) FROM credit_lines) + (SELECT count(*) FROM listing_standings)",
            ALONE,
        ),
        Rule(
            "records_are_guarded",
            "Each table of facts has its triggers that refuse changes, deletion and emptying,"
            " switched on.",
            "每张事实表均有拒绝更改、删除与清空的触发器且已启用。",
            f"SELECT count(*) FROM (VALUES {_NAMES}) AS guarded(name)",
            f"""
            SELECT g.name AS subject, jsonb_build_object('table', g.name) AS facts
            FROM (VALUES {_NAMES}) AS guarded(name) CROSS JOIN LATERAL (SELECT guarded.name) g
            WHERE 56 <> 56 & (SELECT coalesce(bit_or(t.tgtype), 0) FROM pg_trigger t
                WHERE t.tgrelid = to_regclass('public.' || g.name) AND NOT t.tgisinternal
                    AND t.tgenabled IN ('O', 'A'))
            """,
        ),
        Rule(
            "rows_are_secured",
            "Each table is under row security, forced on its owner too.",
            "每张表均启用行级安全，且对表主强制。",
            "SELECT count(*) FROM pg_class c WHERE c.relkind IN ('r', 'p')"
            " AND c.relnamespace = 'public'::regnamespace",
            """
            SELECT c.relname AS subject, jsonb_build_object('table', c.relname) AS facts
            FROM pg_class c WHERE c.relkind IN ('r', 'p')
                AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """,
        ),
        Rule(
            "application_is_no_superuser",
            "The application's own role of the database cannot step over row security.",
            "应用的数据库角色不能越过行级安全。",
            "SELECT 1",
            """
            SELECT r.rolname AS subject, jsonb_build_object('role', r.rolname,
                'is_superuser', r.rolsuper, 'bypasses_row_security', r.rolbypassrls) AS facts
            FROM pg_roles r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls)
            """,
        ),
    ),
    entries="""
    SELECT arrival FROM log_entries
    WHERE entry_type IN ('role_granted', 'role_withdrawn', 'registered', 'payout')
    """,
    figures=_proofs,
)
