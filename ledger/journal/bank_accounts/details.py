"""How bank details are shown, and when they count."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WAITING_PERIOD = timedelta(days=3)
"""New bank details count only after it: whoever took over an account is noticed meanwhile."""

MASK_SHOWN = 4


@dataclass(frozen=True)
class BankDetails:
    """Where a bank transfer goes."""

    holder: str
    bank: str
    account_number: str

    @property
    def masked(self) -> str:
        """The bank and the end of the number: enough to recognise, too little to misuse."""
        digits = "".join(self.account_number.split())
        return f"{self.bank} …{digits[-MASK_SHOWN:]}"


def effective_at(now: datetime) -> datetime:
    """When details registered now begin to count."""
    return now + WAITING_PERIOD
