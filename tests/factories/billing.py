"""A licence between two organisations, its lane in the log, and the month's work by hand."""

import hashlib

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.money import SCALE
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal import books_cursor, postings, services
from ledger.journal.booking import book
from ledger.journal.log_lane_ledger import LogLaneLedger
from ledger.journal.ports import JournalPorts
from ledger.log.intake import append_leaves
from ledger.log.merkle import leaf_hash
from ledger.log.services import driver_cursor

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
PLAN = "a" * 64


def statement_ports():
    signer = Ed25519Signer.from_seed("x/statements", hashlib.sha256(b"x").digest())
    return JournalPorts(None, LogLaneLedger(), signer)


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
            books_cursor.tally(uow)
            uow.commit()
