"""Takes acknowledgements: signed by the buyer, equal to the log, never taken back."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.log.acknowledgements.errors import (
    AcknowledgementDiffers,
    AcknowledgementKeyNotFound,
    AcknowledgementKeyTaken,
    AcknowledgementKeyUnknown,
)
from ledger.log.acknowledgements.models import (
    AcknowledgementKey,
    EvidenceMode,
    LaneAcknowledged,
    StoredAcknowledgement,
)
from ledger.log.acknowledgements.signed_notes import (
    AcknowledgedLane,
    Acknowledgement,
    parse_buyer_key,
    read_acknowledgement,
)
from ledger.log.errors import LicenceNotInLog
from ledger.log.events import (
    AcknowledgementKeyRegistered,
    AcknowledgementKeyWithdrawn,
    BuyerAcknowledged,
    EvidenceModeSet,
)
from ledger.log.models import LogEntry, LogParties

NONE, ACK, PER_REQUEST = "none", "ack", "per_request"
MODES = (NONE, ACK, PER_REQUEST)


def register_key(uow: UnitOfWork, principal: Principal, *, vkey: str) -> AcknowledgementKey:
    """Register a buyer's public key; raises `EvidenceRefused`, `AcknowledgementKeyTaken`."""
    key = parse_buyer_key(vkey, principal.organisation_id)
    row = {
        "key_id": uow.ids.new("akk"),
        "organisation_id": principal.organisation_id,
        "vkey": key.text,
        "registered_by": principal.id,
        "registered_at": uow.now,
    }
    added = uow.session.scalar(
        insert(AcknowledgementKey)
        .values(row)
        .on_conflict_do_nothing(index_elements=["vkey"])
        .returning(AcknowledgementKey.key_id)
    )
    if added is None:
        raise AcknowledgementKeyTaken
    uow.record(
        AcknowledgementKeyRegistered(
            occurred_at=uow.now,
            key_id=added,
            key_hash=key.key_hash.hex(),
            organisation_id=principal.organisation_id,
            vkey=key.text,
        )
    )
    return uow.session.get_one(AcknowledgementKey, added)


def withdraw_key(uow: UnitOfWork, principal: Principal, *, key_id: str) -> AcknowledgementKey:
    """Take no new acknowledgement by this key; those it made stand. A second time is a no-op."""
    key = uow.session.scalars(
        select(AcknowledgementKey)
        .where(
            AcknowledgementKey.key_id == key_id,
            AcknowledgementKey.organisation_id == principal.organisation_id,
        )
        .with_for_update()
    ).one_or_none()
    if key is None:
        raise AcknowledgementKeyNotFound(key_id)
    if key.withdrawn_at is None:
        key.withdrawn_at = uow.now
        uow.record(
            AcknowledgementKeyWithdrawn(
                occurred_at=uow.now,
                key_id=key_id,
                organisation_id=key.organisation_id,
                vkey=key.vkey,
            )
        )
    return key


def set_evidence_mode(
    uow: UnitOfWork, principal: Principal, *, licence_id: str, mode: str
) -> EvidenceMode:
    """Say what a licence asks of its buyer; only the buyer does. Raises `LicenceNotInLog`."""
    parties = uow.session.get(LogParties, licence_id)
    if parties is None or parties.buyer_id != principal.organisation_id:
        raise LicenceNotInLog(licence_id)
    row = {
        "licence_id": licence_id,
        "buyer_id": parties.buyer_id,
        "supplier_id": parties.supplier_id,
        "mode": mode,
        "set_by": principal.id,
        "set_at": uow.now,
    }
    changes = {name: row[name] for name in ("mode", "set_by", "set_at")}
    uow.session.execute(
        insert(EvidenceMode)
        .values(row)
        .on_conflict_do_update(index_elements=["licence_id"], set_=changes)
    )
    uow.record(EvidenceModeSet(occurred_at=uow.now, licence_id=licence_id, mode=mode))
    return uow.session.get_one(EvidenceMode, licence_id, populate_existing=True)


def take_acknowledgement(uow: UnitOfWork, document: Mapping[str, Any]) -> StoredAcknowledgement:
    """Keep a buyer's acknowledgement, once; the signature alone says whose it is.

    Needs the exchange's reach. Raises `EvidenceRefused`, `AcknowledgementKeyUnknown`,
    `LicenceNotInLog` and `AcknowledgementDiffers`.
    """
    found = read_acknowledgement(document)
    parties = uow.session.get(LogParties, found.licence_id)
    if parties is None:
        raise LicenceNotInLog(found.licence_id)
    key = _key_of_buyer(uow, found, parties)
    _check_against_log(uow, found)
    stored = _store(uow, found, parties, key)
    _advance_lanes(uow, found, stored)
    return stored


def _key_of_buyer(
    uow: UnitOfWork, found: Acknowledgement, parties: LogParties
) -> AcknowledgementKey:
    # Shared lock: the key cannot be withdrawn between this check and the commit.
    key = uow.session.scalars(
        select(AcknowledgementKey)
        .where(
            AcknowledgementKey.vkey == found.key.text,
            AcknowledgementKey.organisation_id == parties.buyer_id,
            AcknowledgementKey.withdrawn_at.is_(None),
        )
        .with_for_update(read=True)
    ).one_or_none()
    if key is None:
        raise AcknowledgementKeyUnknown
    return key


def _check_against_log(uow: UnitOfWork, found: Acknowledgement) -> None:
    for lane in found.lanes:
        entry = uow.session.scalars(
            select(LogEntry).where(
                LogEntry.licence_id == found.licence_id,
                LogEntry.lane == lane.lane,
                LogEntry.n == lane.n,
            )
        ).one_or_none()
        if entry is None or not _is_of(entry, lane):
            raise AcknowledgementDiffers(lane.lane, lane.n)


def _is_of(entry: LogEntry, lane: AcknowledgedLane) -> bool:
    leaf = json.loads(entry.body)
    totals = (leaf["total_units"], int(leaf["total_amount"]))
    return entry.leaf_hash == lane.leaf_hash and totals == (lane.total_units, lane.total_amount)


def _store(
    uow: UnitOfWork, found: Acknowledgement, parties: LogParties, key: AcknowledgementKey
) -> StoredAcknowledgement:
    by_hash = select(StoredAcknowledgement).where(
        StoredAcknowledgement.document_hash == found.document_hash
    )
    added = uow.session.scalar(
        insert(StoredAcknowledgement)
        .values(
            acknowledgement_id=uow.ids.new("ack"),
            document_hash=found.document_hash,
            licence_id=found.licence_id,
            buyer_id=parties.buyer_id,
            supplier_id=parties.supplier_id,
            key_id=key.key_id,
            document=dict(found.document),
            acknowledged_at=found.at,
            received_at=uow.now,
        )
        .on_conflict_do_nothing(index_elements=["document_hash"])
        .returning(StoredAcknowledgement.acknowledgement_id)
    )
    stored = uow.session.scalars(by_hash).one()
    if added is not None:
        uow.record(
            BuyerAcknowledged(
                occurred_at=uow.now,
                acknowledgement_id=added,
                licence_id=found.licence_id,
                document_hash=found.document_hash,
                key_hash=found.key.key_hash.hex(),
            )
        )
    return stored


def _advance_lanes(uow: UnitOfWork, found: Acknowledgement, stored: StoredAcknowledgement) -> None:
    for lane in found.lanes:
        statement = insert(LaneAcknowledged).values(
            licence_id=found.licence_id,
            lane=lane.lane,
            buyer_id=stored.buyer_id,
            supplier_id=stored.supplier_id,
            n=lane.n,
            total_units=lane.total_units,
            total_amount=lane.total_amount,
            acknowledgement_id=stored.acknowledgement_id,
        )
        given = statement.excluded
        uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["licence_id", "lane"],
                set_={
                    "n": given.n,
                    "total_units": given.total_units,
                    "total_amount": given.total_amount,
                    "acknowledgement_id": given.acknowledgement_id,
                },
                where=LaneAcknowledged.n < given.n,
            )
        )
