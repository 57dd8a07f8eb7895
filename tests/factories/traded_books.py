"""A licence in the books and the log: calls charged and logged as the data plane does it."""

import hashlib
from datetime import UTC, datetime, timedelta

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.money import SCALE
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.evidence.log_facts import StoredLogFacts
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.log.intake import append_leaves
from ledger.log.keys import LogKeys
from ledger.log.services import driver_cursor
from ledger.log.tree.merkle import leaf_hash
from metering.plans.charged_periods import charged_periods

BUYER, SUPPLIER, CONTRIBUTOR = "org_buyer", "org_supplier", "org_contributor"
ORIGIN = "exchange.example/log/2026"
START = datetime(2026, 11, 1, tzinfo=UTC)
PLAN = "a" * 64
SPLIT = {
    "supplier": 5000,
    f"supplier:{CONTRIBUTOR}": 3333,
    "commission": 1067,
    "tax": 600,
}
PARTS = {
    "supplier": f"{SUPPLIER}/payable/CNY",
    f"supplier:{CONTRIBUTOR}": f"{CONTRIBUTOR}/payable/CNY",
    "commission": "exchange/commission/CNY",
    "tax": "exchange/tax/CNY",
}


def _signer(name):
    return Ed25519Signer.from_seed(name, hashlib.sha256(name.encode()).digest())


def log_keys():
    return LogKeys(_signer(ORIGIN), _signer(f"{ORIGIN}/receipts"), _signer(f"{ORIGIN}/statements"))


def evidence_ports():
    keys = log_keys()
    public_key = keys.receipts.public_key
    return EvidencePorts(
        StoredLogFacts(), LogLaneLedger(), keys.statements, [public_key], charged_periods
    )


def balances(units):
    """What every account's postings sum to, without those that sum to nothing."""
    with units.begin(Reach.EXCHANGE) as uow:
        rows = uow.session.connection().exec_driver_sql(
            "SELECT account_id, sum(amount)::bigint FROM postings GROUP BY account_id"
        )
        return {account_id: amount for account_id, amount in rows if amount}


class TradedLicence:
    """A licence of a composite product, its parties' accounts open and money in the wallet."""

    def __init__(
        self,
        units,
        clock,
        number=1,
        *,
        currency="CNY",
        supplier=SUPPLIER,
        buyer=BUYER,
        licence_id=None,
        order_id=None,
    ):
        self.units, self.clock, self.currency = units, clock, currency
        self.supplier, self.buyer = supplier, buyer
        self.licence_id = licence_id or f"lic_{number}"
        self.order_id = order_id or f"ord_{number}"
        with units.begin(Reach.EXCHANGE) as uow:
            for organisation_id in (buyer, supplier, CONTRIBUTOR):
                wallet_services.open_accounts(
                    uow, organisation_id=organisation_id, currency=currency
                )
            trading_services.note_licence(
                uow,
                licence_id=self.licence_id,
                order_id=self.order_id,
                buyer_id=buyer,
                supplier_id=supplier,
                currency=currency,
                plan_hash=PLAN,
                listing_code=f"AIR-{number}",
                starts_at=START,
                ends_at=START + timedelta(days=365),
                split=SPLIT,
            )
            draft = postings.top_up(
                reference=f"tup_{number}",
                organisation_id=buyer,
                amount=1000 * SCALE,
                currency=currency,
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
            uow.commit()
        self.lane = Lane(self, 1)

    def order(self, amount):
        with self.units.begin(Reach.EXCHANGE) as uow:
            trading_services.charge_order(
                uow,
                order_id=self.order_id,
                buyer_id=self.buyer,
                supplier_id=self.supplier,
                amount=amount,
                currency=self.currency,
                split=SPLIT,
            )
            uow.commit()


class Lane:
    """A lane as the data plane writes it: leaf and postings in one transaction."""

    def __init__(self, licence, number):
        self.licence, self.number = licence, number
        self.n, self.total_units, self.total_amount = 0, 0, 0
        with licence.units.begin(Reach.EXCHANGE) as uow:
            self.previous = self._append(uow, {"type": "lane_opened", "plan": PLAN}, 0)
            uow.commit()

    def call(self, amount=40_000_001, units=1):
        """One call; its n."""
        with self.licence.units.begin(Reach.EXCHANGE) as uow:
            self.write(uow, amount, units)
            uow.commit()
        return self.n

    def write(self, uow, amount, units=1):
        """One call in somebody's own transaction."""
        before = self.total_amount
        self.n += 1
        self.total_units += units
        self.total_amount += amount
        body = {
            "type": "call",
            "version": "ver_1",
            "scenario": "scn_1",
            "n": self.n,
            "units": units,
            "amount": str(amount),
            "currency": self.licence.currency,
            "total_units": self.total_units,
            "total_amount": str(self.total_amount),
            "previous": self.previous.hex(),
            "plan": PLAN,
            "request": "b" * 64,
            "response": "c" * 64,
            "outcome": "hit",
            "detail": "d" * 64,
        }
        self.previous = self._append(uow, body, self.n)
        if amount:
            draft = postings.accrue_calls(
                reference=f"{self.licence.licence_id}/{self.number}:{self.n}-{self.n}",
                buyer_id=self.licence.buyer,
                supplier_id=self.licence.supplier,
                amount=amount,
                total_amount_before=before,
                currency=self.licence.currency,
                split=SPLIT,
            )
            book(
                uow.session,
                draft,
                occurred_at=uow.now,
                booked_at=uow.now,
                licence_id=self.licence.licence_id,
            )

    def _append(self, uow, body, n):
        name = f"{self.licence.licence_id}/{self.number}/{n}"
        head = {
            "v": 1,
            "at": iso_instant(self.licence.clock.now()),
            "blind": hashlib.sha256(name.encode()).hexdigest()[:32],
            "licence": self.licence.licence_id,
            "lane": self.number,
        }
        leaf = canonical_bytes({**head, **body})
        row = (leaf_hash(leaf), leaf, body["type"], self.licence.licence_id, self.number, n)
        append_leaves(driver_cursor(uow), [row])
        return row[0]
