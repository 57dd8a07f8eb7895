"""Whether a host's keys are those of the exchange's log: with others it must not start.

Keys are a file of each host, made where there is none. A second host, or one whose file was lost,
would sign receipts and checkpoints by keys that the log never named, and nobody could check them.
"""

from pathlib import Path

from sqlalchemy.orm import Session

from app.keys.keyring import ROLES, FileKeyring
from app.keys.role_keys import StoredKey
from ledger.log import queries
from ledger.log.errors import EvidenceRefused
from ledger.log.key_history import announced_keys
from ledger.log.sequencing.shards import ShardCalendar
from ledger.log.storage import shard_heads
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
    """Raises `KeysOfAnotherLog` where the log does not go by these keys.

    One of them has signed its newest checkpoint, and its leaves name the current one of each role,
    where the file cannot know better, and do not call it retired.
    """
    if not (_has_signed(session, keyring) and _goes_by(session, keyring)):
        problem = (
            f"{path} holds other keys than those that sign this exchange's log: copy it from the"
            " host that has them, also after each step of a rotation"
        )
        raise KeysOfAnotherLog(problem)


def _has_signed(session: Session, keyring: FileKeyring) -> bool:
    checkpoint = queries.find_checkpoint(session, keyring.origin)
    if checkpoint is None:
        return True
    own = [key_of(signer) for signer in (keyring.checkpoint, *keyring.cosigning)]
    try:
        verify_note(parse_note(checkpoint.text.encode()), own)
    except EvidenceRefused:
        return False
    return True


def _goes_by(session: Session, keyring: FileKeyring) -> bool:
    announced = announced_keys(session, keyring.origin)
    retired = {each.key: each.until_size is not None for each in announced}
    for role in ROLES:
        key = keyring.role(role).current
        line = key_of(keyring.signer(role, key)).text
        if retired.get(line, bool(announced) and not _is_ahead(session, keyring, key)):
            return False
    return True


def _is_ahead(session: Session, keyring: FileKeyring, key: StoredKey) -> bool:
    """Whether the file may know of a key before the log: of this shard, or of a later one.

    The database came from a backup, or a step of a rotation died before it told the log.
    """
    if key.origin in {"", keyring.origin}:
        return bool(key.origin)
    return shard_heads.find_head(session, key.origin) is None
