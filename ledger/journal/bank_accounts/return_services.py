"""That a transfer which the bank had carried out came back: two people say so, each for itself."""

from datetime import datetime
from typing import TypedDict

from app.core.ids import PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.bank_accounts.errors import NoReturnStated
from ledger.journal.bank_accounts.models import Returnable
from ledger.journal.deciders import check_second


class StatedReturn(TypedDict):
    """Who said first that it came back, and when."""

    return_stated_by: PersonId
    return_stated_at: datetime


def state_return(
    uow: UnitOfWork, principal: Principal, transfer: Returnable, transfer_id: str
) -> bool:
    """Keep a person's word; whether it is the second one's, by which the money is back.

    As of money that arrives, one person's word moves nothing. Raises `SecondPersonRequired` for
    whoever said it first. The transfer is locked.
    """
    if transfer.return_stated_by is None:
        transfer.return_stated_by = PersonId(principal.id)
        transfer.return_stated_at = uow.now
        return False
    check_second(principal, transfer.return_stated_by, transfer_id)
    transfer.returned_by = PersonId(principal.id)
    return True


def withdraw_return(transfer: Returnable, transfer_id: str) -> StatedReturn:
    """Take a first word back that waits for its second, and say whose it was and of when.

    Another first one may follow. Raises `NoReturnStated` where none waits. The transfer is locked.
    """
    by, at = transfer.return_stated_by, transfer.return_stated_at
    if by is None or at is None or transfer.returned_by is not None:
        raise NoReturnStated(transfer_id)
    transfer.return_stated_by = transfer.return_stated_at = None
    return StatedReturn(return_stated_by=by, return_stated_at=at)
