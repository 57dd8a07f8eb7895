"""Verbs on money in suspense that goes back to its sender: one operator proposes, another agrees.

A bank has no statement that the exchange reads, so it goes back by hand.
"""

from app.core.ids import PersonId
from app.core.money import Money
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.deciders import check_second
from ledger.journal.suspense import postings as suspense_postings
from ledger.journal.suspense import queries as suspense_queries
from ledger.journal.suspense.errors import SuspenseReturnsAtProvider
from ledger.journal.suspense.events import SuspenseReturnApproved
from ledger.journal.suspense.models import SUSPENSE_RETURN, SuspenseReturn


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
    returned = suspense_queries.get_return_for_update(uow.session, return_id)
    state = SUSPENSE_RETURN.next(returned.state, "approve")
    check_second(principal, returned.proposed_by, return_id)
    suspense_queries.one_at_a_time(uow.session, returned.currency)
    suspense_queries.check_held(
        uow.session, returned.reference, Money(returned.amount, returned.currency)
    )
    returned.decide(state, by=principal.id, at=uow.now)
    book_now(uow, suspense_postings.return_suspense(**_facts(returned)))
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
    returned = suspense_queries.get_return_for_update(uow.session, return_id)
    declined = SUSPENSE_RETURN.next(returned.state, "decline")
    returned.decide(declined, by=principal.id, at=uow.now)
    return returned


def complete_return(uow: UnitOfWork, *, return_id: str, provider_reference: str) -> SuspenseReturn:
    """The bank's account shows that it left; told again, nothing happens.

    Raises `SuspenseReturnNotFound`, `IllegalTransition`.
    """
    returned = suspense_queries.get_return_for_update(uow.session, return_id)
    if returned.state == "returned" and returned.provider_reference == provider_reference:
        return returned
    returned.state = SUSPENSE_RETURN.next(returned.state, "complete")
    returned.provider_reference, returned.ended_at = provider_reference, uow.now
    book_now(uow, suspense_postings.suspense_return_paid(**_facts(returned)))
    return returned


def fail_return(uow: UnitOfWork, *, return_id: str, failure_code: str) -> SuspenseReturn:
    """It did not leave, or came back: it is in suspense again; once.

    Raises `SuspenseReturnNotFound`, `IllegalTransition`.
    """
    returned = suspense_queries.get_return_for_update(uow.session, return_id)
    if returned.state == "failed":
        return returned
    was_paid = returned.state == "returned"
    returned.state = SUSPENSE_RETURN.next(returned.state, "fail")
    returned.failure_code, returned.ended_at = failure_code, uow.now
    returned.provider_reference = None
    facts = _facts(returned)
    if was_paid:
        book_now(uow, suspense_postings.suspense_return_back(**facts))
    book_now(uow, suspense_postings.suspense_return_failed(**facts))
    return returned


def _facts(returned: SuspenseReturn) -> suspense_postings.SuspenseReturnFacts:
    return {
        "return_id": returned.return_id,
        "amount": returned.amount,
        "currency": returned.currency,
    }
