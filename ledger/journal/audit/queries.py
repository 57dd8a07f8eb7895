"""The books' self-audit from end to end: every rule over every row."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.journal.audit.rules.all_rules import STRETCHES
from ledger.journal.audit.rules.stretches import Finding, Stretch, find_in, next_end

FINDINGS_MAX = 100


@dataclass(frozen=True)
class Imbalance:
    """A sum that does not hold: ``found``, where ``expected`` should be or be its bound.

    In 10⁻⁸ units, or the count of a rule that counts.
    """

    rule: str
    subject: str
    expected: int
    found: int


def find_imbalances(session: Session, further: Sequence[Stretch] = ()) -> list[Imbalance]:
    """Every rule of the books that does not hold, at most 100; empty when all is well.

    Reads the whole books; the live audit reads the same rules a stretch at a time. ``further``
    rules are those of `AuditPorts`. Needs the exchange's reach: a narrower one sees only part of
    every sum.
    """
    found: dict[tuple[str, str], Imbalance] = {}
    with closing(_find_all(session, (*STRETCHES, *further))) as findings:
        for each in findings:
            row = Imbalance(each.rule, each.subject, each.expected, each.found)
            found.setdefault((each.rule, each.subject), row)
            if len(found) == FINDINGS_MAX:
                break
    return list(found.values())


def _find_all(session: Session, stretches: Sequence[Stretch]) -> Generator[Finding]:
    for stretch in stretches:
        after = ""
        while (through := next_end(session, stretch, after)) is not None:
            yield from find_in(session, stretch, after=after, through=through)
            after = through
