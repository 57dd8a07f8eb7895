"""Question 19: are an organisation's records complete, each with its entry in the log."""

from app.auditing.questions import Method
from app.auditing.rules import Rows, Rule

# Every fact that leaves an entry: whose it is, when, and of which type the entry must be.
RECORDS = """
        SELECT 'licence' AS kind, l.id, 'licence_granted' AS entry_type, l.issued_at AS at,
            l.buyer_id AS one, l.supplier_id AS other, l.id AS licence_id, l.listing_code
        FROM licences l
        UNION ALL
        SELECT 'order', o.id, 'order_placed', o.placed_at, o.buyer_id, o.supplier_id,
            o.licence_id, o.listing_code FROM orders o
        UNION ALL
        SELECT 'invoice', i.invoice_id, 'invoice', i.issued_at, i.buyer_id, i.supplier_id,
            i.licence_id, NULL FROM invoices i
        UNION ALL
        SELECT 'credit', c.credit_id, 'credit', c.given_at, c.buyer_id, c.supplier_id,
            c.licence_id, NULL FROM credits c
        UNION ALL
        SELECT 'dispute', d.dispute_id, 'dispute_opened', d.opened_at, d.buyer_id, d.supplier_id,
            d.licence_id, NULL FROM disputes d
        UNION ALL
        SELECT 'settlement', s.settlement_id, 'statement', s.settled_at, s.supplier_id,
            s.supplier_id, NULL, NULL FROM settlements s
        UNION ALL
        SELECT 'payout', p.payout_id, 'payout', p.approved_at, p.supplier_id, p.supplier_id,
            NULL, NULL FROM payouts p WHERE p.approved_at IS NOT NULL
        UNION ALL
        SELECT 'key', k.id, 'key_issued', k.issued_at, k.organisation_id, k.organisation_id,
            k.licence_id, NULL FROM api_keys k
        UNION ALL
        SELECT 'collector key', c.id, 'collector_key_issued', c.issued_at, c.organisation_id,
            c.organisation_id, NULL, NULL FROM collector_keys c
        UNION ALL
        SELECT 'scenario', n.id, 'scenario_submitted', n.submitted_at, n.buyer_id, n.supplier_id,
            NULL, n.listing_code FROM scenarios n
        UNION ALL
        SELECT 'review case', r.id, 'rules_evaluated', r.opened_at, r.supplier_id, r.supplier_id,
            NULL, r.listing_code FROM review_cases r
        UNION ALL
        SELECT 'verification', v.organisation_id, CASE v.decision WHEN 'verify'
            THEN 'organisation_verified' ELSE 'organisation_refused' END, v.decided_at,
            v.organisation_id, v.organisation_id, NULL, NULL FROM verification_decisions v
"""

RECORDS_WITHIN = f"FROM ({RECORDS}) r WHERE {{within r.at}} AND {{party r.one r.other}}"

LANES = Rows(
    "lanes n JOIN log_parties p ON p.licence_id = n.licence_id",
    """
    {within n.opened_at} AND {party p.buyer_id p.supplier_id}
    """,
)

CALLS = """
    FROM usage_events u WHERE {within u.occurred_at} AND {party u.buyer_id u.supplier_id}
"""

OF_LICENCES = """
    SELECT e.arrival FROM log_entries e JOIN log_parties p ON p.licence_id = e.licence_id
    WHERE {within e.recorded_at} AND {party p.buyer_id p.supplier_id}
"""
"""Entries of the organisation's licences."""

OF_RECORDS = f"""
    SELECT e.arrival FROM log_entries e JOIN log_entry_subjects s USING (arrival) JOIN (
        SELECT r.id AS subject, r.one, r.other FROM ({RECORDS}) r
        UNION ALL
        SELECT g.listing_code, g.supplier_id, g.supplier_id FROM listing_standings g
        UNION ALL
        SELECT v.id, v.supplier_id, v.supplier_id FROM product_versions v
    ) known ON known.subject = s.subject
    WHERE {{within e.recorded_at}} AND {{party known.one known.other}}
"""
"""Entries about its records of all time, its listings and its versions."""

ENTRIES = f"{OF_LICENCES} UNION ALL {OF_RECORDS}"

COMPLETE = Method(
    rules=(
        Rule(
            "record_has_its_entry",
            "Each record of the organisation has the entry in the log that its kind leaves.",
            "机构的每条记录在日志中均有其类型应留之条目。",
            f"SELECT count(*) {RECORDS_WITHIN}",
            f"""
            SELECT r.kind || ' ' || r.id || ' ' || r.at AS subject, jsonb_build_object(
                'kind', r.kind, 'id', r.id, 'entry_type', r.entry_type, 'at', r.at) AS facts
            {RECORDS_WITHIN}
                AND NOT EXISTS (SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                WHERE s.subject = r.id AND e.entry_type = r.entry_type)
            """,
        ),
        Rule(
            "call_has_its_entry",
            "Each metered call of the organisation has its leaf in the log.",
            "机构的每次已计量调用在日志中均有其叶。",
            "SELECT count(*)" + CALLS,
            """
            SELECT u.licence_id || '/' || u.lane || '/' || u.n AS subject, jsonb_build_object(
                'licence_id', u.licence_id, 'lane', u.lane, 'n', u.n,
                'leaf_hash', encode(u.leaf_hash, 'hex')) AS facts
            """
            + CALLS
            + """
                AND NOT EXISTS (SELECT FROM log_entries e WHERE e.leaf_hash = u.leaf_hash)
            """,
        ),
        Rule(
            "lane_is_gapless",
            "Each lane of the organisation's licences has an entry for every number up to its end.",
            "机构许可的每条通道自始至末每号均有条目。",
            "SELECT count(*)" + LANES,
            """
            SELECT n.licence_id || '/' || n.number AS subject, jsonb_build_object('licence_id',
                n.licence_id, 'lane', n.number, 'calls_due', n.sequence,
                'calls_found', found.calls) AS facts
            """
            + LANES.joined(
                """
                CROSS JOIN LATERAL (SELECT count(*) AS calls FROM log_entries e
                    WHERE e.licence_id = n.licence_id AND e.lane = n.number
                        AND e.entry_type = 'call' AND e.n <= n.sequence) found
                """
            )
            + " AND found.calls <> n.sequence",
        ),
    ),
    entries=ENTRIES,
)
