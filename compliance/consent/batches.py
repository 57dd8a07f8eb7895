"""Batches of consents: what was recorded enters the log as the root of a tree of tokens' hashes."""

from sqlalchemy import select

from app.core.unit_of_work import UnitOfWork
from compliance.consent.events import ConsentsBatched
from compliance.consent.models import Consent, ConsentBatch
from compliance.consent.ports import HashTree

BATCH_MAX = 1_000


def batch_consents(uow: UnitOfWork, tree: HashTree) -> int:
    """Bind what was recorded since the last batch into one log entry; how many consents.

    The leaves are the tokens' hashes in the order of recording; a denial has no token and is
    counted. Needs the exchange's reach.
    """
    wanted = select(Consent).where(Consent.batch_id.is_(None), Consent.is_test.is_(False))
    ordered = wanted.order_by(Consent.recorded_at, Consent.id).limit(BATCH_MAX)
    consents = uow.session.scalars(ordered.with_for_update(skip_locked=True)).all()
    if not consents:
        return 0
    granted = [each for each in consents if each.token_hash is not None]
    batch = ConsentBatch(
        id=uow.ids.new("cba"),
        root_hash=tree.root_of([leaf_of(each) for each in granted]).hex(),
        granted_count=len(granted),
        denied_count=len(consents) - len(granted),
        batched_at=uow.now,
    )
    uow.session.add(batch)
    uow.session.flush()
    for each in consents:
        each.batch_id = batch.id
    for index, each in enumerate(granted):
        each.batch_index = index
    _record_batch(uow, batch)
    return len(consents)


def leaf_of(consent: Consent) -> bytes:
    """What stands for a granted consent in its batch's tree."""
    return bytes.fromhex(consent.token_hash or "")


def _record_batch(uow: UnitOfWork, batch: ConsentBatch) -> None:
    uow.record(
        ConsentsBatched(
            occurred_at=uow.now,
            batch_id=batch.id,
            root_hash=batch.root_hash,
            granted_count=batch.granted_count,
            denied_count=batch.denied_count,
        )
    )
