"""The token of a consent: a signed statement that a buyer shows with every call."""

from app.core.compact_jws import sign_token
from app.core.signing import Signer
from compliance.consent.models import Consent

TOKEN_TYPE = "consent+jwt"  # noqa: S105 -- the type of a token, no secret


def token_of(consent: Consent, *, issuer: str, signer: Signer) -> str:
    """The token of a granted consent (RFC 7519); the same consent gives the same text.

    Subject, recipient, purpose, listing, id and end: everything that the data plane compares, and
    nothing that names a person.
    """
    assert consent.expires_at is not None, "only a grant has a token, and a grant has an end"
    return sign_token(
        signer,
        TOKEN_TYPE,
        {
            "iss": issuer,
            "aud": consent.recipient_id,
            "sub": consent.subject,
            "jti": consent.id,
            "listing": consent.listing_code or "",
            "purpose": consent.purpose,
            "test": consent.is_test,
            "iat": int(consent.recorded_at.timestamp()),
            "exp": int(consent.expires_at.timestamp()),
        },
    )
