"""Deletes what a supplier entered and nobody else ever relied on."""

from sqlalchemy import or_, select

from app.core.ids import OrganisationId, ProductId, VersionId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.errors import AGREED_TO, HANDED_IN, TRANSFERRED, KeptOnRecord
from listings.events import DraftDeleted, ProductDeleted
from listings.models import Contribution, ProductVersion, RegistrationTransfer
from listings.offers.contribution_terms import AGREED
from listings.queries.products import lock_product, lock_version


def delete_draft(
    uow: UnitOfWork,
    principal: Principal,
    *,
    product_id: str,
    version_number: int,
    tags: frozenset[str] | None = None,
) -> None:
    """Delete a draft with its offers, credential and requests to contributors.

    Raises `ProductNotFound`, `VersionNotFound`, `VersionChanged`, and `KeptOnRecord` once it was
    handed in, agreed to, or made for a transfer.
    """
    own = principal.organisation_id
    product = lock_product(uow.session, product_id, supplier_id=own)
    version = lock_version(uow.session, product.id, version_number, supplier_id=own)
    version.demand_match(tags)
    _demand_untransferred(uow, product.id)
    _delete(uow, version)


def delete_product(uow: UnitOfWork, principal: Principal, *, product_id: str) -> None:
    """Delete a data product and its draft, if it has one.

    Raises `ProductNotFound`, and `KeptOnRecord` as `delete_draft`. What collects its consents may
    refuse too.
    """
    product = lock_product(uow.session, product_id, supplier_id=principal.organisation_id)
    if product.listing_code is not None:
        raise KeptOnRecord(product.id, HANDED_IN)
    _demand_untransferred(uow, product.id)
    drafts = select(ProductVersion).where(ProductVersion.product_id == product.id)
    for version in uow.session.scalars(drafts.with_for_update()).all():
        _delete(uow, version)
    uow.session.delete(product)
    uow.session.flush()
    uow.record(
        ProductDeleted(
            occurred_at=uow.now,
            product_id=ProductId(product.id),
            supplier_id=OrganisationId(product.supplier_id),
        )
    )


def _demand_untransferred(uow: UnitOfWork, product_id: str) -> None:
    named = or_(
        RegistrationTransfer.product_id == product_id,
        RegistrationTransfer.successor_product_id == product_id,
    )
    if uow.session.scalar(select(RegistrationTransfer.id).where(named).limit(1)) is not None:
        raise KeptOnRecord(product_id, TRANSFERRED)


def _delete(uow: UnitOfWork, version: ProductVersion) -> None:
    if version.submitted_at is not None:
        raise KeptOnRecord(version.id, HANDED_IN)
    asked = select(Contribution).where(Contribution.version_id == version.id).with_for_update()
    for contribution in uow.session.scalars(asked).all():
        if contribution.state == AGREED:
            raise KeptOnRecord(version.id, AGREED_TO)
        uow.session.delete(contribution)
    # Contributions point to the version, so they go before it.
    uow.session.flush()
    uow.session.delete(version)
    uow.session.flush()
    uow.record(
        DraftDeleted(
            occurred_at=uow.now,
            version_id=VersionId(version.id),
            product_id=ProductId(version.product_id),
            supplier_id=OrganisationId(version.supplier_id),
        )
    )
