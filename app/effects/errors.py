"""What this room refuses, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class EffectNotFound(CounterfoilError):
    """There is no effect of this number."""

    kind = ErrorKind.NOT_FOUND
    slug = "effect-not-found"
    title = "There is no such effect"

    def __init__(self, number: int) -> None:
        super().__init__("GET /v1/effects lists them.", number=number)


class EffectNotDead(CounterfoilError):
    """The effect is still tried, or has happened."""

    kind = ErrorKind.CONFLICT
    slug = "effect-not-dead"
    title = "The effect was not given up"

    def __init__(self, number: int, state: str) -> None:
        super().__init__(
            "Only what was given up is tried again: the rest waits for its turn, or is done.",
            number=number,
            state=state,
        )
