"""Each rule of the auditor's questions finds a breach that superuser SQL planted.

Planted, asked about and rolled back in one transaction, so that one exchange serves all.
"""

# ruff: noqa: S608 -- breaches are SQL put together from this module's own texts

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.auditing.answering import Verdict, answer_question, get_question, list_questions
from app.auditing.rules import Place, Scope
from app.core.clock import SystemClock
from app.core.reach import SET_REACH
from app.wiring.log import log_keys
from tests.functional.test_audit_answers import audited

__all__ = ["audited"]

A_LISTED = "(SELECT arrival FROM log_entries WHERE entry_type = 'listed' ORDER BY arrival LIMIT 1)"
A_VERIFIED = """(SELECT max(arrival) FROM log_entries e JOIN log_entry_subjects s USING (arrival)
    WHERE entry_type = 'organisation_verified' AND arrival < 1000000 AND s.subject IN
        (SELECT supplier_id FROM listing_standings ORDER BY listing_code LIMIT 1))"""
A_CASE = "(SELECT min(id) FROM review_cases WHERE stage = 'APPROVED' AND NOT needs_panel)"
A_REVIEWER = f"(SELECT first_reviewer_id FROM review_cases WHERE id = {A_CASE})"
BY_PANEL = "(SELECT max(id) FROM review_cases WHERE stage = 'APPROVED' AND needs_panel)"
A_VOTE_FOR = f"""(SELECT t.member_id FROM panels p JOIN panel_seats t ON t.panel_id = p.id
    WHERE p.subject_id = {BY_PANEL} AND t.in_favour ORDER BY 1 LIMIT 1)"""
AN_EMERGENCY = "(SELECT min(id) FROM suspensions WHERE ratified_by IS NOT NULL)"
AN_APPEAL = "(SELECT min(id) FROM appeals)"
A_CALL = "(SELECT min(event_id) FROM usage_events WHERE amount > 0)"
DROP_LEAF_CHECK = "ALTER TABLE log_entries DROP CONSTRAINT leaf_hash"
TWENTY = f"""
    INSERT INTO review_decisions SELECT 'cas_planted' || i, 'REVIEW', {A_REVIEWER}, 'approve', 'x',
        'y', 'z', 'h', now() FROM generate_series(1, 20) i
"""
TWENTY_CASES = f"""
    INSERT INTO review_cases SELECT (jsonb_populate_record(c, jsonb_build_object(
        'id', 'cas_planted' || i, 'version_id', 'ver_planted' || i))).*
    FROM review_cases c, generate_series(1, 20) i WHERE c.id = {A_CASE}
"""
TWENTY_DECLARATIONS = f"""
    INSERT INTO conflict_declarations SELECT 'cas_planted' || i, {A_REVIEWER}, false, 'org_x',
        '{{}}', '[]', now() FROM generate_series(1, 20) i
"""
A_SUSPENSION = "(SELECT max(arrival) FROM log_entries WHERE entry_type = 'suspended')"
ANOTHER_ENTRY = """
    INSERT INTO log_entries (arrival, leaf_hash, body, entry_type, recorded_at)
    SELECT 1000000 + arrival, sha256('\\x00'::bytea || {body}), {body}, '{type}', now() FROM (
        SELECT e.*, convert_from(e.body, 'UTF8')::jsonb AS leaf FROM log_entries e
        WHERE arrival = {source}) e
"""


def leaf(source, entry_type, **members):
    """A further entry with the leaf of another and some members of its own."""
    pairs = ", ".join(f"'{name}', {value}" for name, value in members.items())
    body = f"convert_to((leaf || jsonb_build_object({pairs}))::text, 'UTF8')"
    return ANOTHER_ENTRY.format(body=body, type=entry_type, source=source)


def about(source, entry_type):
    """The further entry's subjects: those of the entry that it was made from."""
    return (
        "INSERT INTO log_entry_subjects SELECT subject, arrival + 1000000 FROM log_entry_subjects"
        f" WHERE arrival = {source} /* {entry_type} */"
    )


CONSENT_WITHDRAWN = """
    INSERT INTO consents SELECT (jsonb_populate_record(NULL::consents, jsonb_build_object(
        'id', 'con_planted', 'product_id', 'prd_x', 'listing_code', l.listing_code, 'supplier_id',
        l.supplier_id, 'recipient_id', l.buyer_id, 'subject', repeat('0', 64), 'purpose', 'CREDIT',
        'state', 'WITHDRAWN', 'is_test', false, 'evidence_hash', repeat('0', 64), 'token_hash',
        repeat('0', 64), 'recorded_by', 'psn_x', 'recorded_at', now() - interval '2 hours',
        'expires_at', now() + interval '1 day', 'withdrawn_at', now() - interval '1 hour',
        'reason_code', 'x'))).* FROM licences l LIMIT 1
"""
CALLS_NAME_IT = """
    UPDATE usage_events SET detail = convert_to((convert_from(detail, 'UTF8')::jsonb ||
        '{"consent": "con_planted"}')::text, 'UTF8')
"""
CALLS_SAY = """
    UPDATE usage_events SET detail = convert_to(jsonb_set(convert_from(detail, 'UTF8')::jsonb,
        '{{purpose}}', '{purpose}')::text, 'UTF8')
"""
KEYS_KEPT = """
    INSERT INTO quality_samples SELECT (jsonb_populate_record(NULL::quality_samples,
        jsonb_build_object('id', 'qsm_planted', 'case_id', c.id, 'version_id', c.version_id,
        'supplier_id', c.supplier_id, 'listing_code', c.listing_code, 'attempt', 1, 'rows_root',
        repeat('0', 64), 'row_total', 60, 'declaration', '{}'::jsonb, 'declaration_hash', 'h',
        'state', 'REVEALED', 'kind', 'CALLS', 'keys_sealed', '\\x00', 'committed_at',
        now() - interval '10 days', 'drawn_from', '{}'::jsonb, 'drawn_at',
        now() - interval '9 days', 'drawn_indexes', '[1]'::jsonb))).*
    FROM review_cases c LIMIT 1
"""
SETTLEMENT = """
    INSERT INTO settlements SELECT 'stl_planted', 'run_x',
        (SELECT supplier_id FROM licences LIMIT 1), 'CNY', 1, now() - interval '1 day', now(), 1, 2,
        0, 5000000, 5000000, 0, '{}', repeat('0', 64), now()
"""
DISPUTE = """
    INSERT INTO disputes SELECT (jsonb_populate_record(NULL::disputes, jsonb_build_object(
        'dispute_id', 'dsp_planted', 'licence_id', l.id, 'buyer_id', l.buyer_id, 'supplier_id',
        l.supplier_id, 'currency', 'CNY', 'reason_code', 'x', 'text', 'x', 'bundle', '{}'::jsonb,
        'bundle_hash', 'h', 'claimed_amount', 1, 'accepted_amount', 1, 'state', 'decided',
        'decision', 'accepted', 'opened_by', 'psn_x', 'opened_at', now(), 'answer_until_at', now(),
        'decided_by', 'psn_x', 'decided_at', now(), 'decision_text', 'x'))).*
    FROM licences l LIMIT 1
"""
ANCHOR = """
    INSERT INTO anchors SELECT 'anc_planted', origin, 1, '0x' || repeat('0', 40), 1,
        repeat('0', 64), 'final', 0, '\\x00', '0x' || repeat('0', 64), 1, '0x' || repeat('0', 64),
        now(), now(), now(), now(), NULL, NULL FROM log_head LIMIT 1
"""
EACH_MEMBER = """
    UPDATE review_cases SET dossier = jsonb_set(dossier, '{{{member}}}', (SELECT jsonb_agg(x ||
        '{change}'::jsonb) FROM jsonb_array_elements(dossier->'{member}') x))
    WHERE stage = 'APPROVED'
"""
PERSONAL = """
    UPDATE review_cases SET dossier = jsonb_set(dossier, '{pi_level}', '"PERSONAL"')
"""
CONSENT_NEEDED = 'UPDATE licences SET terms = terms || \'{"consent_model": "TOKEN"}\''
PERSONS = """
    INSERT INTO person_counts SELECT id, 2026, supplier_id, buyer_id, listing_code, version_id,
        'SENSITIVE', '{{}}', 50, {exported}, {count}, {count}, now() FROM licences LIMIT 1
"""
REPORT = """
    INSERT INTO quality_reports SELECT 'qrp_planted', 'qsm_x', version_id, supplier_id,
        listing_code, 'A', '{}', repeat('0', 64), now(), now() + interval '1 year', true
    FROM listing_standings WHERE state = 'LISTED' LIMIT 1
"""
SHIFTED_REPORT = """
    INSERT INTO quality_reports SELECT 'qrp_shifted', 'qsm_x', version_id, supplier_id,
        listing_code, 'A', jsonb_build_object('value_shift', jsonb_build_object('against',
        'qrp_before', 'fields', jsonb_build_array(jsonb_build_object('field', 'city', 'is_alarm',
        true), jsonb_build_object('field', 'runway', 'is_alarm', false)))),
        repeat('0', 64), now(), now() + interval '1 year', true
    FROM listing_standings WHERE state = 'LISTED' LIMIT 1
"""
SHIFT_TOLD = leaf(
    A_LISTED,
    "quality_values_shifted",
    report="'qrp_shifted'::text",
    former="'qrp_before'::text",
    fields="'[\"city\"]'::jsonb",
)
ABOUT_SHIFT = """
    INSERT INTO log_entry_subjects SELECT 'qrp_shifted', arrival FROM log_entries
    WHERE entry_type = 'quality_values_shifted'
"""
UNCHECKED_DISPUTE = "ALTER TABLE disputes DROP CONSTRAINT state"

BREACHES = {
    (1, "leaf_is_its_body"): [
        DROP_LEAF_CHECK,
        f"UPDATE log_entries SET body = body || ' ' WHERE arrival = {A_LISTED}",
    ],
    (1, "indices_are_contiguous"): [
        'DELETE FROM log_positions WHERE "index" = 7',
    ],
    (1, "nodes_are_their_children"): [
        "INSERT INTO log_tiles SELECT shard, 5, 0, decode(repeat('00', 8192), 'hex') FROM log_head",
    ],
    (1, "checkpoint_is_signed_root"): [
        "UPDATE checkpoints SET root_hash = sha256(root_hash)",
    ],
    (1, "anchor_is_root"): [ANCHOR],
    (1, "nothing_is_held_back"): ["UPDATE log_head SET stopped_reason = 'a restored backup'"],
    (2, "replay_is_the_same"): [
        (
            "UPDATE rule_evaluations SET outcomes = jsonb_set(outcomes, '{0,outcome}', '\"FAIL\"')"
            f" WHERE case_id = {A_CASE}"
        ),
    ],
    (2, "evaluation_is_in_the_log"): [
        f"UPDATE rule_evaluations SET input_hash = repeat('0', 64) WHERE case_id = {A_CASE}",
    ],
    (2, "decision_is_in_the_log"): [
        (
            f"UPDATE review_decisions SET reviewer_id = 'psn_other' WHERE case_id = {A_CASE}"
            " AND stage = 'SECOND'"
        ),
    ],
    (2, "vote_is_in_the_log"): [
        f"UPDATE panel_seats SET in_favour = NOT in_favour WHERE member_id = {A_VOTE_FOR}",
    ],
    (2, "listing_decision_is_in_the_log"): [
        f"UPDATE listing_applications SET officer_id = 'psn_other' WHERE case_id = {BY_PANEL}",
    ],
    (3, "panel_carried_it"): [
        f"UPDATE panel_seats SET in_favour = false WHERE member_id = {A_VOTE_FOR}",
    ],
    (3, "a_third_person_listed_it"): [
        "ALTER TABLE listing_applications DROP CONSTRAINT a_third_person",
        (f"UPDATE listing_applications SET officer_id = {A_VOTE_FOR} WHERE case_id = {BY_PANEL}"),
    ],
    (3, "two_people_approved"): [
        "ALTER TABLE review_cases DROP CONSTRAINT two_persons",
        "UPDATE review_cases SET second_reviewer_id = first_reviewer_id WHERE stage = 'APPROVED'",
    ],
    (3, "approvers_are_free_of_conflict"): [
        (
            f"UPDATE people SET organisation_id = (SELECT supplier_id FROM review_cases"
            f" WHERE id = {A_CASE}) WHERE id = {A_REVIEWER}"
        ),
    ],
    (3, "evidence_is_in_date"): [
        "UPDATE listing_standings SET evidence_lapses_at = now() - interval '1 day'",
    ],
    (3, "evidence_held_while_listed"): [
        EACH_MEMBER.format(member="evidence", change='{"valid_to": "2020-01-01"}'),
    ],
    (3, "rights_held_while_listed"): [
        EACH_MEMBER.format(member="rights", change='{"to": "2020-01-01"}'),
    ],
    (3, "supplier_was_verified_while_listed"): [
        leaf(A_VERIFIED, "organisation_verified", valid_until="'2020-01-01T00:00:00.000000Z'"),
        about(A_VERIFIED, "organisation_verified"),
        (
            "UPDATE log_entries SET recorded_at = '2019-01-01' WHERE arrival ="
            f" 1000000 + {A_VERIFIED}"
        ),
    ],
    (3, "what_was_approved_is_listed"): [
        "ALTER TABLE review_cases DROP CONSTRAINT two_approvals",
        "UPDATE review_cases SET first_approved_hash = repeat('0', 64) WHERE stage = 'APPROVED'",
    ],
    (3, "use_was_approved_by_as_many_as_it_takes"): [
        "ALTER TABLE scenarios DROP CONSTRAINT two_people_where_it_takes_two",
        "UPDATE scenarios SET first_approved_by = decided_by WHERE needs_two",
    ],
    (3, "use_approvers_are_free_of_conflict"): [
        (
            "DELETE FROM scenario_declarations d USING scenarios n WHERE n.id = d.scenario_id"
            " AND d.reviewer_id = n.decided_by AND n.needs_two"
        ),
    ],
    (3, "use_is_decided_as_it_was_weighed"): [
        "UPDATE scenarios SET needs_two = false WHERE needs_two",
    ],
    (3, "vote_on_a_use_is_in_the_log"): [
        "UPDATE panel_seats SET in_favour = NOT in_favour WHERE scenario_id IS NOT NULL",
    ],
    (4, "no_listing_outlives_its_evidence"): [
        "UPDATE listing_standings SET evidence_lapses_at = now() - interval '1 day'",
    ],
    (4, "no_listing_outlives_what_carries_it"): [
        "UPDATE lapses SET lapses_at = '2026-01-01', effective_at = '2026-01-01'",
    ],
    (4, "no_listing_outlives_its_supplier"): [
        "UPDATE compliance_parties SET verified_until = now() - interval '1 day'",
    ],
    (4, "no_licence_outlives_its_approval"): [
        "UPDATE scenarios SET valid_until = now() - interval '1 day'",
    ],
    (5, "call_had_a_live_licence"): [
        f"UPDATE usage_events SET buyer_id = 'org_other' WHERE event_id = {A_CALL}",
    ],
    (5, "call_had_its_key"): [
        f"UPDATE usage_events SET key_id = 'key_other' WHERE event_id = {A_CALL}",
    ],
    (5, "call_is_its_leaf"): [
        f"UPDATE usage_events SET units = units + 1 WHERE event_id = {A_CALL}",
    ],
    (5, "call_is_for_a_licensed_purpose"): [CALLS_SAY.format(purpose='"TARGETING"')],
    (5, "licence_is_within_its_scenario"): [
        (
            "UPDATE entitlements SET terms = jsonb_set(terms, '{fields}',"
            " terms->'fields' || '[\"phone\"]')"
        ),
    ],
    (5, "quota_is_kept"): [
        "UPDATE licences SET terms = jsonb_set(terms, '{calls_max}', '1')",
    ],
    (6, "no_call_after_revocation"): [
        """INSERT INTO log_entries (arrival, leaf_hash, body, entry_type, licence_id, recorded_at)
            SELECT 0, sha256('\\x00'::bytea || '{}'::bytea), '{}', 'licence_revoked', licence_id,
            recorded_at - interval '1 minute' FROM log_entries WHERE entry_type = 'call' LIMIT 1""",
    ],
    (6, "no_call_while_suspended"): [
        (
            "UPDATE log_entries SET recorded_at = recorded_at - interval '1 hour'"
            f" WHERE arrival = {A_SUSPENSION}"
        ),
    ],
    (6, "no_call_with_a_withdrawn_key"): [
        "UPDATE call_keys SET withdrawn_at = now() - interval '1 hour'",
    ],
    (5, "personal_call_rests_on_a_consent"): [CONSENT_NEEDED],
    (6, "no_call_on_a_withdrawn_consent"): [CONSENT_NEEDED, CONSENT_WITHDRAWN, CALLS_NAME_IT],
    (7, "period_is_charged_once"): [
        "UPDATE licence_periods SET fee_amount = fee_amount + 1 WHERE opened_at IS NOT NULL",
    ],
    (7, "charge_is_its_calls"): [
        f"UPDATE usage_events SET amount = amount + 1 WHERE event_id = {A_CALL}",
    ],
    (7, "metered_call_is_charged"): [
        "DELETE FROM journal_transactions WHERE template = 'accrue_calls'",
    ],
    (7, "charge_is_its_parts"): [
        "UPDATE postings SET amount = amount + 1 WHERE account_id LIKE '%/payable/%'",
    ],
    (7, "parts_are_as_agreed"): [
        (
            "UPDATE postings SET amount = amount + CASE WHEN account_id LIKE 'exchange/tax/%'"
            " THEN 1000 ELSE -1000 END WHERE account_id ~ '/(tax|commission)/'"
        ),
    ],
    (7, "order_is_charged_once"): [
        "UPDATE orders SET due_amount = due_amount + 1 WHERE due_amount > 0",
    ],
    (7, "settlement_is_booked"): [SETTLEMENT],
    (8, "personal_licence_says_on_what_it_rests"): [PERSONAL],
    (8, "personal_call_rests_on_a_consent"): [CONSENT_NEEDED],
    (8, "every_delivery_is_counted_once"): [
        (
            "INSERT INTO person_count_cursors SELECT lane_id, licence_id, 1 FROM lanes"
            " WHERE lane_id NOT IN (SELECT lane_id FROM person_count_cursors) LIMIT 1"
        ),
    ],
    (8, "no_threshold_is_reached_without_consent"): [PERSONS.format(count=50, exported="false")],
    (8, "no_person_leaves_the_country_unapproved"): [PERSONS.format(count=1, exported="true")],
    (9, "nobody_judged_their_own"): [
        (
            f"UPDATE people SET organisation_id = (SELECT supplier_id FROM review_cases"
            f" WHERE id = {A_CASE}) WHERE id = {A_REVIEWER}"
        ),
    ],
    (9, "decisions_were_reviewers"): [
        "DELETE FROM role_grants WHERE role = 'reviewer'",
    ],
    (9, "no_reviewer_dominates_a_supplier"): [
        TWENTY_CASES,
        TWENTY,
        (
            "INSERT INTO role_grants (person_id, organisation_id, role, granted_at, granted_by)"
            " SELECT 'psn_third', organisation_id, 'reviewer', now(), 'psn_x' FROM people LIMIT 1"
        ),
    ],
    (9, "no_reviewer_approves_everything"): [
        TWENTY_CASES,
        TWENTY,
        "UPDATE review_decisions SET decision = 'approve'",
    ],
    (9, "no_reviewer_is_hasty"): [TWENTY_CASES, TWENTY, TWENTY_DECLARATIONS],
    (10, "nothing_that_blocks_was_overridden"): [
        (
            "UPDATE rule_evaluations SET outcomes = jsonb_set(outcomes, '{0,outcome}', '\"FAIL\"')"
            f" WHERE case_id = {A_CASE}"
        ),
    ],
    (10, "each_item_was_answered_by_both"): [
        f"DELETE FROM item_answers WHERE reviewer_id = {A_REVIEWER}",
    ],
    (10, "panel_sat_where_it_had_to"): [
        (
            f"UPDATE review_decisions SET decision = 'reject' WHERE case_id = {A_CASE}"
            " AND stage = 'SECOND'"
        ),
    ],
    (10, "supplements_were_counted"): [
        f"UPDATE review_cases SET supplement_round = 4 WHERE id = {BY_PANEL}",
    ],
    (11, "class_is_of_its_difference"): [
        (
            f"UPDATE review_cases SET base_case_id = {A_CASE}, change_class = 'EDITORIAL',"
            f" change_table_hash = 'x' WHERE id = {BY_PANEL}"
        ),
    ],
    (11, "each_listed_version_was_reviewed_as_it_is"): [
        "ALTER TABLE review_cases DROP CONSTRAINT two_approvals",
        f"UPDATE review_cases SET dossier_hash = repeat('0', 64) WHERE id = {A_CASE}",
    ],
    (11, "what_stands_is_what_the_log_says"): [
        "UPDATE listing_standings SET dossier_hash = repeat('0', 64)",
    ],
    (12, "another_price_has_its_reason"): [
        "UPDATE orders SET plan_id = 'pln_of_nobody'",
    ],
    (12, "licence_has_its_orders_price"): [
        "UPDATE licences SET plan_hash = repeat('0', 64)",
    ],
    (12, "price_alarm_is_settled_in_time"): [
        """INSERT INTO price_alarms SELECT (jsonb_populate_record(NULL::price_alarms,
            jsonb_build_object('id', 'pra_planted', 'licence_id', l.id, 'listing_code',
            l.listing_code, 'supplier_id', l.supplier_id, 'plan_hash', l.plan_hash,
            'other_plan_hashes', '[]'::jsonb, 'rule_set_hash', 'h', 'state', 'OPEN',
            'raised_at', now() - interval '9 days', 'due_at', now() - interval '1 day'))).*
            FROM licences l LIMIT 1""",
    ],
    (13, "reader_had_the_role"): [
        "DELETE FROM role_grants WHERE role = 'auditor'",
    ],
    (13, "nobody_read_in_bulk"): [
        """INSERT INTO log_entries (arrival, leaf_hash, body, entry_type, recorded_at)
            SELECT 2000000 + i, sha256('\\x00'::bytea || body), body, 'document_opened', now()
            FROM (SELECT i, convert_to('{"opened_by":"psn_x","n":"' || i || '"}', 'UTF8') AS body
                FROM generate_series(1, 5001) i) made""",
    ],
    (14, "another_person_ended_the_suspension"): [
        leaf(A_SUSPENSION, "resumed", resumed_by="leaf->>'suspended_by'"),
        about(A_SUSPENSION, "resumed"),
    ],
    (14, "suspension_is_in_force_as_logged"): [
        "UPDATE listing_standings SET state = 'LISTED'",
    ],
    (14, "emergency_was_ratified_in_time"): [
        (
            "UPDATE suspensions SET ratify_until = suspended_at + interval '1 microsecond'"
            f" WHERE id = {AN_EMERGENCY}"
        ),
    ],
    (14, "appeal_was_decided_by_others"): [
        (
            f"UPDATE listing_applications SET case_id = (SELECT case_id FROM appeals WHERE id ="
            f" {AN_APPEAL}), officer_id = (SELECT min(member_id) FROM panel_seats WHERE panel_id ="
            f" (SELECT panel_id FROM appeals WHERE id = {AN_APPEAL})) WHERE case_id = {BY_PANEL}"
        ),
    ],
    (14, "appeal_was_decided_in_time"): [
        "UPDATE appeals SET decided_at = due_at + interval '1 second'",
    ],
    (14, "appealed_case_came_before_others"): [
        (
            "UPDATE review_cases SET admitted_by = excluded_ids[1]"
            " WHERE cardinality(excluded_ids) > 0 AND stage = 'REVIEW'"
        ),
    ],
    (14, "dispute_was_decided_by_a_third"): [UNCHECKED_DISPUTE, DISPUTE],
    (15, "grade_is_the_measured_one"): [REPORT],
    (15, "shift_was_told"): [SHIFTED_REPORT],
    (15, "shift_has_its_report"): [SHIFT_TOLD],
    (15, "grade_of_what_is_listed_is_in_date"): [
        "UPDATE quality_reports SET valid_until = now()",
    ],
    (15, "drift_is_acted_on"): [
        """INSERT INTO live_quality_standings SELECT listing_code, supplier_id, '{AVAILABILITY}',
            now() - interval '15 days', NULL, now() FROM listing_standings WHERE state = 'LISTED'
            ON CONFLICT (listing_code) DO UPDATE SET drifts = excluded.drifts,
            drifted_at = excluded.drifted_at""",
    ],
    (15, "listing_that_fails_is_acted_on"): [
        """INSERT INTO delivery_failures SELECT 'dlf_' || listing_code, supplier_id, listing_code,
            date_trunc('hour', now()), 'timeout', 20, now(), 'x' FROM listing_standings
            WHERE state = 'LISTED'""",
    ],
    (16, "leaf_names_nobody"): [
        leaf(A_LISTED, "listed", remark="'call 13912345678'::text"),
    ],
    (16, "leaf_is_short"): [
        "ALTER TABLE log_entries DROP CONSTRAINT body_length",
        leaf(A_LISTED, "listed", payload="repeat('x', 2048)"),
    ],
    (16, "sampled_keys_are_forgotten"): [KEYS_KEPT],
    (17, "listing_trades"): [
        "UPDATE listing_standings SET noted_at = noted_at - interval '1 year'",
        "UPDATE orders SET placed_at = placed_at - interval '1 year'",
    ],
    (17, "scenario_is_used"): [
        "UPDATE scenarios SET decided_at = decided_at - interval '1 year'",
        "UPDATE orders SET scenario_id = 'scn_other'",
    ],
    (18, "no_listing_is_the_exchanges_own"): [
        "DROP INDEX uq_organisations_verified_uscc",
        """UPDATE organisations SET uscc = (SELECT uscc FROM organisations WHERE is_exchange)
            WHERE id IN (SELECT supplier_id FROM listing_standings)""",
    ],
    (18, "reviewers_are_the_exchanges_people"): [
        (
            "UPDATE people SET organisation_id = (SELECT min(id) FROM organisations WHERE"
            f" NOT is_exchange) WHERE id = {A_REVIEWER}"
        ),
    ],
    (18, "nobody_decided_on_a_supplier_they_are_linked_to"): [
        f"""INSERT INTO conflict_declarations SELECT {A_CASE}, {A_REVIEWER}, true, 'org_x', '{{}}',
            '["employed"]', now() - interval '1 year'""",
    ],
    (19, "record_has_its_entry"): [
        "DELETE FROM log_entry_subjects WHERE subject IN (SELECT id FROM orders)",
    ],
    (19, "call_has_its_entry"): [
        "DELETE FROM log_entries WHERE entry_type = 'call'",
    ],
    (19, "lane_is_gapless"): [
        "DELETE FROM log_entries WHERE entry_type = 'call' AND n = 2",
    ],
    (20, "roles_are_separate"): [
        (
            "INSERT INTO role_grants (person_id, organisation_id, role, granted_at, granted_by)"
            " SELECT person_id, organisation_id, 'reviewer', now(), 'psn_x' FROM role_grants"
            " WHERE role = 'auditor'"
        ),
    ],
    (20, "two_people_did_it"): [
        "ALTER TABLE top_ups DROP CONSTRAINT two_people",
        "UPDATE top_ups SET second_confirmed_by = first_confirmed_by",
    ],
    (20, "records_are_guarded"): ["ALTER TABLE postings DISABLE TRIGGER USER"],
    (20, "rows_are_secured"): ["ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY"],
    (20, "application_is_no_superuser"): ["ALTER ROLE counterfoil BYPASSRLS"],
}


@pytest.fixture
def audit(audited):
    """Asks questions as the application's own role, behind what a superuser planted."""
    engine = create_engine(audited.superuser.replace("postgresql://", "postgresql+psycopg://"))
    audited.auditor.get("/v1/audit-questions")

    def ask(number, statements=(), *, after=None, limit=100):
        with Session(engine) as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                planted = session.connection().exec_driver_sql(statement.replace("%", "%%"), ())
                assert planted.rowcount != 0, statement
            session.execute(text("SET LOCAL ROLE counterfoil"))
            session.execute(text(SET_REACH), {"kind": "exchange", "organisation_id": ""})
            keys = log_keys(audited.exchange.parts)
            question, scope = get_question(keys, number), Scope(SystemClock().now())
            answer = answer_question(session, question, scope, after=after, limit=limit)
            session.rollback()
            return answer

    yield ask
    engine.dispose()


@pytest.mark.parametrize(("number", "rule"), BREACHES)
def test_a_planted_breach_is_found(audit, number, rule):
    assert audit(number).findings == []
    answer = audit(number, BREACHES[number, rule])
    assert answer.verdict is Verdict.FAIL
    assert rule in {finding.rule for finding in answer.findings}


@pytest.mark.parametrize("template", ["recognise", "charge_minimum"])
def test_what_is_earned_or_owed_is_split_as_a_charge_is(audit, template):
    """Money that is earned leaves what was deferred, a minimum is owed; no wallet pays either."""
    called = "UPDATE journal_transactions SET template = '{}' WHERE template = 'accrue_calls'"
    found = {each.rule for each in audit(7, [called.format(template)]).findings}
    assert "charge_is_its_parts" in found


UNCHANGED = "CREATE TRIGGER kept BEFORE {} ON {} EXECUTE FUNCTION journal_refuse_change()"


def test_a_table_of_facts_that_misses_one_of_its_guards_is_found(audit):
    """A trigger that is left may refuse less than the one that was there."""
    found = audit(
        20,
        [
            "DROP TRIGGER postings_immutable ON postings",
            UNCHANGED.format("UPDATE OR TRUNCATE", "postings"),
            "DROP TRIGGER credits_immutable ON credits",
            UNCHANGED.format("UPDATE OR DELETE", "credits"),
            "DROP TRIGGER settlements_immutable ON settlements",
            UNCHANGED.format("DELETE OR TRUNCATE", "settlements"),
            "DROP TRIGGER log_head_grows ON log_head",
        ],
    )
    assert {(each.rule, each.subject) for each in found.findings} == {
        ("records_are_guarded", table)
        for table in ("postings", "credits", "settlements", "log_head")
    }


def test_a_call_that_says_no_purpose_is_a_breach_where_it_is_about_persons(audit):
    unsaid = CALLS_SAY.format(purpose="null")
    assert audit(5, [unsaid]).findings == []
    found = {each.rule for each in audit(5, [unsaid, CONSENT_NEEDED]).findings}
    assert "call_is_for_a_licensed_purpose" in found
    narrowed_since = (
        "UPDATE log_entries SET entry_type = 'licence_narrowed', recorded_at = now()"
        " WHERE entry_type = 'licence_granted'"
    )
    found = {each.rule for each in audit(5, [unsaid, CONSENT_NEEDED, narrowed_since]).findings}
    assert "call_is_for_a_licensed_purpose" not in found


def test_a_shift_that_was_told_as_the_report_has_it_is_no_breach(audit):
    told = audit(15, [SHIFTED_REPORT, SHIFT_TOLD, ABOUT_SHIFT])
    rules = {each.rule for each in told.findings}
    assert rules == {"grade_is_the_measured_one"}, "the planted report itself is in no leaf"
    assert told.examined["shift_was_told"] == told.examined["shift_has_its_report"] == 1


def test_a_shift_of_other_fields_than_the_report_has_is_found(audit):
    other = SHIFT_TOLD.replace('["city"]', '["runway"]')
    found = {each.rule for each in audit(15, [SHIFTED_REPORT, other, ABOUT_SHIFT]).findings}
    assert {"shift_was_told", "shift_has_its_report"} <= found


def rights_that(change):
    """Every right of an approved version, changed."""
    return EACH_MEMBER.format(member="rights", change=change)


def test_a_right_that_began_after_the_listing_did_is_found(audit):
    found = audit(3, [rights_that('{"from": "2999-01-01"}')]).findings
    assert {each.rule for each in found} == {"rights_held_while_listed"}
    assert all("begins_at" in each.facts for each in found)


def test_a_link_that_was_taken_back_from_a_live_listing_is_found(audit):
    taken_back = leaf(A_LISTED, "chain_link_narrowed", link=0, is_end=1)
    long_ago = (
        "UPDATE log_entries SET recorded_at = recorded_at - interval '1 hour'"
        " WHERE entry_type = 'chain_link_narrowed'"
    )
    about_it = about(A_LISTED, "chain_link_narrowed")
    assert audit(3, [taken_back, about_it]).findings == [], "the machine has two minutes"
    (found,) = audit(3, [taken_back, about_it, long_ago]).findings
    assert found.rule == "rights_held_while_listed"
    assert found.facts["name"] == "link 0, ended by its grantor"


A_DAY_AGO, BEFORE = "now() - interval '1 day'", "now() - interval '400 days'"
VERIFIED = "UPDATE log_entries SET recorded_at = {at} WHERE entry_type = 'organisation_verified'"
LISTED = "UPDATE log_entries SET recorded_at = {at} WHERE entry_type IN ('listed', 'resumed')"


def unverified(audit, *planted):
    found = audit(3, list(planted)).findings
    return [each for each in found if each.rule == "supplier_was_verified_while_listed"]


def decided(valid_until, recorded_at, *, after=A_VERIFIED, kind="organisation_verified"):
    """A further decision about a listed version's supplier, and when the log took it."""
    return [
        leaf(after, kind, valid_until=f"to_jsonb(({valid_until})::text)"),
        about(after, kind),
        f"UPDATE log_entries SET recorded_at = {recorded_at} WHERE arrival = 1000000 + {after}",
    ]


def test_a_supplier_that_was_verified_only_after_it_was_listed_is_found(audit):
    """Its standing of today is in order; only the log's order of the two shows it."""
    (found, *_) = unverified(audit, LISTED.format(at=BEFORE))
    assert found.facts["decision"] is None
    assert found.facts["unverified_at"] == found.facts["listed_from"]
    assert not unverified(audit, LISTED.format(at=A_DAY_AGO), VERIFIED.format(at=BEFORE))


THREE_HOURS_AGO = LISTED.format(at="now() - interval '3 hours'")
LAPSED = decided("now() - interval '1 hour'", A_DAY_AGO)


def test_a_supplier_whose_verification_ran_out_while_it_was_listed_is_found(audit):
    (found, *_) = unverified(audit, *LAPSED, THREE_HOURS_AGO)
    assert found.facts["verified_until"] is not None
    assert found.facts["unverified_at"] > found.facts["listed_from"]


def test_a_listing_has_two_minutes_after_its_supplier_s_verification(audit):
    lapsing = decided("now() - interval '1 minute'", A_DAY_AGO)
    assert not unverified(audit, *lapsing, THREE_HOURS_AGO)


def test_a_verification_that_was_renewed_in_time_leaves_no_gap(audit):
    later = f"1000000 + {A_VERIFIED}"
    in_time = decided("now() + interval '1 day'", "now() - interval '61 minutes'", after=later)
    assert not unverified(audit, *LAPSED, *in_time, THREE_HOURS_AGO)
    too_late = decided("now() + interval '1 day'", "now() - interval '50 minutes'", after=later)
    assert unverified(audit, *LAPSED, *too_late, THREE_HOURS_AGO)


def test_a_supplier_that_was_refused_while_it_was_listed_is_found(audit):
    refused = decided("NULL", "now() - interval '1 hour'", kind="organisation_refused")
    (found, *_) = unverified(audit, *refused, VERIFIED.format(at=BEFORE), THREE_HOURS_AGO)
    assert found.facts["verified_until"] is None


def test_the_proof_of_question_3_has_the_decisions_about_suppliers(audit, audited):
    hashes = set(audit(3).leaf_hashes)
    with psycopg.connect(audited.superuser) as connection:
        rows = connection.execute(
            "SELECT encode(leaf_hash, 'hex') FROM log_entries"
            " JOIN log_entry_subjects USING (arrival) WHERE entry_type = 'organisation_verified'"
            " AND subject IN (SELECT supplier_id FROM listing_standings)"
        ).fetchall()
    assert rows
    assert {row[0] for row in rows} <= hashes


def test_a_version_is_judged_over_the_time_in_which_it_was_listed_not_over_today(audit, audited):
    """Listed and suspended two months ago, its right ended last month: it was live on a right."""
    two_months_ago = (
        "UPDATE log_entries SET recorded_at = recorded_at - interval '60 days'"
        " WHERE entry_type IN ('listed', 'suspended', 'resumed')"
    )
    last_month = (SystemClock().now() - timedelta(days=30)).date().isoformat()
    found = audit(3, [rights_that(f'{{"to": "{last_month}"}}'), two_months_ago]).findings
    ended = [each for each in found if "ended_at" in each.facts]
    listings = {each.facts["listing_code"] for each in ended}
    assert audited.world.airports.listing_code in listings
    assert audited.world.days.listing_code not in listings


LAST_SUSPENSION = A_SUSPENSION.replace("WHERE", "WHERE arrival < 1000000 AND")
PLANTED_SUSPENSION = f"({LAST_SUSPENSION} + 1000000)"


def before_it_was_called(minutes, kind, source=LAST_SUSPENSION, **members):
    """A further entry about the suspended listing, from before its calls."""
    when = f"now() - interval '{minutes} minutes'"
    return [
        leaf(source, kind, planted=str(minutes), **members).replace("now() FROM", f"{when} FROM"),
        about(source, kind),
    ]


def late_calls(audit, *planted):
    found = audit(6, [statement for each in planted for statement in each]).findings
    return [each for each in found if each.rule == "no_call_while_suspended"]


NARROW = before_it_was_called(60, "suspended", scope="to_jsonb('NEW_ORDERS'::text)")


def test_a_suspension_of_new_orders_closes_no_calls_before_it_is_widened(audit):
    assert not late_calls(audit, NARROW)
    widened = before_it_was_called(59, "suspension_widened", PLANTED_SUSPENSION)
    assert late_calls(audit, NARROW, widened)


def test_what_is_listed_anew_after_a_suspension_is_called_by_right(audit):
    suspended = before_it_was_called(60, "suspended")
    assert late_calls(audit, suspended)
    assert not late_calls(audit, suspended, before_it_was_called(59, "listed", PLANTED_SUSPENSION))


def test_every_rule_has_its_breach(audited):
    questions = list_questions(log_keys(audited.exchange.parts))
    rules = {
        (each.wording.number, rule.name)
        for each in questions
        if each.method
        for rule in each.method.rules
    }
    assert rules == set(BREACHES)


def test_findings_come_page_by_page_without_loss(audit):
    planted = ["UPDATE usage_events SET units = units + 1, key_id = 'key_other'"]
    whole = audit(5, planted)
    assert whole.finding_count == len(whole.findings) > 10
    pages, after = [], None
    while True:
        page = audit(5, planted, after=after, limit=5)
        assert page.finding_count == whole.finding_count
        pages += page.findings
        if page.next_place is None:
            break
        after = page.next_place
    assert pages == whole.findings
    assert isinstance(after, Place)


def test_the_application_itself_cannot_plant_a_breach(audited):
    with psycopg.connect(audited.exchange.parts.database_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET session_replication_role = replica")
        connection.rollback()


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        (
            "use_was_approved_by_as_many_as_it_takes",
            ["UPDATE panel_seats SET in_favour = false WHERE scenario_id IS NOT NULL"],
        ),
        (
            "use_was_approved_by_as_many_as_it_takes",
            [
                "ALTER TABLE panel_seats DROP CONSTRAINT nobody_involved",
                (
                    "UPDATE panel_seats t SET member_id = n.first_approved_by FROM scenarios n"
                    " WHERE n.id = t.scenario_id AND t.member_id = (SELECT min(member_id)"
                    " FROM panel_seats WHERE scenario_id IS NOT NULL AND in_favour)"
                ),
            ],
        ),
        (
            "use_approvers_are_free_of_conflict",
            [
                (
                    "INSERT INTO scenario_declarations SELECT scenario_id, member_id, true,"
                    " 'org_x', '{}', '[]', now() FROM panel_seats"
                    " WHERE scenario_id IS NOT NULL AND in_favour"
                )
            ],
        ),
        (
            "use_approvers_are_free_of_conflict",
            [
                (
                    "UPDATE people SET organisation_id = n.buyer_id FROM scenarios n"
                    " WHERE people.id = n.decided_by AND n.needs_two"
                )
            ],
        ),
    ],
)
def test_every_way_around_the_approval_of_a_use_is_found(audit, rule, planted):
    found = {finding.rule for finding in audit(3, planted).findings}
    assert rule in found


@pytest.mark.parametrize(
    ("seconds", "successor", "verdict"),
    [(1, "'key_next'", Verdict.PASS), (60, "'key_next'", Verdict.FAIL), (1, "NULL", Verdict.FAIL)],
)
def test_a_call_that_was_under_way_when_its_key_was_rotated_may_end(
    audit, seconds, successor, verdict
):
    ended = f"""
        UPDATE api_keys k SET rotated_to = {successor}, expires_at = (SELECT max(u.occurred_at)
            FROM usage_events u WHERE u.key_id = k.id) - interval '{seconds} seconds'
        WHERE k.id IN (SELECT key_id FROM usage_events)
    """
    assert audit(5, [ended]).verdict is verdict
