"""Question 11: did anything that matters change without the review that it needs."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.methods.approvals import LISTED
from app.auditing.methods.reviews import ENTRIES
from app.auditing.questions import Method
from app.auditing.rules import Finding, Rule, Scope
from compliance.review.changes import changes_between, class_of, diff_hash, table_hash

CHANGES_MAX = 2_000
"""Changes that one answer computes again, newest first; narrow the question for older ones."""

CLASSIFIED = """
    FROM review_cases c JOIN review_cases b ON b.id = c.base_case_id
    WHERE {within c.opened_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

STANDINGS = """
    FROM listing_standings g
    JOIN LATERAL (
        SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf, e.recorded_at FROM log_entries e
        JOIN log_entry_subjects s ON s.arrival = e.arrival AND s.subject = g.listing_code
        WHERE e.entry_type = 'listed' ORDER BY e.arrival DESC LIMIT 1
    ) n ON true
    WHERE {within n.recorded_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""


def _misclassed(session: Session, scope: Scope) -> Iterator[Finding]:
    """Each change computed again from both dossiers, by the table of its day, and by the log."""
    query = (
        "SELECT c.id, c.change_class, c.change_table_hash, c.dossier, b.dossier AS base_dossier,"
        " b.id AS base_case_id, (SELECT convert_from(e.body, 'UTF8')::jsonb"
        " FROM log_entry_subjects s JOIN log_entries e USING (arrival) WHERE s.subject = c.id"
        " AND e.entry_type = 'change_classified' ORDER BY e.arrival LIMIT 1) AS leaf"
        + CLASSIFIED
        + " ORDER BY c.id DESC LIMIT :changes"
    )
    parameters = {**scope.parameters, "changes": CHANGES_MAX}
    for row in session.execute(text(scope.narrow(query)), parameters):
        found = changes_between(row.base_dossier, row.dossier)
        logged = row.leaf or {}
        facts = {
            "case_id": row.id,
            "base_case_id": row.base_case_id,
            "change_class": row.change_class,
            "logged_class": logged.get("change_class"),
            "computed_class": class_of(found),
            "moved": [each.document() for each in found][:20],
        }
        # By another table than today's only what the log says of it can be compared.
        is_of_today = row.change_table_hash == table_hash()
        classes = {row.change_class, logged.get("change_class")}
        if is_of_today:
            classes.add(class_of(found).value)
        if len(classes) > 1 or logged.get("diff_hash") != diff_hash(found):
            yield Finding("class_is_of_its_difference", row.id, facts)


REVIEWED = Method(
    rules=(
        Rule(
            "class_is_of_its_difference",
            "Each change has the class that the table gives to what differs between both dossiers,"
            " and the log says so.",
            "每次变更的类别均为对照表就两份档案差异所定，且与日志一致。",
            "SELECT count(*)" + CLASSIFIED,
            search=lambda session, scope: list(_misclassed(session, scope)),
        ),
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
