"""Shapes of appeals."""

from marshmallow import fields

from app.web.paging import PageQuerySchema
from app.web.schemas import Schema, Text, Timestamp
from compliance.review.appeals import AppealGround, AppealState, AppealSubject
from compliance.schemas.reviews import REASON_MAX, one_of


class FileAppealSchema(Schema):
    """On what ground a decision is appealed, and why."""

    ground = fields.String(required=True, validate=one_of(AppealGround))
    statement = Text(max=REASON_MAX, required=True)


class AppealQuerySchema(PageQuerySchema):
    """Filters of appeals."""

    state = fields.String(load_default=None, validate=one_of(AppealState))
    is_for_me = fields.Boolean(load_default=False)


class AppealSchema(Schema):
    """An appeal; who decides it is not told."""

    id = fields.String()
    subject_kind = fields.String(validate=one_of(AppealSubject))
    subject_id = fields.String()
    case_id = fields.String()
    version_id = fields.String()
    listing_code = fields.String()
    supplier_id = fields.String()
    ground = fields.String(validate=one_of(AppealGround))
    statement = fields.String()
    state = fields.String(validate=one_of(AppealState))
    reason = fields.String(allow_none=True)
    filed_at = Timestamp()
    due_at = Timestamp()
    decided_at = Timestamp(allow_none=True)
