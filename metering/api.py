"""Routes of metering on the control plane: entitlements, caps, usage, receipts again."""

from typing import Any

from flask import Response

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.paging import page_schema
from metering import cap_services, queries, schemas
from metering.cap_services import Cap
from metering.models import CapScope, Entitlement, UsageEvent
from metering.plans.queries import EntitlementDetail, detail_of
from metering.plans.renewals import set_renewal
from metering.recording.receipt_queries import StoredReceipts
from metering.signing.stored import SignedRequestReader

blueprint = Blueprint(
    "metering", __name__, url_prefix="/v1", description="What may be called, and what was."
)


@blueprint.route("/entitlements", methods=["GET"])
@blueprint.arguments(schemas.EntitlementQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.EntitlementSchema))
@requires(Permission.READ_OWN)
def get_entitlements(query: dict[str, Any]) -> Page[Entitlement]:
    """Entitlements that the organisation holds or delivers, newest licence first."""
    with unit_of_work() as uow:
        return queries.list_entitlements(uow.session, own_organisation(), **query)


@blueprint.route("/entitlements/<licence_id>", methods=["GET"])
@blueprint.response(200, schemas.EntitlementDetailSchema)
@requires(Permission.READ_OWN)
def get_entitlement(licence_id: str) -> EntitlementDetail:
    """One entitlement with its period, its pools and what is left of them."""
    with unit_of_work() as uow:
        found = queries.get_entitlement(uow.session, own_organisation(), licence_id)
        return detail_of(uow.session, found, at=uow.now)


@blueprint.route("/entitlements/<licence_id>/renewal", methods=["PUT"])
@blueprint.arguments(schemas.RenewalSchema)
@blueprint.response(200, schemas.EntitlementSchema)
@requires(Permission.BUY)
def put_renewal(command: dict[str, Any], licence_id: str) -> Entitlement:
    """Let a subscription end with the period that is paid, or go on after all."""
    with unit_of_work() as uow:
        queries.get_entitlement(uow.session, own_organisation(), licence_id)
        # Whose it is was asked with the caller's own reach; periods are the exchange's to change.
        uow.enter(Reach.EXCHANGE)
        changed = set_renewal(uow, current_principal(), licence_id=licence_id, **command)
        uow.commit()
        return changed


@blueprint.route("/licences/<licence_id>/caps", methods=["GET"])
@blueprint.response(200, schemas.CapsSchema)
@requires(Permission.READ_OWN)
def get_caps(licence_id: str) -> dict[str, Any]:
    """The spending caps of a licence that the organisation holds, and how far they are used."""
    with unit_of_work() as uow:
        caps = cap_services.list_caps(uow.session, own_organisation(), licence_id, at=uow.now)
    return {"items": caps}


def _set_cap(licence_id: str, scope: CapScope, cap_amount: int | None) -> Cap | None:
    setters = {
        CapScope.LICENCE: cap_services.set_licence_cap,
        CapScope.DAY: cap_services.set_day_cap,
    }
    buyer_id = current_principal().organisation_id
    with unit_of_work() as uow:
        setters[scope](uow, buyer_id=buyer_id, licence_id=licence_id, cap_amount=cap_amount)
        uow.session.flush()
        caps = cap_services.list_caps(uow.session, buyer_id, licence_id, at=uow.now)
        uow.commit()
    return next((cap for cap in caps if cap.scope is scope), None)


def _set_key_cap(licence_id: str, key_id: str, cap_amount: int | None) -> Cap | None:
    buyer_id = current_principal().organisation_id
    with unit_of_work() as uow:
        cap_services.set_key_cap(
            uow, buyer_id=buyer_id, licence_id=licence_id, key_id=key_id, cap_amount=cap_amount
        )
        uow.session.flush()
        caps = cap_services.list_caps(uow.session, buyer_id, licence_id, at=uow.now)
        uow.commit()
    return next((cap for cap in caps if cap.key_id == key_id), None)


@blueprint.route("/licences/<licence_id>/caps/licence", methods=["PUT"])
@blueprint.arguments(schemas.CapCommandSchema)
@blueprint.response(200, schemas.CapSchema)
@requires(Permission.BUY)
def put_licence_cap(command: dict[str, Any], licence_id: str) -> Cap | None:
    """Bound what the licence may spend on calls in all."""
    return _set_cap(licence_id, CapScope.LICENCE, command["cap_amount"])


@blueprint.route("/licences/<licence_id>/caps/licence", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.BUY)
def delete_licence_cap(licence_id: str) -> None:
    """Take the licence's cap away; doing it twice changes nothing."""
    _set_cap(licence_id, CapScope.LICENCE, None)


@blueprint.route("/licences/<licence_id>/caps/day", methods=["PUT"])
@blueprint.arguments(schemas.CapCommandSchema)
@blueprint.response(200, schemas.CapSchema)
@requires(Permission.BUY)
def put_day_cap(command: dict[str, Any], licence_id: str) -> Cap | None:
    """Bound what the licence may spend on calls on each day in Shanghai, today included."""
    return _set_cap(licence_id, CapScope.DAY, command["cap_amount"])


@blueprint.route("/licences/<licence_id>/caps/day", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.BUY)
def delete_day_cap(licence_id: str) -> None:
    """Take the day's cap away; doing it twice changes nothing."""
    _set_cap(licence_id, CapScope.DAY, None)


@blueprint.route("/licences/<licence_id>/caps/keys/<key_id>", methods=["PUT"])
@blueprint.arguments(schemas.CapCommandSchema)
@blueprint.response(200, schemas.CapSchema)
@requires(Permission.BUY)
def put_key_cap(command: dict[str, Any], licence_id: str, key_id: str) -> Cap | None:
    """Bound what calls with one key may cost from now on."""
    return _set_key_cap(licence_id, key_id, command["cap_amount"])


@blueprint.route("/licences/<licence_id>/caps/keys/<key_id>", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.BUY)
def delete_key_cap(licence_id: str, key_id: str) -> None:
    """Take a key's cap away; doing it twice changes nothing."""
    _set_key_cap(licence_id, key_id, None)


@blueprint.route("/usage", methods=["GET"])
@blueprint.arguments(schemas.UsageQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.UsageEventSchema))
@requires(Permission.READ_OWN)
def get_usage(query: dict[str, Any]) -> Page[UsageEvent]:
    """Recorded calls, newest first."""
    with unit_of_work() as uow:
        return queries.list_usage(uow.session, own_organisation(), **query)


@blueprint.route("/receipts/<licence_id>/<int:lane>/<int:n>", methods=["GET"])
@blueprint.response(
    200, content_type="application/json", description="A usage receipt, canonical JSON."
)
@requires(Permission.READ_OWN)
def get_receipt(licence_id: str, lane: int, n: int) -> Response:
    """A usage receipt again, byte for byte as it was given with the answer."""
    with unit_of_work() as uow:
        receipt = get(StoredReceipts).receipt(
            uow.session, own_organisation(), licence_id=licence_id, lane=lane, n=n
        )
    return Response(receipt, content_type="application/json")


@blueprint.route("/receipts/<licence_id>/<int:lane>/<int:n>/signed-request", methods=["GET"])
@blueprint.response(
    200,
    content_type="application/json",
    description="What the buyer signed for the call, canonical JSON.",
)
@requires(Permission.READ_OWN)
def get_signed_request(licence_id: str, lane: int, n: int) -> Response:
    """The signature base, key and signature that the call rests on, until its detail is erased."""
    with unit_of_work() as uow:
        document = get(SignedRequestReader).read(
            uow.session, own_organisation(), licence_id=licence_id, lane=lane, n=n
        )
    return Response(document, content_type="application/json")
