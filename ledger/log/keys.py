"""The names and keys that the log is known by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.core.signing import RenamedSigner, Signer
from app.core.unit_of_work import UnitOfWork
from ledger.log.tree.notes import VerifierKey, key_of, parse_vkey


@dataclass(frozen=True)
class KeyRange:
    """A key of the log and where it is valid, in tree sizes; no end means: still.

    ``from_at`` and ``until_at`` (RFC 3339) say when; a log's first keys have no ``from_at``.
    """

    role: str
    key: str
    from_size: int = 0
    from_at: str = ""
    until_size: int | None = None
    until_at: str = ""
    reason: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The form in ``keys.json``: members without a value are left out."""
        members = {name: getattr(self, name) for name in ("from_at", "until_at", "reason")}
        ends = {} if self.until_size is None else {"until_size": self.until_size}
        return {
            "role": self.role,
            "key": self.key,
            "from_size": self.from_size,
            **ends,
            **{name: value for name, value in members.items() if value},
        }


@dataclass(frozen=True)
class LogKeys:
    """The signers of one log; their names are the origin, origin/receipts, origin/statements.

    ``cosigning`` are further checkpoint keys of a rotation's overlap, ``waiting`` those of the
    other roles; ``history`` names every key there is and was, the current ones among them.
    """

    checkpoint: Signer
    receipts: Signer
    statements: Signer
    cosigning: tuple[Signer, ...] = ()
    history: tuple[KeyRange, ...] = ()
    waiting: Mapping[str, tuple[Signer, ...]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The log's unique name: that of its checkpoint key."""
        return self.checkpoint.name

    def named(self, origin: str) -> "LogKeys":
        """The same keys under the name of another shard; there each is valid from its beginning.

        The history keeps what was, under the names of its time, and gains the keys' new names.
        """
        if origin == self.origin:
            return self
        held = {
            role: tuple(RenamedSigner(each, name) for each in signers)
            for role, signers in self._held.items()
            for name in [origin if role == "checkpoint" else f"{origin}/{role}"]
        }
        renamed = [
            KeyRange(role, key_of(signer).text)
            for role, signers in held.items()
            for signer in signers
        ]
        ended = [each for each in self.history if each.until_size is not None]
        checkpoint, *cosigning = held["checkpoint"]
        return replace(
            self,
            checkpoint=checkpoint,
            receipts=held["receipts"][0],
            statements=held["statements"][0],
            cosigning=tuple(cosigning),
            waiting={role: signers[1:] for role, signers in held.items() if role != "checkpoint"},
            history=(*renamed, *ended),
        )

    @property
    def _held(self) -> dict[str, tuple[Signer, ...]]:
        """Every signer with a private key, by role, the current one first."""
        further: dict[str, tuple[Signer, ...]] = {**self.waiting, "checkpoint": self.cosigning}
        return {role: (each, *further.get(role, ())) for role, each in self.by_role.items()}

    @property
    def overlapping(self) -> list[KeyRange]:
        """Keys of an overlap besides the current ones, as a shard that opens now announces them."""
        return [
            KeyRange(role, key_of(each).text)
            for role, signers in self._held.items()
            for each in signers[1:]
        ]

    @property
    def verifiers(self) -> list[VerifierKey]:
        """The public halves, checkpoint key first; also of keys that signed formerly."""
        current = [key_of(self.checkpoint), key_of(self.receipts), key_of(self.statements)]
        return list(dict.fromkeys([*current, *(parse_vkey(each.key) for each in self.history)]))

    @property
    def checkpoint_signers(self) -> list[Signer]:
        """Who signs a checkpoint: the current key first, then the others of an overlap."""
        return [self.checkpoint, *self.cosigning]

    @property
    def by_role(self) -> dict[str, Signer]:
        """The signers by what they sign."""
        return {
            "checkpoint": self.checkpoint,
            "receipts": self.receipts,
            "statements": self.statements,
        }

    @property
    def vkeys(self) -> dict[str, str]:
        """The public halves as vkey lines, by use."""
        return {role: key_of(signer).text for role, signer in self.by_role.items()}

    @property
    def published(self) -> dict[str, Any]:
        """What ``keys.json`` holds: the current key of each role, and all keys with their range."""
        current = [KeyRange(role, key) for role, key in self.vkeys.items()]
        return {**self.vkeys, "history": [each.document for each in self.history or current]}


def announce_key(
    uow: UnitOfWork, origin: str, role: str, public_key: bytes, *, from_size: int
) -> None:
    """Have the chain told, after the commit, from which tree size on a key speaks for the log."""
    payload = {
        "origin": origin,
        "public_key": public_key.hex(),
        "role": role,
        "from_size": from_size,
    }
    uow.enqueue(
        "chain.announce_key", payload, key=f"chain.announce_key:{origin}:{public_key.hex()}"
    )


def retire_key(uow: UnitOfWork, origin: str, public_key: bytes, *, until_size: int) -> None:
    """Have the chain told, after the commit, that a key speaks for no larger tree than this."""
    payload = {"origin": origin, "public_key": public_key.hex(), "until_size": until_size}
    uow.enqueue("chain.retire_key", payload, key=f"chain.retire_key:{origin}:{public_key.hex()}")
