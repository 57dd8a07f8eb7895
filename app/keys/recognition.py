"""Whether a host's keys are those of the exchange's log: with others it must not start.

Keys are a file of each host, made where there is none. A second host, or one whose file was lost,
would sign receipts and checkpoints by keys that the log never named, and nobody could check them.
"""

from pathlib import Path

from sqlalchemy.orm import Session

from app.keys.keyring import FileKeyring
from ledger.log import queries
from ledger.log.errors import EvidenceRefused
from ledger.log.sequencing.shards import ShardCalendar
from ledger.log.tree.notes import key_of, parse_note, verify_note


class KeysOfAnotherLog(Exception):
    """This host has no key of the exchange's log; its text says which file to bring."""


def demand_file(path: Path, calendar: ShardCalendar) -> None:
    """Raises `KeysOfAnotherLog` where there is a log, and no file of its keys to sign it by."""
    if calendar.newest is not None and not path.exists():
        problem = (
            f"{path} is not there, but the database has a log that was signed by its keys: copy it"
            " from another host of this exchange or from a backup, with the same COUNTERFOIL_SECRET"
        )
        raise KeysOfAnotherLog(problem)


def demand_keys_of_log(session: Session, keyring: FileKeyring, path: Path) -> None:
    """Raises `KeysOfAnotherLog` where none of the keys signed the log's newest checkpoint."""
    checkpoint = queries.find_checkpoint(session, keyring.origin)
    if checkpoint is None:
        return
    own = [key_of(signer) for signer in (keyring.checkpoint, *keyring.cosigning)]
    try:
        verify_note(parse_note(checkpoint.text.encode()), own)
    except EvidenceRefused:
        problem = (
            f"{path} holds other keys than those that sign this exchange's log: copy it from the"
            " host that has them, also after each step of a rotation"
        )
        raise KeysOfAnotherLog(problem) from None
