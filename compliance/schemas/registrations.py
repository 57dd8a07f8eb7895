"""Shapes of registrations, objections and listing applications."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Schema, Text, Timestamp
from compliance.review.registration_machine import (
    DISMISS,
    UPHOLD,
    ApplicationState,
    ListingDecision,
    ObjectionState,
    RegistrationState,
)
from compliance.schemas.reviews import REASON_MAX, TakeCaseSchema, one_of


class RegistrationQuerySchema(PageQuerySchema):
    """Filters of the register."""

    state = fields.String(load_default=None, validate=one_of(RegistrationState))
    listing_code = Text(max=30, load_default=None)


class RegistrationSchema(Schema):
    """An entry of the register, open to everybody."""

    id = fields.String()
    library = fields.Constant("REGISTERED")
    name = fields.String()
    listing_code = fields.String()
    product_id = fields.String()
    version_id = fields.String()
    supplier_id = fields.String()
    dossier_hash = fields.String()
    state = fields.String(validate=one_of(RegistrationState))
    registered_at = Timestamp()
    publicity_ends_at = Timestamp()
    final_at = Timestamp(allow_none=True)
    changed_at = Timestamp()


class RaiseObjectionSchema(Schema):
    """What stands against a registration."""

    statement = Text(max=REASON_MAX, required=True)


class ObjectionQuerySchema(PageQuerySchema):
    """Filters of objections."""

    state = fields.String(load_default=None, validate=one_of(ObjectionState))


class ObjectionSchema(Schema):
    """An objection as its parties and the exchange see it."""

    id = fields.String()
    registration_id = fields.String()
    objector_id = fields.String()
    supplier_id = fields.String()
    statement = fields.String()
    state = fields.String(validate=one_of(ObjectionState))
    reason = fields.String(allow_none=True)
    raised_at = Timestamp()
    decided_at = Timestamp(allow_none=True)


class ResolveObjectionSchema(Schema):
    """The answer to an objection."""

    outcome = fields.String(required=True, validate=validate.OneOf([UPHOLD, DISMISS]))
    reason = Text(max=REASON_MAX, required=True)


class ApplicationQuerySchema(PageQuerySchema):
    """Filters of the listing officers' queue."""

    state = fields.String(
        load_default=ApplicationState.LISTING_REVIEW.value, validate=one_of(ApplicationState)
    )
    is_for_me = fields.Boolean(load_default=False)


class OwnApplicationSchema(Schema):
    """A listing application as its supplier sees it: never who decides."""

    id = fields.String()
    registration_id = fields.String()
    case_id = fields.String()
    listing_code = fields.String()
    version_id = fields.String()
    supplier_id = fields.String()
    state = fields.String(validate=one_of(ApplicationState))
    applied_at = Timestamp()
    due_at = Timestamp()
    escalated_at = Timestamp(allow_none=True)
    decided_at = Timestamp(allow_none=True)


class ApplicationSchema(OwnApplicationSchema):
    """A listing application in the officers' queue."""

    officer_id = fields.String(allow_none=True)


class DecideApplicationSchema(TakeCaseSchema):
    """The officer's declaration and decision in one."""

    decision = fields.String(required=True, validate=one_of(ListingDecision))
    reason = Text(max=REASON_MAX, required=True)
