"""Verbs on bank details: registered encrypted, and counting only after a wait.

Whoever takes over an account cannot divert the next payout or withdrawal: new details count after
three days, the old ones until then, and anybody of the organisation who may register some can stop
them meanwhile. The wait is preferred to a second person because many organisations are one person.
"""

import json

from app.core.cipher import Cipher
from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.bank_accounts import queries as bank_account_queries
from ledger.journal.bank_accounts.details import BankDetails, effective_at
from ledger.journal.bank_accounts.errors import BankAccountInForce
from ledger.journal.bank_accounts.events import BankAccountCancelled, BankAccountRegistered
from ledger.journal.bank_accounts.models import BankAccount
from ledger.journal.ids import BankAccountId


def register_bank_account(
    uow: UnitOfWork, principal: Principal, cipher: Cipher, *, currency: str, details: BankDetails
) -> BankAccount:
    """Name where the organisation's payouts in a currency shall go, from the waiting's end on."""
    bank_account_id = BankAccountId(uow.ids.new("bnk"))
    plain = json.dumps(vars(details), ensure_ascii=False).encode()
    account = BankAccount(
        bank_account_id=bank_account_id,
        organisation_id=OrganisationId(principal.organisation_id),
        currency=currency,
        details_sealed=cipher.encrypt(plain, context=bank_account_id),
        masked=details.masked,
        registered_by=PersonId(principal.id),
        registered_at=uow.now,
        effective_at=effective_at(uow.now),
    )
    uow.session.add(account)
    uow.record(
        BankAccountRegistered(
            occurred_at=uow.now,
            bank_account_id=bank_account_id,
            organisation_id=account.organisation_id,
            registered_by=account.registered_by,
            effective_at=account.effective_at,
        )
    )
    return account


def cancel_bank_account(
    uow: UnitOfWork, principal: Principal, *, bank_account_id: BankAccountId
) -> BankAccount:
    """Stop details that still wait; twice is once.

    Raises `BankAccountNotFound`, `BankAccountInForce`.
    """
    account = bank_account_queries.get_bank_account(
        uow.session, bank_account_id, OrganisationId(principal.organisation_id)
    )
    if account.cancelled_at is not None:
        return account
    if account.effective_at <= uow.now:
        raise BankAccountInForce(bank_account_id)
    account.cancelled_by, account.cancelled_at = PersonId(principal.id), uow.now
    uow.record(
        BankAccountCancelled(
            occurred_at=uow.now,
            bank_account_id=bank_account_id,
            organisation_id=account.organisation_id,
            cancelled_by=account.cancelled_by,
        )
    )
    return account


def open_details(cipher: Cipher, account: BankAccount) -> BankDetails:
    """The details in clear, for whoever sends the money; raises `CannotDecrypt`."""
    plain = cipher.decrypt(account.details_sealed, context=account.bank_account_id)
    return BankDetails(**json.loads(plain))
