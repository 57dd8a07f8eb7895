"""Where data come from and who may do what with them (COMPLIANCE 5a: source, rights, chain)."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.schemas import Currency, Identifier, Integer, Schema, Text
from listings.schemas.terms import (
    Code,
    Codes,
    DateText,
    DecimalText,
    EvidenceReference,
    InstantText,
    Regions,
    Sha256,
)

LINKS_MAX = 20
INPUTS_MAX = 50


class ProductPeriodSchema(Schema):
    """Days, both included; without an end it is open."""

    since = DateText(required=True, data_key="from", attribute="from")
    to = DateText()


class ProductRightSchema(ProductPeriodSchema):
    """A right that the supplier claims, and on what ground."""

    right = Code("rights", required=True)
    basis = Code("right_bases", required=True)
    exclusive = fields.Boolean()
    scope = Text(max=300)
    evidence = EvidenceReference()


class AuthorisationLinkSchema(ProductPeriodSchema):
    """One step of the chain of rights: who granted what to whom, from the root to the supplier."""

    grantor = Text(max=100, required=True)
    grantee = Text(max=100, required=True)
    object = Text(max=300, required=True)
    rights = Codes("rights", max=3, required=True)
    purposes = Codes("purposes", max=27, required=True)
    regions = Regions(required=True)
    may_sublicense = fields.Boolean(required=True)
    may_derive = fields.Boolean(required=True)
    revocable = fields.Boolean(required=True)
    evidence = EvidenceReference(required=True)
    is_original = fields.Boolean()
    is_consent = fields.Boolean()


class DerivationSchema(Schema):
    """What was made of other registered data, and by which labour."""

    kind = Code("derivation_kinds", required=True)
    text = Text(max=2_000)
    inputs = fields.List(
        Identifier(),
        validate=validate.Length(max=INPUTS_MAX),
    )


class RegistryCertificateSchema(Schema):
    """A certificate of another registry."""

    registry = Text(max=100, required=True)
    scheme = Code("registry_schemes", required=True)
    number = Text(max=100, required=True)
    valid_to = DateText()
    verified_how = Code("verification_methods", required=True)


class ProductEvidenceSchema(Schema):
    """A document by its hash, and who may read it once it was sent."""

    kind = Code(
        "evidence_kinds",
        required=True,
    )
    title = Text(max=100, required=True)
    issuer = Text(max=100, required=True)
    issuer_organisation_id = Identifier()
    issued_on = DateText()
    valid_from = DateText(required=True)
    valid_to = DateText()
    sha256 = Sha256(required=True)
    size_bytes = Integer(min=1)
    visibility = Code("visibilities", load_default="PARTIES")


class ProductStatementSchema(Schema):
    """What the supplier declared, in which version of which text, and who signed for it."""

    kind = Code("statement_kinds", required=True)
    text_version = Text(max=60, required=True)
    signer = Text(max=60, required=True)
    signed_at = InstantText(required=True)


class ProductValuationSchema(Schema):
    """What an assessor found the product to be worth."""

    amount = DecimalText(required=True)
    currency = Currency(load_default=HOME_CURRENCY)
    assessor = Text(max=100, required=True)
    evidence = EvidenceReference(required=True)
    valid_to = DateText()


class ProvenanceSchema(Schema):
    """The members of a version about its source and rights."""

    source_types = Codes("source_types", max=7)
    source_statement = Text(max=2_000)
    third_party_links = Codes("third_party_links", max=4, min=0)
    rights = fields.List(fields.Nested(ProductRightSchema), validate=validate.Length(min=1, max=12))
    authorisation_chain = fields.List(
        fields.Nested(AuthorisationLinkSchema), validate=validate.Length(max=LINKS_MAX)
    )
    derivation = fields.Nested(DerivationSchema)
    registry_certificates = fields.List(
        fields.Nested(RegistryCertificateSchema), validate=validate.Length(max=20)
    )
    evidence = fields.List(fields.Nested(ProductEvidenceSchema), validate=validate.Length(max=50))
    statements = fields.List(
        fields.Nested(ProductStatementSchema), validate=validate.Length(max=20)
    )
    valuation = fields.Nested(ProductValuationSchema)
