"""JSON shapes of monthly runs."""

from marshmallow import fields

from app.web.schemas import Identifier, Schema, Text, Timestamp
from ledger.journal.failure_schemas import RunFailureSchema


class StartRunSchema(Schema):
    """The month to bill, in Asia/Shanghai."""

    month = Text(max=7, required=True, metadata={"example": "2026-11"})


class BillingRunSchema(Schema):
    """A month's run; finished when ``finished_at`` is told."""

    month = fields.String(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    asked_by = Identifier(allow_none=True)
    started_at = Timestamp(required=True)
    invoice_count = fields.Integer(required=True)
    failed_count = fields.Integer(required=True)
    failures = fields.List(fields.Nested(RunFailureSchema), required=True)
    retry_at = Timestamp(allow_none=True)
    finished_at = Timestamp(allow_none=True)
