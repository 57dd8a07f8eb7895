"""Suppliers' accounts at a provider: asked for, opened by the worker, followed until ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.ids import OrganisationId
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.payments import queries
from ledger.payments.errors import PayoutAccountNotReady
from ledger.payments.events import (
    PayoutAccountReady,
    PayoutAccountRefused,
    PayoutAccountStopped,
)
from ledger.payments.models import AccountState, PayoutAccount
from ledger.payments.operations import (
    CLAIM_SECONDS,
    LOOK_SECONDS,
    SEARCH_MARGIN,
    in_stored_order,
    pause_after,
)
from ledger.payments.ports import (
    AccountSight,
    NotNow,
    OutcomeUnknown,
    PaymentGateway,
    RequestRefused,
    Subject,
    SubjectKind,
)

ERROR_MAX = 500
BATCH_MAX = 20

_log = structlog.get_logger("payments")


def request_payout_account(
    uow: UnitOfWork, principal: Principal, gateway: PaymentGateway
) -> PayoutAccount:
    """Ask for the organisation's account at a provider; once, however often it is asked.

    One that the provider refused to open stays on record, and a new one is asked for in its
    place. One that it opened and rejected is not replaced: only the provider takes that back.
    """
    organisation_id = OrganisationId(principal.organisation_id)
    found = queries.find_payout_account(uow.session, organisation_id, gateway.name)
    if found is not None and found.state != AccountState.FAILED:
        return found
    account_id = uow.ids.new("pac")
    planned = {
        "account_id": account_id,
        "organisation_id": organisation_id,
        "gateway": gateway.name,
        "state": AccountState.PLANNED,
        "idempotency_key": f"counterfoil:{account_id}",
        "request": gateway.plan_account(account_id, organisation_id),
        "requirements": [],
        "requested_by": principal.id,
        "requested_at": uow.now,
        "updated_at": uow.now,
        "due_at": uow.now,
    }
    # An organisation writes none of these rows itself: they say where its money goes.
    uow.enter(Reach.EXCHANGE)
    # Of two that ask at once the second waits here, and finds what the first one asked for.
    uow.session.execute(insert(PayoutAccount).values(planned).on_conflict_do_nothing())
    return queries.get_payout_account(uow.session, organisation_id, gateway.name)


def check_ready(uow: UnitOfWork, *, organisation_id: str, gateway: str) -> None:
    """Raises `PayoutAccountNotReady` where a transfer to the supplier would be refused."""
    account = queries.find_payout_account(uow.session, organisation_id, gateway)
    if account is None:
        raise PayoutAccountNotReady(organisation_id, gateway, state=None, reason_code=None)
    if account.state != AccountState.READY:
        raise PayoutAccountNotReady(
            organisation_id, gateway, state=account.state, reason_code=account.reason_code
        )


def note_account(uow: UnitOfWork, *, gateway: str, sight: AccountSight) -> bool:
    """Let an account be what the provider says that it is; whether it is one of ours."""
    statement = (
        select(PayoutAccount)
        .where(
            PayoutAccount.gateway == gateway,
            PayoutAccount.provider_reference == sight.reference,
        )
        .with_for_update()
    )
    account = uow.session.scalars(statement).one_or_none()
    if account is None:
        return False
    _follow(uow, account, sight)
    return True


def _follow(uow: UnitOfWork, account: PayoutAccount, sight: AccountSight) -> None:
    before, account.state = account.state, _state_of(sight)
    account.provider_reference = sight.reference
    account.requirements = list(sight.requirements)
    account.reason_code = sight.disabled_reason or None
    account.attempts_count, account.last_error = 0, None
    account.updated_at = uow.now
    account.due_at = None if sight.is_ready else uow.now + timedelta(seconds=LOOK_SECONDS)
    if account.state != before:
        _tell_change(uow, account, before)


def _state_of(sight: AccountSight) -> AccountState:
    if sight.is_rejected:
        return AccountState.REJECTED
    return AccountState.READY if sight.is_ready else AccountState.ONBOARDING


def _tell_change(uow: UnitOfWork, account: PayoutAccount, before: str) -> None:
    """Payouts can go there from now on, or not any more."""
    if account.state == AccountState.READY:
        uow.record(
            PayoutAccountReady(
                occurred_at=uow.now,
                organisation_id=account.organisation_id,
                gateway=account.gateway,
            )
        )
    elif before == AccountState.READY or account.state == AccountState.REJECTED:
        uow.record(
            PayoutAccountStopped(
                occurred_at=uow.now,
                organisation_id=account.organisation_id,
                gateway=account.gateway,
                state=account.state,
                reason_code=account.reason_code,
            )
        )


@dataclass(frozen=True)
class Claimed:
    """An account that this worker has for itself for a while."""

    account_id: str
    gateway: str
    request: Mapping[str, object]
    key: str
    provider_reference: str | None
    requested_at: datetime
    is_retry: bool


class AccountRunner:
    """Opens accounts and looks at those that are not ready; safe in several workers at once."""

    def __init__(self, units: UnitOfWorkFactory, gateways: Mapping[str, PaymentGateway]) -> None:
        self._units = units
        self._gateways = gateways

    def run_due(self) -> bool:
        """Work on a bounded batch; whether there may be more."""
        return all(self._run_one() for _ in range(BATCH_MAX))

    def _run_one(self) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            claimed = self._claim(uow)
            uow.commit()
        if claimed is None:
            return False
        gateway = self._gateways[claimed.gateway]
        try:
            self._store(claimed, _open_or_look(gateway, claimed))
        except RequestRefused as refusal:
            self._fail(claimed, refusal, is_final=claimed.provider_reference is None)
        except NotNow as failure:
            self._fail(claimed, failure, asked_seconds=failure.retry_after_seconds)
        except OutcomeUnknown as failure:
            self._fail(claimed, failure)
        except Exception as failure:  # noqa: BLE001 -- one answer must not hold up other suppliers
            _log.exception("answer not taken", account=claimed.account_id)
            self._fail(claimed, failure)
        return True

    def _claim(self, uow: UnitOfWork) -> Claimed | None:
        statement = (
            select(PayoutAccount)
            .where(PayoutAccount.due_at <= uow.now, PayoutAccount.gateway.in_(list(self._gateways)))
            .order_by(PayoutAccount.due_at, PayoutAccount.account_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        account = uow.session.scalars(statement).one_or_none()
        if account is None:
            return None
        account.attempts_count += 1
        account.due_at = uow.now + timedelta(seconds=CLAIM_SECONDS)
        is_retry = account.state == AccountState.SENT
        if account.state == AccountState.PLANNED:
            account.state = AccountState.SENT
        return Claimed(
            account_id=account.account_id,
            gateway=account.gateway,
            request=in_stored_order(account.request),
            key=account.idempotency_key,
            provider_reference=account.provider_reference,
            requested_at=account.requested_at,
            is_retry=is_retry,
        )

    def _store(self, claimed: Claimed, sight: AccountSight) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            account = uow.session.get_one(PayoutAccount, claimed.account_id, with_for_update=True)
            _follow(uow, account, sight)
            uow.commit()

    def _fail(
        self,
        claimed: Claimed,
        failure: Exception,
        *,
        asked_seconds: int | None = None,
        is_final: bool = False,
    ) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            account = uow.session.get_one(PayoutAccount, claimed.account_id, with_for_update=True)
            account.last_error = f"{type(failure).__name__}: {failure}"[:ERROR_MAX]
            pause = pause_after(account.attempts_count, asked_seconds=asked_seconds)
            account.due_at = uow.now + pause
            if is_final and isinstance(failure, RequestRefused):
                account.state, account.due_at = AccountState.FAILED, None
                account.reason_code = failure.reason_code
                uow.record(
                    PayoutAccountRefused(
                        occurred_at=uow.now,
                        organisation_id=account.organisation_id,
                        gateway=account.gateway,
                        reason_code=failure.reason_code,
                    )
                )
            account.updated_at = uow.now
            uow.commit()


def _open_or_look(gateway: PaymentGateway, claimed: Claimed) -> AccountSight:
    if claimed.provider_reference is None:
        found = _search(gateway, claimed) if claimed.is_retry else None
        if found is not None:
            return found
        return gateway.open_account(claimed.request, claimed.key)
    seen = gateway.look(Subject(SubjectKind.ACCOUNT, claimed.provider_reference))
    if isinstance(seen, AccountSight):
        return seen
    msg = "the provider does not show the account"
    raise OutcomeUnknown(msg)


def _search(gateway: PaymentGateway, claimed: Claimed) -> AccountSight | None:
    """A search that is refused says nothing about what was searched for."""
    try:
        return gateway.find_account(claimed.account_id, claimed.requested_at - SEARCH_MARGIN)
    except RequestRefused as refusal:
        raise OutcomeUnknown(str(refusal)) from refusal
