"""Routes of a supplier's own data products and their versions."""

from typing import Any

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.core.unit_of_work import UnitOfWork
from app.web.access import requires
from app.web.conditions import IF_MATCH, asked_match, entity_tag
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from app.web.schemas import members_of
from listings import services
from listings.api.blueprint import blueprint
from listings.models import DataProduct, ProductVersion
from listings.queries import products, registry
from listings.schemas.content import AmendVersionSchema, DraftVersionSchema
from listings.schemas.products import (
    ProductDetailSchema,
    ProductQuerySchema,
    ProductSchema,
    RegisterProductSchema,
    SubmitVersionSchema,
    VersionSchema,
)

Answer = tuple[dict[str, Any], dict[str, str]]
_VERSION = "/products/<product_id>/versions/<int:version_number>"


@blueprint.route("/products", methods=["POST"])
@blueprint.arguments(RegisterProductSchema)
@blueprint.response(201, ProductSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_product(command: dict[str, Any]) -> DataProduct:
    """Enter a data product; nothing is public by that."""
    with unit_of_work() as uow:
        product = services.register_product(uow, current_principal(), **command)
        uow.commit()
    return product


@blueprint.route("/products", methods=["GET"])
@blueprint.arguments(ProductQuerySchema, location="query")
@blueprint.response(200, page_schema(ProductSchema))
@requires(Permission.OFFER_PRODUCTS)
def get_products(query: dict[str, Any]) -> Page[DataProduct]:
    """List one's own data products, newest first."""
    supplier_id = current_principal().organisation_id
    with unit_of_work() as uow:
        return products.list_products(uow.session, supplier_id=supplier_id, **query)


@blueprint.route("/products/<product_id>", methods=["GET"])
@blueprint.response(200, ProductDetailSchema)
@requires(Permission.OFFER_PRODUCTS)
def get_product(product_id: str) -> dict[str, Any]:
    """Show a data product of one's own with its versions."""
    supplier_id = current_principal().organisation_id
    with unit_of_work() as uow:
        product = products.get_product(uow.session, product_id, supplier_id=supplier_id)
        return {
            **{name: getattr(product, name) for name in ProductSchema().fields},
            "origin": product.origin,
            "listing_state": products.find_listing_state(uow.session, product.id),
            "registrations": registry.list_entries_of_product(uow.session, product.id),
            "versions": products.list_versions(uow.session, product.id),
        }


@blueprint.route("/products/<product_id>", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.OFFER_PRODUCTS)
def delete_product(product_id: str) -> None:
    """Delete a data product of which nothing was ever handed in, and its draft."""
    with unit_of_work() as uow:
        services.delete_product(uow, current_principal(), product_id=product_id)
        uow.commit()


@blueprint.route("/products/<product_id>/versions", methods=["POST"])
@blueprint.arguments(DraftVersionSchema)
@blueprint.response(201, VersionSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_version(form: dict[str, Any], product_id: str) -> Answer:
    """Begin the next version as a draft."""
    with unit_of_work() as uow:
        version = services.draft_version(
            uow, current_principal(), get(Cipher), product_id=product_id, form=form
        )
        return _committed(uow, version)


@blueprint.route(_VERSION, methods=["GET"])
@blueprint.response(200, VersionSchema)
@requires(Permission.OFFER_PRODUCTS)
def get_version(product_id: str, version_number: int) -> Answer:
    """Show a version of one's own, in any state."""
    supplier_id = current_principal().organisation_id
    with unit_of_work() as uow:
        version = products.get_version(
            uow.session, product_id, version_number, supplier_id=supplier_id
        )
        return _shown(version)


@blueprint.route(_VERSION, methods=["PUT"], parameters=[IF_MATCH])
@blueprint.arguments(DraftVersionSchema)
@blueprint.response(200, VersionSchema)
@requires(Permission.OFFER_PRODUCTS)
def put_version(form: dict[str, Any], product_id: str, version_number: int) -> Answer:
    """Replace a draft."""
    with unit_of_work() as uow:
        version = services.replace_draft(
            uow,
            current_principal(),
            get(Cipher),
            product_id=product_id,
            version_number=version_number,
            form=form,
            tags=asked_match(),
        )
        return _committed(uow, version)


@blueprint.route(_VERSION, methods=["DELETE"], parameters=[IF_MATCH])
@blueprint.response(204)
@requires(Permission.OFFER_PRODUCTS)
def delete_version(product_id: str, version_number: int) -> None:
    """Delete a draft that was never handed in; the next draft has its number."""
    with unit_of_work() as uow:
        services.delete_draft(
            uow,
            current_principal(),
            product_id=product_id,
            version_number=version_number,
            tags=asked_match(),
        )
        uow.commit()


@blueprint.route(_VERSION, methods=["PATCH"], parameters=[IF_MATCH])
@blueprint.arguments(AmendVersionSchema)
@blueprint.response(200, VersionSchema)
@requires(Permission.OFFER_PRODUCTS)
def patch_version(form: dict[str, Any], product_id: str, version_number: int) -> Answer:
    """Replace the named parts of a draft."""
    with unit_of_work() as uow:
        version = services.amend_draft(
            uow,
            current_principal(),
            get(Cipher),
            product_id=product_id,
            version_number=version_number,
            form=form,
            tags=asked_match(),
        )
        return _committed(uow, version)


@blueprint.route(f"{_VERSION}/submission", methods=["POST"], parameters=[IF_MATCH])
@blueprint.arguments(SubmitVersionSchema, required=False)
@blueprint.response(201, VersionSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_submission(command: dict[str, Any], product_id: str, version_number: int) -> Answer:
    """Hand a draft in for review; from now on it is immutable, unless it is returned."""
    with unit_of_work() as uow:
        version = services.submit_version(
            uow,
            current_principal(),
            product_id=product_id,
            version_number=version_number,
            **command,
            tags=asked_match(),
        )
        return _committed(uow, version)


def _committed(uow: UnitOfWork, version: ProductVersion) -> Answer:
    uow.commit()
    return _shown(version)


def _shown(version: ProductVersion) -> Answer:
    """Read while the session lives; of the credential only that there is one."""
    shown = members_of(VersionSchema(exclude=["has_credential"]), version)
    body = {**shown, "has_credential": version.credential is not None}
    return body, entity_tag(version.tag)
