"""Routes of data contracts: a supplier's upload format, and a version written as one."""

import json
from typing import Any

from flask import Response, request

from app.core.cipher import Cipher
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.schemas import members_of
from listings import services
from listings.api.blueprint import blueprint
from listings.data_contracts.reading import read_contract
from listings.data_contracts.text import read_contract_text
from listings.data_contracts.writing import write_contract
from listings.errors import VersionInvalid
from listings.models import ProductVersion
from listings.queries import products
from listings.schemas.contracts import ContractVersionSchema, in_contract, load_contract

_CONTRACT = {"type": "object"}
_BODY = {
    "required": True,
    "content": {
        "application/yaml": {"schema": {"type": "string"}},
        "application/json": {"schema": {"type": "object"}},
    },
}


@blueprint.route("/products/<product_id>/contracts", methods=["POST"])
@blueprint.response(201, ContractVersionSchema)
@blueprint.doc(requestBody=_BODY)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_contract(product_id: str) -> dict[str, Any]:
    """Begin the next version from a data contract (ODCS 3, YAML or JSON)."""
    read = read_contract(read_contract_text(request.get_data(cache=True)))
    form = load_contract(read)
    with unit_of_work() as uow:
        try:
            version = services.draft_version(
                uow, current_principal(), get(Cipher), product_id=product_id, form=form
            )
        except VersionInvalid as refusal:
            raise in_contract(read, refusal) from None
        uow.commit()
        return {**_shown(version), "ignored": read.ignored}


@blueprint.route("/products/<product_id>/versions/<int:version_number>/contract", methods=["GET"])
@blueprint.response(200, _CONTRACT, description="A data contract (ODCS 3.0.2)")
@requires(Permission.OFFER_PRODUCTS)
def get_contract(product_id: str, version_number: int) -> Response:
    """Write a version of one's own as a data contract, which reads back as the same version."""
    with unit_of_work() as uow:
        version = products.get_version(
            uow.session,
            product_id,
            version_number,
            supplier_id=current_principal().organisation_id,
        )
        offers = [
            {"name": offer.name, "plans": [plan.terms for plan in offer.plans]}
            for offer in version.offers
        ]
        contract = write_contract(
            version.content,
            offers,
            product_id=version.product_id,
            version_number=version.version_number,
            state=version.state,
        )
    return Response(json.dumps(contract, ensure_ascii=False), content_type="application/json")


def _shown(version: ProductVersion) -> dict[str, Any]:
    shown = members_of(ContractVersionSchema(exclude=["has_credential", "ignored"]), version)
    return {**shown, "has_credential": version.credential is not None}
