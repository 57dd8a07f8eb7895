"""A supplier's own data products and their versions."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.paging import Page, between, containing, matching, paginate
from listings.errors import ProductNotFound, VersionNotFound
from listings.models import DataProduct, Listing, ProductVersion

VERSIONS_SHOWN_MAX = 100
_NUMBER_MAX = 2**53


def list_products(
    session: Session,
    *,
    supplier_id: str,
    q: str | None = None,
    listing_code: str | None = None,
    state: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[DataProduct]:
    """The supplier's products, newest first; ``q`` stands in the name, the period is of entry.

    ``state`` is that of any version.
    """
    statement = select(DataProduct).where(
        DataProduct.supplier_id == supplier_id,
        *matching({DataProduct.listing_code: listing_code}),
        *containing(q, DataProduct.name),
        *between(DataProduct.registered_at, from_at, until_at),
    )
    if state is not None:
        in_state = select(ProductVersion.product_id).where(
            ProductVersion.supplier_id == supplier_id, ProductVersion.state == state
        )
        statement = statement.where(DataProduct.id.in_(in_state))
    return paginate(session, statement, key=DataProduct.id, cursor=cursor, limit=limit)


def get_product(session: Session, product_id: str, *, supplier_id: str) -> DataProduct:
    """One product of the supplier; raises `ProductNotFound`."""
    return _one_product(session, _product(product_id, supplier_id), product_id)


def lock_product(session: Session, product_id: str, *, supplier_id: str) -> DataProduct:
    """As `get_product`, and nobody else adds a version until the end of the transaction."""
    statement = _product(product_id, supplier_id).with_for_update()
    return _one_product(session, statement, product_id)


def list_versions(session: Session, product_id: str) -> list[ProductVersion]:
    """The versions of a product, newest first, at most `VERSIONS_SHOWN_MAX`."""
    statement = (
        select(ProductVersion)
        .where(ProductVersion.product_id == product_id)
        .order_by(ProductVersion.version_number.desc())
        .limit(VERSIONS_SHOWN_MAX)
    )
    return list(session.scalars(statement))


def find_listing_state(session: Session, product_id: str) -> str | None:
    """The state of the product's listing, if it ever had one."""
    return session.scalar(select(Listing.state).where(Listing.product_id == product_id))


def get_version(
    session: Session, product_id: str, version_number: int, *, supplier_id: str
) -> ProductVersion:
    """One version of a product of the supplier; raises `VersionNotFound`."""
    statement = _version(product_id, version_number, supplier_id)
    return _one_version(session, statement, version_number)


def lock_version(
    session: Session, product_id: str, version_number: int, *, supplier_id: str
) -> ProductVersion:
    """As `get_version`, and nobody else changes it until the end of the transaction."""
    statement = _version(product_id, version_number, supplier_id).with_for_update()
    return _one_version(session, statement, version_number)


def lock_version_by_id(session: Session, version_id: str) -> ProductVersion:
    """The version of an event that another room decided; raises `VersionNotFound`."""
    statement = select(ProductVersion).where(ProductVersion.id == version_id).with_for_update()
    return _one_version(session, statement, version_id)


def _product(product_id: str, supplier_id: str) -> Select[DataProduct]:
    return select(DataProduct).where(
        DataProduct.id == product_id, DataProduct.supplier_id == supplier_id
    )


def _one_product(session: Session, statement: Select[DataProduct], product_id: str) -> DataProduct:
    product = session.scalars(statement).one_or_none()
    if product is None:
        raise ProductNotFound(product_id)
    return product


def _version(product_id: str, version_number: int, supplier_id: str) -> Select[ProductVersion]:
    return select(ProductVersion).where(
        ProductVersion.product_id == product_id,
        ProductVersion.version_number == min(version_number, _NUMBER_MAX),
        ProductVersion.supplier_id == supplier_id,
    )


def _one_version(
    session: Session, statement: Select[ProductVersion], version: str | int
) -> ProductVersion:
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise VersionNotFound(version)
    return found
