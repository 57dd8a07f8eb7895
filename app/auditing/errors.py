"""What the auditor's reads refuse, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class AuditQuestionNotFound(CounterfoilError):
    """The questions are numbered from 1 to 20."""

    kind = ErrorKind.NOT_FOUND
    slug = "audit-question-not-found"
    title = "There is no audit question of this number"

    def __init__(self, number: int) -> None:
        super().__init__("Audit questions are numbered from 1 to 20.", number=number)


class AuditFilterNotApplicable(CounterfoilError):
    """A filter was given that this question does not narrow by; it is refused, never ignored."""

    kind = ErrorKind.INVALID
    slug = "audit-filter-not-applicable"
    title = "This question cannot be narrowed like that"

    def __init__(self, number: int, refused: list[str], known: list[str]) -> None:
        super().__init__(
            "Leave out the refused filters, or the answer would look narrower than it is.",
            number=number,
            refused=refused,
            known=known,
        )


class AuditSubjectUnknown(CounterfoilError):
    """Nothing was ever recorded about this subject."""

    kind = ErrorKind.NOT_FOUND
    slug = "audit-subject-unknown"
    title = "Nothing is recorded about this subject"

    def __init__(self, subject: str) -> None:
        super().__init__("Neither a room nor the log knows this id.", subject=subject)
