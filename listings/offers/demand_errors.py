"""Why a demand is not posted, changed or answered; each class states one fact."""

from collections.abc import Sequence

from app.core.errors import CounterfoilError, ErrorKind
from listings.errors import Fault, as_errors


class DemandNotFound(CounterfoilError):
    """The organisation posted no demand of the id, and none is shown to it."""

    kind = ErrorKind.NOT_FOUND
    slug = "demand-not-found"
    title = "No such demand"

    def __init__(self, demand_id: str) -> None:
        super().__init__("No demand of this id is yours or open to you.", demand_id=demand_id)


class DemandInvalid(CounterfoilError):
    """The demand contradicts itself, says whom to call, or has no time to be answered in."""

    kind = ErrorKind.INVALID
    slug = "demand-invalid"
    title = "The demand cannot be shown like this"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} fault(s); see errors.", errors=as_errors(faults))


class DemandNotOpen(CounterfoilError):
    """The demand was closed, or its time for offers is over."""

    kind = ErrorKind.CONFLICT
    slug = "demand-not-open"
    title = "The demand is not open"

    def __init__(self, demand_id: str, state: str) -> None:
        super().__init__(
            f"The demand is {state.lower()} and takes no more offers.",
            demand_id=demand_id,
            state=state,
        )


class DemandAlreadyAnswered(CounterfoilError):
    """A supplier has made an offer on the demand as it stands."""

    kind = ErrorKind.CONFLICT
    slug = "demand-already-answered"
    title = "The demand has been answered"

    def __init__(self, demand_id: str) -> None:
        super().__init__(
            "What a supplier has answered is not changed; close the demand and post another.",
            demand_id=demand_id,
        )


class DemandBuyerNotVerified(CounterfoilError):
    """Whoever posted the demand may not buy at present; who that is, is not told."""

    kind = ErrorKind.CONFLICT
    slug = "demand-buyer-not-verified"
    title = "The demand's buyer may not buy at present"

    def __init__(self, demand_id: str) -> None:
        super().__init__(
            "Its buyer has no verification in force, so no offer could be accepted.",
            demand_id=demand_id,
        )


class DemandLimitReached(CounterfoilError):
    """The buyer has as many open demands as it may have."""

    kind = ErrorKind.CONFLICT
    slug = "demand-limit-reached"
    title = "Too many open demands"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"An organisation has at most {limit} open demands; close one first.", limit=limit
        )


class AnswerLimitReached(CounterfoilError):
    """The demand has as many open offers as it may have, of one supplier or of all."""

    kind = ErrorKind.CONFLICT
    slug = "answer-limit-reached"
    title = "Too many open offers on the demand"

    def __init__(self, demand_id: str, limit: int) -> None:
        super().__init__(
            f"A demand has at most {limit} such offers open at a time.",
            demand_id=demand_id,
            limit=limit,
        )
