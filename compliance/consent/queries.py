"""Reads of the register: one's own consents, and those that name one as recipient."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true

from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.consent.batches import leaf_of
from compliance.consent.errors import (
    ConsentHasNoToken,
    ConsentNotFound,
    ConsentRegisterNotFound,
)
from compliance.consent.models import Consent, ConsentBatch, ConsentRegister
from compliance.consent.ports import ConsentKit, HashTree
from compliance.consent.states import ConsentState, state_at
from compliance.consent.tokens import token_of


@dataclass(frozen=True)
class Reader:
    """Whose consents are asked for: what an organisation collected or is named in, or all (None).

    A collecting system sees what its organisation collected, not what names it as a recipient.
    """

    organisation_id: str | None
    is_collector: bool = False

    def may_read(self) -> ColumnElement[bool]:
        """Which consents these are."""
        if self.organisation_id is None:
            return true()
        collected = Consent.supplier_id == self.organisation_id
        if self.is_collector:
            return collected
        # A test names whom it likes: it is nobody's business but the supplier's.
        named = (Consent.recipient_id == self.organisation_id) & Consent.is_test.is_(False)
        return or_(collected, named)


@dataclass(frozen=True)
class ConsentEvidence:
    """That a consent's token was bound into the log before anybody could dispute it."""

    consent: Consent
    batch: ConsentBatch
    index: int
    path: Sequence[bytes]


def get_register(uow: UnitOfWork, product_id: str, *, supplier_id: str) -> ConsentRegister:
    """A supplier's own register; raises `ConsentRegisterNotFound`."""
    register = uow.session.get(ConsentRegister, product_id)
    if register is None or register.supplier_id != supplier_id:
        raise ConsentRegisterNotFound(product_id)
    return register


def list_consents(
    uow: UnitOfWork,
    reader: Reader,
    *,
    product_id: str | None = None,
    listing_code: str | None = None,
    recipient_id: str | None = None,
    subject: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Consent]:
    """Consents within the reader's reach, newest first."""
    wanted = select(Consent).where(reader.may_read())
    filters = {
        Consent.product_id: product_id,
        Consent.listing_code: listing_code,
        Consent.recipient_id: recipient_id,
        Consent.subject: subject,
    }
    for column, value in filters.items():
        if value is not None:
            wanted = wanted.where(column == value)
    if state is not None:
        wanted = wanted.where(_in_state(uow, ConsentState(state)))
    return paginate(uow.session, wanted, key=Consent.id, cursor=cursor, limit=limit)


def _in_state(uow: UnitOfWork, state: ConsentState) -> ColumnElement[bool]:
    granted = Consent.state == ConsentState.GRANTED
    if state is ConsentState.EXPIRED:
        return granted & (Consent.expires_at <= uow.now)
    if state is ConsentState.GRANTED:
        return granted & (Consent.expires_at > uow.now)
    return Consent.state == state


def get_consent(uow: UnitOfWork, consent_id: str, reader: Reader) -> Consent:
    """One consent within the reader's reach; raises `ConsentNotFound`."""
    wanted = select(Consent).where(Consent.id == consent_id, reader.may_read())
    consent = uow.session.scalars(wanted).one_or_none()
    if consent is None:
        raise ConsentNotFound(consent_id)
    return consent


def get_token(uow: UnitOfWork, kit: ConsentKit, consent_id: str, reader: Reader) -> str:
    """The token of a standing consent; raises `ConsentNotFound`, `ConsentHasNoToken`."""
    consent = get_consent(uow, consent_id, reader)
    state = state_at(consent.state, consent.expires_at, uow.now)
    if state is not ConsentState.GRANTED:
        raise ConsentHasNoToken(consent_id, state)
    return token_of(consent, issuer=kit.issuer, signer=kit.signer)


def find_evidence(
    uow: UnitOfWork, tree: HashTree, consent_id: str, reader: Reader
) -> ConsentEvidence | None:
    """A granted consent's place in its batch's tree; None until the next batch.

    Raises `ConsentNotFound`.
    """
    consent = get_consent(uow, consent_id, reader)
    if consent.batch_id is None or consent.batch_index is None:
        return None
    batch = uow.session.get(ConsentBatch, consent.batch_id)
    assert batch is not None, "a consent names its batch by a foreign key"
    leaves = [leaf_of(each) for each in _leaves(uow, batch.id)]
    return ConsentEvidence(
        consent, batch, consent.batch_index, tree.path_to(consent.batch_index, leaves)
    )


def _leaves(uow: UnitOfWork, batch_id: str) -> Sequence[Consent]:
    wanted = select(Consent).where(Consent.batch_id == batch_id, Consent.batch_index.is_not(None))
    return uow.session.scalars(wanted.order_by(Consent.batch_index)).all()
