"""What top-ups need from elsewhere: ways for money to arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.core.ids import TopUpId
from app.core.money import Money


@dataclass(frozen=True)
class PaymentInstructions:
    """How a buyer pays a top-up: the reference to quote and where to."""

    reference: str
    pay_into: str


class PaymentGateway(Protocol):
    """A way for money to reach a wallet."""

    @property
    def name(self) -> str:
        """The gateway's name as stored with a top-up, for instance ``bank_transfer``."""
        ...

    def open_top_up(self, top_up_id: TopUpId, money: Money) -> PaymentInstructions:
        """Instructions for one payment; the reference is unique and repeats for the same id."""
        ...


@dataclass(frozen=True)
class PaymentGateways:
    """The ways to pay that the exchange offers, wired once by the factory."""

    default: PaymentGateway
    hosted: Mapping[str, PaymentGateway] = field(default_factory=dict)

    def find(self, name: str | None) -> PaymentGateway | None:
        """The gateway of a name, the default one for None."""
        if name is None or name == self.default.name:
            return self.default
        return self.hosted.get(name)
