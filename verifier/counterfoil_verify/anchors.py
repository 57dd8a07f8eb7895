"""Anchors: what the exchange says it wrote on chain, checked by itself and against the chain."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from counterfoil_verify import canonical
from counterfoil_verify.chain import Chain, parse_address
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.finality import UNDEMANDED, Depths, Finality
from counterfoil_verify.log.heads import HeadBook
from counterfoil_verify.merkle import Head

STEP = "anchors"
ANCHORS_BYTES_MAX = 16_777_216
ANCHORS_MAX = 65_536
REGISTRIES_SHOWN = 3
STATUSES = frozenset({"planned", "sent", "mined", "final", "lost"})
FINAL = "final"
ON_CHAIN = frozenset({"mined", FINAL})
_HASH = re.compile(r"(?:0x)?[0-9a-f]{64}")
_RAW = re.compile(r"(?:0x)?(?:[0-9a-f]{2})*")


class Registry(NamedTuple):
    """What the reader knows from elsewhere: the contract that was promised, a node to ask."""

    contract: str
    chain: Chain | None
    finality: Finality = UNDEMANDED


NO_REGISTRY = Registry("", None)


@dataclass(frozen=True)
class Anchor:
    """One anchor; the places on chain are empty until it is mined."""

    chain_id: int
    contract: str
    head: Head
    status: str
    transaction_hash: str
    block_number: int
    block_hash: str

    @property
    def is_on_chain(self) -> bool:
        """Whether the exchange says that the chain has taken it."""
        return self.status in ON_CHAIN

    @property
    def is_called_final(self) -> bool:
        """Whether the exchange says that no reorganisation can take it back."""
        return self.status == FINAL


def parse_anchors(data: bytes) -> list[Anchor]:
    """The anchors of anchors.json."""
    value = canonical.parse(data, bytes_max=ANCHORS_BYTES_MAX)
    listed = Record(STEP, {"anchors": value}).records("anchors", ANCHORS_MAX)
    return [_read(record) for record in listed]


def _read(record: Record) -> Anchor:
    status = record.text("status")
    require(status in STATUSES, STEP, f"an anchor of status {status[:40]!r}")
    is_on_chain = status in ON_CHAIN
    _optional_hex(record, "raw_transaction", _RAW, is_due=False)
    return Anchor(
        chain_id=record.whole("chain_id"),
        contract=parse_address(record.text("contract"), STEP),
        head=Head(
            record.whole("tree_size"), bytes.fromhex(_hash(record, "root_hash", is_due=True))
        ),
        status=status,
        transaction_hash="0x" + _hash(record, "transaction_hash", is_due=is_on_chain),
        block_number=record.whole("block_number") if is_on_chain else 0,
        block_hash="0x" + _hash(record, "block_hash", is_due=is_on_chain),
    )


def _hash(record: Record, name: str, *, is_due: bool) -> str:
    return _optional_hex(record, name, _HASH, is_due=is_due)


def _optional_hex(record: Record, name: str, form: re.Pattern[str], *, is_due: bool) -> str:
    """Hexadecimal without its prefix; null and nothing are the same where it is not due yet."""
    if not is_due and record.members.get(name) is None:
        return ""
    text = record.text(name)
    require(form.fullmatch(text), STEP, f"{name} is not in hexadecimal")
    return text.removeprefix("0x")


def check_anchors(anchors: list[Anchor], newest: Head, heads: HeadBook, contract: str = "") -> None:
    """Reject anchors that fork from, or run ahead of, the bundle's checkpoint.

    And those of another registry than the reader was promised, where it names one.
    """
    for anchor in anchors:
        other = f"an anchor is in the registry {anchor.contract}"
        require(contract in {"", anchor.contract}, STEP, other)
        ahead = f"an anchor of size {anchor.head.tree_size} is ahead of the checkpoint"
        require(anchor.head.tree_size <= newest.tree_size, STEP, ahead)
        heads.note(anchor.head)


def check_on_chain(anchors: list[Anchor], chain: Chain, rule: Finality = UNDEMANDED) -> str:
    """How many anchors the chain confirms, and how deep; Rejected when it says otherwise.

    NotChecked where finality is demanded, and an anchor that the exchange calls final is not, or
    none is.
    """
    claimed = [anchor for anchor in anchors if anchor.is_on_chain]
    if not claimed:
        raise NotChecked(STEP, "no anchor is on a chain yet: there is nothing to ask the node for")
    chain_id = chain.chain_id()
    for anchor in claimed:
        require(anchor.chain_id == chain_id, STEP, f"the node is of chain {chain_id}")
        _check_one(anchor, chain)
    depths = Depths.ask(chain, rule)
    lacking = [each for each in claimed if not depths.is_final(each.block_number)]
    told = f"{len(claimed)} confirmed by chain, the newest {depths.describe(_newest(claimed))}"
    told += f", {len(lacking)} in blocks that are not known to be final" if lacking else ""
    is_short = len(lacking) == len(claimed) or any(each.is_called_final for each in lacking)
    if rule.text and is_short:
        raise NotChecked(STEP, f"{told}; {rule.text} was demanded: ask again later")
    return told


def _newest(anchors: list[Anchor]) -> int:
    return max(anchor.block_number for anchor in anchors)


def describe_registries(anchors: list[Anchor]) -> str:
    """Which contracts the anchors name; that they are the promised ones, they cannot say."""
    found = sorted({anchor.contract for anchor in anchors})
    more = f" and {len(found) - REGISTRIES_SHOWN} more" if len(found) > REGISTRIES_SHOWN else ""
    return f" in {', '.join(found[:REGISTRIES_SHOWN])}{more}" if found else ""


def _check_one(anchor: Anchor, chain: Chain) -> None:
    mined = chain.mined(anchor.transaction_hash, anchor.contract)
    if mined is None:
        raise Rejected(STEP, f"the chain has no such transaction: {anchor.transaction_hash}")
    place = (anchor.block_number, anchor.block_hash)
    require((mined.block_number, mined.block_hash) == place, STEP, "mined in another block")
    require(anchor.head in mined.heads, STEP, "the transaction anchored another head")
