"""What a range of a payable's postings comes to, and how far a range may safely reach.

Posting ids are drawn before their transaction commits, so a higher id can be seen before a lower
one. A run therefore remembers the highest id it saw together with the first database transaction
id that had not begun by then, and settles only once every transaction before that has ended: from
then on nothing new can appear at or below the horizon. No writer ever waits for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.journal.books.chart import AccountKind, exchange_account
from ledger.journal.settlement.statements import MOVES_OUT, StatementLine
from ledger.journal.supplier_statements.earnings import CATEGORY_OF, OTHER

# One statement, one snapshot: what is seen and what had begun belong together.
_HORIZON = text(
    "SELECT coalesce(max(posting_id), 0) AS posting_id,"
    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xid FROM postings"
)

# A barrier from beyond this server's own counter came with a restored dump: nothing of the server
# that drew it is still under way.
_IS_PASSED = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= :xid"
    " OR pg_snapshot_xmax(pg_current_snapshot())::text::bigint < :xid"
)

_NEXT_ACCOUNTS = text(
    "SELECT account_id, organisation_id FROM journal_accounts WHERE kind = 'payable'"
    " AND currency = :currency AND account_id > :after ORDER BY account_id LIMIT :most"
)

# Postings of an account refer to its row with a key-share lock, which this one lets pass.
_LOCK = text("SELECT 1 FROM journal_accounts WHERE account_id = :account_id FOR NO KEY UPDATE")

_LAST = text(
    "SELECT max(p.posting_id) FROM postings p JOIN journal_transactions t USING (transaction_id)"
    " WHERE p.account_id = :account_id AND p.posting_id > :after AND p.posting_id <= :horizon"
    " AND p.booked_at < :until_at AND t.template <> :moves_out"
)

_ROWS = text(
    """
    WITH own AS (
        SELECT t.transaction_id, t.template, t.licence_id, t.order_id, sum(p.amount) AS amount
        FROM postings p JOIN journal_transactions t USING (transaction_id)
        WHERE p.account_id = :account_id AND p.posting_id > :after AND p.posting_id <= :through
            AND t.template <> :moves_out
        GROUP BY t.transaction_id
    ), beside AS (
        SELECT p.transaction_id,
            coalesce(sum(p.amount) FILTER (WHERE p.account_id = :commission), 0) AS commission,
            coalesce(sum(p.amount) FILTER (WHERE p.account_id = :tax), 0) AS tax
        FROM postings p WHERE p.account_id IN (:commission, :tax)
            AND p.transaction_id IN (SELECT transaction_id FROM own)
        GROUP BY p.transaction_id
    ), gross AS (
        SELECT own.*, parties.licence_id AS party_licence_id, parties.listing_code,
            CASE WHEN parties.supplier_id = :supplier_id
                THEN coalesce(beside.commission, 0) ELSE 0 END AS commission,
            CASE WHEN parties.supplier_id = :supplier_id
                THEN coalesce(beside.tax, 0) ELSE 0 END AS tax
        FROM own
        LEFT JOIN beside USING (transaction_id)
        LEFT JOIN licence_parties parties
            ON parties.licence_id = own.licence_id OR parties.order_id = own.order_id
    )
    SELECT coalesce(licence_id, party_licence_id, order_id, '') AS subject,
        max(listing_code) AS listing_code, template, sum(amount)::bigint AS amount,
        sum(commission)::bigint AS commission, sum(tax)::bigint AS tax,
        coalesce(sum(amount + commission + tax) FILTER (WHERE amount + commission + tax > 0), 0)
            ::bigint AS charged,
        coalesce(-sum(amount + commission + tax) FILTER (WHERE amount + commission + tax < 0), 0)
            ::bigint AS credited
    FROM gross
    GROUP BY 1, template ORDER BY 1, template
    """
)


@dataclass(frozen=True)
class Horizon:
    """The highest posting seen, and the transaction id below which all must have ended."""

    posting_id: int
    barrier_xid: int


@dataclass(frozen=True)
class PostingRange:
    """A payable's postings after one id up to and including another."""

    supplier_id: str
    account_id: str
    currency: str
    after: int
    through: int


@dataclass(frozen=True)
class RangeSums:
    """What a range comes to: per licence, and what came back of payouts."""

    lines: tuple[StatementLine, ...]
    returned_amount: int


def read_horizon(session: Session) -> Horizon:
    """How far the books can be seen now."""
    row = session.execute(_HORIZON).one()
    return Horizon(row.posting_id, row.xid)


def is_passed(session: Session, barrier_xid: int) -> bool:
    """Whether every transaction that could still write below a horizon has ended."""
    return bool(session.scalar(_IS_PASSED, {"xid": barrier_xid}))


def next_accounts(
    session: Session, currency: str, *, after: str, most: int
) -> list[tuple[str, str]]:
    """Payable accounts of a currency and their suppliers, by account id."""
    rows = session.execute(_NEXT_ACCOUNTS, {"currency": currency, "after": after, "most": most})
    return [(row.account_id, row.organisation_id) for row in rows]


def lock_account(session: Session, account_id: str) -> None:
    """Of two settlements of one account the second waits; bookings do not."""
    session.execute(_LOCK, {"account_id": account_id})


def last_posting(
    session: Session, account_id: str, *, after: int, horizon: int, until_at: datetime
) -> int | None:
    """The account's last posting of the period within the horizon; None without a new one."""
    last: int | None = session.scalar(
        _LAST,
        {
            "account_id": account_id,
            "after": after,
            "horizon": horizon,
            "until_at": until_at,
            "moves_out": MOVES_OUT,
        },
    )
    return last


def range_sums(
    session: Session, postings: PostingRange, returned_templates: Collection[str]
) -> RangeSums:
    """The range's sums by licence and category; the same range gives the same sums for ever.

    ``returned_templates`` are told as returned payouts, not as a licence's.
    """
    rows = session.execute(
        _ROWS,
        {
            "account_id": postings.account_id,
            "after": postings.after,
            "through": postings.through,
            "moves_out": MOVES_OUT,
            "commission": exchange_account(AccountKind.COMMISSION, postings.currency),
            "tax": exchange_account(AccountKind.TAX, postings.currency),
            "supplier_id": postings.supplier_id,
        },
    ).all()
    returned = sum(row.amount for row in rows if row.template in returned_templates)
    lines: dict[str, StatementLine] = {}
    for row in rows:
        if row.template not in returned_templates:
            before = lines.get(row.subject, StatementLine(row.subject, row.listing_code))
            category = CATEGORY_OF.get(row.template, OTHER)
            amounts = dict(before.amounts)
            amounts[category] = amounts.get(category, 0) + row.amount
            lines[row.subject] = StatementLine(
                row.subject,
                row.listing_code,
                amounts,
                before.commission_amount + row.commission,
                before.tax_amount + row.tax,
                before.charged_amount + row.charged,
                before.credited_amount + row.credited,
            )
    return RangeSums(tuple(lines.values()), returned)
