"""What suppliers are owed now, as the journal's accounts and the payouts under way have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, matching, paginate
from ledger.journal.books.chart import AccountKind
from ledger.journal.books.models import JournalAccount
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
