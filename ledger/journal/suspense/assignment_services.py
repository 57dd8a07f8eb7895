"""Verbs on money of which nobody knew whose it is: one operator says whose, another agrees.

Money at a provider goes back to its payer there: its statement shows it, and the suspense account
holds nothing of it any more (`provider_books.note_unexplained`). Money at the bank goes back by
`return_services`.
"""

from app.core.ids import OrganisationId, PersonId
from app.core.money import Money
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book_now
from ledger.journal.deciders import check_independent, check_second
from ledger.journal.suspense import postings as suspense_postings
from ledger.journal.suspense import queries as suspense_queries
from ledger.journal.suspense.events import SuspenseMoneyAssigned
from ledger.journal.suspense.models import SUSPENSE_ASSIGNMENT, SuspenseAssignment
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.errors import WalletNotOpen


def propose_assignment(
    uow: UnitOfWork, principal: Principal, *, reference: str, organisation_id: str, reason: str
) -> SuspenseAssignment:
    """Say whose money it is that arrived under ``reference``; moves nothing yet.

    Raises `SuspenseNotFound`, `SuspenseAssigned`, `SuspenseReturnExists`, `WalletNotOpen`,
    `DeciderNotIndependent`.
    """
    found = suspense_queries.get_suspended(uow.session, reference)
    suspense_queries.one_at_a_time(uow.session, found.currency)
    suspense_queries.check_undecided(uow.session, reference)
    owner_id = OrganisationId(organisation_id)
    check_independent(principal, owner_id, owner_id)
    if wallet_queries.find_wallet_for_update(uow.session, owner_id, found.currency) is None:
        raise WalletNotOpen(organisation_id, found.currency)
    assignment = SuspenseAssignment(
        assignment_id=uow.ids.new("sus"),
        reference=reference,
        organisation_id=owner_id,
        amount=found.amount,
        currency=found.currency,
        reason=reason,
        state="proposed",
        proposed_by=PersonId(principal.id),
        proposed_at=uow.now,
    )
    uow.session.add(assignment)
    return assignment


def approve_assignment(
    uow: UnitOfWork, principal: Principal, *, assignment_id: str
) -> SuspenseAssignment:
    """The second person's word: the money leaves suspense for the wallet.

    Raises `SuspenseAssignmentNotFound`, `IllegalTransition`, `SecondPersonRequired`,
    `DeciderNotIndependent`, `SuspenseReturned`, `AccountFrozen`.
    """
    assignment = suspense_queries.get_assignment_for_update(uow.session, assignment_id)
    state = SUSPENSE_ASSIGNMENT.next(assignment.state, "approve")
    check_independent(principal, assignment.organisation_id, assignment.organisation_id)
    check_second(principal, assignment.proposed_by, assignment_id)
    suspense_queries.one_at_a_time(uow.session, assignment.currency)
    suspense_queries.check_held(
        uow.session, assignment.reference, Money(assignment.amount, assignment.currency)
    )
    assignment.decide(state, by=principal.id, at=uow.now)
    draft = suspense_postings.assign_suspense(
        reference=assignment.reference,
        organisation_id=assignment.organisation_id,
        amount=assignment.amount,
        currency=assignment.currency,
    )
    book_now(uow, draft)
    uow.record(
        SuspenseMoneyAssigned(
            occurred_at=uow.now,
            assignment_id=assignment_id,
            organisation_id=assignment.organisation_id,
            amount=assignment.amount,
            currency=assignment.currency,
            proposed_by=assignment.proposed_by,
            approved_by=PersonId(principal.id),
        )
    )
    return assignment


def decline_assignment(
    uow: UnitOfWork, principal: Principal, *, assignment_id: str
) -> SuspenseAssignment:
    """Give a proposal up: the money may be assigned anew.

    Raises `SuspenseAssignmentNotFound`, `IllegalTransition`.
    """
    assignment = suspense_queries.get_assignment_for_update(uow.session, assignment_id)
    declined = SUSPENSE_ASSIGNMENT.next(assignment.state, "decline")
    assignment.decide(declined, by=principal.id, at=uow.now)
    return assignment
