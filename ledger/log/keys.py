"""The names and keys that the log is known by."""

from dataclasses import dataclass

from app.core.signing import Signer
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
    def vkeys(self) -> dict[str, str]:
        """The public halves as vkey lines, by use."""
        return {
            "checkpoint": key_of(self.checkpoint).text,
            "receipts": key_of(self.receipts).text,
            "statements": key_of(self.statements).text,
        }
