"""What of a buyer's money may go back to its bank, as a pure function. Amounts in 10⁻⁸ units."""

from dataclasses import dataclass

from app.core.money import MINOR


@dataclass(frozen=True)
class Standing:
    """A wallet as far as a withdrawal asks: what is in it, what is owed, what came by the bank.

    ``own_amount`` is held by no call and lent by no credit line. ``asked_amount`` is of withdrawals
    that are not approved yet, ``withdrawn_amount`` of those that are and did not fail.
    """

    own_amount: int
    owed_amount: int
    asked_amount: int
    paid_in_amount: int
    withdrawn_amount: int

    @property
    def refundable_amount(self) -> int:
        """Whole minor units that may go to the bank: free money, at most what came that way.

        Money goes back by the way it came: a card payment is refunded to the card.
        """
        free = self.own_amount - self.owed_amount
        came = self.paid_in_amount - self.withdrawn_amount
        return max(0, min(free, came) - self.asked_amount) // MINOR * MINOR
