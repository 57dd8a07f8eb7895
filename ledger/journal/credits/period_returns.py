"""What the calls of a period give back, by credits and by its true-up: never more than they cost.

Both look here under the lock of the licence's parties, so that whichever comes second finds what
the first gave. A true-up names no calls, so a period answers for its calls as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.ids import LicenceId
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.credits import queries as credit_queries
from ledger.journal.credits.notes import PeriodLeft
from ledger.journal.evidence.ports import PeriodsOfCalls
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.models import LicenceParties


@dataclass(frozen=True)
class _Standing:
    """Periods that are trued up together, and what their calls were charged and given back."""

    periods: tuple[int, ...]
    charged_amount: int
    credited_amount: int
    trued_up_amount: int

    @property
    def left_amount(self) -> int:
        return max(0, self.charged_amount - self.credited_amount - self.trued_up_amount)


def returnable_amount(
    session: Session, periods_of: PeriodsOfCalls, licence_id: LicenceId, period: int
) -> int | None:
    """The most that a period's true-up may give back (10⁻⁸ units).

    None where no call of it was credited: then nothing bounds it but what was charged. Needs the
    exchange's reach.
    """
    for each in _standings(session, periods_of, licence_id, []).values():
        if period in each.periods:
            return each.left_amount
    return None


def left_of_periods(
    session: Session,
    periods_of: PeriodsOfCalls,
    licence_id: LicenceId,
    calls: Sequence[tuple[int, int]],
) -> dict[tuple[int, int], PeriodLeft]:
    """What may be credited of the periods of some calls, for those whose true-up gave back.

    Needs the exchange's reach.
    """
    standings = _standings(session, periods_of, licence_id, calls)
    return {
        call: PeriodLeft(each.periods, each.left_amount)
        for call, each in standings.items()
        if each.trued_up_amount
    }


def _standings(
    session: Session,
    periods_of: PeriodsOfCalls,
    licence_id: LicenceId,
    calls: Sequence[tuple[int, int]],
) -> dict[tuple[int, int], _Standing]:
    """How the periods of these and of all credited calls of the licence stand, by call."""
    parties = trading_queries.find_licence_parties_for_update(session, licence_id)
    if parties is None:
        return {}
    credited = credit_queries.credited_calls(session, licence_id)
    found = periods_of(session, licence_id, [*{*credited, *calls}])
    standings = {
        each.periods: _Standing(
            each.periods,
            each.charged_amount,
            sum(
                amount
                for call, amount in credited.items()
                if call in found and found[call].periods == each.periods
            ),
            _trued_up_amount(session, parties, each.periods),
        )
        for each in {each.periods: each for each in found.values()}.values()
    }
    return {call: standings[each.periods] for call, each in found.items()}


def _trued_up_amount(session: Session, parties: LicenceParties, periods: Sequence[int]) -> int:
    statement = (
        select(func.coalesce(func.sum(PostedLine.amount), 0))
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(
            JournalTransaction.template == "true_up",
            JournalTransaction.reference.in_([f"{parties.licence_id}:{each}" for each in periods]),
            PostedLine.account_id == wallet_of(parties.buyer_id, parties.currency),
        )
    )
    return int(session.scalar(statement) or 0)
