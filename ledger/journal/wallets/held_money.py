"""Money that workers hold for calls: how much of it is left, and how it is asked back.

A worker leases more than the next call needs, and keeps what it does not use for the calls after
it. Who needs the money for something else must not be refused while it lies idle there.
"""

import time
from collections.abc import Callable, Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.wallets.events import HeldMoneyWanted
from ledger.journal.wallets.models import Wallet

ASKED_MAX = 3
WAIT_SECONDS = 0.1
"""How long each time: who has just used a lease does not call it idle yet, and keeps it."""
LOOK_SECONDS = 0.01

_SPENT = text(
    """
    SELECT organisation_id, currency, sum(spent_amount)::bigint FROM wallet_leases
    WHERE organisation_id = ANY(:organisation_ids) AND closed_at IS NULL
    GROUP BY organisation_id, currency
    """
)


def spent_amounts(
    session: Session, organisation_ids: Collection[str]
) -> dict[tuple[str, str], int]:
    """What calls have spent of open leases (10⁻⁸), by organisation and currency.

    It is in a wallet's balance, and pending, until its lease is given back.
    """
    rows = session.execute(_SPENT, {"organisation_ids": list(organisation_ids)})
    return {(organisation_id, currency): amount for organisation_id, currency, amount in rows}


def held_amount(session: Session, wallet: Wallet) -> int:
    """What workers hold of a wallet and have not spent (10⁻⁸)."""
    if not wallet.pending_amount:
        return 0
    key = (wallet.organisation_id, wallet.currency)
    spent_amount = spent_amounts(session, [wallet.organisation_id]).get(key, 0)
    # Read after the wallet: unless that is locked, leases may have been opened in between.
    return max(0, wallet.pending_amount - spent_amount)


def ask_back(
    uow: UnitOfWork, organisation_id: OrganisationId, *, is_wanted: Callable[[], bool]
) -> None:
    """Wait for what workers hold idle of an organisation's money, as long as that is wanted.

    Call it before its wallet is locked: leases are given back under the lock. What comes back
    later is there for the next try.
    """
    wanted = HeldMoneyWanted(occurred_at=uow.now, organisation_id=organisation_id)
    for _ in range(ASKED_MAX):
        if not is_wanted() or not uow.tell_now(wanted):
            return
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until and is_wanted():
            time.sleep(LOOK_SECONDS)


def ask_back_amount(
    uow: UnitOfWork, organisation_id: OrganisationId, currency: str, needed_amount: int
) -> None:
    """`ask_back`, while the needed amount (10⁻⁸) is short of nothing but what is held."""
    _ask_back_short(
        uow, organisation_id, currency, lambda wallet: needed_amount - wallet.available_amount
    )


def ask_back_credit(
    uow: UnitOfWork, organisation_id: OrganisationId, currency: str, limit_amount: int
) -> None:
    """`ask_back`, while nothing but what is held uses more credit than a limit (10⁻⁸)."""
    _ask_back_short(
        uow, organisation_id, currency, lambda wallet: wallet.used_credit_amount - limit_amount
    )


def _ask_back_short(
    uow: UnitOfWork,
    organisation_id: OrganisationId,
    currency: str,
    short_amount: Callable[[Wallet], int],
) -> None:
    def is_wanted() -> bool:
        wallet = _wallet_now(uow, organisation_id, currency)
        if wallet is None:
            return False
        return 0 < short_amount(wallet) <= held_amount(uow.session, wallet)

    ask_back(uow, organisation_id, is_wanted=is_wanted)


def ask_back_all(uow: UnitOfWork, organisation_id: OrganisationId, currency: str) -> None:
    """`ask_back`, while a worker holds any money of the wallet."""

    def is_wanted() -> bool:
        wallet = _wallet_now(uow, organisation_id, currency)
        return wallet is not None and wallet.pending_amount > 0

    ask_back(uow, organisation_id, is_wanted=is_wanted)


def _wallet_now(uow: UnitOfWork, organisation_id: OrganisationId, currency: str) -> Wallet | None:
    return uow.session.get(Wallet, (organisation_id, currency), populate_existing=True)
