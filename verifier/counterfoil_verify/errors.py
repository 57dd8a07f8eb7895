"""What a check ends in when it does not pass: evidence rejected, or evidence out of reach."""

from typing import Self


class Rejected(Exception):
    """The evidence failed the named step; hostile input never raises anything else."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason

    def within(self, step: str, subject: str = "") -> Self:
        """The same failure told as part of an outer step, naming the file or leaf concerned."""
        parts = [subject, self.step if self.step != step else "", self.reason]
        return type(self)(step, ": ".join(part for part in parts if part))


class NotChecked(Exception):
    """Something that the check needs is missing or unreachable; nothing is said of the evidence."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


def require(holds: object, step: str, reason: str) -> None:
    """Reject at `step` unless the condition holds."""
    if not holds:
        raise Rejected(step, reason)
