"""What a payment provider knows: sessions, intents, charges, refunds, transfers, disputes, balance.

Amounts are whole minor units, as on the wire. Everything that moves the balance writes a balance
transaction, so that balance and statement agree by construction, as they do there.
"""

import itertools
import threading

DAY = 86_400


class Refused(Exception):
    """An answer of 4xx."""

    def __init__(self, status, code, message="", kind="invalid_request_error"):
        super().__init__(code)
        self.status, self.code, self.message, self.kind = status, code, message, kind


class StripeState:
    """Objects by id, in the order of their making; every change tells an event."""

    def __init__(self, clock, tell):
        self.clock = clock
        self.tell = tell
        self.lock = threading.RLock()
        self.things = {}
        self._numbers = itertools.count(1)

    def now(self):
        return int(self.clock.now().timestamp())

    def make(self, prefix, kind, **members):
        thing = {
            "id": f"{prefix}_{next(self._numbers):08d}",
            "object": kind,
            "created": self.now(),
            "livemode": False,
            **members,
        }
        self.things[thing["id"]] = thing
        return thing

    def get(self, kind, thing_id):
        found = self.things.get(thing_id)
        if found is None or found["object"] != kind:
            raise Refused(404, "resource_missing", f"No such {kind}: '{thing_id}'")
        return found

    def all(self, kind, **members):
        return [
            thing
            for thing in self.things.values()
            if thing["object"] == kind
            and all(thing.get(name) == value for name, value in members.items())
        ]

    # Balance

    def move(self, kind, amount, currency, source=None, fee=0):
        return self.make(
            "txn",
            "balance_transaction",
            type=kind,
            amount=amount,
            fee=fee,
            net=amount - fee,
            currency=currency,
            source=source,
            status="available",
        )

    def held(self, currency):
        return sum(
            line["net"] for line in self.all("balance_transaction") if line["currency"] == currency
        )

    def balance(self):
        currencies = sorted({line["currency"] for line in self.all("balance_transaction")})
        return {
            "object": "balance",
            "available": [
                {"amount": self.held(currency), "currency": currency} for currency in currencies
            ],
            "pending": [],
            "livemode": False,
        }

    # Checkout

    def create_session(self, params):
        line = params["line_items"][0]
        price = line["price_data"]
        for name in ("success_url",):
            if name not in params:
                raise Refused(400, "parameter_missing", name)
        session = self.make(
            "cs_test",
            "checkout.session",
            mode=params["mode"],
            status="open",
            payment_status="unpaid",
            amount_total=int(price["unit_amount"]) * int(line["quantity"]),
            currency=price["currency"],
            client_reference_id=params.get("client_reference_id"),
            metadata=params.get("metadata", {}),
            payment_intent=None,
            expires_at=self.now() + DAY,
            intent_data=params.get("payment_intent_data", {}),
        )
        session["url"] = f"https://checkout.stripe.example/c/pay/{session['id']}"
        return session

    def expire(self, session_id):
        session = self.get("checkout.session", session_id)
        if session["status"] != "open":
            message = "Only Checkout Sessions with a status in [open] can be expired."
            raise Refused(400, "invalid_state", message)
        session.update(status="expired", url=None)
        self.tell("checkout.session.expired", session)
        return session

    def expire_old(self):
        for session in self.all("checkout.session", status="open"):
            if session["expires_at"] <= self.now():
                self.expire(session["id"])

    def pay(self, session_id, *, fee=0, amount=None, asynchronous=False):
        """The payer pays on the provider's page."""
        session = self.get("checkout.session", session_id)
        if session["status"] != "open":
            raise Refused(400, "invalid_state")
        if amount is not None:
            session["amount_total"] = amount
        intent = self.make_intent(
            session["amount_total"], session["currency"], session["intent_data"].get("metadata", {})
        )
        session.update(status="complete", url=None, payment_intent=intent["id"])
        if asynchronous:
            intent["status"] = "processing"
            self.tell("checkout.session.completed", session)
            return session
        self.succeed(intent, fee=fee)
        session["payment_status"] = "paid"
        self.tell("checkout.session.completed", session)
        return session

    def settle(self, session_id, *, fails, fee=0):
        """What was paid by a slow method arrives, or does not."""
        session = self.get("checkout.session", session_id)
        intent = self.things[session["payment_intent"]]
        if fails:
            error = {"code": "payment_intent_payment_attempt_failed"}
            intent.update(status="requires_payment_method", last_payment_error=error)
            self.tell("checkout.session.async_payment_failed", session)
            return
        self.succeed(intent, fee=fee)
        session["payment_status"] = "paid"
        self.tell("checkout.session.async_payment_succeeded", session)

    # Intents and charges

    def make_intent(self, amount, currency, metadata):
        return self.make(
            "pi",
            "payment_intent",
            amount=amount,
            currency=currency,
            status="requires_payment_method",
            metadata=metadata,
            latest_charge=None,
            last_payment_error=None,
        )

    def succeed(self, intent, *, fee=0):
        charge = self.make(
            "ch",
            "charge",
            amount=intent["amount"],
            amount_refunded=0,
            currency=intent["currency"],
            payment_intent=intent["id"],
            metadata=intent["metadata"],
            disputed=False,
        )
        line = self.move("charge", charge["amount"], charge["currency"], charge["id"], fee)
        charge["balance_transaction"] = line["id"]
        intent.update(status="succeeded", latest_charge=charge["id"])
        self.tell("payment_intent.succeeded", intent)
        return charge

    def charge_of(self, intent_id):
        return self.things[self.get("payment_intent", intent_id)["latest_charge"]]

    # Refunds

    def create_refund(self, params):
        intent = self.get("payment_intent", params.get("payment_intent", ""))
        if intent["latest_charge"] is None:
            raise Refused(400, "charge_not_captured")
        charge = self.things[intent["latest_charge"]]
        amount = int(params.get("amount", charge["amount"]))
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise Refused(400, "charge_already_refunded", "greater than unrefunded amount")
        refund = self.make(
            "re",
            "refund",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            metadata=params.get("metadata", {}),
            status="succeeded",
            failure_reason=None,
        )
        charge["amount_refunded"] += amount
        self.move("refund", -amount, refund["currency"], refund["id"])
        self.tell("refund.created", refund)
        return refund

    def fail_refund(self, refund_id):
        """The payer's bank sends a refund back."""
        refund = self.get("refund", refund_id)
        refund.update(status="failed", failure_reason="lost_or_stolen_card")
        self.move("refund_failure", refund["amount"], refund["currency"], refund_id)
        self.tell("refund.failed", refund)

    # Accounts and transfers

    def create_account(self, params):
        account = self.make(
            "acct",
            "account",
            metadata=params.get("metadata", {}),
            capabilities={"transfers": "inactive"},
            payouts_enabled=False,
            details_submitted=False,
            requirements={"currently_due": ["external_account"], "disabled_reason": None},
        )
        self.tell("account.updated", account)
        return account

    def verify_account(self, account_id):
        """The supplier has told the provider who they are."""
        account = self.get("account", account_id)
        account.update(
            capabilities={"transfers": "active"},
            payouts_enabled=True,
            details_submitted=True,
            requirements={"currently_due": [], "disabled_reason": None},
        )
        self.tell("account.updated", account)

    def suspend_account(self, account_id):
        """The provider wants to know more before it pays out again."""
        account = self.get("account", account_id)
        account.update(
            capabilities={"transfers": "inactive"},
            payouts_enabled=False,
            requirements={"currently_due": ["individual.id_number"], "disabled_reason": "listed"},
        )
        self.tell("account.updated", account)

    def reject_account(self, account_id, reason="rejected.fraud"):
        """The provider wants nothing to do with the supplier any more, and asks for nothing."""
        account = self.get("account", account_id)
        account.update(
            capabilities={"transfers": "inactive"},
            payouts_enabled=False,
            requirements={"currently_due": [], "disabled_reason": reason},
        )
        self.tell("account.updated", account)

    def create_account_link(self, params):
        account = self.get("account", params["account"])
        return {
            "object": "account_link",
            "created": self.now(),
            "expires_at": self.now() + 300,
            "url": f"https://connect.stripe.example/setup/{account['id']}/{next(self._numbers)}",
        }

    def create_transfer(self, params):
        account = self.get("account", params["destination"])
        amount, currency = int(params["amount"]), params["currency"]
        if account["capabilities"]["transfers"] != "active":
            raise Refused(400, "insufficient_capabilities_for_transfer")
        if amount > self.held(currency):
            raise Refused(400, "balance_insufficient", "Insufficient funds in your account.")
        transfer = self.make(
            "tr",
            "transfer",
            amount=amount,
            amount_reversed=0,
            reversed=False,
            currency=currency,
            destination=account["id"],
            transfer_group=params.get("transfer_group"),
            metadata=params.get("metadata", {}),
        )
        self.move("transfer", -amount, currency, transfer["id"])
        self.tell("transfer.created", transfer)
        return transfer

    def create_reversal(self, transfer_id, params):
        transfer = self.get("transfer", transfer_id)
        amount = int(params.get("amount", transfer["amount"] - transfer["amount_reversed"]))
        if amount > transfer["amount"] - transfer["amount_reversed"]:
            raise Refused(400, "transfer_already_reversed")
        reversal = self.make(
            "trr",
            "transfer_reversal",
            amount=amount,
            currency=transfer["currency"],
            transfer=transfer_id,
            metadata=params.get("metadata", {}),
        )
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        self.move("transfer_refund", amount, transfer["currency"], reversal["id"])
        self.tell("transfer.reversed", transfer)
        return reversal

    def create_payout(self, params):
        amount, currency = int(params["amount"]), params["currency"]
        if amount > self.held(currency):
            raise Refused(400, "balance_insufficient")
        payout = self.make(
            "po", "payout", amount=amount, currency=currency, status="paid", metadata={}
        )
        self.move("payout", -amount, currency, payout["id"])
        self.tell("payout.paid", payout)
        return payout

    # Disputes

    def dispute(self, intent_id, *, amount=None, fee=0, is_inquiry=False):
        """The payer's bank asks for the money back."""
        charge = self.charge_of(intent_id)
        charge["disputed"] = True
        dispute = self.make(
            "dp",
            "dispute",
            amount=charge["amount"] if amount is None else amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent_id,
            status="warning_needs_response" if is_inquiry else "needs_response",
            reason="fraudulent",
            metadata={},
            balance_transactions=[],
        )
        if not is_inquiry:
            self.withdraw(dispute, fee=fee)
        self.tell("charge.dispute.created", dispute)
        return dispute

    def withdraw(self, dispute, *, fee=0):
        line = self.move("adjustment", -dispute["amount"], dispute["currency"], dispute["id"], fee)
        dispute["status"] = "needs_response"
        dispute["balance_transactions"] = [*dispute["balance_transactions"], dict(line)]
        self.tell("charge.dispute.funds_withdrawn", dispute)

    def decide(self, dispute_id, *, is_won):
        """The payer's bank decides."""
        dispute = self.get("dispute", dispute_id)
        dispute["status"] = "won" if is_won else "lost"
        if is_won:
            line = self.move("adjustment", dispute["amount"], dispute["currency"], dispute_id)
            dispute["balance_transactions"] = [*dispute["balance_transactions"], dict(line)]
            self.tell("charge.dispute.funds_reinstated", dispute)
        self.tell("charge.dispute.closed", dispute)
