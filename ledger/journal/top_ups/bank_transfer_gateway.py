"""Payment by bank transfer: a checkable reference to quote, confirmed by two operators."""

from collections.abc import Mapping

from app.core.ids import TopUpId
from app.core.money import CURRENCIES, Money
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.top_ups.creditor_reference import creditor_reference
from ledger.journal.top_ups.errors import TopUpCurrencyNotTaken
from ledger.journal.top_ups.ports import PaymentInstructions


class BankTransferGateway:
    """Needs no service; ``pay_into`` names the exchange's bank account in the currency."""

    name = BANK_TRANSFER

    def __init__(self, accounts: Mapping[str, str]) -> None:
        """``accounts``: currency -> what a payer is told of the account."""
        self._accounts = accounts
        self.currencies = tuple(each for each in CURRENCIES if each in accounts)

    def open_top_up(self, top_up_id: TopUpId, money: Money) -> PaymentInstructions:
        """The reference follows from the id (ISO 11649); raises `TopUpCurrencyNotTaken`."""
        if money.currency not in self.currencies:
            raise TopUpCurrencyNotTaken(self.name, money.currency, self.currencies)
        return PaymentInstructions(creditor_reference(top_up_id), self._accounts[money.currency])
