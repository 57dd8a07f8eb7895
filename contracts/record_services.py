"""Performs ``chain.record_statement``, ``chain.announce_key`` and ``chain.retire_key``.

Each at least once, and each first reads what the chain records: a second delivery changes nothing.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from contracts.errors import KeyNotOnChain, StatementDiffers
from contracts.models import ChainKey, ChainStatement
from contracts.ports import KeyRegistry, SettlementRegistry
from contracts.registries import KeyRole, StatementRoot
from contracts.sending import StoredSender


def chain_statement_id(statement_id: str) -> bytes:
    """The first 16 bytes of SHA-256 of the statement's id, then 16 zero bytes, as licences have."""
    return hashlib.sha256(statement_id.encode()).digest()[:16].ljust(32, b"\x00")


def chain_origin(origin: str) -> bytes:
    """What the chain calls a log: SHA-256 of its origin."""
    return hashlib.sha256(origin.encode()).digest()


class StatementRecorder:
    """Records statements' roots through the registrar's account."""

    def __init__(self, units: UnitOfWorkFactory, registry: SettlementRegistry) -> None:
        self._units = units
        self._registry = registry
        self._sender = StoredSender(units, registry, ChainStatement)

    def record_statement(self, payload: Mapping[str, Any]) -> None:
        """Put ``{statement_id, root_hash}`` on chain.

        Raises `TransactionPending` until its block is final, `StatementDiffers` when the chain
        holds another root for it: nothing can mend that but a person.
        """
        statement_id, root = payload["statement_id"], bytes.fromhex(payload["root_hash"])
        chain_id = chain_statement_id(statement_id)
        self._remember(statement_id, chain_id, root)
        recorded = self._registry.root_of(chain_id)
        if recorded is None:
            self._sender.send(
                statement_id,
                "recording",
                lambda nonce: self._registry.sign_records([StatementRoot(chain_id, root)], nonce),
            )
        elif recorded != root:
            raise StatementDiffers(statement_id)
        else:
            self._sender.demand_final(
                statement_id,
                "recording",
                lambda: self._registry.final_root_of(chain_id) == root,
            )
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = uow.session.get_one(ChainStatement, statement_id, with_for_update=True)
            row.state, row.recorded_at = "recorded", row.recorded_at or uow.now
            uow.commit()

    def _remember(self, statement_id: str, chain_id: bytes, root: bytes) -> None:
        row = {
            "statement_id": statement_id,
            "chain_statement_id": chain_id.hex(),
            "root_hash": root.hex(),
            "state": "planned",
        }
        with self._units.begin(Reach.EXCHANGE) as uow:
            uow.session.execute(insert(ChainStatement).values(row).on_conflict_do_nothing())
            uow.commit()


class KeyRecorder:
    """Announces and retires a log's keys through the administrator's account."""

    def __init__(self, units: UnitOfWorkFactory, registry: KeyRegistry) -> None:
        self._units = units
        self._registry = registry
        self._sender = StoredSender(units, registry, ChainKey)

    def announce_key(self, payload: Mapping[str, Any]) -> None:
        """Announce ``{origin, public_key, role, from_size}``; the key in hexadecimal.

        Raises `TransactionPending` until its block is final.
        """
        origin, key = chain_origin(payload["origin"]), bytes.fromhex(payload["public_key"])
        role, from_size = KeyRole[payload["role"].upper()], int(payload["from_size"])
        self._remember(payload)
        if self._registry.key(origin, key) is None:
            self._sender.send(
                _row_key(payload),
                "announcing",
                lambda nonce: self._registry.sign_announcement(
                    origin, key, role=role, from_size=from_size, nonce=nonce
                ),
            )
        else:
            self._sender.demand_final(
                _row_key(payload),
                "announcing",
                lambda: self._registry.final_key(origin, key) is not None,
            )
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = _key_row(uow, payload)
            row.announced_at = row.announced_at or uow.now
            if row.state in ("planned", "announcing"):
                row.state = "announced"
            uow.commit()

    def retire_key(self, payload: Mapping[str, Any]) -> None:
        """End ``{origin, public_key, until_size}``; an end that is earlier on chain stays.

        Raises `KeyNotOnChain` while its announcement is not there, `TransactionPending` until its
        block is final.
        """
        origin, key = chain_origin(payload["origin"]), bytes.fromhex(payload["public_key"])
        until_size = int(payload["until_size"])
        known = self._registry.key(origin, key)
        if known is None:
            raise KeyNotOnChain(payload["public_key"])
        if not known.ends_by(until_size):
            self._sender.send(
                _row_key(payload),
                "retiring",
                lambda nonce: self._registry.sign_retirement(
                    origin, key, until_size=until_size, nonce=nonce
                ),
            )
        else:
            self._sender.demand_final(
                _row_key(payload),
                "retiring",
                lambda: self._is_finally_ended(origin, key, until_size),
            )
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = _key_row(uow, payload)
            row.until_size = (
                until_size if row.until_size is None else min(row.until_size, until_size)
            )
            row.state, row.retired_at = "retired", row.retired_at or uow.now
            uow.commit()

    def _is_finally_ended(self, origin: bytes, key: bytes, until_size: int) -> bool:
        known = self._registry.final_key(origin, key)
        return known is not None and known.ends_by(until_size)

    def _remember(self, payload: Mapping[str, Any]) -> None:
        row = {name: payload[name] for name in ("public_key", "origin", "role", "from_size")}
        with self._units.begin(Reach.EXCHANGE) as uow:
            uow.session.execute(
                insert(ChainKey).values(**row, state="planned").on_conflict_do_nothing()
            )
            uow.commit()


def _row_key(payload: Mapping[str, Any]) -> tuple[str, str]:
    return payload["origin"], payload["public_key"]


def _key_row(uow: UnitOfWork, payload: Mapping[str, Any]) -> ChainKey:
    return uow.session.get_one(ChainKey, _row_key(payload), with_for_update=True)
