"""Question 11: did anything that matters change without the review that it needs."""

from app.auditing.methods.approvals import LISTED
from app.auditing.methods.reviews import ENTRIES
from app.auditing.questions import Method
from app.auditing.rules import Rule

STANDINGS = """
    FROM listing_standings g
    JOIN LATERAL (
        SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf, e.recorded_at FROM log_entries e
        JOIN log_entry_subjects s ON s.arrival = e.arrival AND s.subject = g.listing_code
        WHERE e.entry_type = 'listed' ORDER BY e.arrival DESC LIMIT 1
    ) n ON true
    WHERE {within n.recorded_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""
DOSSIERS = """
    FROM review_cases c WHERE c.stage = 'APPROVED' AND {within c.decided_at}
        AND {listing c.listing_code} AND {party c.supplier_id}
"""

REVIEWED = Method(
    rules=(
        Rule(
            "each_listed_version_was_reviewed_as_it_is",
            "Each version that was ever listed has an approved review of exactly its dossier,"
            " concluded before: no change came in as a mere edit.",
            "每个曾挂牌的版本，事前均有针对其确切档案的审核通过：无变更以“文字修改”名义进入。",
            f"SELECT count(*) FROM ({LISTED}) l",
            f"""
            SELECT l.listing_code || '/' || l.version_id AS subject, jsonb_build_object(
                'listing_code', l.listing_code, 'version_id', l.version_id, 'dossier_hash',
                l.dossier_hash, 'listed_at', l.listed_at, 'case_id', l.case_id) AS facts
            FROM ({LISTED}) l WHERE l.case_id IS NULL OR l.decided_at > l.listed_at
            """,
        ),
        Rule(
            "what_stands_is_what_the_log_says",
            "Each listing stands with the version and dossier that the log last listed.",
            "每个挂牌现行的版本与档案，即日志最后所载。",
            "SELECT count(*)" + STANDINGS,
            """
            SELECT g.listing_code AS subject, jsonb_build_object('listing_code', g.listing_code,
                'version_id', g.version_id, 'listed_version_id', n.leaf->>'version',
                'dossier_hash', g.dossier_hash, 'listed_dossier_hash',
                n.leaf->>'dossier_hash') AS facts
            """
            + STANDINGS
            + """
                AND (g.version_id IS DISTINCT FROM n.leaf->>'version'
                    OR g.dossier_hash IS DISTINCT FROM n.leaf->>'dossier_hash')
            """,
        ),
    ),
    entries=ENTRIES,
)
