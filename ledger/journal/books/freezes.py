"""Accounts that give nothing until two people looked at what the audit found."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.journal.books.errors import AccountFrozen
from ledger.journal.books.models import AccountFreeze
from ledger.journal.books.postings import Draft


def check_not_frozen(session: Session, *account_ids: str) -> None:
    """Raises `AccountFrozen` when one of the accounts awaits two people's look."""
    freeze = session.scalars(
        select(AccountFreeze)
        .where(AccountFreeze.account_id.in_(account_ids), AccountFreeze.lifted_at.is_(None))
        .limit(1)
    ).one_or_none()
    if freeze is not None:
        raise AccountFrozen(freeze.account_id, freeze_id=freeze.freeze_id, rule=freeze.rule)


def check_givers_not_frozen(session: Session, draft: Draft) -> None:
    """Raises `AccountFrozen` when one of the accounts that a draft takes from is frozen."""
    check_not_frozen(session, *(each.account_id for each in draft.postings if each.amount < 0))
