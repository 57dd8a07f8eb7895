"""Whether a host's keys are those of the exchange's log: with others it must not start.

Keys are a file of each host, made where there is none. A second host, or one whose file was lost,
would sign receipts and checkpoints by keys that the log never named, and nobody could check them.
"""

from pathlib import Path

from sqlalchemy.orm import Session

from app.keys.keyring import ROLES, FileKeyring
from ledger.log import queries
from ledger.log.errors import EvidenceRefused
from ledger.log.key_history import announced_keys
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
    """Raises `KeysOfAnotherLog` where the log does not go by these keys.

    One of them has signed its newest checkpoint, and its leaves name the current one of each role
    and do not call it retired.
    """
    if not (_has_signed(session, keyring) and _are_announced(session, keyring)):
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


def _are_announced(session: Session, keyring: FileKeyring) -> bool:
    announced = announced_keys(session, keyring.origin)
    valid = {each.key for each in announced if each.until_size is None}
    current = [keyring.signer(role, keyring.role(role).current) for role in ROLES]
    return not announced or all(key_of(signer).text in valid for signer in current)
