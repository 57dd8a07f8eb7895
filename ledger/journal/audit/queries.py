"""The books' self-audit from end to end: every rule over every row."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.journal.audit.rules.all_rules import STRETCHES
from ledger.journal.audit.rules.stretches import FINDINGS_MAX, Stretch, find_in, next_end


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
    for stretch in (*STRETCHES, *further):
        after = ""
        while (through := next_end(session, stretch, after)) is not None:
            for each in find_in(session, stretch, after=after, through=through):
                row = Imbalance(each.rule, each.subject, each.expected, each.found)
                found.setdefault((each.rule, each.subject), row)
            if len(found) >= FINDINGS_MAX:
                break
            after = through
    return list(found.values())[:FINDINGS_MAX]
