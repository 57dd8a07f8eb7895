"""What suppliers are owed now, and what all accounts come to, as the books have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import case, false, func, select, text
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, matching, paginate
from ledger.journal.books.chart import AccountKind
from ledger.journal.books.models import JournalAccount, PostedLine
from ledger.journal.settlement.statements import MOVES_OUT

# One statement, one snapshot: money that moves meanwhile stands in one place. A payable's sum
# begins where its last settlement ended; what that took out follows behind and is counted there.
_FIGURES = text(
    """
    SELECT a.account_id, coalesce(last.carried_amount, 0) + (
            SELECT coalesce(sum(p.amount), 0)
            FROM postings p JOIN journal_transactions t USING (transaction_id)
            WHERE p.account_id = a.account_id AND t.template <> :moves_out
                AND p.posting_id > coalesce(last.until_posting_id, 0))::bigint AS accrued,
        (SELECT coalesce(sum(p.amount), 0) FROM postings p
            WHERE p.account_id = settled.account_id)::bigint AS settled,
        (SELECT coalesce(sum(o.amount), 0) FROM payouts o
            WHERE o.supplier_id = a.organisation_id AND o.currency = a.currency
                AND o.state IN ('approved', 'sent'))::bigint AS under_way,
        EXISTS (SELECT 1 FROM account_freezes f WHERE f.lifted_at IS NULL
            AND f.account_id IN (a.account_id, settled.account_id)) AS is_frozen,
        last.until_at
    FROM journal_accounts a
    LEFT JOIN journal_accounts settled ON settled.organisation_id = a.organisation_id
        AND settled.kind = 'settled' AND settled.currency = a.currency
    LEFT JOIN LATERAL (
        SELECT s.carried_amount, s.until_posting_id, s.until_at FROM settlements s
        WHERE s.supplier_id = a.organisation_id AND s.currency = a.currency
        ORDER BY s.n DESC LIMIT 1) AS last ON true
    WHERE a.account_id = ANY(:account_ids)
    """
)


@dataclass(frozen=True)
class Payable:
    """What a supplier is owed in one currency; amounts in 10⁻⁸ units."""

    account_id: str
    organisation_id: str
    currency: str
    accrued_amount: int
    settled_amount: int
    under_way_amount: int
    is_frozen: bool
    settled_until: datetime | None

    @property
    def owed_amount(self) -> int:
        """Whatever has not been reported as paid."""
        return self.accrued_amount + self.settled_amount + self.under_way_amount

    @property
    def on_hold_amount(self) -> int:
        """What no payout takes until two people lifted a freeze."""
        return self.settled_amount + max(0, self.accrued_amount) if self.is_frozen else 0


def list_payables(
    session: Session,
    own: OrganisationId | None,
    *,
    organisation_id: str | None = None,
    currency: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Payable]:
    """What one's ``own`` organisation is owed, or all in reach (None), by account."""
    wanted = {JournalAccount.organisation_id: organisation_id, JournalAccount.currency: currency}
    statement = select(JournalAccount).where(
        JournalAccount.kind == AccountKind.PAYABLE, *matching(wanted)
    )
    if own is not None:
        statement = statement.where(JournalAccount.organisation_id == own)
    key = JournalAccount.account_id
    page = paginate(session, statement, key=key, cursor=cursor, limit=limit, newest_first=False)
    return Page(_with_figures(session, page.items), page.next_cursor)


def _with_figures(session: Session, accounts: Sequence[JournalAccount]) -> list[Payable]:
    given = {"account_ids": [each.account_id for each in accounts], "moves_out": MOVES_OUT}
    found = {row.account_id: row for row in session.execute(_FIGURES, given)}
    return [
        Payable(
            account_id=each.account_id,
            organisation_id=each.organisation_id,
            currency=each.currency,
            accrued_amount=found[each.account_id].accrued,
            settled_amount=found[each.account_id].settled,
            under_way_amount=found[each.account_id].under_way,
            is_frozen=found[each.account_id].is_frozen,
            settled_until=found[each.account_id].until_at,
        )
        for each in accounts
    ]


@dataclass(frozen=True)
class KindSum:
    """The accounts of a kind together; amounts in 10⁻⁸ units, positive: their owners are owed."""

    kind: str
    opening_amount: int
    added_amount: int
    taken_amount: int

    @property
    def closing_amount(self) -> int:
        """What stands at the end of the time."""
        return self.opening_amount + self.added_amount - self.taken_amount


@dataclass(frozen=True)
class TrialBalance:
    """One currency's books; what is not balanced is a breach of every rule there is."""

    currency: str
    kinds: Sequence[KindSum]

    @property
    def closing_amount(self) -> int:
        """The sum over all kinds: nothing, in sound books."""
        return sum(each.closing_amount for each in self.kinds)

    @property
    def is_balanced(self) -> bool:
        """Whether what stood before, what was added and what was taken each come to nothing."""
        opening = sum(each.opening_amount for each in self.kinds)
        return opening == 0 and self.closing_amount == 0


def read_trial_balance(
    session: Session,
    *,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    currency: str | None = None,
) -> list[TrialBalance]:
    """Every currency's, summed from its postings by when they were booked, in one statement.

    Needs the exchange's reach.
    """
    amount = PostedLine.amount
    is_before = false() if from_at is None else PostedLine.booked_at < from_at
    opening = func.sum(case((is_before, amount), else_=0))
    added = func.sum(case((is_before, 0), else_=func.greatest(amount, 0)))
    taken = func.sum(case((is_before, 0), else_=func.greatest(-amount, 0)))
    account = JournalAccount
    rows = session.execute(
        select(account.currency, account.kind, opening, added, taken)
        .join(PostedLine, PostedLine.account_id == account.account_id)
        .where(*between(PostedLine.booked_at, None, until_at))
        .where(*matching({account.currency: currency}))
        .group_by(account.currency, account.kind)
        .order_by(account.currency, account.kind)
    )
    return [
        TrialBalance(each, [KindSum(kind, *map(int, sums)) for _, kind, *sums in group])
        for each, group in groupby(rows, key=lambda row: row[0])
    ]
