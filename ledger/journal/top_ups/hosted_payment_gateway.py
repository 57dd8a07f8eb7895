"""Payment on a provider's own page: the buyer opens an address of ours that leads there.

The address is ours and not the provider's, because a top-up is announced in a transaction and no
provider is called in one: the page is opened after the commit, by whoever comes first, the payer or
the worker. Which provider it is, this module does not know.
"""

from collections.abc import Callable

from app.core.ids import TopUpId
from app.core.money import Money
from ledger.journal.books.chart import clearing_kind
from ledger.journal.top_ups.creditor_reference import creditor_reference
from ledger.journal.top_ups.ports import PaymentInstructions


class HostedPaymentGateway:
    """A provider by name; ``check`` refuses amounts (10⁻⁸ units) that it cannot move.

    Raises `ValueError` for a name that no account of the books can have.
    """

    def __init__(
        self,
        name: str,
        *,
        address_of: Callable[[str], str],
        check: Callable[[int, str], None],
    ) -> None:
        clearing_kind(name)
        self.name = name
        self._address_of = address_of
        self._check = check

    def open_top_up(self, top_up_id: TopUpId, money: Money) -> PaymentInstructions:
        """Where to pay; raises what the provider's check raises."""
        self._check(money.units, money.currency)
        return PaymentInstructions(creditor_reference(top_up_id), self._address_of(top_up_id))
