"""What Stripe shows, in our words: pure functions from its objects as plain JSON (API v1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ledger.payments.operations import Outcome
from ledger.payments.ports import (
    AccountSight,
    DisputeOutcome,
    DisputeSight,
    Movement,
    MovementKind,
    ProviderEvent,
    Sight,
    Subject,
    SubjectKind,
)
from ledger.payments.stripe_requests import OPERATION, from_minor

Json = Mapping[str, Any]

_EVENTS = frozenset(
    {
        "account.updated",
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "refund.created",
        "refund.failed",
        "refund.updated",
        "transfer.created",
        "transfer.reversed",
        "transfer.updated",
    }
)
"""The notices to subscribe to; docs/deploy.md lists the same."""
_KINDS = {
    "account": SubjectKind.ACCOUNT,
    "charge": SubjectKind.PAYMENT,
    "checkout.session": SubjectKind.PAYMENT,
    "dispute": SubjectKind.DISPUTE,
    "payment_intent": SubjectKind.PAYMENT,
    "refund": SubjectKind.REFUND,
    "transfer": SubjectKind.TRANSFER,
    "transfer_reversal": SubjectKind.REVERSAL,
}
_FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee"})
_PAYOUTS = frozenset(
    {"payout", "payout_cancel", "payout_failure", "topup", "topup_reversal"},
)
_REFUND_OUTCOMES = {
    # Pending: Stripe has taken the money out of our balance, and the payer's bank has not said no.
    "pending": Outcome.SUCCEEDED,
    "succeeded": Outcome.SUCCEEDED,
    "requires_action": Outcome.OPEN,
    "failed": Outcome.FAILED,
    "canceled": Outcome.FAILED,
}
_SESSION_OUTCOMES = {"open": Outcome.OPEN, "expired": Outcome.CANCELLED}
_PAID = ("paid", "no_payment_required")
_REJECTED = "rejected."
"""What every reason begins with of which no more information rids an account."""
_INTENT_OUTCOMES = {"requires_payment_method": Outcome.FAILED, "canceled": Outcome.FAILED}


def instant(seconds: int) -> datetime:
    """A Stripe time (seconds since 1970) as aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def id_of(value: Any) -> str | None:
    """The id of something that may be expanded, or not there."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else None


def payment_sight(session: Json) -> Sight:
    """A Checkout Session with its PaymentIntent expanded as far as ``latest_charge``."""
    intent = session.get("payment_intent")
    intent_facts: Json = intent if isinstance(intent, Mapping) else {}
    names = (id_of(intent), id_of(intent_facts.get("latest_charge")))
    return Sight(
        reference=session["id"],
        outcome=_session_outcome(session, intent_facts),
        amount=from_minor(session["amount_total"]),
        currency=session["currency"].upper(),
        operation_id=operation_of(session),
        aliases=tuple(name for name in names if name),
        url=session.get("url"),
        expires_at=instant(session["expires_at"]) if session.get("expires_at") else None,
        reason_code=_reason(intent_facts),
    )


def _session_outcome(session: Json, intent: Json) -> Outcome:
    if session["status"] != "complete":
        return _SESSION_OUTCOMES[session["status"]]
    if session["payment_status"] in _PAID:
        return Outcome.SUCCEEDED
    return _INTENT_OUTCOMES.get(intent.get("status", ""), Outcome.OPEN)


def _reason(intent: Json) -> str:
    error = intent.get("last_payment_error") or {}
    return str(error.get("code") or "")


def refund_sight(refund: Json) -> Sight:
    """A Refund."""
    return Sight(
        reference=refund["id"],
        outcome=_REFUND_OUTCOMES[refund["status"]],
        amount=from_minor(refund["amount"]),
        currency=refund["currency"].upper(),
        operation_id=operation_of(refund),
        reason_code=str(refund.get("failure_reason") or ""),
    )


def transfer_sight(transfer: Json) -> Sight:
    """A Transfer, or a reversal of one: at Stripe either is done as soon as it exists."""
    return Sight(
        reference=transfer["id"],
        outcome=Outcome.SUCCEEDED,
        amount=from_minor(transfer["amount"]),
        currency=transfer["currency"].upper(),
        operation_id=operation_of(transfer),
    )


def dispute_sight(dispute: Json) -> DisputeSight:
    """A Dispute; an inquiry (``warning_…``) has moved no money."""
    outcomes = {"won": DisputeOutcome.WON, "lost": DisputeOutcome.LOST}
    names = (id_of(dispute.get("payment_intent")), id_of(dispute.get("charge")))
    return DisputeSight(
        reference=dispute["id"],
        outcome=outcomes.get(dispute["status"], DisputeOutcome.OPEN),
        payments=tuple(name for name in names if name),
        amount=from_minor(dispute["amount"]),
        currency=dispute["currency"].upper(),
        reason_code=str(dispute.get("reason") or ""),
        has_withdrawn=bool(dispute.get("balance_transactions")),
    )


def account_sight(account: Json) -> AccountSight:
    """A connected account: ready when it can take transfers and pay them out."""
    requirements = account.get("requirements") or {}
    disabled_reason = str(requirements.get("disabled_reason") or "")
    capability = (account.get("capabilities") or {}).get("transfers")
    return AccountSight(
        reference=account["id"],
        is_ready=capability == "active" and bool(account.get("payouts_enabled")),
        requirements=tuple(requirements.get("currently_due") or ()),
        disabled_reason=disabled_reason,
        is_rejected=disabled_reason.startswith(_REJECTED),
    )


def event_of(event: Json) -> ProviderEvent:
    """A v1 event; what it carries is only an address, never believed; KeyError where it is none."""
    thing = event["data"]["object"]
    kind = _KINDS.get(thing.get("object", ""))
    subject = None
    if event["type"] in _EVENTS and kind is not None:
        subject = Subject(kind, str(thing["id"]), id_of(thing.get("transfer")))
    return ProviderEvent(
        event_id=str(event["id"]),
        event_type=str(event["type"]),
        created_at=instant(int(event["created"])),
        subject=subject,
    )


def movement_of(line: Json) -> Movement:
    """A balance transaction with its source expanded."""
    source = line.get("source")
    kind, subject = MovementKind.OTHER, None
    if line["type"] in _FEES:
        kind = MovementKind.FEE
    elif line["type"] in _PAYOUTS:
        kind = MovementKind.PAYOUT
    elif isinstance(source, Mapping) and source.get("object") in _KINDS:
        kind = MovementKind.OPERATION
        within = id_of(source.get("transfer"))
        subject = Subject(_KINDS[source["object"]], str(source["id"]), within)
    return Movement(
        reference=line["id"],
        kind=kind,
        amount=from_minor(line["amount"]),
        fee=from_minor(line["fee"]),
        currency=line["currency"].upper(),
        occurred_at=instant(line["created"]),
        source=subject,
    )


def operation_of(thing: Json) -> str | None:
    """Our id in the metadata of a thing, if it carries one."""
    found = (thing.get("metadata") or {}).get(OPERATION)
    return found if isinstance(found, str) and found else None
