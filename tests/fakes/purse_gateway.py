"""A third gateway, like the purses that people carry in telephones; in memory, and nobody's vendor.

It has none of Stripe's habits: the exchange's own id is the reference of everything, there are no
sessions, intents or charges, and a transfer needs nothing but the payee's name.
"""

import hashlib
import hmac
import json
from dataclasses import replace

from app.core.money import MINOR
from ledger.payments.errors import AmountUnfit
from ledger.payments.operations import Kind, Outcome
from ledger.payments.ports import (
    AccountLink,
    AccountSight,
    Balance,
    Movement,
    MovementKind,
    NotAnEvent,
    ProviderEvent,
    RequestRefused,
    Sight,
    SignatureRefused,
    Subject,
    SubjectKind,
)

SECRET = b"shared with the purse"
SIGNED = "Purse-Signature"
_LEAVES = (Kind.REFUND, Kind.TRANSFER)


class PurseGateway:
    """The adapter and the provider behind it at once."""

    name = "purse"
    currencies = ("CNY", "HKD")

    def __init__(self, clock):
        self._clock = clock
        self.operations, self.accounts, self.lines, self.sent_keys = {}, {}, [], []

    # What the purse's owners and the purse do

    def pay(self, operation_id, fee=0):
        """Somebody pays; the notice of it, signed."""
        self._conclude(operation_id, Outcome.SUCCEEDED)
        seen = self.operations[operation_id]
        self._move(seen.amount, seen.currency, fee=fee, source=_subject(Kind.PAYMENT, operation_id))
        return self.notice("paid", "payment", operation_id)

    def bring_home(self, amount, currency):
        """To the exchange's own bank account."""
        self._move(-amount, currency, kind=MovementKind.PAYOUT)

    def arrive(self, amount, currency):
        """Money that nobody announced."""
        self._move(amount, currency, kind=MovementKind.OTHER)

    def verify(self, reference):
        self.accounts[reference] = AccountSight(reference, is_ready=True)

    def notice(self, told, kind, reference):
        """Body and headers, as sent."""
        body = json.dumps({"id": f"{told}-{reference}", "kind": kind, "reference": reference})
        return body.encode(), {SIGNED: _signature(body.encode())}

    def _conclude(self, operation_id, outcome):
        self.operations[operation_id] = replace(self.operations[operation_id], outcome=outcome)

    def _move(self, amount, currency, *, fee=0, kind=MovementKind.OPERATION, source=None):
        line = f"line-{len(self.lines)}"
        at = self._clock.now()
        self.lines.append(Movement(line, kind, amount, fee, currency, at, source))

    # The port

    def check_amount(self, amount, currency):
        if currency not in self.currencies or amount % MINOR:
            raise AmountUnfit(amount, currency, "Whole fen of the mainland or of Hong Kong.")

    def plan(self, order):
        self.check_amount(order.amount, order.currency)
        names = ("operation_id", "kind", "amount", "currency", "destination")
        return {name: getattr(order, name) for name in names}

    def send(self, request, key):
        self.sent_keys.append(key)
        operation_id, kind = request["operation_id"], Kind(request["kind"])
        leaves = kind in _LEAVES
        if kind is Kind.TRANSFER and not self.accounts[request["destination"]].is_ready:
            raise RequestRefused("payee_unknown", "nobody of that name")
        made = Sight(
            reference=operation_id,
            outcome=Outcome.SUCCEEDED if leaves else Outcome.OPEN,
            amount=request["amount"],
            currency=request["currency"],
            operation_id=operation_id,
            url=None if leaves else f"https://purse.example/{operation_id}",
        )
        if self.operations.setdefault(operation_id, made) is made and leaves:
            self._move(-made.amount, made.currency, source=_subject(kind, operation_id))
        return self.operations[operation_id]

    def find(self, order, since):  # noqa: ARG002 -- it keeps everything
        return self.operations.get(order.operation_id)

    def look(self, subject):
        shelf = self.accounts if subject.kind is SubjectKind.ACCOUNT else self.operations
        return shelf.get(subject.reference)

    def close_payment(self, reference):
        if self.operations[reference].outcome is Outcome.OPEN:
            self._conclude(reference, Outcome.CANCELLED)
        return self.operations[reference]

    def read_event(self, body, headers, now):
        if not hmac.compare_digest(headers.get(SIGNED, ""), _signature(body)):
            raise SignatureRefused
        try:
            told = json.loads(body)
            subject = Subject(SubjectKind(told["kind"]), told["reference"])
            return ProviderEvent(told["id"], told["kind"], now, subject)
        except (ValueError, KeyError) as failure:
            raise NotAnEvent(str(failure)) from failure

    def movements(self, since):
        return iter([line for line in self.lines if since is None or line.occurred_at >= since])

    def balance(self):
        held = {}
        for line in self.lines:
            held[line.currency] = held.get(line.currency, 0) + line.amount - line.fee
        return Balance(held)

    def plan_account(self, account_id, organisation_id):
        return {"account_id": account_id, "organisation_id": organisation_id}

    def open_account(self, request, key):  # noqa: ARG002 -- its own id is key enough
        reference = request["account_id"]
        return self.accounts.setdefault(reference, AccountSight(reference, is_ready=False))

    def find_account(self, account_id, since):  # noqa: ARG002 -- it keeps everything
        return self.accounts.get(account_id)

    def account_link(self, reference):
        return AccountLink(f"https://purse.example/payees/{reference}", self._clock.now())


def _subject(kind, reference):
    return Subject(SubjectKind(kind), reference)


def _signature(body):
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()
