"""Routes of consents: for suppliers' collecting systems, and for the buyers that are named."""

from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.core.clock import Clock
from app.core.compact_jws import jwk_of
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance.consent import bulk, queries, registers, services
from compliance.consent.errors import ConsentNotBatched
from compliance.consent.files import CSV, JSON_LINES, read_rows
from compliance.consent.models import Consent, ConsentRegister
from compliance.consent.ports import ConsentKit, HashTree
from compliance.consent.queries import Reader
from compliance.consent.schemas import (
    ConsentEvidenceSchema,
    ConsentQuerySchema,
    ConsentRegisterSchema,
    ConsentSchema,
    ConsentTokenSchema,
    JsonWebKeysSchema,
    OpenedRegisterSchema,
    RecordConsentSchema,
    RecordedConsentSchema,
    RecordedFileSchema,
    WithdrawConsentSchema,
    WithdrawConsentsSchema,
    WithdrawnConsentsSchema,
    load_answers,
)
from compliance.consent.states import state_at

blueprint = Blueprint(
    "consents",
    __name__,
    url_prefix="/v1",
    description="Consents of data subjects: named recipient, purpose, end; withdrawn at any time.",
)

SHOWN_MAX = 200
"""Withdrawn consents that one answer shows."""
_FILE = {
    "required": True,
    "content": {
        CSV: {"schema": {"type": "string"}},
        JSON_LINES: {"schema": {"type": "string"}},
    },
}


def _reader(*, is_own: bool = False) -> Reader:
    """Who reads; ``is_own`` for what even the exchange's staff get for themselves only."""
    principal = current_principal()
    organisation_id = principal.organisation_id if is_own else own_organisation()
    return Reader(organisation_id, is_collector=principal.is_machine)


def _shown(consent: Consent) -> dict[str, Any]:
    names = ConsentSchema().fields
    state = state_at(consent.state, consent.expires_at, get(Clock).now())  # type: ignore[type-abstract]
    shown = {name: getattr(consent, name) for name in names} | {"state": state}
    if own_organisation() not in {None, consent.supplier_id}:
        # Who of the supplier's people or systems it was does not concern the recipient.
        shown |= {"recorded_by": None, "withdrawn_by": None}
    return shown


@blueprint.route("/products/<product_id>/consent-register", methods=["POST"])
@blueprint.response(201, OpenedRegisterSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_register(product_id: str) -> registers.OpenedRegister:
    """Open a product's register; the key for its pseudonyms is shown this once."""
    with unit_of_work() as uow:
        opened = registers.open_register(
            uow, get(ConsentKit), current_principal(), product_id=product_id
        )
        uow.commit()
        return opened


@blueprint.route("/products/<product_id>/consent-register", methods=["GET"])
@blueprint.response(200, ConsentRegisterSchema)
@requires(Permission.RECORD_CONSENTS)
def get_register(product_id: str) -> ConsentRegister:
    """A product's register: whether it is open, and which test calls were made."""
    with unit_of_work() as uow:
        supplier_id = current_principal().organisation_id
        return queries.get_register(uow, product_id, supplier_id=supplier_id)


@blueprint.route("/consents", methods=["POST"])
@blueprint.arguments(RecordConsentSchema)
@blueprint.response(201, RecordedConsentSchema)
@requires(Permission.RECORD_CONSENTS)
@idempotent
def post_consent(command: dict[str, Any]) -> dict[str, Any]:
    """Record what a person answered; a grant comes back with the token for the recipient."""
    with unit_of_work() as uow:
        recorded = services.record_consent(uow, get(ConsentKit), current_principal(), **command)
        uow.commit()
        return {"consent": _shown(recorded.consent), "token": recorded.token}


@blueprint.route("/products/<product_id>/consents", methods=["POST"])
@blueprint.response(201, RecordedFileSchema)
@blueprint.doc(requestBody=_FILE)
@requires(Permission.RECORD_CONSENTS)
@idempotent
def post_consent_file(product_id: str) -> dict[str, Any]:
    """Record a file of answers, all or none; what was recorded before comes back as it stands."""
    if request.mimetype not in {CSV, JSON_LINES}:
        raise UnsupportedMediaType
    answers, faults = load_answers(read_rows(request.get_data(cache=True), request.mimetype))
    with unit_of_work() as uow:
        filed = bulk.record_file(
            uow,
            get(ConsentKit),
            current_principal(),
            product_id=product_id,
            answers=answers,
            faults=faults,
        )
        uow.commit()
        new = sum(each.is_new for each in filed)
        items = [
            {
                "line": each.line,
                "is_new": each.is_new,
                "consent": _shown(each.consent),
                "token": each.token,
            }
            for each in filed
        ]
        return {"recorded_count": new, "repeated_count": len(filed) - new, "items": items}


@blueprint.route("/consents", methods=["GET"])
@blueprint.arguments(ConsentQuerySchema, location="query")
@blueprint.response(200, page_schema(ConsentSchema))
@requires(Permission.READ_CONSENTS)
def get_consents(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """Consents that one collected or that name one as recipient; staff see all, newest first."""
    with unit_of_work() as uow:
        page = queries.list_consents(uow, _reader(), **query)
        return Page([_shown(each) for each in page.items], page.next_cursor)


@blueprint.route("/products/<product_id>/consents", methods=["GET"])
@blueprint.arguments(ConsentQuerySchema(exclude=["product_id"]), location="query")
@blueprint.response(200, page_schema(ConsentSchema))
@requires(Permission.RECORD_CONSENTS)
def get_consents_of_product(query: dict[str, Any], product_id: str) -> Page[dict[str, Any]]:
    """A product's consents, for the system that collects them."""
    own = current_principal().organisation_id
    with unit_of_work() as uow:
        queries.get_register(uow, product_id, supplier_id=own)
        reader = _reader(is_own=True)
        page = queries.list_consents(uow, reader, product_id=product_id, **query)
        return Page([_shown(each) for each in page.items], page.next_cursor)


@blueprint.route("/consents/<consent_id>", methods=["GET"])
@blueprint.response(200, ConsentSchema)
@requires(Permission.READ_CONSENTS)
def get_consent(consent_id: str) -> dict[str, Any]:
    """One consent."""
    with unit_of_work() as uow:
        return _shown(queries.get_consent(uow, consent_id, _reader()))


@blueprint.route("/consents/<consent_id>/token", methods=["GET"])
@blueprint.response(200, ConsentTokenSchema)
@requires(Permission.READ_CONSENTS)
def get_token(consent_id: str) -> dict[str, str]:
    """The token of a standing consent, for its recipient or its collector."""
    with unit_of_work() as uow:
        reader = _reader(is_own=True)
        return {"token": queries.get_token(uow, get(ConsentKit), consent_id, reader)}


@blueprint.route("/consents/<consent_id>/evidence", methods=["GET"])
@blueprint.response(200, ConsentEvidenceSchema)
@requires(Permission.READ_CONSENTS)
def get_evidence(consent_id: str) -> dict[str, Any]:
    """That the consent's token was bound into the log: its path to the root of its batch."""
    reader = _reader()
    # The path is made of hashes of other organisations' tokens, which say nothing.
    with unit_of_work(Reach.EXCHANGE) as uow:
        found = queries.find_evidence(
            uow,
            get(HashTree),  # type: ignore[type-abstract]
            consent_id,
            reader,
        )
    if found is None:
        raise ConsentNotBatched(consent_id)
    return {
        "consent_id": consent_id,
        "token_hash": found.consent.token_hash,
        "batch_id": found.batch.id,
        "root_hash": found.batch.root_hash,
        "index": found.index,
        "tree_size": found.batch.granted_count,
        "path": [each.hex() for each in found.path],
    }


@blueprint.route("/consents/<consent_id>/withdrawal", methods=["POST"])
@blueprint.arguments(WithdrawConsentSchema)
@blueprint.response(201, ConsentSchema)
@requires(Permission.RECORD_CONSENTS)
@idempotent
def post_consent_withdrawal(command: dict[str, Any], consent_id: str) -> dict[str, Any]:
    """End a consent: the next call that rests on it is refused."""
    with unit_of_work() as uow:
        withdrawn = services.withdraw_consent(
            uow, current_principal(), consent_id=consent_id, **command
        )
        uow.commit()
        return _shown(withdrawn)


@blueprint.route("/consent-withdrawals", methods=["POST"])
@blueprint.arguments(WithdrawConsentsSchema)
@blueprint.response(201, WithdrawnConsentsSchema)
@requires(Permission.RECORD_CONSENTS)
@idempotent
def post_withdrawals(command: dict[str, Any]) -> dict[str, Any]:
    """End everything that a person granted on a product, perhaps to one recipient only."""
    with unit_of_work() as uow:
        withdrawn = services.withdraw_consents(uow, current_principal(), **command)
        uow.commit()
        shown = [_shown(each) for each in withdrawn[:SHOWN_MAX]]
        return {"withdrawn_count": len(withdrawn), "items": shown}


@blueprint.route("/consent-keys", methods=["GET"])
@blueprint.response(200, JsonWebKeysSchema)
@public("anybody may check a consent token that is shown to them")
def get_consent_keys() -> dict[str, Any]:
    """The public keys under which consent tokens are signed (RFC 7517, 8037)."""
    return {"keys": [jwk_of(get(ConsentKit).signer.public_key)]}
