"""Refusals of credit lines, each named as the fact that it states."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class CreditLineNotFound(CounterfoilError):
    """No such credit line in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "credit-line-not-found"
    title = "There is no such credit line"

    def __init__(self, credit_line_id: str) -> None:
        super().__init__(
            f"No credit line {credit_line_id} within your reach.", credit_line_id=credit_line_id
        )


class CreditInUse(CounterfoilError):
    """A limit cannot fall below what is already used of it."""

    kind = ErrorKind.CONFLICT
    slug = "credit-in-use"
    title = "More than this is in use"

    def __init__(self, *, limit_amount: int, used_amount: int) -> None:
        limit, used = format_amount(limit_amount), format_amount(used_amount)
        super().__init__(
            f"{used} is owed or promised to running calls; a limit of {limit} is below that.",
            limit_amount=limit,
            used_amount=used,
        )


class DunningUnfit(CounterfoilError):
    """A dunning plan has each step at most once, in order, on rising days."""

    kind = ErrorKind.INVALID
    slug = "dunning-unfit"
    title = "This is no dunning plan"

    def __init__(self, steps: tuple[str, ...]) -> None:
        super().__init__(
            "Steps stand in the order of the list, each at most once, on rising days.",
            steps=list(steps),
        )
