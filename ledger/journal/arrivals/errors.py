"""Refusals to record an arrival, each named as the fact it states."""

from datetime import date
from typing import Any, NamedTuple

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import Money


class ArrivalDiffers(CounterfoilError):
    """The bank's reference was recorded with other facts."""

    kind = ErrorKind.CONFLICT
    slug = "arrival-differs"
    title = "This bank reference is recorded already"

    def __init__(self, bank_reference: str, *, recorded: Money) -> None:
        super().__init__(
            f"It is recorded with {recorded.text} {recorded.currency}, or another day.",
            bank_reference=bank_reference,
            amount=recorded.text,
            currency=recorded.currency,
        )


class ArrivalIsTopUp(CounterfoilError):
    """The statement's line names a top-up that was announced."""

    kind = ErrorKind.CONFLICT
    slug = "arrival-is-top-up"
    title = "This money was announced"

    def __init__(self, top_up_id: str, state: str) -> None:
        super().__init__(
            f"The line names the reference of {top_up_id}, which is {state}.",
            top_up_id=top_up_id,
            state=state,
        )


class ArrivalNotYet(CounterfoilError):
    """A day that has not begun, most likely a slip of the pen."""

    kind = ErrorKind.INVALID
    slug = "arrival-not-yet"
    title = "This day has not begun"

    def __init__(self, arrived_on: date, *, today: date) -> None:
        super().__init__(
            "Money arrives today or before, in Asia/Shanghai.",
            arrived_on=arrived_on.isoformat(),
            today=today.isoformat(),
        )


class SentBefore(NamedTuple):
    """A transfer out: a withdrawal or a payout, and how far it went."""

    kind: str
    subject: str
    state: str


class ArrivalCameBack(CounterfoilError):
    """The statement's line names a transfer that the exchange sent."""

    kind = ErrorKind.CONFLICT
    slug = "arrival-came-back"
    title = "This money was sent from here"

    def __init__(self, sent: SentBefore) -> None:
        facts: dict[str, Any] = {f"{sent.kind}_id": sent.subject, "state": sent.state}
        super().__init__(
            f"The line names the reference of {sent.subject}: say there that it came back.", **facts
        )
