"""Verbs on credit lines: propose, decide by a second person, suspend and resume."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_lines.dunning import STANDARD, check_plan
from ledger.journal.billing.credit_lines.errors import CreditInUse, CreditLineNotFound
from ledger.journal.billing.credit_lines.events import (
    CreditLineApproved,
    CreditLineProposed,
    CreditLineResumed,
    CreditLineSuspended,
)
from ledger.journal.billing.credit_lines.models import ACTIVE, CREDIT_LINE, CreditLine
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.cursors import settled_posting_id
from ledger.journal.deciders import check_second
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.errors import WalletNotOpen
from ledger.journal.wallets.held_money import ask_back_credit
from ledger.journal.wallets.models import Wallet

_ONE_APPROVAL = text("SELECT pg_advisory_xact_lock(hashtext('credit_lines'), hashtext(:wallet_id))")


def propose_credit_line(
    uow: UnitOfWork,
    principal: Principal,
    *,
    organisation_id: str,
    currency: str,
    limit_amount: int,
    due_days: int,
    reason: str,
    dunning: Sequence[dict[str, Any]] | None = None,
) -> CreditLine:
    """Propose that an organisation may owe up to ``limit_amount`` (10⁻⁸ units); lends nothing yet.

    Raises `WalletNotOpen`, `DunningUnfit`.
    """
    plan = check_plan(STANDARD if dunning is None else dunning)
    owner_id = OrganisationId(organisation_id)
    if wallet_queries.find_wallet_for_update(uow.session, owner_id, currency) is None:
        raise WalletNotOpen(organisation_id, currency)
    line = CreditLine(
        credit_line_id=uow.ids.new("crl"),
        organisation_id=owner_id,
        currency=currency,
        limit_amount=limit_amount,
        due_days=due_days,
        dunning=plan,
        reason=reason,
        state="proposed",
        proposed_by=PersonId(principal.id),
        proposed_at=uow.now,
        matched_posting_id=0,
    )
    uow.session.add(line)
    uow.record(
        CreditLineProposed(
            occurred_at=uow.now,
            credit_line_id=line.credit_line_id,
            organisation_id=owner_id,
            limit_amount=limit_amount,
            currency=currency,
        )
    )
    return line


def approve_credit_line(
    uow: UnitOfWork, principal: Principal, *, credit_line_id: str
) -> CreditLine:
    """The second person's word: the wallet lends from now on; an earlier line is replaced.

    Raises `CreditLineNotFound`, `IllegalTransition`, `SecondPersonRequired`, `CreditInUse`.
    """
    line = get_for_update(uow.session, credit_line_id)
    state = CREDIT_LINE.next(line.state, "approve")
    check_second(principal, line.proposed_by, credit_line_id)
    # Two proposals may be approved at once: the second replaces the first.
    wallet_id = wallet_of(line.organisation_id, line.currency)
    uow.session.execute(_ONE_APPROVAL, {"wallet_id": wallet_id})
    # Lines before wallets, everywhere: whoever matches a payment takes them in the same order.
    earlier = find_active(uow.session, line.organisation_id, line.currency)
    ask_back_credit(uow, line.organisation_id, line.currency, line.limit_amount)
    wallet = _wallet(uow.session, line)
    if wallet.used_credit_amount > line.limit_amount:
        raise CreditInUse(limit_amount=line.limit_amount, used_amount=wallet.used_credit_amount)
    if earlier is None:
        # What came before there was a line was the buyer's own and pays no bill.
        line.matched_posting_id = settled_posting_id(uow.session)
    else:
        earlier.state = CREDIT_LINE.next(earlier.state, "replace")
        # Only one line is in force at a time, also between two statements.
        uow.session.flush()
        line.matched_posting_id = earlier.matched_posting_id
        line.suspended_at = earlier.suspended_at
    line.decide(state, by=principal.id, at=uow.now)
    wallet.credit_limit_amount = line.limit_amount
    uow.record(
        CreditLineApproved(
            occurred_at=uow.now,
            credit_line_id=credit_line_id,
            organisation_id=line.organisation_id,
            limit_amount=line.limit_amount,
            currency=line.currency,
            due_days=line.due_days,
        )
    )
    return line


def decline_credit_line(
    uow: UnitOfWork, principal: Principal, *, credit_line_id: str
) -> CreditLine:
    """Give a proposal up; raises `CreditLineNotFound`, `IllegalTransition`."""
    line = get_for_update(uow.session, credit_line_id)
    declined = CREDIT_LINE.next(line.state, "decline")
    line.decide(declined, by=principal.id, at=uow.now)
    return line


def suspend(uow: UnitOfWork, line: CreditLine, *, bill_id: str) -> None:
    """The line lends nothing more; what is lent stays owed. Once."""
    if line.suspended_at is not None:
        return
    line.suspended_at = uow.now
    _wallet(uow.session, line).is_credit_suspended = True
    uow.record(
        CreditLineSuspended(
            occurred_at=uow.now,
            credit_line_id=line.credit_line_id,
            organisation_id=line.organisation_id,
            bill_id=bill_id,
            currency=line.currency,
        )
    )


def resume(uow: UnitOfWork, line: CreditLine) -> None:
    """The line lends again; once."""
    if line.suspended_at is None:
        return
    line.suspended_at = None
    _wallet(uow.session, line).is_credit_suspended = False
    uow.record(
        CreditLineResumed(
            occurred_at=uow.now,
            credit_line_id=line.credit_line_id,
            organisation_id=line.organisation_id,
            currency=line.currency,
        )
    )


def get_for_update(session: Session, credit_line_id: str) -> CreditLine:
    """The line, locked; raises `CreditLineNotFound`."""
    line = session.get(CreditLine, credit_line_id, with_for_update=True, populate_existing=True)
    if line is None:
        raise CreditLineNotFound(credit_line_id)
    return line


def find_active(
    session: Session, organisation_id: OrganisationId, currency: str
) -> CreditLine | None:
    """The organisation's line in force, locked."""
    wanted = select(CreditLine).where(
        CreditLine.organisation_id == organisation_id,
        CreditLine.currency == currency,
        CreditLine.state == ACTIVE,
    )
    return session.scalars(wanted.with_for_update()).one_or_none()


def _wallet(session: Session, line: CreditLine) -> Wallet:
    wallet = wallet_queries.find_wallet_for_update(session, line.organisation_id, line.currency)
    assert wallet is not None, "a line is proposed for a wallet, and wallets are never closed"
    return wallet
