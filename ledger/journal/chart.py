"""The chart of accounts: which accounts exist, whose they are, and how they are named."""

from enum import StrEnum

EXCHANGE = "exchange"
"""Owner of the exchange's own accounts; never the id of an organisation."""

CURRENCIES = ("CNY", "USD", "EUR", "HKD")
"""Currencies with two decimal places, as every rounding here assumes (ISO 4217)."""

HOME_CURRENCY = "CNY"


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


def account_id(owner_id: str, kind: AccountKind, currency: str) -> str:
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
    """The account id through which a gateway's money comes and goes: Stripe's, else the bank's."""
    kind = AccountKind.STRIPE if gateway == "stripe" else AccountKind.BANK
    return exchange_account(kind, currency)


def exchange_account(kind: AccountKind, currency: str) -> str:
    """The account id of one of the exchange's own accounts."""
    return account_id(EXCHANGE, kind, currency)
