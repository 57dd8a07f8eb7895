"""How far a transaction may see: the input of row-level security, default nothing."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Reach:
    """What PostgreSQL's policies let this transaction touch.

    ``organisation``: rows of that organisation and what is public. ``exchange``: every row (staff,
    the worker, reactions). ``public``: only what anybody may read.
    """

    kind: str
    organisation_id: str = ""

    EXCHANGE: ClassVar["Reach"]
    PUBLIC: ClassVar["Reach"]

    @classmethod
    def organisation(cls, organisation_id: str) -> "Reach":
        """Only the rows of one organisation."""
        return cls("organisation", organisation_id)


Reach.EXCHANGE = Reach("exchange")
Reach.PUBLIC = Reach("public")

SET_REACH = (
    "SELECT set_config('counterfoil.reach', :kind, true),"
    " set_config('counterfoil.organisation', :organisation_id, true)"
)
"""Transaction-local, so a pooled connection never carries it over."""
