"""Verbs on money that came to the bank without a reference: recorded, and sent back by two people.

Whose it is, if anybody here knows, two people say as of any money in suspense
(`suspense_services`); a bank has no statement that the exchange reads, so it goes back by hand.
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
from ledger.journal import provider_books
from ledger.journal.booking import book
from ledger.journal.chart import BANK_TRANSFER
from ledger.journal.creditor_reference import is_creditor_reference
from ledger.journal.models import TopUp
from ledger.journal.postings import Draft
from ledger.journal.settlement import arrival_queries, settlement_postings, suspense_queries
from ledger.journal.settlement.arrival_events import SuspenseReturnApproved
from ledger.journal.settlement.arrival_models import SUSPENSE_RETURN, BankArrival, SuspenseReturn
from ledger.journal.settlement.deciders import check_second
from ledger.journal.settlement.suspense_errors import (
    ArrivalCameBack,
    ArrivalDiffers,
    ArrivalIsTopUp,
    ArrivalNotYet,
    SuspenseReturnsAtProvider,
)
from ledger.journal.top_ups import TopUpState, check_transferable

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


def propose_return(
    uow: UnitOfWork, principal: Principal, *, reference: str, reason: str
) -> SuspenseReturn:
    """Propose that money goes back to whom it came from; moves nothing yet.

    Raises `SuspenseNotFound`, `SuspenseReturnsAtProvider`, `SuspenseAssigned`,
    `SuspenseReturnExists`.
    """
    found = suspense_queries.get_suspended(uow.session, reference)
    if not reference.startswith(f"{BANK_TRANSFER}:"):
        raise SuspenseReturnsAtProvider(reference)
    suspense_queries.one_at_a_time(uow.session, found.currency)
    suspense_queries.check_undecided(uow.session, reference)
    returned = SuspenseReturn(
        return_id=uow.ids.new("srt"),
        reference=reference,
        amount=found.amount,
        currency=found.currency,
        reason=reason,
        state="proposed",
        proposed_by=PersonId(principal.id),
        proposed_at=uow.now,
    )
    uow.session.add(returned)
    return returned


def approve_return(uow: UnitOfWork, principal: Principal, *, return_id: str) -> SuspenseReturn:
    """The second person's word: the money leaves suspense, on its way to its sender.

    Raises `SuspenseReturnNotFound`, `IllegalTransition`, `SecondPersonRequired`,
    `SuspenseReturned`, `AccountFrozen`.
    """
    returned = arrival_queries.get_return_for_update(uow.session, return_id)
    state = SUSPENSE_RETURN.next(returned.state, "approve")
    check_second(principal, returned.proposed_by, return_id)
    suspense_queries.one_at_a_time(uow.session, returned.currency)
    suspense_queries.check_held(
        uow.session, returned.reference, Money(returned.amount, returned.currency)
    )
    returned.state = state
    returned.decided_by, returned.decided_at = PersonId(principal.id), uow.now
    _book(uow, settlement_postings.return_suspense(**_facts(returned)))
    uow.record(
        SuspenseReturnApproved(
            occurred_at=uow.now,
            return_id=return_id,
            proposed_by=returned.proposed_by,
            approved_by=PersonId(principal.id),
        )
    )
    return returned


def decline_return(uow: UnitOfWork, principal: Principal, *, return_id: str) -> SuspenseReturn:
    """Give a proposal up; raises `SuspenseReturnNotFound`, `IllegalTransition`."""
    returned = arrival_queries.get_return_for_update(uow.session, return_id)
    returned.state = SUSPENSE_RETURN.next(returned.state, "decline")
    returned.decided_by, returned.decided_at = PersonId(principal.id), uow.now
    return returned


def complete_return(uow: UnitOfWork, *, return_id: str, provider_reference: str) -> SuspenseReturn:
    """The bank's account shows that it left; told again, nothing happens.

    Raises `SuspenseReturnNotFound`, `IllegalTransition`.
    """
    returned = arrival_queries.get_return_for_update(uow.session, return_id)
    if returned.state == "returned" and returned.provider_reference == provider_reference:
        return returned
    returned.state = SUSPENSE_RETURN.next(returned.state, "complete")
    returned.provider_reference, returned.ended_at = provider_reference, uow.now
    _book(uow, settlement_postings.suspense_return_paid(**_facts(returned)))
    return returned


def fail_return(uow: UnitOfWork, *, return_id: str, failure_code: str) -> SuspenseReturn:
    """It did not leave, or came back: it is in suspense again; once.

    Raises `SuspenseReturnNotFound`, `IllegalTransition`.
    """
    returned = arrival_queries.get_return_for_update(uow.session, return_id)
    if returned.state == "failed":
        return returned
    was_paid = returned.state == "returned"
    returned.state = SUSPENSE_RETURN.next(returned.state, "fail")
    returned.failure_code, returned.ended_at = failure_code, uow.now
    returned.provider_reference = None
    facts = _facts(returned)
    if was_paid:
        _book(uow, settlement_postings.suspense_return_back(**facts))
    _book(uow, settlement_postings.suspense_return_failed(**facts))
    return returned


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


def _facts(returned: SuspenseReturn) -> settlement_postings.SuspenseReturnFacts:
    return {
        "return_id": returned.return_id,
        "amount": returned.amount,
        "currency": returned.currency,
    }


def _book(uow: UnitOfWork, draft: Draft) -> None:
    book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
