"""The JSON shapes of signing in: sessions, their tokens, second factors, public keys."""

from marshmallow import fields, validate

from app.accounts import email_addresses
from app.accounts.schemas import known_password
from app.web.schemas import Integer, Schema, Text, Timestamp

_ONE_TIME_CODE = validate.Regexp(r"\A[0-9]{6}\Z", error="Six digits.")


class SignInSchema(Schema):
    """E-mail address, password, and the one-time code of whoever has a second factor."""

    email = Text(required=True, max=email_addresses.LENGTH_MAX, load_only=True)
    password = known_password()
    one_time_code = fields.String(load_default=None, allow_none=True, validate=_ONE_TIME_CODE)


class RefreshSchema(Schema):
    """The refresh token of the last answer; it is good once."""

    refresh_token = Text(required=True, max=100, load_only=True)


class TokensSchema(Schema):
    """The tokens of a session."""

    access_token = fields.String(required=True)
    token_type = fields.Constant("Bearer", required=True)
    expires_in_seconds = Integer(required=True)
    refresh_token = fields.String(required=True)
    refresh_expires_at = Timestamp(required=True)
    has_second_factor = fields.Boolean(required=True)


class EnrolmentSchema(Schema):
    """The secret of a second factor, shown this once."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class ConfirmSecondFactorSchema(Schema):
    """A present code of the new secret."""

    one_time_code = fields.String(required=True, validate=_ONE_TIME_CODE)


class JwkSchema(Schema):
    """One public key (RFC 7517, RFC 8037)."""

    kty = fields.String(required=True)
    crv = fields.String(required=True)
    x = fields.String(required=True)
    kid = fields.String(required=True)
    use = fields.String(required=True)
    alg = fields.String(required=True)


class JwksSchema(Schema):
    """The keys that access tokens are checked with."""

    keys = fields.List(fields.Nested(JwkSchema), required=True)
