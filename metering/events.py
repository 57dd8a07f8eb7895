"""What metering records in a unit of work: periods that open and close, details that are erased.

A call records no event: its usage event and its log leaf are written by the group committer,
outside any unit of work (docs/decisions/0003-leases-lanes-and-group-commit.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PeriodOpened(Event):
    """A licence's period begins and its pools may be used; the fee is due now.

    Recorded for the first period too, in the transaction that grants the entitlement: a plan with
    a period fee has nothing else due at the order. ``fee_amount`` at 10⁻⁸, often 0. Periods count
    from 1. A reaction that raises an error of kind ``PAYMENT_REQUIRED`` leaves the period
    unopened; it is tried again later.
    """

    licence_id: str
    buyer_id: str
    supplier_id: str
    period: int
    from_at: datetime
    until_at: datetime
    fee_amount: int
    currency: str
    split: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class PeriodFeeUnpaid(Event):
    """A licence's next period could not be opened: its fee was not to be had.

    Calls are refused from ``from_at`` on. The fee is tried for again every minute until
    ``until_at``; nothing more is told until the period opens. ``fee_amount`` at 10⁻⁸.
    """

    licence_id: str
    buyer_id: str
    period: int
    from_at: datetime
    until_at: datetime
    fee_amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RenewalChanged(Event):
    """A buyer said whether a subscription goes on; without, it ends at ``ends_at``."""

    licence_id: str
    buyer_id: str
    supplier_id: str
    is_renewing: bool
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class PeriodClosed(Event):
    """No lease of the period is out any more: what was charged call by call, and what is due.

    ``total_amount`` is what the plan asks for the period's units, ``minimum_amount`` what the
    period must come to by the plan's minimum commitment (0 without one, or when the commitment's
    own period goes on). ``charged_amount >= total_amount`` always: calls taken by several workers
    at a boundary of two prices are charged the higher one, and the difference is given back now.
    What is due is the greater of total and minimum. ``returned_amount`` is what a plan that counts
    over its term gives back besides, of the periods before: more than this one was charged, maybe.
    All at 10⁻⁸, without the period's fee.
    """

    licence_id: str
    buyer_id: str
    supplier_id: str
    period: int
    from_at: datetime
    until_at: datetime
    units: int
    charged_amount: int
    total_amount: int
    minimum_amount: int
    returned_amount: int = 0
    currency: str
    split: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class DetailsErased(Event):
    """Detail records of a licence's calls before ``until_at`` were erased with their keys."""

    licence_id: str
    until_at: datetime
    reason_code: str
    call_count: int


@dataclass(frozen=True, kw_only=True)
class ErasureProposed(Event):
    """An operator asked for details of a licence's calls to be erased."""

    erasure_id: str
    licence_id: str
    until_at: datetime
    reason_code: str
    proposed_by: str


@dataclass(frozen=True, kw_only=True)
class ErasureDeclined(Event):
    """It was given up; nothing is erased."""

    erasure_id: str
    licence_id: str
    declined_by: str


@dataclass(frozen=True, kw_only=True)
class ErasureApproved(Event):
    """Another operator agreed to it."""

    erasure_id: str
    licence_id: str
    approved_by: str
