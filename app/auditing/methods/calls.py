"""Questions 5 and 6: was every call permitted, and did none come after the door was closed."""

from app.auditing.methods.persons import CALL_RESTS_ON_A_CONSENT, CONSENTED_CALLS
from app.auditing.questions import Method
from app.auditing.rules import Rows, Rule, read_figures

UNDER_WAY_SECONDS = 5
"""A call that had begun when its listing was suspended or its key withdrawn may still end."""
_CLOSED = f"interval '{UNDER_WAY_SECONDS} seconds'"

CALLS = """
    FROM usage_events u WHERE {within u.occurred_at} AND {listing u.listing_code}
        AND {licence u.licence_id} AND {party u.buyer_id u.supplier_id}
"""
COUNT = "SELECT count(*)" + CALLS

LICENCES = Rows(
    "licences l",
    """
    {within l.issued_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
    """,
)

CALL = """
    SELECT u.licence_id || '/' || u.lane || '/' || u.n AS subject, jsonb_build_object(
        'licence_id', u.licence_id, 'lane', u.lane, 'n', u.n, 'occurred_at', u.occurred_at,
        'leaf_hash', encode(u.leaf_hash, 'hex')) AS facts
"""

PURPOSES = """
    FROM usage_events u JOIN licences l ON l.id = u.licence_id
    JOIN entitlements t ON t.licence_id = l.id
    CROSS JOIN LATERAL (SELECT convert_from(u.detail, 'UTF8')::jsonb->>'purpose' AS purpose) k
    WHERE u.detail IS NOT NULL AND {within u.occurred_at} AND {listing u.listing_code}
        AND {licence u.licence_id} AND {party u.buyer_id u.supplier_id}
"""

ENTRIES = """
    SELECT e.arrival FROM log_entries e JOIN licences l ON l.id = e.licence_id
    WHERE e.entry_type IN ('call', 'lane_opened', 'licence_granted', 'licence_revoked')
        AND {within e.recorded_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
"""

PERMITTED = Method(
    rules=(
        Rule(
            "call_had_a_live_licence",
            "Each call fell in the term of its licence and of the licence's scenario.",
            "每次调用均在其许可与场景的有效期内。",
            COUNT,
            CALL
            + CALLS
            + """
                AND NOT EXISTS (
                    SELECT FROM licences l JOIN scenarios n ON n.id = l.scenario_id
                    WHERE l.id = u.licence_id AND u.buyer_id = l.buyer_id
                        AND u.occurred_at >= l.starts_at AND u.occurred_at < l.ends_at
                        AND u.occurred_at >= n.valid_from AND u.occurred_at < n.valid_until)
            """,
        ),
        Rule(
            "call_had_its_key",
            "Each call was made with a key of its own licence that had not expired, nor been"
            " rotated away more than five seconds before.",
            "每次调用均使用本许可的密钥，该密钥未过期，且未在五秒之前被轮换。",
            COUNT,
            CALL
            + CALLS
            # What a rotation ended, the gateways hear of; the day of its end they know beforehand.
            + f"""
                AND NOT EXISTS (SELECT FROM api_keys k WHERE k.id = u.key_id
                    AND k.licence_id = u.licence_id AND u.occurred_at < k.expires_at
                        + CASE WHEN k.rotated_to IS NULL THEN interval '0' ELSE {_CLOSED} END)
            """,
        ),
        Rule(
            "call_is_its_leaf",
            "Each call stands in the log, with the outcome, units and amount that were metered.",
            "每次调用均以所计量的结果、用量与金额记于日志。",
            COUNT,
            CALL
            + CALLS
            + """
                AND NOT EXISTS (
                    SELECT FROM log_entries e
                    {leaf}
                    WHERE e.licence_id = u.licence_id AND e.lane = u.lane AND e.n = u.n
                        AND e.leaf_hash = u.leaf_hash AND b.leaf->>'outcome' = u.outcome
                        AND (b.leaf->>'units')::bigint = u.units
                        AND (b.leaf->>'amount')::bigint = u.amount)
            """,
        ),
        Rule(
            "call_is_for_a_licensed_purpose",
            "Each call about persons says what it is for, and each that says it keeps within what"
            " its licence permits.",
            "每次涉及个人信息的调用均载明用途，且所载用途不超出其许可范围。",
            "SELECT count(*)" + PURPOSES,
            CALL.replace("'leaf_hash'", "'purpose', k.purpose, 'leaf_hash'")
            + PURPOSES
            # A licence that was narrowed since does not say any more what it permitted before.
            + f"""
                AND NOT CASE WHEN k.purpose IS NULL THEN l.terms->>'consent_model' IS NULL
                    ELSE coalesce(t.permitted_purposes, t.terms->'purposes')
                        @> to_jsonb(k.purpose) END
                AND NOT EXISTS (SELECT FROM log_entries e WHERE e.licence_id = u.licence_id
                    AND e.entry_type = 'licence_narrowed'
                    AND e.recorded_at + {_CLOSED} > u.occurred_at)
            """,
        ),
        Rule(
            "licence_is_within_its_scenario",
            "No licence has a field, a region or a term that its scenario was not approved for,"
            " and what the gateway enforces is the licence itself.",
            "许可的字段、地域与期限不超出场景批准范围，且网关所执行者即该许可。",
            "SELECT count(*)" + LICENCES,
            """
            SELECT l.id AS subject, jsonb_build_object('licence_id', l.id, 'scenario_id',
                l.scenario_id, 'fields', l.terms->'fields', 'terms_hash', l.terms_hash) AS facts
            """
            + LICENCES
            + """
                AND NOT EXISTS (
                    SELECT FROM scenarios n JOIN entitlements t ON t.licence_id = l.id
                    WHERE n.id = l.scenario_id AND (l.terms->'fields') <@ (n.terms->'fields')
                        AND (l.terms->'regions') <@ (n.terms->'regions')
                        AND l.ends_at <= n.valid_until AND t.terms_hash = l.terms_hash
                        AND (t.terms->'fields') <@ (l.terms->'fields'))
            """,
        ),
        Rule(
            "quota_is_kept",
            "No licence has more calls than its terms permit, or more units than it was granted.",
            "没有许可的调用次数超过条款、或用量超过授予量。",
            "SELECT count(*)" + LICENCES,
            """
            SELECT l.id AS subject, jsonb_build_object('licence_id', l.id,
                'calls_max', l.terms->'calls_max', 'calls_count', used.calls,
                'granted_units', t.granted_units, 'units', used.units) AS facts
            """
            + LICENCES.joined(
                """
                JOIN entitlements t ON t.licence_id = l.id
                LEFT JOIN LATERAL (SELECT count(*) AS calls, coalesce(sum(u.units), 0) AS units
                    FROM usage_events u WHERE u.licence_id = l.id) used ON true
                """
            )
            + """
                AND (used.calls > (l.terms->>'calls_max')::bigint
                    OR used.units > t.granted_units OR t.spent_units > t.granted_units)
            """,
        ),
        CALL_RESTS_ON_A_CONSENT,
    ),
    entries=ENTRIES,
)

REVOKED = Rows(
    "log_entries r JOIN licences l ON l.id = r.licence_id",
    """
    r.entry_type IN ('licence_revoked', 'licence_ended') AND {within r.recorded_at}
        AND {listing l.listing_code} AND {licence l.id} AND {party l.buyer_id l.supplier_id}
    """,
)

# One row for each suspension of calls or withdrawal of a scenario, and until when it lasted: a
# suspended listing that left the exchange opens when it is listed anew.
CLOSED = """
    SELECT e.arrival, e.entry_type, e.recorded_at AS closed_at, s.subject, (
        SELECT min(f.recorded_at) FROM log_entry_subjects g JOIN log_entries f USING (arrival)
        WHERE g.subject = s.subject AND f.arrival > e.arrival
            AND f.entry_type IN ('resumed', 'listed')
    ) AS opened_at
    FROM log_entries e JOIN log_entry_subjects s USING (arrival) {leaf}
    WHERE e.entry_type IN ('suspension_widened', 'scenario_withdrawn')
        OR (e.entry_type = 'suspended' AND b.leaf->>'scope' = 'ALL_CALLS')
"""

LATE = f"""
    FROM ({CLOSED}) z
    JOIN licences l ON z.subject IN (l.listing_code, l.scenario_id)
    JOIN usage_events u ON u.licence_id = l.id AND u.occurred_at > z.closed_at
        AND (z.opened_at IS NULL OR u.occurred_at < z.opened_at)
    WHERE {{within u.occurred_at}} AND {{listing l.listing_code}}
        AND {{licence l.id}} AND {{party l.buyer_id l.supplier_id}}
"""

LARGEST_DELAY = (
    "SELECT max(extract(epoch FROM u.occurred_at - z.closed_at))::text"
    " AS largest_delay_seconds" + LATE
)
"""Of calls under way when the door was closed; none at all gives null."""

CUT_OFF = Method(
    rules=(
        Rule(
            "no_call_after_revocation",
            "No call stands in the log behind the revocation or end of its licence.",
            "日志中许可撤销或终止之后再无该许可的调用。",
            "SELECT count(*)" + REVOKED,
            """
            SELECT c.licence_id || '/' || c.lane || '/' || c.n AS subject, jsonb_build_object(
                'licence_id', c.licence_id, 'lane', c.lane, 'n', c.n, 'called_at', c.recorded_at,
                'ended_at', r.recorded_at, 'leaf_hash', encode(c.leaf_hash, 'hex'),
                'delay_seconds', extract(epoch FROM c.recorded_at - r.recorded_at)::text) AS facts
            """
            + REVOKED.joined(
                "JOIN log_entries c ON c.licence_id = r.licence_id AND c.entry_type = 'call'"
                " AND c.arrival > r.arrival"
            ),
        ),
        Rule(
            "no_call_while_suspended",
            "No call began five seconds after its listing's calls were suspended or its scenario"
            " withdrawn.",
            "挂牌的调用暂停或场景撤回五秒后再无调用开始。",
            f"SELECT count(*) FROM ({CLOSED}) z JOIN licences l"
            " ON z.subject IN (l.listing_code, l.scenario_id)"
            " WHERE {within z.closed_at} AND {listing l.listing_code} AND {licence l.id}"
            " AND {party l.buyer_id l.supplier_id}",
            """
            SELECT u.licence_id || '/' || u.lane || '/' || u.n || '/' || z.arrival AS subject,
                jsonb_build_object('licence_id', u.licence_id, 'lane', u.lane, 'n', u.n,
                    'closed_by', z.entry_type, 'closed_at', z.closed_at,
                    'called_at', u.occurred_at, 'leaf_hash', encode(u.leaf_hash, 'hex'),
                    'delay_seconds', extract(epoch FROM u.occurred_at - z.closed_at)::text) AS facts
            """
            + LATE
            + f" AND u.occurred_at > z.closed_at + {_CLOSED}",
        ),
        Rule(
            "no_call_with_a_withdrawn_key",
            "No call began five seconds after its key was withdrawn.",
            "密钥撤回五秒后再无使用该密钥的调用。",
            COUNT,
            CALL
            + CALLS
            + f"""
                AND EXISTS (SELECT FROM call_keys k WHERE k.key_id = u.key_id
                    AND u.occurred_at > k.withdrawn_at + {_CLOSED})
            """,
        ),
        Rule(
            "no_call_on_a_withdrawn_consent",
            "No call began five seconds after the consent that it rests on was withdrawn.",
            "同意撤回五秒后再无依据该同意的调用。",
            "SELECT count(*)" + CONSENTED_CALLS,
            CALL.replace("'leaf_hash'", "'consent_id', k.consent_id, 'leaf_hash'")
            + CONSENTED_CALLS
            + f"""
                AND EXISTS (SELECT FROM consents s WHERE s.id = k.consent_id
                    AND u.occurred_at > s.withdrawn_at + {_CLOSED})
            """,
        ),
    ),
    entries=ENTRIES,
    figures=lambda session, scope: read_figures(session, LARGEST_DELAY, scope),
)
