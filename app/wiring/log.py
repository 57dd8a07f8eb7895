"""The log: its keys, its memory outside the database, and its witnesses."""

from app.keys.rotation import key_ranges
from app.keys.shard_signer import ShardSigner
from app.parts import Parts
from ledger.log.keys import LogKeys
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.witnesses import policy as witness_policy
from ledger.log.witnesses.http_witness_client import HttpWitnessClient
from ledger.log.witnesses.keeper import WitnessKeeper
from ledger.log.witnesses.policy import WitnessPolicy


def log_keys(parts: Parts) -> LogKeys:
    """The log's signers, and every key there was."""
    keyring = parts.keyring
    return LogKeys(
        keyring.checkpoint,
        keyring.receipts,
        keyring.statements,
        tuple(keyring.cosigning),
        key_ranges(keyring),
        {
            role: tuple(keyring.signer(role, key) for key in keyring.role(role).overlapping)
            for role in ("receipts", "statements")
        },
    )


def receipt_signers(parts: Parts) -> ShardSigner:
    """The receipts' key, named by the shard that a call belongs to."""
    return ShardSigner(parts.keyring.receipts, "receipts", parts.calendar, parts.clock)


def statement_signer(parts: Parts) -> ShardSigner:
    """The statements' key, named by the shard of the moment."""
    return ShardSigner(parts.keyring.statements, "statements", parts.calendar, parts.clock)


def checkpoint_keeper(parts: Parts) -> FileCheckpointKeeper:
    """The log's memory outside the database."""
    return FileCheckpointKeeper(parts.settings.var / "checkpoints")


def read_witness_policy(parts: Parts) -> WitnessPolicy:
    """Who is asked to cosign, by the witness file; raises `EvidenceRefused` for an unfit one."""
    path = parts.settings.witness_file
    if path is None:
        return witness_policy.NO_WITNESSES
    allows_http = not parts.settings.is_production
    return witness_policy.read_policy(path.read_bytes(), allows_http=allows_http)


def build_witness_keepers(parts: Parts) -> list[WitnessKeeper]:
    """One keeper a witness: each asks in a thread of its own."""
    policy = read_witness_policy(parts)
    client = HttpWitnessClient()
    return [
        WitnessKeeper(parts.units, client, witness=witness, policy=policy)
        for witness in policy.witnesses
    ]
