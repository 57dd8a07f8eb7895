"""Routes of transfers: a holder proposes, another supplier accepts, the exchange registers it."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from listings import services
from listings.api.blueprint import blueprint
from listings.models import RegistrationTransfer
from listings.queries import transfers
from listings.schemas.transfers import (
    AcceptTransferSchema,
    EndTransferSchema,
    ProposeTransferSchema,
    TransferQuerySchema,
    TransferSchema,
)

_ONE = "/registration-transfers/<transfer_id>"


@blueprint.route("/registry/<registration_id>/transfers", methods=["POST"])
@blueprint.arguments(ProposeTransferSchema)
@blueprint.response(201, TransferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_transfer(command: dict[str, Any], registration_id: str) -> RegistrationTransfer:
    """Offer one's own registration to another supplier; its product must be off sale."""
    with unit_of_work() as uow:
        transfer = services.propose_transfer(
            uow, current_principal(), registration_id=registration_id, **command
        )
        uow.commit()
    return transfer


@blueprint.route("/registration-transfers", methods=["GET"])
@blueprint.arguments(TransferQuerySchema, location="query")
@blueprint.response(200, page_schema(TransferSchema))
@requires(Permission.READ_OWN)
def get_transfers(query: dict[str, Any]) -> Page[RegistrationTransfer]:
    """List the transfers that one has a part in, newest first; staff see all."""
    with unit_of_work() as uow:
        return transfers.list_transfers(uow.session, organisation_id=own_organisation(), **query)


@blueprint.route(_ONE, methods=["GET"])
@blueprint.response(200, TransferSchema)
@requires(Permission.READ_OWN)
def get_transfer(transfer_id: str) -> RegistrationTransfer:
    """Show a transfer to either side, and to the exchange."""
    with unit_of_work() as uow:
        return transfers.get_transfer(uow.session, transfer_id, organisation_id=own_organisation())


@blueprint.route(f"{_ONE}/acceptance", methods=["POST"])
@blueprint.arguments(AcceptTransferSchema)
@blueprint.response(201, TransferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_transfer_acceptance(command: dict[str, Any], transfer_id: str) -> RegistrationTransfer:
    """Take a registration over; a product with the former record as its draft is begun."""
    with unit_of_work() as uow:
        transfer = services.accept_transfer(
            uow, current_principal(), transfer_id=transfer_id, **command
        )
        uow.commit()
    return transfer


@blueprint.route(f"{_ONE}/refusal", methods=["POST"])
@blueprint.arguments(EndTransferSchema)
@blueprint.response(201, TransferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_transfer_refusal(command: dict[str, Any], transfer_id: str) -> RegistrationTransfer:
    """Not take it over, or no longer, as long as the exchange has not registered it."""
    with unit_of_work() as uow:
        transfer = services.decline_transfer(
            uow, current_principal(), transfer_id=transfer_id, **command
        )
        uow.commit()
    return transfer


@blueprint.route(f"{_ONE}/withdrawal", methods=["POST"])
@blueprint.arguments(EndTransferSchema)
@blueprint.response(201, TransferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_transfer_withdrawal(command: dict[str, Any], transfer_id: str) -> RegistrationTransfer:
    """Keep one's registration, as long as the exchange has not registered the successor."""
    with unit_of_work() as uow:
        transfer = services.withdraw_transfer(
            uow, current_principal(), transfer_id=transfer_id, **command
        )
        uow.commit()
    return transfer
