"""May a call about this person be made: recipient, purpose, subject, term and withdrawal; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from metering.calls.decisions import Refused
from metering.calls.refusals import (
    CallRefused,
    ConsentExpired,
    ConsentMissing,
    ConsentNotGiven,
    ConsentSubjectUnknown,
    ConsentTokenRefused,
    ConsentWithdrawn,
)
from metering.views import ConsentView, LicenceView

PER_CALL_TOKEN = "PER_CALL_TOKEN"  # noqa: S105 -- the name of a model, no secret
PRE_COLLECTED = "PRE_COLLECTED_NAMED_RECIPIENT"
LAW = "PIPL 15, 23, 47"
GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call needs a consent for: which person, and the purpose that it is decided for."""

    subject: str
    purpose: str | None
    at: datetime


def judge(licence: LicenceView, consent: ConsentView, wanted: Wanted) -> Refused | None:
    """The first thing in which the consent does not carry the call."""
    mismatches = {
        "listing": consent.listing_code != licence.listing_code,
        "recipient": consent.recipient_id != licence.buyer_id,
        "subject": consent.subject != wanted.subject,
        "purpose": wanted.purpose not in consent.purposes,
    }
    for member, differs in mismatches.items():
        if differs:
            return not_given(consent.consent_id, member)
    if consent.state != GRANTED:
        detail = "The data subject has withdrawn the consent."
        return _refused(ConsentWithdrawn, detail, consent=consent.consent_id)
    if consent.expires_at <= wanted.at:
        detail = "The consent has expired; ask the data subject again."
        expired_at = consent.expires_at.isoformat()
        return _refused(ConsentExpired, detail, consent=consent.consent_id, expires_at=expired_at)
    return None


def choose(
    licence: LicenceView, held: Iterable[ConsentView], wanted: Wanted
) -> ConsentView | Refused:
    """The consent of the register that carries the call; else why the nearest one does not."""
    refusals = []
    for consent in held:
        refused = judge(licence, consent, wanted)
        if refused is None:
            return consent
        refusals.append(refused)
    # A withdrawal says more than a purpose that was never asked for.
    refusals.sort(key=lambda each: each.refusal is ConsentNotGiven)
    return refusals[0] if refusals else not_given("", "register")


def not_given(consent_id: str, member: str) -> Refused:
    """No consent of this person covers this; ``member`` is what it lacks."""
    detail = f"No consent of the data subject covers this call: its {member} does not fit."
    return _refused(ConsentNotGiven, detail, consent=consent_id, member=member)


def token_missing() -> Refused:
    """The listing wants a token with every call."""
    return _refused(ConsentMissing, "Send the data subject's token as Consent-Token.")


def token_refused() -> Refused:
    """The token is none of ours."""
    detail = "The consent token is not one that this exchange signed and holds."
    return _refused(ConsentTokenRefused, detail)


def subject_unknown() -> Refused:
    """It cannot be told whom the call is about."""
    detail = "The call does not say about whom it asks, so no consent can be found for it."
    return _refused(ConsentSubjectUnknown, detail)


def _refused(refusal: type[CallRefused], detail: str, **inputs: str) -> Refused:
    return Refused("METER-CONSENT", LAW, detail, refusal, inputs)
