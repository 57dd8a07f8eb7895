"""The keys of one role and how they follow one another; pure."""

from dataclasses import asdict, dataclass, replace
from typing import Any


class KeyStepRefused(Exception):
    """A step of a rotation does not fit what the keyring or the log holds; its text says why."""


@dataclass(frozen=True)
class StoredKey:
    """A key with its seed, and from when on it may sign.

    ``origin``, ``from_size`` and ``from_at`` say where it was announced; without an origin it is
    one of the keys that every log of this keyring opened with. In a later year's log a key is
    valid from the beginning, because the log's first leaf names it.
    """

    seed: bytes
    origin: str = ""
    from_size: int = 0
    from_at: str = ""

    def size_in(self, origin: str) -> int:
        """The tree size of that log from which on the key is valid."""
        return self.from_size if self.origin == origin else 0

    def as_json(self) -> dict[str, Any]:
        """The form in the file."""
        return {**asdict(self), "seed": self.seed.hex()}

    @classmethod
    def parse(cls, value: dict[str, Any]) -> "StoredKey":
        """The key of its form in the file."""
        return cls(**{**value, "seed": bytes.fromhex(value["seed"])})


@dataclass(frozen=True)
class RetiredKey:
    """What stays of a key: its public line (C2SP vkey) and the range it was valid in."""

    key: str
    origin: str
    from_size: int
    from_at: str
    until_size: int
    until_at: str
    reason: str


@dataclass(frozen=True)
class RoleKeys:
    """A role's current key, in a rotation the next or the outgoing one, and the former ones."""

    current: StoredKey
    next: StoredKey | None = None
    outgoing: StoredKey | None = None
    retired: tuple[RetiredKey, ...] = ()

    @property
    def overlapping(self) -> list[StoredKey]:
        """Keys with a seed, besides the current one."""
        return [key for key in (self.next, self.outgoing) if key is not None]

    def with_next(self, key: StoredKey) -> "RoleKeys":
        """A next key is made known. Raises `KeyStepRefused` while a rotation is under way."""
        if self.outgoing is not None:
            msg = "The key before the current one is not retired yet."
            raise KeyStepRefused(msg)
        return self if self.next is not None else replace(self, next=key)

    def switched(self) -> "RoleKeys":
        """The next key becomes the current one. Raises `KeyStepRefused` without one."""
        if self.next is None:
            msg = "There is no next key to switch to."
            raise KeyStepRefused(msg)
        return replace(self, current=self.next, next=None, outgoing=self.current)

    def with_retired(self, key: RetiredKey) -> "RoleKeys":
        """The outgoing key goes, with its seed. Raises `KeyStepRefused` without one."""
        if self.outgoing is None:
            msg = "There is no outgoing key to retire."
            raise KeyStepRefused(msg)
        return replace(self, outgoing=None, retired=(*self.retired, key))

    def as_json(self) -> dict[str, Any]:
        """The form in the file."""
        keys = {"current": self.current, "next": self.next, "outgoing": self.outgoing}
        present = {name: key.as_json() for name, key in keys.items() if key is not None}
        return {**present, "retired": [asdict(key) for key in self.retired]}

    @classmethod
    def parse(cls, value: Any) -> "RoleKeys":
        """The keys of their form in the file; a plain seed is a role that was never rotated."""
        if isinstance(value, str):
            return cls(StoredKey(bytes.fromhex(value)))
        keys = {
            name: StoredKey.parse(value[name])
            for name in ("current", "next", "outgoing")
            if name in value
        }
        return cls(**keys, retired=tuple(RetiredKey(**key) for key in value["retired"]))
