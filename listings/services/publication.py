"""Puts approved versions into the catalogue and takes listings out of it."""

from sqlalchemy import select

from app.core.delivery import demand_deliverable
from app.core.ids import OrganisationId, PlanId, ProductId, VersionId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.entry import catalogue_entry, search_words
from listings.catalogue.listing_codes import parse_listing_code
from listings.errors import DossierChanged, ListingNotFound, ListingNotOpen
from listings.events import ListingDelisted, ListingPublished, PlanPublished
from listings.models import Listing, ListingWords, ProductVersion
from listings.queries.products import lock_version_by_id
from listings.queries.registry import lock_entries_of_product
from listings.services.parties import demand_supplier
from listings.services.transfers import demand_no_transfer
from listings.versions.delivery import delivery_of, enforced_fields_in, enforced_fields_out
from listings.versions.life_cycle import LIFE_CYCLE, LISTED, SUSPENDED


def publish_listing(uow: UnitOfWork, *, version_id: str, dossier_hash: str) -> Listing:
    """Show the approved version in the catalogue; it replaces the product's former one.

    Raises `DossierChanged` when the stored version is not the one with the approved hash,
    `ListingNotOpen` when the former one is suspended, `TransferOpen` while the registration is on
    its way to another supplier, `DeliveryUnavailable`, `PartyNotVerified`, `IllegalTransition`.
    """
    version = lock_version_by_id(uow.session, version_id)
    _demand_approved(version, dossier_hash)
    demand_deliverable(version.content)
    # The registry's entries first: a transfer that is proposed just now waits or is seen here.
    lock_entries_of_product(uow.session, version.product_id)
    demand_no_transfer(uow, version.product_id)
    listing = _supersede(uow, version)
    version.advance("publish", at=uow.now)
    listing = listing or _new_listing(uow, version)
    _show(uow, listing, version)
    uow.session.add(listing)
    uow.session.flush()
    _tell(uow, listing, version)
    return listing


def _demand_approved(version: ProductVersion, approved_hash: str) -> None:
    if version.dossier_hash != approved_hash:
        raise DossierChanged(version.id, approved_hash, version.dossier_hash or "")
    version.demand_unchanged(approved_hash)


def _supersede(uow: UnitOfWork, version: ProductVersion) -> Listing | None:
    listing = uow.session.scalars(
        select(Listing)
        .where(Listing.product_id == version.product_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if listing is None:
        return None
    if listing.state == SUSPENDED:
        # A new version must not undo a suspension; resume or revoke it first.
        raise ListingNotOpen(listing.listing_code, listing.state)
    if listing.state == LISTED:
        listing.version.advance("supersede", at=uow.now)
        # One live version a product: the index would see both if they were written together.
        uow.session.flush()
    return listing


def _new_listing(uow: UnitOfWork, version: ProductVersion) -> Listing:
    return Listing(
        listing_code=version.listing_code,
        id=uow.ids.new("lst"),
        product_id=version.product_id,
        supplier_id=version.supplier_id,
        first_listed_at=uow.now,
    )


def _show(uow: UnitOfWork, listing: Listing, version: ProductVersion) -> None:
    supplier = demand_supplier(uow, version.supplier_id)
    plans = [plan.terms for plan in version.plans]
    entry = catalogue_entry(version.content, plans, supplier_name=supplier.name)
    for name, value in entry.items():
        setattr(listing, name, value)
    words = search_words(version.content, supplier_name=supplier.name)
    listing.words = listing.words or ListingWords(listing_code=listing.listing_code)
    listing.words.search = words
    listing.version, listing.dossier_hash = version, str(version.dossier_hash)
    listing.state, listing.published_at, listing.changed_at = LISTED, uow.now, uow.now


def _tell(uow: UnitOfWork, listing: Listing, version: ProductVersion) -> None:
    kept = version.credential
    uow.record(
        ListingPublished(
            occurred_at=uow.now,
            listing_code=listing.listing_code,
            product_id=ProductId(listing.product_id),
            version_id=VersionId(version.id),
            supplier_id=OrganisationId(listing.supplier_id),
            dossier_hash=listing.dossier_hash,
            delivery=delivery_of(
                version.content,
                ciphertext=kept.ciphertext if kept else None,
                context=kept.context if kept else "",
            ),
            fields_in=enforced_fields_in(version.content),
            fields_out=enforced_fields_out(version.content),
        )
    )
    for plan in version.plans:
        uow.record(
            PlanPublished(
                occurred_at=uow.now,
                plan_id=PlanId(plan.id),
                plan_hash=plan.plan_hash,
                listing_code=listing.listing_code,
                supplier_id=OrganisationId(listing.supplier_id),
                terms=plan.terms,
            )
        )


def suspend_listing(uow: UnitOfWork, *, listing_code: str) -> Listing:
    """Take the listing off sale until it is resumed; raises `ListingNotFound`."""
    return _advance(uow, listing_code, "suspend")


def resume_listing(uow: UnitOfWork, *, listing_code: str) -> Listing:
    """Put a suspended listing on sale again; raises `ListingNotFound`, `IllegalTransition`."""
    return _advance(uow, listing_code, "resume")


def revoke_listing(uow: UnitOfWork, *, listing_code: str) -> Listing:
    """End the listing for cause; only a newly reviewed version leads back."""
    return _advance(uow, listing_code, "revoke")


def delist_listing(uow: UnitOfWork, principal: Principal, *, listing_code: str) -> Listing:
    """The supplier's own end of sale, told to everybody; running agreements go on.

    Nothing is held here: who watches over the listing holds what they keep of it first, as for a
    suspension, and has it taken off sale then (`take_off_sale`), so that all wait in one order.
    Raises `ListingNotFound`, `IllegalTransition`.
    """
    listing = uow.session.get(Listing, parse_listing_code(listing_code))
    if listing is None or listing.supplier_id != principal.organisation_id:
        raise ListingNotFound(listing_code)
    LIFE_CYCLE.next(listing.state, "delist")
    uow.record(
        ListingDelisted(
            occurred_at=uow.now,
            listing_code=listing.listing_code,
            supplier_id=OrganisationId(listing.supplier_id),
        )
    )
    return listing


def take_off_sale(uow: UnitOfWork, *, listing_code: str) -> Listing:
    """End the sale for good, as its supplier wished; raises `IllegalTransition`."""
    return _advance(uow, listing_code, "delist")


def _advance(uow: UnitOfWork, listing_code: str, event: str) -> Listing:
    listing = _lock(uow, listing_code)
    listing.advance(event, at=uow.now)
    return listing


def _lock(uow: UnitOfWork, listing_code: str) -> Listing:
    # Its code never changes: an order that refers to it just now need not wait for this.
    listing = uow.session.get(Listing, listing_code, with_for_update={"key_share": True})
    if listing is None:
        raise ListingNotFound(listing_code)
    return listing
