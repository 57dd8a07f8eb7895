"""How deep a block lies, and whether it is final: as the reader demands it, or as the node says."""

import re
from typing import NamedTuple, Self

from counterfoil_verify.chain import Chain

INSTANT = "instant"
CONFIRMATIONS_MAX = 10_000
TAGS = ("finalized", "safe")
FORMS = f"{INSTANT}, confirmations:<1 to {CONFIRMATIONS_MAX:,}>, tag:finalized or tag:safe"
_CONFIRMATIONS = re.compile(r"confirmations:([1-9][0-9]{0,4})", re.ASCII)


class Finality(NamedTuple):
    """Which blocks count; whoever demands nothing is told what the node calls finalized."""

    text: str = ""
    confirmations: int = 1
    tag: str = "finalized"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The rule that a reader demands; ValueError for none."""
        counted = _CONFIRMATIONS.fullmatch(text)
        if text == INSTANT:
            return cls(text, 1, "")
        if counted and int(counted[1]) <= CONFIRMATIONS_MAX:
            return cls(text, int(counted[1]), "")
        if text.startswith("tag:") and text.removeprefix("tag:") in TAGS:
            return cls(text, 1, text.removeprefix("tag:"))
        msg = f"not {FORMS}"
        raise ValueError(msg)


UNDEMANDED = Finality()


class Depths(NamedTuple):
    """The newest block of a chain, and the newest one that is final, if the node says which."""

    newest: int
    final: int | None

    @classmethod
    def ask(cls, chain: Chain, rule: Finality = UNDEMANDED) -> Self:
        """What the node says now. A block is its own first confirmation."""
        newest = chain.newest_block()
        if not rule.tag:
            final = newest + 1 - rule.confirmations
            return cls(newest, final if final >= 0 else None)
        return cls(newest, chain.tagged_block(rule.tag))

    def is_final(self, block: int) -> bool:
        """Whether the block is known to be final."""
        return self.final is not None and block <= self.final

    def describe(self, block: int | None) -> str:
        """Where something stands, in words."""
        if block is None:
            return "in a block that the node does not name"
        place = f"in block {block:,}, {max(self.newest - block, 0) + 1:,} deep"
        if self.final is None:
            return f"{place}, final or not the node does not say"
        return f"{place}, {'final' if self.is_final(block) else 'NOT FINAL'}"
