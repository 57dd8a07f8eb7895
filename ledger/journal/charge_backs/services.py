"""Verbs on money that goes back through its gateway: refunds, charge-backs and provider fees."""

from sqlalchemy import func, select

from app.core.ids import OrganisationId, TopUpId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.clearing import book_cleared
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.charge_backs import postings as charge_back_postings
from ledger.journal.charge_backs.errors import ReturnExceedsTopUp, ReturnNotFound, TopUpNotPaid
from ledger.journal.charge_backs.events import TopUpReturned
from ledger.journal.top_ups import queries as top_up_queries
from ledger.journal.top_ups.life_cycle import TopUpState
from ledger.journal.top_ups.models import CHARGE_BACK, WON, TopUp, TopUpReturn
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.services import open_accounts
from ledger.journal.write_offs import recoveries

_FIRST_STATE = {CHARGE_BACK: "disputed", "refund": "closed"}


def note_disputed(
    uow: UnitOfWork, *, top_up_id: TopUpId, amount: int, gateway: str, provider_reference: str
) -> TopUpReturn:
    """The payer's bank took ``amount`` (10⁻⁸ units) of a top-up back; once per reference.

    It leaves the wallet, down to the limit of its credit line: a payment that is taken back is debt
    again, and stands on the next bill. What the wallet lacks is owed through the receivable, so a
    charge-back never waits for cover. A bank takes what was refunded once more, so refunds do not
    count against it. Needs the exchange's reach. Raises `TopUpNotFound`, `TopUpNotPaid`,
    `ReturnExceedsTopUp`.
    """
    return _take_back(
        uow,
        CHARGE_BACK,
        top_up_id=top_up_id,
        amount=amount,
        gateway=gateway,
        provider_reference=provider_reference,
    )


def note_dispute_closed(
    uow: UnitOfWork, *, gateway: str, provider_reference: str, is_lost: bool
) -> TopUpReturn:
    """A charge-back was decided: lost, it stays; won, the money is given again. Once.

    What was written off of it is recovered by it.

    Raises `ReturnNotFound`.
    """
    recoveries.lock_debtor(uow, *_debtor(uow, gateway, provider_reference))
    returned = _get_for_update(uow, gateway, provider_reference)
    if returned.state != "disputed":
        return returned
    returned.state, returned.closed_at = ("lost" if is_lost else WON), uow.now
    if not is_lost:
        _give_again(uow, "charge_back_won", returned)
        recoveries.recover_won(uow, returned)
    _tell(uow, returned)
    return returned


def note_refunded(
    uow: UnitOfWork, *, top_up_id: TopUpId, amount: int, gateway: str, provider_reference: str
) -> TopUpReturn:
    """The exchange paid ``amount`` (10⁻⁸ units) of a top-up back; once per reference.

    The buyer's own money: what the wallet lends counts for nothing. Needs the exchange's reach.
    Raises as `note_disputed`, and `AccountFrozen`.
    """
    return _take_back(
        uow,
        "refund",
        top_up_id=top_up_id,
        amount=amount,
        gateway=gateway,
        provider_reference=provider_reference,
    )


def note_refund_failed(uow: UnitOfWork, *, gateway: str, provider_reference: str) -> TopUpReturn:
    """A refund that had been noted did not reach the payer: the wallet has it again; once.

    Raises `ReturnNotFound`.
    """
    returned = _get_for_update(uow, gateway, provider_reference)
    if returned.closed_at is not None:
        return returned
    returned.closed_at = uow.now
    returned.state = "failed"
    _give_again(uow, "refund_failed", returned)
    _tell(uow, returned)
    return returned


def note_fee(
    uow: UnitOfWork, *, movement_id: str, amount: int, currency: str, gateway: str
) -> None:
    """A gateway kept ``amount`` (10⁻⁸ units) for itself; once per movement."""
    draft = charge_back_postings.provider_fee(
        reference=f"{gateway}:{movement_id}", amount=amount, currency=currency, gateway=gateway
    )
    book_cleared(uow, draft, gateway=gateway)


def _take_back(
    uow: UnitOfWork,
    kind: str,
    *,
    top_up_id: TopUpId,
    amount: int,
    gateway: str,
    provider_reference: str,
) -> TopUpReturn:
    # The top-up's lock makes the second of two equal reports find the first's row.
    top_up = top_up_queries.get_top_up_for_update(uow.session, top_up_id)
    existing = _find(uow, gateway, provider_reference)
    if existing is not None:
        return existing
    _check_left(uow, top_up, kind, amount)
    owed = amount - _covered(uow, top_up, kind, amount)
    returned = TopUpReturn(
        return_id=uow.ids.new("ret"),
        top_up_id=top_up_id,
        organisation_id=top_up.organisation_id,
        kind=kind,
        gateway=gateway,
        provider_reference=provider_reference,
        amount=amount,
        owed_amount=owed,
        currency=top_up.currency,
        state=_FIRST_STATE[kind],
        noted_at=uow.now,
        closed_at=None,
    )
    uow.session.add(returned)
    _book(uow, returned)
    _tell(uow, returned)
    return returned


def _book(uow: UnitOfWork, returned: TopUpReturn) -> None:
    """The wallet gives what it bears; the rest is owed."""
    open_accounts(uow, organisation_id=returned.organisation_id, currency=returned.currency)
    draft = charge_back_postings.take_back(
        template=returned.kind,
        reference=returned.return_id,
        organisation_id=returned.organisation_id,
        wallet_amount=returned.amount - returned.owed_amount,
        owed_amount=returned.owed_amount,
        currency=returned.currency,
        gateway=returned.gateway,
    )
    book_cleared(uow, draft, gateway=returned.gateway)


def _check_left(uow: UnitOfWork, top_up: TopUp, kind: str, amount: int) -> None:
    if top_up.state != TopUpState.POSTED:
        raise TopUpNotPaid(top_up.top_up_id)
    counted = select(func.sum(TopUpReturn.amount)).where(
        TopUpReturn.top_up_id == top_up.top_up_id, TopUpReturn.state.not_in((WON, "failed"))
    )
    if kind == CHARGE_BACK:
        counted = counted.where(TopUpReturn.kind == CHARGE_BACK)
    gone = uow.session.scalar(counted)
    left = top_up.amount - int(gone or 0)
    if not 0 < amount <= left:
        raise ReturnExceedsTopUp(top_up.top_up_id, left_amount=left, returned_amount=amount)


def _covered(uow: UnitOfWork, top_up: TopUp, kind: str, amount: int) -> int:
    """How much of the amount the wallet bears, less what calls hold.

    A bank also takes what may be lent, and asks nobody; we pay back a buyer's own money only.
    """
    owner_id = OrganisationId(top_up.organisation_id)
    wallet = wallet_queries.find_wallet_for_update(uow.session, owner_id, top_up.currency)
    if wallet is None:
        return 0
    bearable = wallet.bearable_amount
    if kind != CHARGE_BACK:
        check_not_frozen(uow.session, wallet.account_id)
        bearable = max(wallet.balance_amount - wallet.pending_amount, 0)
    uow.session.expire(wallet)
    return min(amount, bearable)


def _give_again(uow: UnitOfWork, template: str, returned: TopUpReturn) -> None:
    draft = charge_back_postings.give_again(
        template=template,
        reference=returned.return_id,
        organisation_id=returned.organisation_id,
        amount=returned.amount,
        owed_amount=returned.owed_amount - returned.collected_amount,
        currency=returned.currency,
        gateway=returned.gateway,
    )
    book_cleared(uow, draft, gateway=returned.gateway)


def _find(uow: UnitOfWork, gateway: str, provider_reference: str) -> TopUpReturn | None:
    return uow.session.scalar(
        select(TopUpReturn)
        .where(TopUpReturn.gateway == gateway, TopUpReturn.provider_reference == provider_reference)
        .with_for_update()
    )


def _get_for_update(uow: UnitOfWork, gateway: str, provider_reference: str) -> TopUpReturn:
    found = _find(uow, gateway, provider_reference)
    if found is None:
        raise ReturnNotFound(provider_reference)
    return found


def _debtor(uow: UnitOfWork, gateway: str, provider_reference: str) -> tuple[OrganisationId, str]:
    found = uow.session.execute(
        select(TopUpReturn.organisation_id, TopUpReturn.currency).where(
            TopUpReturn.gateway == gateway, TopUpReturn.provider_reference == provider_reference
        )
    ).one_or_none()
    if found is None:
        raise ReturnNotFound(provider_reference)
    return found.organisation_id, found.currency


def _tell(uow: UnitOfWork, returned: TopUpReturn) -> None:
    uow.record(
        TopUpReturned(
            occurred_at=uow.now,
            top_up_id=returned.top_up_id,
            organisation_id=returned.organisation_id,
            kind=returned.kind,
            state=returned.state,
            amount=returned.amount,
            owed_amount=returned.owed_amount,
            currency=returned.currency,
            gateway=returned.gateway,
        )
    )
