"""Verbs on money that came to the bank without a reference.

Whose it is, if anybody here knows, two people say as of any money in suspense
(`suspense.assignment_services`).
"""

import re
from datetime import date

from sqlalchemy import select

from app.core.cipher import Cipher
from app.core.exchange_calendar import day_of
from app.core.ids import PersonId
from app.core.money import Money
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.arrivals import queries as arrival_queries
from ledger.journal.arrivals.errors import (
    ArrivalCameBack,
    ArrivalDiffers,
    ArrivalIsTopUp,
    ArrivalNotYet,
)
from ledger.journal.arrivals.models import BankArrival
from ledger.journal.books import provider_books
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.suspense import queries as suspense_queries
from ledger.journal.top_ups.creditor_reference import is_creditor_reference
from ledger.journal.top_ups.life_cycle import TopUpState, check_transferable
from ledger.journal.top_ups.models import TopUp

_REFERENCE = re.compile(r"RF[0-9]{2}[0-9A-Z]{16}")


def record_arrival(
    uow: UnitOfWork,
    principal: Principal,
    cipher: Cipher,
    *,
    bank_reference: str,
    amount: int,
    currency: str,
    arrived_on: date,
    statement_line: str,
) -> BankArrival:
    """Money (10⁻⁸ units) is at the bank, and nothing says whose: into suspense, once a reference.

    The same facts again change nothing. Raises `ArrivalDiffers`, `ArrivalIsTopUp`,
    `ArrivalCameBack`, `ArrivalNotYet`, `TopUpAmountUnfit`.
    """
    check_transferable(amount)
    if arrived_on > day_of(uow.now):
        raise ArrivalNotYet(arrived_on, today=day_of(uow.now))
    suspense_queries.one_at_a_time(uow.session, "arrivals")
    existing = uow.session.get(BankArrival, bank_reference)
    if existing is not None:
        if (existing.amount, existing.currency, existing.arrived_on) != (
            amount,
            currency,
            arrived_on,
        ):
            raise ArrivalDiffers(bank_reference, recorded=Money(existing.amount, existing.currency))
        return existing
    _check_unannounced(uow, statement_line)
    arrival = BankArrival(
        bank_reference=bank_reference,
        amount=amount,
        currency=currency,
        arrived_on=arrived_on,
        line_sealed=cipher.encrypt(statement_line.encode(), context=bank_reference),
        recorded_by=PersonId(principal.id),
        recorded_at=uow.now,
    )
    uow.session.add(arrival)
    provider_books.note_unexplained(
        uow, movement_id=bank_reference, amount=amount, currency=currency, gateway=BANK_TRANSFER
    )
    return arrival


def open_line(cipher: Cipher, arrival: BankArrival) -> str:
    """The statement's line in clear; raises `CannotDecrypt`."""
    return cipher.decrypt(arrival.line_sealed, context=arrival.bank_reference).decode()


def _check_unannounced(uow: UnitOfWork, statement_line: str) -> None:
    """A line that names what is on record here is that top-up's, or that transfer's come back.

    A top-up that was given up cannot be confirmed, and its money would be nowhere.
    """
    written = "".join(statement_line.upper().split())
    named = [each for each in _REFERENCE.findall(written) if is_creditor_reference(each)]
    top_up = uow.session.scalar(
        select(TopUp)
        .where(TopUp.reference.in_(named), TopUp.state != TopUpState.CANCELLED)
        .limit(1)
    )
    if top_up is not None:
        raise ArrivalIsTopUp(top_up.top_up_id, top_up.state)
    sent = arrival_queries.find_sent(uow.session, named)
    if sent is not None:
        raise ArrivalCameBack(sent)
