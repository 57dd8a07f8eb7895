"""Hands versions in for review, and takes the review's answer."""

from sqlalchemy import select

from app.core.delivery import obstacles_of
from app.core.ids import OrganisationId, ProductId, VersionId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.listing_codes import RANDOM_LENGTH, make_listing_code
from listings.errors import DraftOpen, Fault, VersionIncomplete, VersionInvalid
from listings.events import EvidenceSubmitted, VersionSubmitted
from listings.models import DataProduct, ListingParty, ProductVersion
from listings.queries.products import lock_product, lock_version, lock_version_by_id
from listings.services.contributions import missing_agreements
from listings.services.parties import demand_supplier
from listings.services.registry import origin_faults
from listings.versions.content_rules import missing_parts
from listings.versions.dossier import dossier_hash
from listings.versions.life_cycle import OPEN, SUBMITTED
from listings.versions.record_rules import record_faults


def submit_version(
    uow: UnitOfWork,
    principal: Principal,
    *,
    product_id: str,
    version_number: int,
    is_for_listing: bool = True,
    tags: frozenset[str] | None = None,
) -> ProductVersion:
    """Fix a draft by its dossier's hash and hand it to the reviewers.

    With ``is_for_listing`` its listing is applied for as soon as it is registered; with ``tags``
    it is what had one of them when it was read.

    Raises `PartyNotVerified`, `VersionNotFound`, `VersionChanged`, `IllegalTransition`,
    `VersionIncomplete`, and `VersionInvalid` for a whole version whose members contradict
    each other, or that shall be listed and is not delivered by the exchange.
    """
    supplier = demand_supplier(uow, principal.organisation_id)
    product = lock_product(uow.session, product_id, supplier_id=supplier.organisation_id)
    version = lock_version(
        uow.session, product.id, version_number, supplier_id=supplier.organisation_id
    )
    version.demand_match(tags)
    version.advance("submit", at=uow.now)
    with uow.session.no_autoflush:
        # A submitted row without its hash is none that the table takes.
        _demand_sound(uow, version, is_for_listing=is_for_listing)
    version.listing_code = _listing_code(uow, product, supplier)
    _hand_in(uow, version, is_for_listing=is_for_listing)
    return version


def _demand_sound(uow: UnitOfWork, version: ProductVersion, *, is_for_listing: bool) -> None:
    missing = missing_parts(version.content, [plan.terms for plan in version.plans])
    missing += missing_agreements(uow, version)
    faults = record_faults(version.content, supplier_id=version.supplier_id)
    faults += origin_faults(uow, version)
    if is_for_listing and version.content.get("delivery_mode"):
        faults += [Fault(*obstacle) for obstacle in obstacles_of(version.content)]
    if missing:
        raise VersionIncomplete([*missing, *faults])
    if faults:
        raise VersionInvalid(faults)


def _listing_code(uow: UnitOfWork, product: DataProduct, supplier: ListingParty) -> str:
    if product.listing_code is None:
        random_part = uow.ids.opaque("lst")[-RANDOM_LENGTH:]
        product.listing_code = make_listing_code(supplier.party_number, random_part)
    return product.listing_code


def _hand_in(uow: UnitOfWork, version: ProductVersion, *, is_for_listing: bool) -> None:
    dossier = version.dossier()
    version.dossier_hash = dossier_hash(dossier)
    uow.record(
        VersionSubmitted(
            occurred_at=uow.now,
            version_id=VersionId(version.id),
            product_id=ProductId(version.product_id),
            supplier_id=OrganisationId(version.supplier_id),
            listing_code=str(version.listing_code),
            version_number=version.version_number,
            dossier=dossier,
            dossier_hash=version.dossier_hash,
            is_for_listing=is_for_listing,
        )
    )
    for document in dossier.get("evidence") or ():
        uow.record(
            EvidenceSubmitted(
                occurred_at=uow.now,
                version_id=VersionId(version.id),
                kind=document["kind"],
                document_hash=document["sha256"],
                valid_from=document.get("valid_from"),
                valid_to=document.get("valid_to"),
            )
        )


def return_version(uow: UnitOfWork, *, version_id: str) -> ProductVersion:
    """The review sent the version back to be edited; raises `IllegalTransition`."""
    version = lock_version_by_id(uow.session, version_id)
    version.advance("return", at=uow.now)
    return version


def reject_version(uow: UnitOfWork, *, version_id: str) -> ProductVersion:
    """The review refused the version for good; raises `IllegalTransition`."""
    version = lock_version_by_id(uow.session, version_id)
    version.advance("reject", at=uow.now)
    return version


def close_version(uow: UnitOfWork, *, version_id: str) -> None:
    """What it was registered by has ended: a version that still waited is closed for good."""
    version = lock_version_by_id(uow.session, version_id)
    if version.state == SUBMITTED:
        version.advance("reject", at=uow.now)


def reopen_version(uow: UnitOfWork, *, version_id: str) -> ProductVersion:
    """A rejection is appealed; raises `DraftOpen` beside another version on its way."""
    # The product first, as whoever begins a version does: one of the two sees the other.
    product_id = select(ProductVersion.product_id).where(ProductVersion.id == version_id)
    uow.session.scalars(
        select(DataProduct).where(DataProduct.id == product_id.scalar_subquery()).with_for_update()
    ).one_or_none()
    version = lock_version_by_id(uow.session, version_id)
    open_number = uow.session.scalar(
        select(ProductVersion.version_number).where(
            ProductVersion.product_id == version.product_id, ProductVersion.state.in_(OPEN)
        )
    )
    if open_number is not None:
        raise DraftOpen(version.product_id, open_number)
    version.advance("reopen", at=uow.now)
    return version
