"""Books of money at a payment provider: what it holds, what went to the bank, what is unclear."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.money import Money
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.chart import (
    EXCHANGE,
    EXCHANGE_KINDS,
    AccountKind,
    account_id,
    clearing_account,
    exchange_account,
    payable_of,
)
from ledger.journal.books.clearing import book_cleared
from ledger.journal.books.models import JournalAccount, PostedLine
from ledger.journal.books.postings import Draft, Posting


class JournalProviderBooks:
    """Answers payments, by shape, what the books say that a provider holds."""

    def provider_balance(self, session: Session, *, gateway: str, currency: str) -> int:
        """What the books say that the provider holds for the exchange, in 10⁻⁸ units.

        The account of money that others hold is negative: the exchange is owed it.
        """
        account = clearing_account(gateway, currency)
        statement = select(func.coalesce(func.sum(PostedLine.amount), 0)).where(
            PostedLine.account_id == account
        )
        return -int(session.scalar(statement) or 0)


def open_exchange_accounts(uow: UnitOfWork, *, currency: str) -> None:
    """The exchange's own accounts in a currency that no organisation may have used; once."""
    accounts = [
        {
            "account_id": account_id(EXCHANGE, kind, currency),
            "organisation_id": EXCHANGE,
            "kind": kind,
            "currency": currency,
            "opened_at": uow.now,
        }
        for kind in EXCHANGE_KINDS
    ]
    uow.session.execute(insert(JournalAccount).values(accounts).on_conflict_do_nothing())


def note_paid_out(
    uow: UnitOfWork, *, movement_id: str, amount: int, currency: str, gateway: str
) -> None:
    """The provider sent ``amount`` (10⁻⁸ units; negative: took) to the bank; once per movement."""
    _move(
        uow,
        ("provider_payout", f"{gateway}:{movement_id}"),
        AccountKind.BANK,
        Money(amount, currency),
        gateway=gateway,
    )


def note_unexplained(
    uow: UnitOfWork, *, movement_id: str, amount: int, currency: str, gateway: str
) -> None:
    """The provider's balance grew by ``amount`` (10⁻⁸ units) for no reason of ours; once.

    It waits in the suspense account until somebody finds out whose it is.
    """
    _move(
        uow,
        ("provider_unexplained", f"{gateway}:{movement_id}"),
        AccountKind.SUSPENSE,
        Money(-amount, currency),
        gateway=gateway,
    )


def note_part_returned(
    uow: UnitOfWork, *, reference: str, supplier_id: str, money: Money, gateway: str
) -> None:
    """A part of a payout came back through the provider: the supplier is owed it again; once."""
    draft = Draft(
        "payout_part_returned",
        reference,
        (
            Posting(clearing_account(gateway, money.currency), -money.units),
            Posting(payable_of(supplier_id, money.currency), money.units),
        ),
    )
    book_cleared(uow, draft, gateway=gateway)


def _move(
    uow: UnitOfWork, name: tuple[str, str], other: AccountKind, money: Money, *, gateway: str
) -> None:
    """Book money between a provider's account and another under (template, reference)."""
    open_exchange_accounts(uow, currency=money.currency)
    draft = Draft(
        *name,
        (
            Posting(clearing_account(gateway, money.currency), money.units),
            Posting(exchange_account(other, money.currency), -money.units),
        ),
    )
    book_cleared(uow, draft, gateway=gateway)
