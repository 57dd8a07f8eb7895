"""What a rule of the live audit is: one statement over a bounded stretch of a table.

One statement sees one instant, so that trade going on beside it cannot look like a breach.
"""

from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

FINDINGS_MAX = 100


def by_key(table: str, key: str) -> TextClause:
    """The last key of a table's next portion, in the key's order."""
    ordered = f"SELECT {key} FROM {table} WHERE {key} > :after ORDER BY {key} LIMIT :most"  # noqa: S608 -- constants
    return text(f"SELECT max({key}) FROM ({ordered}) taken")  # noqa: S608 -- constants


def moved(templates: str, reference: str, account: str) -> str:
    """A sum in brackets: what templates with a reference moved on an account."""
    listed = ", ".join(f"'{template}'" for template in templates.split())
    return f"""coalesce((
            SELECT sum(p.amount) FROM journal_transactions t JOIN postings p USING (transaction_id)
            WHERE t.template IN ({listed}) AND t.reference = {reference}
                AND p.account_id = {account}
        ), 0)::bigint"""  # noqa: S608 -- constants


def differing(
    rule: str, table: str, key: str, *, expected: str, found: str, touches: tuple[str, ...]
) -> str:
    """The rows ``u`` of a table's stretch of which ``found`` is not what is ``expected``."""
    return f"""
        SELECT '{rule}' AS rule, u.{key} AS subject, held.expected::bigint AS expected, held.found,
            array_remove(ARRAY[{", ".join(touches)}], NULL) AS account_ids
        FROM {table} u CROSS JOIN LATERAL (
            SELECT {expected} AS expected, {found} AS found
        ) held
        WHERE u.{key} > :after AND u.{key} <= :through AND held.expected <> held.found
    """  # noqa: S608 -- constants


def any_of(*findings: str) -> TextClause:
    """The findings of several checks of one stretch."""
    return text("UNION ALL".join(findings) + " LIMIT 100")


@dataclass(frozen=True)
class Finding:
    """A sum that does not hold (10⁻⁸ units or a count), and the accounts that it touches."""

    rule: str
    subject: str
    expected: int
    found: int
    account_ids: tuple[str, ...]


@dataclass(frozen=True)
class Stretch:
    """A rule over part of a table: ordered by ``key``, from behind ``:after``, ``:most`` rows."""

    name: str
    portion: int
    ends: TextClause
    findings: TextClause


def next_end(session: Session, stretch: Stretch, after: str) -> str | None:
    """The last key of the stretch behind ``after``; None at the end of the table."""
    arguments = {"after": after, "most": stretch.portion}
    end: str | None = session.scalar(stretch.ends, arguments)
    return end


def find_in(session: Session, stretch: Stretch, *, after: str, through: str) -> list[Finding]:
    """What does not hold behind ``after`` up to ``through``, at most 100; needs full reach."""
    rows = session.execute(stretch.findings, {"after": after, "through": through})
    return [
        Finding(row.rule, row.subject, int(row.expected), int(row.found), tuple(row.account_ids))
        for row in rows
    ]
