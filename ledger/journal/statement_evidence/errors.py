"""Refusals of statements' evidence, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class StatementRowNotFound(CounterfoilError):
    """The statement has no row of this licence, or is from before rows were committed to."""

    kind = ErrorKind.NOT_FOUND
    slug = "statement-row-not-found"
    title = "The statement has no such row"

    def __init__(self, settlement_id: str, licence_id: str) -> None:
        super().__init__(
            f"The statement of {settlement_id} has no provable row of {licence_id}.",
            settlement_id=settlement_id,
            licence_id=licence_id,
        )


class StatementNotYetPublished(CounterfoilError):
    """The statement's leaf is not yet under a signed checkpoint."""

    kind = ErrorKind.CONFLICT
    slug = "statement-not-yet-published"
    title = "The log has not yet published this statement"

    def __init__(self, settlement_id: str) -> None:
        super().__init__(
            "The statement's entry is not yet under a signed checkpoint; ask again shortly.",
            retry_after_seconds=2,
            settlement_id=settlement_id,
        )
