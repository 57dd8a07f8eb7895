"""A licence between two organisations, its lane in the log, and the month's work by hand."""

import hashlib

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.money import SCALE
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books import cursors, postings
from ledger.journal.books.booking import book
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.trading import services
from ledger.log.intake import append_leaves
from ledger.log.services import driver_cursor
from ledger.log.tree.merkle import leaf_hash

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
PLAN = "a" * 64


def statement_ports():
    signer = Ed25519Signer.from_seed("x/statements", hashlib.sha256(b"x").digest())
    return BillingPorts(LogLaneLedger(), signer)


def open_licence(units, *, buyer, supplier, licence_id, order_id, starts_at, ends_at, amount=1000):
    """Accounts of both, the licence's parties with their split, and money in the wallet."""
    with units.begin(Reach.EXCHANGE) as uow:
        services.note_licence(
            uow,
            licence_id=licence_id,
            order_id=order_id,
            buyer_id=buyer,
            supplier_id=supplier,
            currency="CNY",
            plan_hash=PLAN,
            listing_code="AIR-1",
            starts_at=starts_at,
            ends_at=ends_at,
            split=SPLIT,
        )
        draft = postings.top_up(
            reference=f"tup_{licence_id}",
            organisation_id=buyer,
            amount=amount * SCALE,
            currency="CNY",
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


def call_body(n, *, units, amount, total_units, total_amount, previous):
    return {
        "type": "call",
        "version": "ver_1",
        "scenario": "scn_1",
        "n": n,
        "units": units,
        "amount": str(amount),
        "currency": "CNY",
        "total_units": total_units,
        "total_amount": str(total_amount),
        "previous": previous,
        "plan": PLAN,
        "request": "b" * 64,
        "response": "c" * 64,
        "outcome": "hit",
        "detail": "d" * 64,
    }


class LoggedLane:
    """One lane of a licence as the data plane leaves it in the log."""

    def __init__(self, units, clock, licence_id, number=1):
        self.units, self.clock = units, clock
        self.licence_id, self.number = licence_id, number
        self.n, self.total_units, self.total_amount = 0, 0, 0
        self.previous = self._append({"type": "lane_opened", "plan": PLAN}, 0, None)

    def call(self, *, amount=40_000_000, units=1, at=None):
        self.n, self.total_units = self.n + 1, self.total_units + units
        self.total_amount += amount
        body = call_body(
            self.n,
            units=units,
            amount=amount,
            total_units=self.total_units,
            total_amount=self.total_amount,
            previous=self.previous.hex(),
        )
        self.previous = self._append(body, self.n, at)

    def _append(self, body, n, at):
        blind = hashlib.sha256(f"{self.licence_id}/{self.number}/{n}".encode()).hexdigest()[:32]
        at = iso_instant(at or self.clock.now())
        head = {"v": 1, "at": at, "blind": blind, "licence": self.licence_id, "lane": self.number}
        leaf = canonical_bytes({**head, **body})
        row = (leaf_hash(leaf), leaf, body["type"], self.licence_id, self.number, n)
        with self.units.begin(Reach.EXCHANGE) as uow:
            append_leaves(driver_cursor(uow), [row])
            uow.commit()
        return row[0]


def settle_cursor(units):
    """Looks until everything booked so far is behind the cursor."""
    for _ in range(3):
        with units.begin(Reach.EXCHANGE) as uow:
            cursors.tally(uow)
            uow.commit()


BILLING_ROWS = (
    (
        "INSERT INTO deferrals (order_id, licence_id, buyer_id, supplier_id, currency, split,"
        " price_amount, recognised_amount, days, starts_at, ends_at, closed_at)"
        " VALUES ('ord_' || %(pair)s, 'lic_' || %(pair)s, %(buyer)s, %(supplier)s, 'CNY', '{}', 1,"
        " 1, 1, now(), now() + interval '1 day', now())"
    ),
    (
        "INSERT INTO invoice_lines (transaction_id, invoice_id, buyer_id, supplier_id)"
        " SELECT min(p.transaction_id), min(i.invoice_id), %(buyer)s, %(supplier)s"
        " FROM postings p, invoices i WHERE p.organisation_id = %(buyer)s"
        " AND i.buyer_id = %(buyer)s ON CONFLICT DO NOTHING"
    ),
    (
        "INSERT INTO credit_lines (credit_line_id, organisation_id, currency, limit_amount,"
        " due_days, dunning, reason, state, proposed_by, proposed_at)"
        " VALUES ('crl_' || %(pair)s, %(buyer)s, 'CNY', 1, 1, '[]', 'none', 'proposed', 'p', now())"
    ),
    (
        "INSERT INTO credit_bills (bill_id, organisation_id, currency, month, from_at, until_at,"
        " amount, paid_amount, issued_at, due_at, paid_at, dunning, document, bill_hash, key_name,"
        " signature) VALUES ('cbl_' || %(pair)s, %(buyer)s, 'CNY', '2026-01', now(), now(), 1, 1,"
        " now(), now(), now(), '[]', '{}', '', '', '')"
    ),
    (
        "INSERT INTO bill_payments (bill_id, posting_id, organisation_id, amount, matched_at)"
        " VALUES ('cbl_' || %(pair)s, 1, %(buyer)s, 1, now())"
    ),
    (
        "INSERT INTO dunning_steps (bill_id, step, organisation_id, taken_at)"
        " VALUES ('cbl_' || %(pair)s, 'reminder', %(buyer)s, now())"
    ),
    (
        "INSERT INTO account_freezes (freeze_id, account_id, organisation_id, rule, finding,"
        " frozen_at, lift_reason, lift_asked_by, lift_asked_at, lifted_by, lifted_at)"
        " VALUES ('frz_' || %(pair)s, %(buyer)s || '/wallet/CNY', %(buyer)s, 'none', '{}', now(),"
        " 'none', 'p', now(), 'q', now())"
    ),
    (
        "INSERT INTO spend_buckets (account_id, bucket_at, organisation_id, amount)"
        " VALUES (%(buyer)s || '/wallet/CNY', now(), %(buyer)s, 1) ON CONFLICT DO NOTHING"
    ),
    (
        "INSERT INTO spend_alerts (organisation_id, currency, changed_at)"
        " VALUES (%(buyer)s, 'CNY', now())"
    ),
    "INSERT INTO account_tallies VALUES (%(pair)s, 1, 1)",
    (
        "INSERT INTO billing_runs (month, from_at, until_at, started_at)"
        " VALUES ('20' || %(number)s || '-01', now(), now() + interval '1 day', now())"
    ),
    "INSERT INTO books_cursor (name) VALUES (%(pair)s)",
)
"""A row of every table of billing for a pair that trades."""


def fill_billing(units, pairs):
    """Rows of billing for each pair, ``name -> (buyer, supplier)``, that change no balance."""
    with units.begin(Reach.EXCHANGE) as uow:
        for number, (pair, (buyer, supplier)) in enumerate(pairs.items(), start=10):
            for statement in BILLING_ROWS:
                driver_cursor(uow).execute(
                    statement,
                    {"pair": pair, "buyer": buyer, "supplier": supplier, "number": str(number)},
                )
        uow.commit()
