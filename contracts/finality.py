"""When a block counts as final: decided by the chain's consensus, so it is configuration."""

import re
from dataclasses import dataclass

from contracts.errors import FinalityUnknown

_CONFIRMATIONS = re.compile(r"confirmations:([1-9][0-9]{0,4})\Z")
_CONFIRMATIONS_MAX = 10_000
_TAGS = ("finalized", "safe")


@dataclass(frozen=True)
class Finality:
    """``instant`` (QBFT, the embedded chain), ``confirmations:n``, or a block tag of the node."""

    text: str
    confirmations: int = 0
    tag: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Finality":
        """The finality that a setting names; raises `FinalityUnknown`."""
        counted = _CONFIRMATIONS.match(text)
        if text == "instant":
            return cls(text)
        if counted and int(counted[1]) <= _CONFIRMATIONS_MAX:
            return cls(text, confirmations=int(counted[1]))
        if text.removeprefix("tag:") in _TAGS and text.startswith("tag:"):
            return cls(text, tag=text.removeprefix("tag:"))
        raise FinalityUnknown(text)

    def final_number(self, *, newest: int, tagged: int | None) -> int | None:
        """The newest final block's number, given the newest and the tagged block's; None: no block.

        A block counts as its own first confirmation.
        """
        if self.tag is not None:
            return tagged
        final = newest + 1 - max(self.confirmations, 1)
        return final if final >= 0 else None
