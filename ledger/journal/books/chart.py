"""The chart of accounts: which accounts exist, whose they are, and how they are named."""

import re
from enum import StrEnum

EXCHANGE = "exchange"
"""Owner of the exchange's own accounts; never the id of an organisation."""

BANK_TRANSFER = "bank_transfer"
"""The gateway whose money people see, at the exchange's bank; a provider tells of its own."""


class AccountKind(StrEnum):
    """What an account is for; the sum of its postings is what the exchange owes its owner."""

    WALLET = "wallet"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    COMMISSION = "commission"
    TAX = "tax"
    ROUNDING = "rounding"
    SUSPENSE = "suspense"
    BANK = "bank"
    SETTLED = "settled"
    STRIPE = "stripe"
    TRANSIT = "transit"
    DEFERRED = "deferred"
    FEES = "fees"
    BAD_DEBT = "bad_debt"


ORGANISATION_KINDS = (
    AccountKind.WALLET,
    AccountKind.RECEIVABLE,
    AccountKind.PAYABLE,
    AccountKind.SETTLED,
)
EXCHANGE_KINDS = tuple(kind for kind in AccountKind if kind not in ORGANISATION_KINDS)

GATEWAY = "gateway:"
"""Begins the kind of the account at a payment provider; the provider's name follows."""
GATEWAY_NAME = re.compile(r"[a-z][a-z_]{1,30}")
NAMED_CLEARING = {BANK_TRANSFER: AccountKind.BANK, "stripe": AccountKind.STRIPE}
"""Gateways whose money rests on an account that had its name before there were others."""


def account_id(owner_id: str, kind: str, currency: str) -> str:
    """The account's id; natural, so that a posting needs no look-up."""
    return f"{owner_id}/{kind}/{currency}"


def wallet_of(organisation_id: str, currency: str) -> str:
    """The account id of an organisation's prepaid money."""
    return account_id(organisation_id, AccountKind.WALLET, currency)


def payable_of(organisation_id: str, currency: str) -> str:
    """The account id of what the exchange owes a supplier."""
    return account_id(organisation_id, AccountKind.PAYABLE, currency)


def settled_of(organisation_id: str, currency: str) -> str:
    """The account id of what a settlement fixed for a supplier and no payout has taken yet."""
    return account_id(organisation_id, AccountKind.SETTLED, currency)


def receivable_of(organisation_id: str, currency: str) -> str:
    """The account id of what a buyer was invoiced and has not yet paid (negative: is owed)."""
    return account_id(organisation_id, AccountKind.RECEIVABLE, currency)


def clearing_account(gateway: str, currency: str) -> str:
    """The account id through which a gateway's money comes and goes; raises `ValueError`."""
    return account_id(EXCHANGE, clearing_kind(gateway), currency)


def clearing_kind(gateway: str) -> str:
    """The kind of the account where a gateway's money rests: the bank's, or the provider's own.

    It follows from the name alone, so a provider needs no entry here, and what one provider holds
    is never mixed with what another does. Raises `ValueError` for what is no gateway's name.
    """
    if gateway in NAMED_CLEARING:
        return NAMED_CLEARING[gateway]
    if GATEWAY_NAME.fullmatch(gateway) is None:
        raise ValueError(gateway)
    return GATEWAY + gateway


def exchange_account(kind: AccountKind, currency: str) -> str:
    """The account id of one of the exchange's own accounts."""
    return account_id(EXCHANGE, kind, currency)
