"""Payment by bank transfer: a checkable reference to quote, confirmed by two operators."""

from app.core.ids import TopUpId
from app.core.money import Money
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.top_ups.creditor_reference import creditor_reference
from ledger.journal.top_ups.ports import PaymentInstructions


class BankTransferGateway:
    """Works everywhere, needs no service; ``pay_into`` names the exchange's bank account."""

    name = BANK_TRANSFER

    def __init__(self, pay_into: str) -> None:
        self._pay_into = pay_into

    def open_top_up(self, top_up_id: TopUpId, money: Money) -> PaymentInstructions:  # noqa: ARG002 -- other gateways need it
        """The reference follows from the id (ISO 11649)."""
        return PaymentInstructions(creditor_reference(top_up_id), self._pay_into)
