"""Reads of this room; each filters by organisation itself, whatever row-level security does."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select

from app.core.cipher import Cipher
from app.core.paging import Page, between, holding, matching, paginate
from app.core.unit_of_work import UnitOfWork
from app.documents.errors import DocumentNotFound
from app.documents.models import Document


def list_documents(
    uow: UnitOfWork,
    *,
    organisation_id: str | None,
    document_hash: str | None = None,
    is_opened: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Document]:
    """Documents without their bytes, the latest first; the period is of when they were sent."""
    wanted = {Document.organisation_id: organisation_id, Document.document_hash: document_hash}
    statement = select(Document).where(
        *matching(wanted),
        *holding(Document.opened_at.is_not(None), is_opened),
        *between(Document.sent_at, from_at, until_at),
    )
    return paginate(uow.session, statement, key=Document.id, cursor=cursor, limit=limit)


def get_document(uow: UnitOfWork, organisation_id: str | None, document_hash: str) -> Document:
    """The document with that hash: the organisation's, or whoever's; raises `DocumentNotFound`.

    Two organisations may have sent the same one. Its bytes are the same.
    """
    wanted = {Document.organisation_id: organisation_id, Document.document_hash: document_hash}
    statement = select(Document).where(*matching(wanted)).order_by(Document.id).limit(1)
    found = uow.session.scalars(statement).one_or_none()
    if found is None:
        raise DocumentNotFound(document_hash)
    return found


def kept_bytes(uow: UnitOfWork, organisation_id: str) -> int:
    """How many bytes the organisation's documents have together."""
    statement = select(func.coalesce(func.sum(Document.size_bytes), 0)).where(
        Document.organisation_id == organisation_id
    )
    return int(uow.session.scalars(statement).one())


class StoredDocuments:
    """What other rooms may know of documents: which were sent, and the bytes of one."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def sent(self, uow: UnitOfWork, organisation_id: str, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes whose document the organisation has sent."""
        statement = select(Document.document_hash).where(
            Document.organisation_id == organisation_id,
            Document.document_hash.in_(sorted(set(hashes))),
        )
        return set(uow.session.scalars(statement))

    def read(
        self, uow: UnitOfWork, organisation_id: str, document_hash: str
    ) -> tuple[str, str, bytes] | None:
        """Media type, file name and bytes of the organisation's document, if it was sent.

        The caller has seen to it that whoever asks may read it, and has the reach for it.
        """
        try:
            document = get_document(uow, organisation_id, document_hash)
        except DocumentNotFound:
            return None
        content = self._cipher.decrypt(document.sealed, context=document.context)
        return document.media_type, document.file_name, content
