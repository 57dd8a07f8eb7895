"""What a rule of the live audit is: one statement over a bounded stretch of a table.

One statement sees one instant, so that trade going on beside it cannot look like a breach.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

_AT_ONCE = 100
"""Findings held in memory at a time."""
# Accounts of any row ``u`` that has an organisation or supplier, and a currency.
BANK = "'exchange/bank/' || u.currency"
SETTLED = "u.supplier_id || '/settled/' || u.currency"
WALLET = "u.organisation_id || '/wallet/' || u.currency"


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


@dataclass(frozen=True)
class Finding:
    """A sum that does not hold (10⁻⁸ units or a count), and the accounts that it touches.

    ``expected`` is what should be found, or the bound that it has to keep to, as the rule says.
    """

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


class Check(NamedTuple):
    """Of a row ``u``: what is ``found`` has to be what is ``expected``, both in SQL."""

    rule: str
    expected: str
    found: str
    touches: tuple[str, ...]
    """The accounts that a finding is about; one that is NULL is none."""


def row_by_row(table: str, key: str, portion: int, *checks: Check) -> Stretch:
    """Checks of the single rows of a table, so many at a time."""
    findings = "UNION ALL".join(_differing(table, key, check) for check in checks)
    return Stretch(table, portion, by_key(table, key), text(findings))


def _differing(table: str, key: str, check: Check) -> str:
    return f"""
        SELECT '{check.rule}' AS rule, u.{key} AS subject, held.expected::bigint AS expected,
            held.found, array_remove(ARRAY[{", ".join(check.touches)}], NULL) AS account_ids
        FROM {table} u CROSS JOIN LATERAL (
            SELECT {check.expected} AS expected, {check.found} AS found
        ) held
        WHERE u.{key} > :after AND u.{key} <= :through AND held.expected <> held.found
    """  # noqa: S608 -- constants


def next_end(session: Session, stretch: Stretch, after: str) -> str | None:
    """The last key of the stretch behind ``after``; None at the end of the table."""
    arguments = {"after": after, "most": stretch.portion}
    end: str | None = session.scalar(stretch.ends, arguments)
    return end


def find_in(session: Session, stretch: Stretch, *, after: str, through: str) -> Iterator[Finding]:
    """Everything that does not hold behind ``after`` up to ``through``; needs full reach.

    As many findings as the stretch has, read through a cursor: still one statement, of one instant.
    """
    arguments = {"after": after, "through": through}
    options = {"yield_per": _AT_ONCE}
    with session.execute(stretch.findings, arguments, execution_options=options) as rows:
        for row in rows:
            amounts = int(row.expected), int(row.found)
            yield Finding(row.rule, row.subject, *amounts, tuple(row.account_ids))
