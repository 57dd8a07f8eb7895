"""Shapes of the consent register."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.core.pseudonyms import is_pseudonym
from app.web.blueprints import pointers
from app.web.paging import PageQuerySchema
from app.web.schemas import Identifier, Schema, Text, Timestamp
from compliance.consent.bulk import FiledAnswer, fault
from compliance.consent.files import FileRow
from compliance.consent.states import REASONS_TO_GIVE, ConsentAnswer, ConsentState
from compliance.schemas.reviews import one_of
from compliance.terms.purposes import CODES


def _demand_pseudonym(text: str) -> None:
    if not is_pseudonym(text):
        msg = "A pseudonym: 64 lower-case hexadecimal digits. Never send the identity itself."
        raise ValidationError(msg)


def _sha256(**kwargs: Any) -> fields.String:
    pattern = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 lower-case hexadecimal digits.")
    return fields.String(validate=pattern, **kwargs)


class ConsentRegisterSchema(Schema):
    """A product's register and how its mechanism was tried (checklist item I4)."""

    product_id = fields.String()
    listing_code = fields.String(allow_none=True)
    opened_at = Timestamp(allow_none=True)
    test_granted_at = Timestamp(allow_none=True)
    test_denied_at = Timestamp(allow_none=True)
    test_withdrawn_at = Timestamp(allow_none=True)
    is_tested = fields.Boolean()


class OpenedRegisterSchema(Schema):
    """A register and, this once, its pseudonym key."""

    register = fields.Nested(ConsentRegisterSchema)
    pseudonym_key = fields.String()


class RecordConsentSchema(Schema):
    """What a person answered about one recipient and purpose."""

    product_id = Identifier(required=True)
    recipient_id = Identifier(required=True)
    subject = fields.String(required=True, validate=_demand_pseudonym)
    purpose = fields.String(required=True, validate=validate.OneOf(sorted(CODES)))
    answer = fields.String(required=True, validate=one_of(ConsentAnswer))
    expires_at = Timestamp(load_default=None)
    evidence_hash = _sha256(required=True)
    notice_hash = _sha256(load_default=None)
    is_test = fields.Boolean(load_default=False)

    @validates_schema
    def _check_end(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        is_grant = data["answer"] == ConsentAnswer.GRANT
        if is_grant and data.get("expires_at") is None:
            msg = "A consent needs an end."
            raise ValidationError(msg, "expires_at")
        if not is_grant and data.get("expires_at") is not None:
            msg = "A denial has no end."
            raise ValidationError(msg, "expires_at")


class FiledAnswerSchema(RecordConsentSchema):
    """A row of a file of answers about one product."""

    class Meta(RecordConsentSchema.Meta):
        """The product is named once, and tests are tried one by one."""

        exclude = ("product_id", "is_test")


def load_answers(rows: Iterable[FileRow]) -> tuple[list[FiledAnswer], list[dict[str, str]]]:
    """The rows that are answers, and every fault of the others."""
    schema, answers, faults = FiledAnswerSchema(), [], []
    for row in rows:
        faults += [fault(row.line, "", each) for each in row.faults]
        if row.faults:
            continue
        try:
            answers.append(FiledAnswer(row.line, schema.load(row.members)))
        except ValidationError as error:
            faults += [
                fault(row.line, each["pointer"].removeprefix("#/"), each["detail"])
                for each in pointers(error.messages_dict)
            ]
    return answers, faults


class WithdrawConsentSchema(Schema):
    """Why a consent ends."""

    reason_code = fields.String(required=True, validate=one_of(REASONS_TO_GIVE))


class WithdrawConsentsSchema(WithdrawConsentSchema):
    """Whose consents end, perhaps towards one recipient only."""

    product_id = Identifier(required=True)
    subject = fields.String(required=True, validate=_demand_pseudonym)
    recipient_id = Identifier(load_default=None)


class ConsentSchema(Schema):
    """A consent; of the person a pseudonym, of the documents their hashes."""

    id = fields.String()
    product_id = fields.String()
    listing_code = fields.String(allow_none=True)
    supplier_id = fields.String()
    recipient_id = fields.String()
    subject = fields.String()
    purpose = fields.String()
    state = fields.String(validate=one_of(ConsentState))
    is_test = fields.Boolean()
    evidence_hash = fields.String()
    notice_hash = fields.String(allow_none=True)
    token_hash = fields.String(allow_none=True)
    recorded_by = fields.String(
        allow_none=True,
    )
    recorded_at = Timestamp()
    expires_at = Timestamp(allow_none=True)
    withdrawn_by = fields.String(allow_none=True)
    withdrawn_at = Timestamp(allow_none=True)
    reason_code = fields.String(allow_none=True)


class RecordedConsentSchema(Schema):
    """A consent as it was recorded, and its token where it was granted."""

    consent = fields.Nested(ConsentSchema)
    token = fields.String(allow_none=True)


class FiledConsentSchema(RecordedConsentSchema):
    """What became of a row of the file."""

    line = fields.Integer()
    is_new = fields.Boolean()


class RecordedFileSchema(Schema):
    """Every row of a file, in its order."""

    recorded_count = fields.Integer()
    repeated_count = fields.Integer()
    items = fields.List(fields.Nested(FiledConsentSchema))


class WithdrawnConsentsSchema(Schema):
    """What has ended: all of it counted, and as much of it shown as one answer has."""

    withdrawn_count = fields.Integer()
    items = fields.List(fields.Nested(ConsentSchema))


class ConsentTokenSchema(Schema):
    """The token of a standing consent."""

    token = fields.String()


class ConsentEvidenceSchema(Schema):
    """A token's place in the tree whose root is in the log (RFC 6962)."""

    consent_id = fields.String()
    token_hash = fields.String()
    batch_id = fields.String()
    root_hash = fields.String()
    index = fields.Integer()
    tree_size = fields.Integer()
    path = fields.List(fields.String())


class JsonWebKeysSchema(Schema):
    """Public keys (RFC 7517)."""

    keys = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))


class ConsentQuerySchema(PageQuerySchema):
    """Filters of consents."""

    product_id = Identifier(load_default=None)
    listing_code = Text(max=30, load_default=None)
    recipient_id = Identifier(load_default=None)
    subject = fields.String(load_default=None, validate=_demand_pseudonym)
    state = fields.String(load_default=None, validate=one_of(ConsentState))
