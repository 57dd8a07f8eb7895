"""How long a buyer may keep what it received, and whom it may pass it to: strictest wins."""

import re
from dataclasses import dataclass

NO_CACHE = "NO_CACHE"
CONTRACT_TERM = "CONTRACT_TERM"
UNLIMITED = "UNLIMITED"
NO_TRANSFER = "NO_TRANSFER"

_FIXED = re.compile(r"FIXED:([1-9]\d{0,4})(\+CONTRACT_TERM)?", re.ASCII)


class NotARetention(ValueError):
    """The text is not NO_CACHE, FIXED:<days>, CONTRACT_TERM or UNLIMITED."""


@dataclass(frozen=True)
class Retention:
    """A ceiling in days (none: no ceiling) and whether keeping ends with the contract's term.

    Days and the term cannot be ranked without dates, so the strictest of both is both.
    """

    days_max: int | None
    ends_with_term: bool

    @classmethod
    def parse(cls, text: str) -> "Retention":
        """A retention from its text; raises `NotARetention`."""
        fixed = _FIXED.fullmatch(text)
        if fixed:
            return cls(int(fixed.group(1)), ends_with_term=fixed.group(2) is not None)
        try:
            return _NAMED[text]
        except KeyError:
            raise NotARetention(text) from None

    @property
    def text(self) -> str:
        """The text that `parse` reads."""
        if self.days_max is None:
            return CONTRACT_TERM if self.ends_with_term else UNLIMITED
        if self.days_max == 0:
            return NO_CACHE
        return f"FIXED:{self.days_max}" + ("+CONTRACT_TERM" if self.ends_with_term else "")

    def meet(self, other: "Retention") -> "Retention":
        """The strictest of both."""
        ceilings = [days for days in (self.days_max, other.days_max) if days is not None]
        days_max = min(ceilings, default=None)
        # Nothing kept at all ends before any term does.
        ends = days_max != 0 and (self.ends_with_term or other.ends_with_term)
        return Retention(days_max, ends_with_term=ends)


_NAMED = {
    NO_CACHE: Retention(0, ends_with_term=False),
    CONTRACT_TERM: Retention(None, ends_with_term=True),
    UNLIMITED: Retention(None, ends_with_term=False),
}


def is_retention(text: str) -> bool:
    """Whether the text states a retention."""
    return text in _NAMED or _FIXED.fullmatch(text) is not None


def strictest_transfer(left: str, right: str) -> str:
    """The stricter rule of two; the group and derived results are different exits, so neither."""
    return left if left == right else NO_TRANSFER
