"""Who may decide about money: nobody whom it concerns, and nobody alone."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.principals import Principal


class DeciderNotIndependent(CounterfoilError):
    """A party decides neither its own dispute nor its own payout."""

    kind = ErrorKind.FORBIDDEN
    slug = "decider-not-independent"
    title = "You are a party to this"

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "People outside the organisations concerned decide this.", subject_id=subject_id
        )


class SecondPersonRequired(CounterfoilError):
    """The same person tried to give both words that it takes."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-person-required"
    title = "Another person must confirm"

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "It takes two people, and you were the first; somebody else is the second.",
            subject_id=subject_id,
        )


def check_independent(principal: Principal, party_id: str, subject_id: str) -> None:
    """Raises `DeciderNotIndependent` where the principal acts for the organisation concerned."""
    if principal.organisation_id == party_id:
        raise DeciderNotIndependent(subject_id)


def check_second(principal: Principal, first_id: str | None, subject_id: str) -> None:
    """Raises `SecondPersonRequired` where the principal is who proposed it."""
    if principal.id == first_id:
        raise SecondPersonRequired(subject_id)
