"""The command that ends a shard early; docs/operate.md says when and in which order."""

import secrets

import click

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError
from app.core.reach import Reach
from app.keys.keyring import FileKeyring
from app.keys.role_keys import RetiredKey, RoleKeys, StoredKey
from app.keys.rotation import SEED_BYTES
from app.parts import Parts
from app.wiring.log import checkpoint_keeper, log_keys
from ledger.log.key_entries import note_retirement
from ledger.log.keys import KeyRange
from ledger.log.queries import find_checkpoint
from ledger.log.sequencing.ending import EndReason, end_shard
from ledger.log.sequencing.publication import PublishedHead, kept_head
from ledger.log.sequencing.shards import parse_origin, successor_within
from ledger.log.tree.notes import key_of, parse_vkey

RESTART = "Start every process now: each reads keys and shards when it starts."
REASONS = tuple(reason.value for reason in EndReason)
ROOT_BYTES = 32


def shard_command(parts: Parts) -> click.Command:
    """End the open shard and open the next one."""

    @click.command("end-log-shard")
    @click.argument("shard")
    @click.option("--reason", type=click.Choice(REASONS), required=True)
    @click.option(
        "--known-size", type=click.IntRange(1), help="Size of a head that others hold (contract)."
    )
    @click.option("--known-root", help="That head's root hash, hexadecimal.")
    @click.confirmation_option(prompt="Every process is stopped, and the old shard ends. Go on?")
    def end_log_shard(
        shard: str, reason: str, known_size: int | None, known_root: str | None
    ) -> None:
        """End SHARD (such as 2026) and open the next one upon its last checkpoint.

        Nothing of the old one is signed again. With --reason compromise the checkpoint key is
        replaced first. Harmless when repeated.
        """
        name = parse_origin(parts.origin)
        if name is None or name.path != shard:
            msg = f"{shard} is not the open shard; that is {parts.origin}"
            raise click.ClickException(msg)
        known = _known(known_size, known_root)
        try:
            origin = _end(parts, EndReason(reason), known)
        except CounterfoilError as refusal:
            raise click.ClickException(refusal.detail) from None
        click.echo(f"opened {origin}\n{RESTART}")

    return end_log_shard


def _known(size: int | None, root: str | None) -> list[PublishedHead]:
    """The head that the operator names; half of one is refused, for the step cannot be taken back.

    A holder of a head that the new shard does not name as abandoned refuses that shard for good.
    """
    if size is None and root is None:
        return []
    if size is None or root is None:
        msg = "--known-size and --known-root name one head together"
        raise click.ClickException(msg)
    return [PublishedHead("an operator", size, _root(root))]


def _root(text: str) -> bytes:
    try:
        root = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        root = b""
    if len(root) != ROOT_BYTES:
        msg = f"--known-root is {ROOT_BYTES} bytes in hexadecimal"
        raise click.ClickException(msg)
    return root


def _end(parts: Parts, reason: EndReason, known: list[PublishedHead]) -> str:
    keyring, old = parts.keyring, log_keys(parts)
    known = [*kept_head(old, checkpoint_keeper(parts)), *known]
    if reason is EndReason.COMPROMISE:
        _replace_checkpoint_key(parts, keyring)
    with parts.units.begin(Reach.EXCHANGE) as uow:
        origin = successor_within(keyring.origin, parts.settings.log_host, uow.now)
        keys = log_keys(parts).named(origin)
        end_shard(uow, keys, reason, known)
        for each in keyring.role("checkpoint").retired:
            if parse_vkey(each.key).name == keyring.origin:
                note_retirement(uow, keyring.origin, _range(each))
        uow.commit()
    return origin


def _range(key: RetiredKey) -> KeyRange:
    return KeyRange(
        role="checkpoint",
        key=key.key,
        from_size=key.from_size,
        from_at=key.from_at,
        until_size=key.until_size,
        until_at=key.until_at,
        reason=key.reason,
    )


def _replace_checkpoint_key(parts: Parts, keyring: FileKeyring) -> None:
    """A fresh checkpoint key; the old ones end at the last checkpoint, as stolen.

    Done already when the command is repeated: the current key is then one that the shard under its
    old name never announced.
    """
    with parts.units.begin(Reach.EXCHANGE) as uow:
        last = find_checkpoint(uow.session, keyring.origin)
        at = iso_instant(uow.now)
    size = 0 if last is None else last.tree_size

    def change(held: RoleKeys) -> RoleKeys:
        if any(
            each.reason == "compromise" and each.origin == keyring.origin for each in held.retired
        ):
            return held
        ended = tuple(
            RetiredKey(
                key_of(keyring.signer("checkpoint", key)).text, keyring.origin,
                key.size_in(keyring.origin), key.from_at, size, at, "compromise",
            )
            for key in (held.current, *held.overlapping)
        )  # fmt: skip
        fresh = StoredKey(secrets.token_bytes(SEED_BYTES))
        return RoleKeys(fresh, retired=(*held.retired, *ended))

    keyring.change("checkpoint", change)
