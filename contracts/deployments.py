"""Deploys each contract once per chain, however often the process dies on the way.

The creation is signed and stored before it is sent; its address follows from account and nonce. So
whoever comes next finds either the code at that address, or bytes that are safe to send again.
"""

from dataclasses import dataclass

from eth_typing import HexAddress, HexStr
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from web3.types import Nonce
from web3.utils.address import get_create_address

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from contracts.accounts import AccountKeys
from contracts.artefacts import load_artefact
from contracts.client import (
    DEFAULT_LIMITS,
    ChainFacts,
    JsonRpcChain,
    SignedTransaction,
    TransactionState,
)
from contracts.errors import ChainRefused, DeploymentMismatch, TransactionPending
from contracts.limits import ChainLimits
from contracts.models import ChainDeployment
from contracts.registries import (
    ANCHOR_REGISTRY,
    KEY_REGISTRY,
    LICENCE_REGISTRY,
    NO_PREDECESSOR,
    SETTLEMENT_REGISTRY,
    JsonRpcAnchorRegistry,
    JsonRpcKeyRegistry,
    JsonRpcLicenceRegistry,
    JsonRpcSettlementRegistry,
    creation_data,
)

_DEPLOY_GAS = 4_000_000
_ATTEMPTS_MAX = 4

LICENCES_SUBJECT = "licences"
STATEMENTS_SUBJECT = "statements"
KEYS_SUBJECT = "keys"


@dataclass(frozen=True)
class ChainAccess:
    """The contracts of one chain, each through the account that its role needs."""

    facts: ChainFacts
    anchors: JsonRpcAnchorRegistry
    licences: JsonRpcLicenceRegistry
    statements: JsonRpcSettlementRegistry
    keys: JsonRpcKeyRegistry

    @property
    def is_gone(self) -> bool:
        """Whether a contract was found to be there no more: reach the chain anew."""
        return any(
            registry.is_gone
            for registry in (self.anchors, self.licences, self.statements, self.keys)
        )

    def close(self) -> None:
        """Release the connections."""
        for registry in (self.anchors, self.licences, self.keys):
            registry.chain.close()


@dataclass(frozen=True)
class Wanted:
    """A contract, what it serves, and its constructor's addresses."""

    contract: str
    subject: str
    constructor: tuple[str, ...]


def open_chain(
    units: UnitOfWorkFactory,
    url: str,
    keys: AccountKeys,
    finality: str = "instant",
    *,
    origin: str,
    limits: ChainLimits = DEFAULT_LIMITS,
) -> ChainAccess:
    """Reach a chain, deploying what is missing: one anchor registry per log, one of each other.

    Raises `ChainUnavailable`, `FinalityUnknown`, `TransactionPending` (call again) and
    `DeploymentMismatch`.
    """
    administrator, anchorer, registrar = (
        JsonRpcChain(url, key, finality, limits=limits)
        for key in (keys.administrator, keys.anchorer, keys.registrar)
    )
    by, registered_by = administrator.account, registrar.account
    for_heads = Wanted(ANCHOR_REGISTRY, origin, (by, anchorer.account, NO_PREDECESSOR))
    for_licences = Wanted(LICENCE_REGISTRY, LICENCES_SUBJECT, (by, registered_by))
    for_statements = Wanted(SETTLEMENT_REGISTRY, STATEMENTS_SUBJECT, (by, registered_by))
    for_keys = Wanted(KEY_REGISTRY, KEYS_SUBJECT, (by,))
    try:
        anchors, licences, statements, for_log_keys = (
            ensure_deployed(units, administrator, wanted)
            for wanted in (for_heads, for_licences, for_statements, for_keys)
        )
    except BaseException:
        administrator.close()
        raise
    return ChainAccess(
        anchorer.facts,
        JsonRpcAnchorRegistry(anchorer, anchors),
        JsonRpcLicenceRegistry(registrar, licences),
        # The same account as licences: one worker sends for both, so nonces follow each other.
        JsonRpcSettlementRegistry(registrar, statements),
        JsonRpcKeyRegistry(administrator, for_log_keys),
    )


def open_anchor_registry(
    units: UnitOfWorkFactory,
    url: str,
    keys: AccountKeys,
    finality: str = "instant",
    *,
    origin: str,
    limits: ChainLimits = DEFAULT_LIMITS,
) -> JsonRpcAnchorRegistry:
    """The anchor registry of one log, deployed now if it never was.

    Another log's heads are no beginning of this one's, so it succeeds no registry. Raises as
    `open_chain` does.
    """
    administrator = JsonRpcChain(url, keys.administrator, finality, limits=limits)
    try:
        anchorer = JsonRpcChain(url, keys.anchorer, finality, limits=limits)
        roles = (administrator.account, anchorer.account, NO_PREDECESSOR)
        address = ensure_deployed(units, administrator, Wanted(ANCHOR_REGISTRY, origin, roles))
    finally:
        administrator.close()
    return JsonRpcAnchorRegistry(anchorer, address)


def ensure_deployed(units: UnitOfWorkFactory, chain: JsonRpcChain, wanted: Wanted) -> str:
    """The contract's address on this chain, deployed now if it never was.

    Raises `TransactionPending` when the creation waits for a block, or for what the node refuses
    it for, coins say: call again later.
    """
    refusal = ""
    for _ in range(_ATTEMPTS_MAX):
        deployment = find_deployment(units, chain.facts, wanted) or _plan(units, chain, wanted)
        if _is_there(units, chain, deployment):
            return deployment.address
        try:
            is_alive = _send_again(units, chain, wanted, deployment)
        except ChainRefused as refused:
            # Another process may have been faster: the next look at the code decides.
            refusal = refused.reason
            continue
        if not is_alive:
            # Its nonce went to another transaction, it reverted, or the chain was begun anew.
            _settle(units, deployment.id, "lost")
    raise TransactionPending(wanted.contract, refusal)


def find_deployment(
    units: UnitOfWorkFactory, facts: ChainFacts, wanted: Wanted
) -> ChainDeployment | None:
    """The deployment that is planned or mined, if any."""
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.scalars(
            select(ChainDeployment).where(
                ChainDeployment.chain_id == facts.chain_id,
                ChainDeployment.genesis_hash == facts.genesis_hash,
                ChainDeployment.contract == wanted.contract,
                ChainDeployment.subject == wanted.subject,
                ChainDeployment.state != "lost",
            )
        ).one_or_none()


def _plan(units: UnitOfWorkFactory, chain: JsonRpcChain, wanted: Wanted) -> ChainDeployment:
    row = _row(chain, wanted, _sign(chain, wanted, chain.next_nonce()))
    with units.begin(Reach.EXCHANGE) as uow:
        # Two starts at once: the index lets one plan stand, and both go on with that one.
        uow.session.execute(
            insert(ChainDeployment)
            .values(**row, id=uow.ids.new("dep"), planned_at=uow.now)
            .on_conflict_do_nothing()
        )
        uow.commit()
    deployment = find_deployment(units, chain.facts, wanted)
    assert deployment is not None, "the plan was just stored"
    return deployment


def _sign(chain: JsonRpcChain, wanted: Wanted, nonce: int) -> SignedTransaction:
    data = creation_data(load_artefact(wanted.contract), *wanted.constructor)
    return chain.sign(to=None, data=data, gas=_DEPLOY_GAS, nonce=nonce)


def _row(chain: JsonRpcChain, wanted: Wanted, signed: SignedTransaction) -> dict[str, object]:
    account, nonce = HexAddress(HexStr(chain.account)), Nonce(signed.nonce)
    return {
        "chain_id": chain.facts.chain_id,
        "genesis_hash": chain.facts.genesis_hash,
        "contract": wanted.contract,
        "subject": wanted.subject,
        "address": str(get_create_address(account, nonce)),
        "source_sha256": load_artefact(wanted.contract).source_sha256,
        "deployer": chain.account,
        "nonce": signed.nonce,
        "raw_transaction": signed.raw,
        "transaction_hash": signed.transaction_hash,
        "state": "planned",
    }


def _is_there(units: UnitOfWorkFactory, chain: JsonRpcChain, deployment: ChainDeployment) -> bool:
    code = chain.code_at(deployment.address)
    if not code:
        return False
    _check_code(deployment, code)
    if deployment.state != "mined":
        _settle(units, deployment.id, "mined")
    return True


def _send_again(
    units: UnitOfWorkFactory, chain: JsonRpcChain, wanted: Wanted, deployment: ChainDeployment
) -> bool:
    """Send the stored creation, or a dearer one; False when it can never be mined.

    The dearer one has its nonce, and so its address; so has one that a re-organisation took out of
    its block, unless others would have to come before it. Raises `ChainRefused`.
    """
    mined_nonce = chain.mined_nonce()
    is_too_early = deployment.state == "mined" and deployment.nonce > mined_nonce
    if deployment.nonce < mined_nonce or is_too_early:
        return False
    chain.send(deployment.raw_transaction)
    state = chain.status(deployment.transaction_hash).state
    if state is TransactionState.PENDING and chain.is_outbid(deployment.raw_transaction):
        signed = _sign(chain, wanted, deployment.nonce)
        _store(units, deployment.id, signed)
        chain.send(signed.raw)
    return state is not TransactionState.REVERTED


def _store(units: UnitOfWorkFactory, deployment_id: str, signed: SignedTransaction) -> None:
    with units.begin(Reach.EXCHANGE) as uow:
        deployment = uow.session.get_one(ChainDeployment, deployment_id)
        deployment.raw_transaction = signed.raw
        deployment.transaction_hash = signed.transaction_hash
        uow.commit()


def _check_code(deployment: ChainDeployment, code: bytes) -> None:
    """An older source's code is recognised by its record alone; today's is compared."""
    artefact = load_artefact(deployment.contract)
    is_todays = deployment.source_sha256 == artefact.source_sha256
    if is_todays and not artefact.is_code_of(code):
        raise DeploymentMismatch(artefact.contract, deployment.address)


def _settle(units: UnitOfWorkFactory, deployment_id: str, state: str) -> None:
    with units.begin(Reach.EXCHANGE) as uow:
        deployment = uow.session.get_one(ChainDeployment, deployment_id)
        deployment.state = state
        if state == "mined":
            deployment.mined_at = uow.now
        uow.commit()
