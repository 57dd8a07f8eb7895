"""The verbs: a document is sent, opened, and taken back while nobody has opened it."""

import hashlib

from sqlalchemy import func, select, update

from app.core.cipher import Cipher
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from app.documents.errors import DocumentDiffers, DocumentOpened, DocumentsFull
from app.documents.kinds import check_kind
from app.documents.models import Document
from app.documents.queries import get_document, kept_bytes, list_documents

DOCUMENT_BYTES_MAX = 10 * 1024 * 1024
"""Of one document: a contract of some dozen scanned pages."""
ORGANISATION_BYTES_MAX = 1024 * 1024 * 1024
"""Of all documents of an organisation."""


def send_document(
    uow: UnitOfWork,
    cipher: Cipher,
    principal: Principal,
    *,
    document_hash: str,
    media_type: str,
    content: bytes,
) -> tuple[Document, bool]:
    """Keep a document, and say whether it is new; the same one again changes nothing.

    Raises `DocumentDiffers`, `DocumentTypeRefused`, `DocumentsFull`.
    """
    sent_hash = hashlib.sha256(content).hexdigest()
    if sent_hash != document_hash:
        raise DocumentDiffers(document_hash, sent_hash)
    check_kind(media_type, content)
    organisation_id = principal.organisation_id
    _one_at_a_time(uow, organisation_id)
    held = list_documents(
        uow, organisation_id=organisation_id, document_hash=document_hash, cursor=None, limit=1
    ).items
    if held:
        return held[0], False
    kept = kept_bytes(uow, organisation_id)
    if kept + len(content) > ORGANISATION_BYTES_MAX:
        raise DocumentsFull(kept_bytes=kept, allowed_bytes=ORGANISATION_BYTES_MAX)
    document = Document(
        id=uow.ids.new("doc"),
        organisation_id=organisation_id,
        document_hash=document_hash,
        media_type=media_type,
        size_bytes=len(content),
        sent_by=principal.id,
        sent_at=uow.now,
    )
    document.sealed = cipher.encrypt(content, context=document.context)
    uow.session.add(document)
    return document, True


def open_document(
    uow: UnitOfWork, cipher: Cipher, principal: Principal, document: Document
) -> bytes:
    """The document's bytes; once somebody of the exchange has them, whoever sent it keeps it.

    Raises `CannotDecrypt` where the stored bytes were altered.
    """
    content = cipher.decrypt(document.sealed, context=document.context)
    if principal.is_exchange_staff:
        note_opened(uow, document.document_hash)
    return content


def note_opened(uow: UnitOfWork, document_hash: str, *, by_organisation: str = "") -> None:
    """Whoever sent it keeps it from now on, but for the organisation that opened its own."""
    first_opened = update(Document).where(
        Document.document_hash == document_hash,
        Document.opened_at.is_(None),
        Document.organisation_id != by_organisation,
    )
    uow.session.execute(first_opened.values(opened_at=uow.now))


def take_back_document(uow: UnitOfWork, principal: Principal, document_hash: str) -> None:
    """Delete what nobody has opened yet; raises `DocumentNotFound`, `DocumentOpened`."""
    document = get_document(uow, principal.organisation_id, document_hash)
    uow.session.refresh(document, attribute_names=["opened_at"], with_for_update=True)
    if document.opened_at is not None:
        raise DocumentOpened(document_hash)
    uow.session.delete(document)


def _one_at_a_time(uow: UnitOfWork, organisation_id: str) -> None:
    """Two at once could each take the last room there is, or be the same document."""
    name = f"documents:{organisation_id}"
    uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
