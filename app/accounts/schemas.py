"""The JSON shapes of this room; every text and list has its bound here."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.accounts import email_addresses, password_rules
from app.accounts.models import REFUSE, VERIFICATION, VERIFY
from app.accounts.services.organisations import EVIDENCE_MAX
from app.core.principals import MEMBER_ROLES, STAFF_ROLES, Role
from app.web.paging import PageQuerySchema, PeriodQuerySchema, page_schema
from app.web.schemas import Flag, Identifier, Schema, Text, Timestamp

EVIDENCE_KINDS = (
    "business_licence",
    "authorisation_letter",
    "qualification",
    "tax_registration",
    "other",
)
VERIFICATION_METHODS = (
    "registry_lookup",
    "document_review",
    "bank_transfer",
    "video_call",
    "in_person",
)
REASON_MAX = 2_000
NAME_MAX = 100
_HASH = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="SHA-256 in lower-case hexadecimal.")


def _email() -> Text:
    return Text(
        required=True,
        min=3,
        max=email_addresses.LENGTH_MAX,
        validate=validate.Email(),
        metadata={"format": "email"},
    )


def new_password() -> Text:
    """A password that is chosen now."""
    return Text(
        required=True,
        min=password_rules.LENGTH_MIN,
        max=password_rules.LENGTH_MAX,
        load_only=True,
        metadata={"format": "password"},
    )


def known_password() -> Text:
    """A password that exists; no lower bound: it tells nothing of the rules it was made under."""
    return Text(
        required=True,
        max=password_rules.LENGTH_MAX,
        load_only=True,
        metadata={"format": "password"},
    )


def _roles(available: frozenset[Role]) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.OneOf(sorted(available))),
        required=True,
        validate=validate.Length(min=1, max=len(available)),
    )


class OrganisationEvidenceSchema(Schema):
    """A document about an organisation, by its hash."""

    id = Identifier(dump_only=True)
    kind = fields.String(required=True, validate=validate.OneOf(EVIDENCE_KINDS))
    title = Text(required=True)
    issuer = Text(required=True)
    document_hash = fields.String(required=True, validate=_HASH)
    valid_until = Timestamp(load_default=None, allow_none=True)
    added_at = Timestamp(dump_only=True)


class FirstPersonSchema(Schema):
    """The person who registers an organisation."""

    email = _email()
    name = Text(required=True, max=NAME_MAX)
    password = new_password()


class RegisterOrganisationSchema(Schema):
    """A registration: who the organisation is, what shows it, and its first person."""

    name = Text(required=True, min=2)
    uscc = Text(
        required=True,
        min=18,
        max=18,
        metadata={
            "example": "91350100M000100Y43",
        },
    )
    is_supplier = Flag(required=True)
    is_buyer = Flag(required=True)
    evidence = fields.List(
        fields.Nested(OrganisationEvidenceSchema),
        load_default=list,
        validate=validate.Length(max=EVIDENCE_MAX),
    )
    person = fields.Nested(FirstPersonSchema, required=True)

    @validates_schema
    def takes_a_side(self, data: dict[str, Any], **_: Any) -> None:
        """An organisation that neither offers nor obtains data has no business here."""
        if not (data.get("is_supplier") or data.get("is_buyer")):
            msg = "An organisation is a supplier, a buyer, or both."
            raise ValidationError(msg, "is_supplier")


_STANDING = validate.OneOf(sorted(VERIFICATION.states()))


class OrganisationSchema(Schema):
    """An organisation in a list."""

    id = Identifier(required=True)
    name = fields.String(required=True)
    uscc = fields.String(required=True)
    is_supplier = fields.Boolean(required=True)
    is_buyer = fields.Boolean(required=True)
    is_exchange = fields.Boolean(required=True)
    state = fields.String(required=True, attribute="status", validate=_STANDING)
    registered_at = Timestamp(required=True)
    verified_until = Timestamp(required=True, allow_none=True)


class VerificationSchema(Schema):
    """A reviewer's decision, as it stands."""

    id = Identifier(required=True)
    decision = fields.String(required=True, validate=validate.OneOf((VERIFY, REFUSE)))
    method = fields.String(required=True)
    reason = fields.String(required=True)
    valid_until = Timestamp(required=True, allow_none=True)
    decided_by = Identifier(required=True)
    decided_at = Timestamp(required=True)


class OrganisationPageQuerySchema(PeriodQuerySchema):
    """Which organisations: ``q`` stands in name or code; the period is that of registration."""

    q = Text(max=NAME_MAX, load_default=None)
    is_supplier = fields.Boolean(load_default=None)
    is_buyer = fields.Boolean(load_default=None)
    state = fields.String(
        attribute="status",
        load_default=None,
        validate=_STANDING,
    )


class OrganisationDetailSchema(OrganisationSchema):
    """An organisation with what was shown and decided about it."""

    evidence = fields.List(fields.Nested(OrganisationEvidenceSchema), required=True)
    decisions = fields.List(fields.Nested(VerificationSchema), required=True)


class DecideVerificationSchema(Schema):
    """A reviewer's decision."""

    decision = fields.String(required=True, validate=validate.OneOf((VERIFY, REFUSE)))
    method = fields.String(required=True, validate=validate.OneOf(VERIFICATION_METHODS))
    reason = Text(required=True, max=REASON_MAX)
    valid_until = Timestamp(load_default=None, allow_none=True)


class PersonSchema(Schema):
    """A person of an organisation."""

    id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True, attribute="role_names")
    is_active = fields.Boolean(required=True)
    added_at = Timestamp(required=True)
    deactivated_at = Timestamp(required=True, allow_none=True)


class PeopleQuerySchema(PageQuerySchema):
    """Which people: ``q`` stands in name or e-mail address; a ``role`` is one they have now."""

    q = Text(max=NAME_MAX, load_default=None)
    role = fields.String(load_default=None, validate=validate.OneOf(sorted(MEMBER_ROLES)))
    is_active = fields.Boolean(load_default=None)


class StaffQuerySchema(PeopleQuerySchema):
    """Which of the exchange's people."""

    role = fields.String(load_default=None, validate=validate.OneOf(sorted(STAFF_ROLES)))


# Made once: two classes of one name would be two schemas in the OpenAPI document.
OrganisationPageSchema = page_schema(OrganisationSchema)
PersonPageSchema = page_schema(PersonSchema)


class RegisteredSchema(Schema):
    """What a registration made."""

    organisation = fields.Nested(OrganisationDetailSchema, required=True)
    person = fields.Nested(PersonSchema, required=True)


class AddMemberSchema(FirstPersonSchema):
    """A person for a supplier or buyer."""

    roles = _roles(MEMBER_ROLES)


class AddStaffSchema(FirstPersonSchema):
    """A person for the exchange."""

    roles = _roles(STAFF_ROLES)


class GrantMemberRoleSchema(Schema):
    """A role of suppliers and buyers."""

    role = fields.String(required=True, validate=validate.OneOf(sorted(MEMBER_ROLES)))


class GrantStaffRoleSchema(Schema):
    """A role of the exchange's staff."""

    role = fields.String(required=True, validate=validate.OneOf(sorted(STAFF_ROLES)))


class ChangePasswordSchema(Schema):
    """The present password and the next."""

    present_password = known_password()
    new_password = new_password()
