"""Rules as set-based queries: what was examined, what breaks the rule, page by page.

A query names its filters in braces, ``{within d.decided_at}``; a filter that was not given becomes
TRUE, so that the planner never sees it. ``{leaf}`` behind ``log_entries e`` is what the entry says,
as ``b.leaf``. All rules of an answer are asked in one statement, which sees one instant: trade that
goes on beside it cannot look like a breach.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.clock import iso_instant

FILTERS = {
    "within": ("from", "until"),
    "listing": ("listing_code",),
    "licence": ("licence_id",),
    "party": ("organisation_id",),
}
"""Filter as a query names it -> members of the request that it narrows by."""

_LEAF = "CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b"

_FILTER = re.compile(r"\{(within|listing|licence|party) ([\w. ]+)\}")


class Rows(str):
    """``FROM … WHERE …`` of what a rule looks at; what is written behind it narrows it further."""

    __slots__ = ("source", "where")
    source: str
    where: str

    def __new__(cls, source: str, where: str) -> Self:
        """From these tables, those that meet the condition."""
        rows = super().__new__(cls, f" FROM {source} WHERE {where}")
        rows.source, rows.where = source, where
        return rows

    def joined(self, tables: str) -> "Rows":
        """The same with further tables behind the first."""
        return Rows(f"{self.source} {tables}", self.where)


@dataclass(frozen=True)
class Scope:
    """What an answer is narrowed to; ``now`` is the instant of the asking."""

    now: datetime
    from_at: datetime | None = None
    until_at: datetime | None = None
    listing_code: str | None = None
    licence_id: str | None = None
    organisation_id: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """The filters that were given, by their names in the request."""
        filters = {
            "from": iso_instant(self.from_at) if self.from_at else None,
            "until": iso_instant(self.until_at) if self.until_at else None,
            "listing_code": self.listing_code,
            "licence_id": self.licence_id,
            "organisation_id": self.organisation_id,
        }
        return {name: value for name, value in filters.items() if value is not None}

    @property
    def parameters(self) -> dict[str, Any]:
        """The same for a query, with ``now``."""
        return {
            "now": self.now,
            "from_at": self.from_at,
            "until_at": self.until_at,
            "listing_code": self.listing_code,
            "licence_id": self.licence_id,
            "organisation_id": self.organisation_id,
        }

    def narrow(self, query: str) -> str:
        """The query with leaves and filters written out; a filter that was not given is TRUE."""
        query = query.replace("{leaf}", _LEAF)
        return _FILTER.sub(lambda match: self._condition(match[1], match[2].split()), query)

    def _condition(self, name: str, columns: Sequence[str]) -> str:
        if name == "within":
            bounds = [("from_at", ">="), ("until_at", "<")]
            parts = [
                f"{columns[0]} {compare} :{bound}"
                for bound, compare in bounds
                if getattr(self, bound) is not None
            ]
            return "(" + " AND ".join(parts) + ")" if parts else "TRUE"
        member = FILTERS[name][0]
        if getattr(self, member) is None:
            return "TRUE"
        return "(" + " OR ".join(f"{column} = :{member}" for column in columns) + ")"


@dataclass(frozen=True, order=True)
class Finding:
    """One breach: the rule, the ids that it concerns, and the facts that show it."""

    rule: str
    subject: str
    facts: dict[str, Any] = field(compare=False)


Search = Callable[[Session, Scope], list[Finding]]


@dataclass(frozen=True)
class Rule:
    """An invariant in words, the count of what it looks at, and the query for its breaches.

    ``examined`` yields one number. ``breaches`` yields ``subject`` (unique within the rule) and
    ``facts`` (jsonb); ``search`` stands in its place where SQL alone cannot decide.
    """

    name: str
    says: str
    says_zh: str
    examined: str
    breaches: str = ""
    search: Search | None = None

    @property
    def filters(self) -> frozenset[str]:
        """What the rule narrows by; a rule decided by a search has no filter of its own."""
        named = {match[1] for match in _FILTER.finditer(self.breaches or self.examined)}
        return frozenset(member for name in named for member in FILTERS[name])


@dataclass(frozen=True)
class Place:
    """Where a page of findings begins: behind this finding."""

    rule: str
    subject: str


@dataclass(frozen=True)
class Findings:
    """How many breaches there are, and one page of them by rule and subject."""

    count: int
    page: list[Finding]
    has_more: bool


def count_examined(session: Session, rules: Sequence[Rule], scope: Scope) -> dict[str, int]:
    """How much each rule looked at."""
    parts = [
        f"SELECT '{rule.name}' AS rule, ({scope.narrow(rule.examined)}) AS examined"
        for rule in rules
    ]
    rows = session.execute(text(" UNION ALL ".join(parts)), scope.parameters)
    return {row.rule: int(row.examined or 0) for row in rows}


def find_breaches(
    session: Session, rules: Sequence[Rule], scope: Scope, *, after: Place | None, limit: int
) -> Findings:
    """All breaches counted, and up to ``limit`` of them behind ``after``."""
    asked = [rule for rule in rules if rule.breaches]
    searched = sorted(each for rule in rules if rule.search for each in rule.search(session, scope))
    count, found = len(searched), searched
    if asked:
        told = _ask(session, asked, scope, after=after, limit=limit + 1)
        count += told.count
        found = sorted([*searched, *told.page])
    behind = [each for each in found if after is None or _is_behind(each, after)]
    return Findings(count, behind[:limit], len(behind) > limit)


def _is_behind(finding: Finding, place: Place) -> bool:
    return (finding.rule, finding.subject) > (place.rule, place.subject)


def _ask(
    session: Session, rules: Sequence[Rule], scope: Scope, *, after: Place | None, limit: int
) -> Findings:
    # The order is that of bytes, as Python's: a collation would page differently than it sorts.
    parts = [
        f'SELECT \'{rule.name}\'::text COLLATE "C" AS rule, subject::text COLLATE "C" AS subject,'  # noqa: S608 -- our own texts
        f" facts FROM ({scope.narrow(rule.breaches)}) AS breach_{number}"
        for number, rule in enumerate(rules)
    ]
    query = (
        f"WITH found AS MATERIALIZED ({' UNION ALL '.join(parts)}),"  # noqa: S608 -- our own texts
        " page AS (SELECT * FROM found WHERE (rule, subject) > (:after_rule, :after_subject)"
        " ORDER BY rule, subject LIMIT :most)"
        " SELECT (SELECT count(*) FROM found) AS total, rule, subject, facts"
        " FROM (VALUES (1)) AS once(n) LEFT JOIN page ON true"
    )
    place = {
        "after_rule": after.rule if after else "",
        "after_subject": after.subject if after else "",
    }
    rows = session.execute(text(query), {**scope.parameters, **place, "most": limit}).all()
    page = [Finding(row.rule, row.subject, row.facts) for row in rows if row.rule is not None]
    return Findings(rows[0].total, page, has_more=False)


def read_figures(session: Session, query: str, scope: Scope) -> Mapping[str, Any]:
    """The one row of a query of figures, by column."""
    return dict(session.execute(text(scope.narrow(query)), scope.parameters).one()._mapping)  # noqa: SLF001 -- the documented way
