"""What the composition root supplies to this room."""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class PublicAddress:
    """Where the exchange is, as the outside quotes it; without a slash at the end."""

    url: str


@dataclass(frozen=True)
class ExchangePolicy:
    """The exchange's shares of every amount, in basis points; the rest is the supplier's."""

    commission_bp: int = 1_000
    tax_bp: int = 600

    def __post_init__(self) -> None:
        if min(self.commission_bp, self.tax_bp) < 0 or self.supplier_bp < 0:
            msg = "shares are not negative and leave something to divide"
            raise ValueError(msg)

    @property
    def supplier_bp(self) -> int:
        """The supplier's share in basis points."""
        return BASIS_POINTS - self.commission_bp - self.tax_bp

    @property
    def split(self) -> dict[str, int]:
        """The shares as an agreement fixes them; they sum to 10,000."""
        return {
            "supplier": self.supplier_bp,
            "commission": self.commission_bp,
            "tax": self.tax_bp,
        }


class CallingBuyers(Protocol):
    """Who has called what, as the metering knows it."""

    def has_called(self, session: Session, *, buyer_id: str, listing_code: str) -> bool:
        """Whether a call of the buyer's was ever delivered."""
        ...


class PublicDocuments(Protocol):
    """The documents that listings show to everybody."""

    def read(
        self, uow: UnitOfWork, organisation_id: str, document_hash: str
    ) -> tuple[str, str, bytes] | None:
        """Media type, file name and bytes of a document, if the organisation has sent it."""
        ...
