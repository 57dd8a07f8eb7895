"""The documents that a listing shows to the parties of a licence, and their opening by one."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from compliance.errors import LicenceDocumentNotFound
from compliance.events import LicenceDocumentOpened
from compliance.models.licences import Licence, ListingStanding
from compliance.ports import SentDocuments
from compliance.review.scenario_machine import LicenceState
from compliance.services.listings.standing import find_approval

SHOWN_TO_PARTIES = frozenset({"PUBLIC", "PARTIES"})


def shown_documents(
    uow: UnitOfWork, documents: SentDocuments, licence: Licence
) -> list[dict[str, Any]]:
    """The evidence that its parties see, each with ``is_sent``: whether it can be opened here."""
    shown = _shown_evidence(uow, licence)
    sent = documents.sent(uow, licence.supplier_id, [proof["sha256"] for proof in shown])
    return [{**proof, "is_sent": proof["sha256"] in sent} for proof in shown]


def open_shown_document(
    uow: UnitOfWork,
    documents: SentDocuments,
    principal: Principal,
    licence: Licence,
    *,
    document_hash: str,
) -> tuple[str, str, bytes]:
    """Media type, name and bytes; that a party opened it is recorded, as readings of staff are.

    Raises `LicenceDocumentNotFound`.
    """
    shown = {proof["sha256"] for proof in _shown_evidence(uow, licence)}
    found = None
    if document_hash in shown:
        found = documents.read(uow, licence.supplier_id, document_hash)
    if found is None:
        raise LicenceDocumentNotFound(licence.id, document_hash)
    if not principal.is_exchange_staff:
        uow.record(
            LicenceDocumentOpened(
                occurred_at=uow.now,
                licence_id=licence.id,
                document_hash=document_hash,
                opened_by=principal.id,
                organisation_id=principal.organisation_id,
            )
        )
    return found


def _shown_evidence(uow: UnitOfWork, licence: Licence) -> Sequence[Mapping[str, Any]]:
    """Of the version that it is for and of the one that stands now, each document once.

    Nothing of a licence that has ended. Dossiers and documents are within the reach of the supplier
    and the exchange alone: that whoever asks is a party was seen when the licence was read.
    """
    if licence.state != LicenceState.ACTIVE or licence.ends_at <= uow.now:
        return []
    uow.enter(Reach.EXCHANGE)
    standing = uow.session.get_one(ListingStanding, licence.listing_code)
    of_licence, of_listing = (
        find_approval(uow, each.version_id, each.dossier_hash) for each in (licence, standing)
    )
    proofs = {
        proof["sha256"]: proof
        for case in (of_licence, of_listing)
        for proof in (case.dossier.get("evidence") or () if case else ())
    }
    return [proof for proof in proofs.values() if proof.get("visibility") in SHOWN_TO_PARTIES]
