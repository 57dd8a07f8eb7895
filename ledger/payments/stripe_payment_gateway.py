"""Stripe behind the payment port: StripeClient of stripe 16, one API version, no hidden retries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import stripe

from app.core.json_text import load_json
from app.core.money import CURRENCIES
from ledger.payments import stripe_requests as requests
from ledger.payments import stripe_sights as sights
from ledger.payments.operations import Kind
from ledger.payments.ports import (
    AccountLink,
    AccountSight,
    Balance,
    DisputeSight,
    Movement,
    NotAnEvent,
    Order,
    ProviderEvent,
    RequestRefused,
    Sight,
    Subject,
    SubjectKind,
)
from ledger.payments.stripe_calls import call, pages
from ledger.payments.stripe_signatures import HEADER, verify

API_VERSION = "2026-10-28.endive"
"""Pinned: what is stored must be read again in the same words after an upgrade of the SDK."""
_EXPANDED = ["payment_intent.latest_charge"]
_PAGE = 100
_NOT_THERE = ("resource_missing", "status_404")


@dataclass(frozen=True)
class StripeAccess:
    """How to reach Stripe; secrets stay out of every representation."""

    api_key: str = field(repr=False)
    webhook_secrets: Sequence[str] = field(repr=False)
    success_url: str
    cancel_url: str
    onboarding_return_url: str
    onboarding_refresh_url: str
    api_base: str = "https://api.stripe.com"
    timeout_seconds: float = 20.0


class StripePaymentGateway:
    """What the exchange asks of Stripe; it refuses while a unit of work is open."""

    name = "stripe"
    currencies = CURRENCIES

    def __init__(self, access: StripeAccess) -> None:
        self._access = access
        # The SDK would retry by itself, also under keys of its own; who retries here is the caller.
        self._client = stripe.StripeClient(
            access.api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": access.api_base},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=access.timeout_seconds),
        )
        self._v1 = self._client.v1

    # Before anything is sent

    def check_amount(self, amount: int, currency: str) -> None:
        """Raises `AmountUnfit` unless Stripe can move the amount (10⁻⁸ units)."""
        requests.to_minor(amount, currency)

    def plan(self, order: Order) -> dict[str, Any]:
        """The exact request as JSON; raises `AmountUnfit`."""
        return requests.request_of(
            order, success_url=self._access.success_url, cancel_url=self._access.cancel_url
        )

    def plan_account(self, account_id: str, organisation_id: str) -> dict[str, Any]:
        """The exact request that opens a supplier's account."""
        return requests.account_request(account_id, organisation_id)

    # Doing

    def send(self, request: Mapping[str, Any], key: str) -> Sight:
        """Perform a planned request under its key; the same again for a retry."""
        made = self._perform(request, key)
        return _SIGHTS[request["call"]](made)

    def open_account(self, request: Mapping[str, Any], key: str) -> AccountSight:
        """Open a supplier's account."""
        return sights.account_sight(self._perform(request, key))

    def close_payment(self, reference: str) -> Sight:
        """Expire a Checkout Session; one that was paid meanwhile stays paid."""
        sessions = self._v1.checkout.sessions
        with suppress(RequestRefused):  # complete or expired already: read what it is now
            call(lambda: sessions.expire(reference))
        return self._session(reference)

    def account_link(self, reference: str) -> AccountLink:
        """A fresh link to Stripe's own onboarding pages."""
        made = call(
            lambda: self._v1.account_links.create(
                params={
                    "account": reference,
                    "type": "account_onboarding",
                    "return_url": self._access.onboarding_return_url,
                    "refresh_url": self._access.onboarding_refresh_url,
                }
            )
        )
        return AccountLink(made["url"], sights.instant(made["expires_at"]))

    def _perform(self, request: Mapping[str, Any], key: str) -> dict[str, Any]:
        params, options = request["params"], {"idempotency_key": key}
        if request["call"] == "transfers.reversals.create":
            reversals = self._v1.transfers.reversals
            return call(lambda: reversals.create(request["within"], params, options))  # type: ignore[arg-type]
        creates: dict[str, Callable[..., Any]] = {
            "checkout.sessions.create": self._v1.checkout.sessions.create,
            "refunds.create": self._v1.refunds.create,
            "transfers.create": self._v1.transfers.create,
            "accounts.create": self._v1.accounts.create,
        }
        return call(lambda: creates[request["call"]](params, options))

    # Looking

    def find(self, order: Order, since: datetime) -> Sight | None:
        """The operation by our id in its metadata, among what is newer than ``since``."""
        for thing in self._list_like(order, int(since.timestamp())):
            sight = _SIGHT_OF_KIND[order.kind](thing)
            if sight.operation_id == order.operation_id:
                if order.kind is Kind.PAYMENT:
                    return self._session(sight.reference)
                return sight
        return None

    def look(self, subject: Subject) -> Sight | DisputeSight | AccountSight | None:
        """The thing as it is now; None where Stripe knows none."""
        try:
            return self._look(subject)
        except RequestRefused as refusal:
            if refusal.reason_code in _NOT_THERE:
                return None
            raise

    def find_account(self, account_id: str, since: datetime) -> AccountSight | None:
        """A supplier's account by our id in its metadata."""
        newer = {"created": {"gte": int(since.timestamp())}, "limit": _PAGE}
        for account in pages(self._v1.accounts.list, newer):
            if sights.operation_of(account) == account_id:
                return sights.account_sight(account)
        return None

    def movements(self, since: datetime | None) -> Iterator[Movement]:
        """Balance transactions, newest first."""
        params: dict[str, Any] = {"limit": _PAGE, "expand": ["data.source"]}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        for line in pages(self._v1.balance_transactions.list, params):
            yield sights.movement_of(line)

    def balance(self) -> Balance:
        """What Stripe holds for us, available and pending together."""
        found = call(self._v1.balance.retrieve)
        amounts: dict[str, int] = {}
        for part in [*found["available"], *found["pending"]]:
            currency = part["currency"].upper()
            amounts[currency] = amounts.get(currency, 0) + requests.from_minor(part["amount"])
        return Balance(amounts)

    def _look(self, subject: Subject) -> Sight | DisputeSight | AccountSight | None:
        reference, v1 = subject.reference, self._v1
        if subject.kind is SubjectKind.PAYMENT:
            return self._payment(reference)
        if subject.kind is SubjectKind.REFUND:
            return sights.refund_sight(call(lambda: v1.refunds.retrieve(reference)))
        if subject.kind is SubjectKind.TRANSFER:
            return sights.transfer_sight(call(lambda: v1.transfers.retrieve(reference)))
        if subject.kind is SubjectKind.REVERSAL:
            within = subject.within or ""
            found = call(lambda: v1.transfers.reversals.retrieve(within, reference))
            return sights.transfer_sight(found)
        if subject.kind is SubjectKind.DISPUTE:
            return sights.dispute_sight(call(lambda: v1.disputes.retrieve(reference)))
        return sights.account_sight(call(lambda: v1.accounts.retrieve(reference)))

    def _payment(self, reference: str) -> Sight | None:
        """A payment by its session, its intent or its charge; None where no session made it."""
        if reference.startswith("cs_"):
            return self._session(reference)
        if not reference.startswith("pi_"):
            charge = call(lambda: self._v1.charges.retrieve(reference))
            intent = sights.id_of(charge.get("payment_intent"))
            return None if intent is None else self._payment(intent)
        sessions = self._v1.checkout.sessions.list
        for session in pages(sessions, {"payment_intent": reference, "limit": 1}):
            return self._session(session["id"])
        return None

    def _session(self, reference: str) -> Sight:
        sessions = self._v1.checkout.sessions
        found = call(lambda: sessions.retrieve(reference, {"expand": _EXPANDED}))
        return sights.payment_sight(found)

    def _list_like(self, order: Order, since: int) -> Iterator[dict[str, Any]]:
        v1, within = self._v1, order.within or ""
        newer: dict[str, Any] = {"created": {"gte": since}, "limit": _PAGE}
        if order.kind is Kind.PAYMENT:
            return pages(v1.checkout.sessions.list, newer)
        if order.kind is Kind.REFUND:
            intent = {"payment_intent": requests.intent_of(order), "limit": _PAGE}
            return pages(v1.refunds.list, intent)
        if order.kind is Kind.TRANSFER:
            group = {"transfer_group": order.subject_id, "limit": _PAGE}
            return pages(v1.transfers.list, group)
        reversals = v1.transfers.reversals
        return pages(lambda params: reversals.list(within, params), {"limit": _PAGE})

    # Notices

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> ProviderEvent:
        """Verify and read a notice; raises `SignatureRefused`, `NotAnEvent`."""
        verify(body, headers.get(HEADER, ""), self._access.webhook_secrets, now.astimezone(UTC))
        try:
            return sights.event_of(load_json(body))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise NotAnEvent from error


_SIGHTS: dict[str, Callable[[Mapping[str, Any]], Sight]] = {
    "checkout.sessions.create": sights.payment_sight,
    "refunds.create": sights.refund_sight,
    "transfers.create": sights.transfer_sight,
    "transfers.reversals.create": sights.transfer_sight,
}
_SIGHT_OF_KIND = {
    Kind.PAYMENT: sights.payment_sight,
    Kind.REFUND: sights.refund_sight,
    Kind.TRANSFER: sights.transfer_sight,
    Kind.REVERSAL: sights.transfer_sight,
}
