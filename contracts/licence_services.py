"""Performs the outbox messages ``chain.grant_licence`` and ``chain.revoke_licence``, at least once.

Each first reads what the chain records, then signs, stores, sends. A process that dies anywhere
leaves stored bytes that the next delivery sends again, or a chain that already says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from contracts.errors import LicenceNotOnChain
from contracts.licence_entries import SALT_BYTES, chain_licence_id, seconds_of, terms_commitment
from contracts.models import ChainLicence
from contracts.ports import LicenceRegistry
from contracts.registries import LicenceGrant, LicenceStanding
from contracts.sending import StoredSender


class LicenceRecorder:
    """Records grants and revocations on chain through the registrar's account."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        registry: LicenceRegistry,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._units = units
        self._registry = registry
        self._entropy = entropy
        self._sender = StoredSender(units, registry, ChainLicence)

    def grant_licence(self, payload: Mapping[str, Any]) -> None:
        """Put ``{licence_id, terms_hash, starts_at, ends_at}`` on chain.

        Raises `TransactionPending` until its block is final; the outbox delivers it again.
        """
        licence = self._remember(payload)
        chain_id = chain_licence_id(licence.licence_id)
        if self._registry.standing(chain_id) is LicenceStanding.UNKNOWN:
            grant = LicenceGrant(
                chain_id,
                bytes.fromhex(licence.commitment),
                licence.starts_at_seconds,
                licence.ends_at_seconds,
            )
            self._sender.send(
                licence.licence_id,
                "granting",
                lambda nonce: self._registry.sign_grants([grant], nonce),
            )
        else:
            self._sender.demand_final(
                licence.licence_id,
                "granting",
                lambda: self._registry.final_standing(chain_id) is not LicenceStanding.UNKNOWN,
            )
        self._settle(licence.licence_id, "granted")

    def revoke_licence(self, payload: Mapping[str, Any]) -> None:
        """End ``{licence_id}`` on chain for good.

        Raises `LicenceNotOnChain` while its grant is not there, `TransactionPending` until the
        revocation's block is final.
        """
        licence = self._find(payload["licence_id"])
        chain_id = chain_licence_id(payload["licence_id"])
        standing = self._registry.standing(chain_id)
        if licence is None or standing is LicenceStanding.UNKNOWN:
            raise LicenceNotOnChain(payload["licence_id"])
        if standing is LicenceStanding.STANDING:
            self._sender.send(
                licence.licence_id,
                "revoking",
                lambda nonce: self._registry.sign_revocation(chain_id, nonce),
            )
        else:
            self._sender.demand_final(
                licence.licence_id,
                "revoking",
                lambda: self._registry.final_standing(chain_id) is LicenceStanding.REVOKED,
            )
        self._settle(licence.licence_id, "revoked")

    # Rows

    def _remember(self, payload: Mapping[str, Any]) -> ChainLicence:
        salt = self._entropy(SALT_BYTES)
        with self._units.begin(Reach.EXCHANGE) as uow:
            uow.session.execute(
                insert(ChainLicence).values(_row(payload, salt)).on_conflict_do_nothing()
            )
            licence = uow.session.get_one(ChainLicence, payload["licence_id"])
            uow.commit()
        return licence

    def _find(self, licence_id: str) -> ChainLicence | None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            return uow.session.get(ChainLicence, licence_id)

    def _settle(self, licence_id: str, state: str) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            licence = uow.session.get_one(ChainLicence, licence_id, with_for_update=True)
            if state == "revoked":
                licence.state, licence.revoked_at = state, licence.revoked_at or uow.now
            else:
                licence.granted_at = licence.granted_at or uow.now
                if licence.state in ("planned", "granting"):
                    licence.state = state
            uow.commit()


def _row(payload: Mapping[str, Any], salt: bytes) -> dict[str, Any]:
    return {
        "licence_id": payload["licence_id"],
        "chain_licence_id": chain_licence_id(payload["licence_id"]).hex(),
        "terms_hash": payload["terms_hash"],
        "salt": salt,
        "commitment": terms_commitment(payload["terms_hash"], salt).hex(),
        "starts_at_seconds": seconds_of(payload["starts_at"]),
        "ends_at_seconds": seconds_of(payload["ends_at"]),
        "state": "planned",
    }
