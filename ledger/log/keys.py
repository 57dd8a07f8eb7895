"""The names and keys that the log is known by."""

from dataclasses import dataclass

from app.core.signing import Signer
from app.core.unit_of_work import UnitOfWork
from ledger.log.notes import VerifierKey, key_of


@dataclass(frozen=True)
class LogKeys:
    """The signers of one log; their names are the origin, origin/receipts, origin/statements."""

    checkpoint: Signer
    receipts: Signer
    statements: Signer

    @property
    def origin(self) -> str:
        """The log's unique name: that of its checkpoint key."""
        return self.checkpoint.name

    @property
    def verifiers(self) -> list[VerifierKey]:
        """The public halves, checkpoint key first."""
        return [key_of(self.checkpoint), key_of(self.receipts), key_of(self.statements)]

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
