"""Question 8: does each call about a person rest on a consent, and how many records were there."""

from app.auditing.questions import Method
from app.auditing.rules import Rule, read_figures

UNDER_WAY_SECONDS = 5
"""A call is refused at its commit once its consent is withdrawn; this is for clocks that differ."""
CONTRACT_RECORDS = 100_000
"""Rules on data leaving the country (2024-03-22), article 8; sensitive data from the first on."""

LEVELS = "('PERSONAL', 'SENSITIVE')"
DOSSIER = """
    JOIN LATERAL (SELECT c.dossier FROM review_cases c WHERE c.version_id = l.version_id
        AND c.dossier_hash = l.dossier_hash ORDER BY c.id DESC LIMIT 1) d ON true
"""
LICENCES = f"""
    FROM licences l {DOSSIER}
    WHERE {{within l.issued_at}} AND {{listing l.listing_code}}
        AND {{licence l.id}} AND {{party l.buyer_id l.supplier_id}}
"""
CONSENTED_CALLS = """
    FROM usage_events u JOIN licences l ON l.id = u.licence_id
    CROSS JOIN LATERAL (SELECT convert_from(u.detail, 'UTF8')::jsonb->>'consent' AS consent_id) k
    WHERE coalesce(l.terms->>'consent_model', 'NOT_CONSENT_BASED') <> 'NOT_CONSENT_BASED'
        AND u.detail IS NOT NULL AND {within u.occurred_at} AND {listing u.listing_code}
        AND {licence u.licence_id} AND {party u.buyer_id u.supplier_id}
"""
COUNTED = """
    FROM person_counts p JOIN licences l ON l.id = p.licence_id
    WHERE {within p.changed_at} AND {listing p.listing_code}
        AND {licence p.licence_id} AND {party p.buyer_id p.supplier_id}
"""
LANES = """
    FROM (SELECT DISTINCT licence_id FROM person_count_cursors) i
    JOIN licences l ON l.id = i.licence_id
    WHERE {within l.issued_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
"""
ENTRIES = """
    SELECT e.arrival FROM log_entries e JOIN licences l ON l.id = e.licence_id
    WHERE e.entry_type IN ('licence_granted', 'licence_narrowed')
        AND {within e.recorded_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
    UNION SELECT e.arrival FROM log_entries e
    WHERE e.entry_type IN ('consent_batch', 'consent_revoked') AND {within e.recorded_at}
"""


def _figures_query() -> str:
    return f"""
        SELECT coalesce(sum(p.calls_count), 0)::bigint AS calls_count,
            coalesce(sum(p.records_count), 0)::bigint AS records_count,
            coalesce(sum(p.records_count) FILTER (WHERE p.is_exported), 0)::bigint
                AS exported_count,
            coalesce((SELECT jsonb_agg(t) FROM (
                SELECT p.supplier_id, p.buyer_id, p.year, sum(p.records_count)::bigint
                    AS records_count, trunc(sum(10000.0 * p.records_count / p.threshold_count)
                    )::bigint AS reached_bp
                {COUNTED} GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1, 2, 3 LIMIT 100) t), '[]') AS parties
        {COUNTED}
    """


CALL_RESTS_ON_A_CONSENT = Rule(
    "personal_call_rests_on_a_consent",
    "Each call that needs a consent names one, of this recipient and listing, that was"
    " given before it and neither withdrawn nor run out.",
    "每次需要同意的调用均指明一项针对该接收方与该产品、事前给出且未撤回、未到期的同意。",
    "SELECT count(*)" + CONSENTED_CALLS,
    """
    SELECT u.licence_id || '/' || u.lane || '/' || u.n AS subject, jsonb_build_object(
        'licence_id', u.licence_id, 'lane', u.lane, 'n', u.n, 'occurred_at',
        u.occurred_at, 'consent_id', k.consent_id) AS facts
    """
    + CONSENTED_CALLS
    + f"""
        AND NOT EXISTS (SELECT FROM consents s WHERE s.id = k.consent_id
            AND s.recipient_id = u.buyer_id AND s.listing_code = u.listing_code
            AND s.token_hash IS NOT NULL AND s.recorded_at <= u.occurred_at
                + interval '{UNDER_WAY_SECONDS} seconds'
            AND s.expires_at > u.occurred_at AND (s.withdrawn_at IS NULL OR
                s.withdrawn_at + interval '{UNDER_WAY_SECONDS} seconds' > u.occurred_at))
    """,
)
"""Question 5 asks it of every call, question 8 of those about persons."""

CONSENTED = Method(
    rules=(
        Rule(
            "personal_licence_says_on_what_it_rests",
            "Each licence to data about persons names the consent that its calls need, or that the"
            " approved dossier rests on another ground.",
            "每个涉及个人信息的许可均写明其调用所需的同意，或经批准的档案载明另有依据。",
            "SELECT count(*)" + LICENCES,
            """
            SELECT l.id AS subject, jsonb_build_object('licence_id', l.id, 'listing_code',
                l.listing_code, 'pi_level', d.dossier->>'pi_level') AS facts
            """
            + LICENCES
            + f" AND d.dossier->>'pi_level' IN {LEVELS} AND l.terms->>'consent_model' IS NULL",
        ),
        CALL_RESTS_ON_A_CONSENT,
        Rule(
            "every_delivery_is_counted_once",
            "What is counted of a licence is what its lanes delivered as far as they are counted.",
            "每个许可的人数计数与其已计通道所交付的数量一致。",
            "SELECT count(*)" + LANES,
            """
            SELECT m.licence_id AS subject, jsonb_build_object('licence_id', m.licence_id,
                'counted', m.counted, 'delivered', m.delivered) AS facts
            FROM (SELECT i.licence_id, coalesce((SELECT sum(p.calls_count) FROM person_counts p
                    WHERE p.licence_id = i.licence_id), 0) AS counted,
                (SELECT count(*) FROM person_count_cursors r JOIN usage_events u
                    ON u.lane_id = r.lane_id AND u.n <= r.counted_n
                    WHERE r.licence_id = i.licence_id
                        AND u.outcome IN ('hit', 'rows', 'units')) AS delivered
            """
            + LANES
            + ") m WHERE m.counted <> m.delivered",
        ),
        Rule(
            "no_threshold_is_reached_without_consent",
            "No supplier delivered to one buyer, in one year and without consents, as many records"
            " of persons as the law's thresholds name.",
            "无供方在一年内未经同意向同一需方提供达到法定数量的个人信息记录。",
            "SELECT count(*)" + COUNTED,
            """
            SELECT t.supplier_id || '/' || t.buyer_id || '/' || t.year AS subject,
                jsonb_build_object('supplier_id', t.supplier_id, 'buyer_id', t.buyer_id, 'year',
                t.year, 'records_count', t.records, 'reached_bp', trunc(t.reached * 10000)) AS facts
            FROM (SELECT p.supplier_id, p.buyer_id, p.year, sum(p.records_count) AS records,
                sum(p.records_count::numeric / p.threshold_count) AS reached
            """
            + COUNTED
            + """
                AND coalesce(l.terms->>'consent_model', 'NOT_CONSENT_BASED') = 'NOT_CONSENT_BASED'
                GROUP BY 1, 2, 3) t WHERE t.reached >= 1
            """,
        ),
        Rule(
            "no_person_leaves_the_country_unapproved",
            "Who delivered data of persons abroad in such numbers, or sensitive ones at all, named"
            " the approval for it.",
            "向境外提供达到数量的个人信息或任何敏感个人信息者，均载明相应的批准文号。",
            "SELECT count(*)" + COUNTED + " AND p.is_exported",
            f"""
            SELECT p.licence_id || '/' || p.year AS subject, jsonb_build_object('licence_id',
                p.licence_id, 'supplier_id', p.supplier_id, 'year', p.year, 'pi_level',
                p.pi_level, 'records_count', p.records_count) AS facts
            FROM (SELECT p.*, sum(p.records_count) OVER (PARTITION BY p.supplier_id, p.year)
                AS exported, l.version_id AS of_version, l.dossier_hash AS of_dossier
            {COUNTED} AND p.is_exported) p
            WHERE (p.pi_level = 'SENSITIVE' OR p.exported >= {CONTRACT_RECORDS})
                AND NOT EXISTS (SELECT FROM review_cases c WHERE c.version_id = p.of_version
                    AND c.dossier_hash = p.of_dossier
                    AND c.dossier->'cross_border'->>'approval_number' <> '')
            """,
        ),
    ),
    entries=ENTRIES,
    figures=lambda session, scope: read_figures(session, _figures_query(), scope),
)
