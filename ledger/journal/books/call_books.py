"""Postings for metered calls, inside the group commit's own database transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from app.core.binary_arrays import bigint_array, text_array
from app.core.money import split_units
from app.core.round_trips import Statements
from ledger.journal.books.booking import named_refusals
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.postings import received
from ledger.journal.books.splits import check_split

_POST = "SELECT journal_post_calls(%s, %s, %s, %s, %s, %s, %s, %s, %s)"


class CallRun(Protocol):
    """Calls ``first_n`` to ``last_n`` of a lane, paid out of one lease; amounts in 10⁻⁸ units."""

    @property
    def lane_id(self) -> str:
        """The lane; with the numbers it names the run for good."""
        ...

    @property
    def licence_id(self) -> str:
        """The licence under which the calls were made."""
        ...

    @property
    def buyer_id(self) -> str:
        """Whose wallet pays."""
        ...

    @property
    def supplier_id(self) -> str:
        """Who gets the supplier's part."""
        ...

    @property
    def currency(self) -> str:
        """The currency of the amounts."""
        ...

    @property
    def lease_id(self) -> str:
        """The wallet's lease that the amount is spent from."""
        ...

    @property
    def first_n(self) -> int:
        """The first call's number in the lane."""
        ...

    @property
    def last_n(self) -> int:
        """The last call's number in the lane."""
        ...

    @property
    def amount(self) -> int:
        """What the calls cost together."""
        ...

    @property
    def total_amount_before(self) -> int:
        """The lane's total before ``first_n``."""
        ...

    @property
    def split(self) -> Mapping[str, int]:
        """The agreement's split, in basis points."""
        ...


class CallBooks:
    """Books runs of calls: a journal transaction each, one statement for all of them."""

    def post_runs(
        self, statements: Statements, runs: Sequence[CallRun], *, booked_at: datetime
    ) -> None:
        """Move what each run costs from its buyer to the parties of its split.

        Nothing happens for a run of 0, nor for one that is booked already. Raises `LeaseOverspent`
        beyond a lease, `LeaseNotOpen` for a closed one (a worker that lost its lease cannot book),
        `ReferenceReused` when a run was booked with other amounts, `AccountNotOpen`. In a pipeline
        these arrive as the database's own errors, at its next synchronisation (`refusal_of`).
        """
        paid = [run for run in runs if run.amount]
        if not paid:
            return
        places: list[int] = []
        numbers: list[int] = []
        accounts: list[str] = []
        amounts: list[int] = []
        counts: list[int] = []
        for place, run in enumerate(paid, start=1):
            lines = lines_of(run)
            counts.append(len(lines))
            for number, (account_id, amount) in enumerate(lines, start=1):
                places.append(place)
                numbers.append(number)
                accounts.append(account_id)
                amounts.append(amount)
        arguments = (
            booked_at,
            text_array([f"{run.lane_id}:{run.first_n}-{run.last_n}" for run in paid]),
            text_array([run.lease_id for run in paid]),
            text_array([run.licence_id for run in paid]),
            bigint_array(counts),
            bigint_array(places),
            bigint_array(numbers),
            text_array(accounts),
            bigint_array(amounts),
        )
        with named_refusals():
            statements.execute(_POST, arguments)


def lines_of(run: CallRun) -> list[tuple[str, int]]:
    """Account and amount of the run's postings: those of `postings.accrue_calls`.

    Written out, because it is made for every lane of every commit; a test holds both equal.
    """
    weights, receivers = _parties(run.supplier_id, run.currency, tuple(run.split.items()))
    before = split_units(run.total_amount_before, weights)
    after = split_units(run.total_amount_before + run.amount, weights)
    lines = [(wallet_of(run.buyer_id, run.currency), -run.amount)]
    for part, receiver in receivers:
        gained = after[part] - before[part]
        if gained:
            lines.append((receiver, gained))
    return lines


@lru_cache(maxsize=4096)
def _parties(
    supplier_id: str, currency: str, split: tuple[tuple[str, int], ...]
) -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """Weights in the order that decides ties, and who receives each part."""
    weights = check_split(dict(split))
    receivers = received(supplier_id, currency, dict.fromkeys(weights, 1))
    return weights, tuple(
        (part, posting.account_id) for part, posting in zip(weights, receivers, strict=True)
    )
