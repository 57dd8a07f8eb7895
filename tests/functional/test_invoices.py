"""Invoices over a real log: two leaves a lane, checked by the independent verifier."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from counterfoil_verify.cli import main as verify
from sqlalchemy import text

from app.core.canonical import canonical_bytes, digest_hex
from app.core.clock import iso_instant
from app.core.money import SCALE
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.invoices import evidence_services as invoice_evidence_services
from ledger.journal.billing.invoices import queries as invoice_queries
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.billing.invoices.documents import InvoiceFacts, invoice_document
from ledger.journal.billing.invoices.errors import (
    InvoiceDiffers,
    InvoiceNotFound,
    InvoiceNotYetPublished,
    InvoicePeriodOverlaps,
)
from ledger.journal.billing.invoices.events import InvoiceIssued
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.errors import PeriodUnfit
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.periods import services as period_services
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading import services
from ledger.journal.trading.errors import LicencePartiesNotFound
from ledger.journal.trading.models import LicenceParties
from ledger.log.intake import append_leaves
from ledger.log.keys import LogKeys
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.services import driver_cursor
from ledger.log.tree.merkle import leaf_hash

BUYER, SUPPLIER, STRANGER = "org_buyer", "org_supplier", "org_stranger"
LICENCE, ORDER = "lic_1", "ord_1"
ORIGIN = "exchange.example/log/2026"
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
PLAN = "a" * 64


def signer(name):
    return Ed25519Signer.from_seed(name, hashlib.sha256(name.encode()).digest())


@pytest.fixture
def keys():
    return LogKeys(signer(ORIGIN), signer(f"{ORIGIN}/receipts"), signer(f"{ORIGIN}/statements"))


@pytest.fixture
def ports(keys):
    return BillingPorts(LogLaneLedger(), keys.statements)


@pytest.fixture
def sequencer(units, keys):
    return Sequencer(units, keys)


@pytest.fixture
def licence(units):
    """A licence with both parties' accounts open and 1,000.00 CNY in the buyer's wallet."""
    with units.begin(Reach.EXCHANGE) as uow:
        services.note_licence(
            uow,
            licence_id=LICENCE,
            order_id=ORDER,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            currency="CNY",
            plan_hash=PLAN,
            listing_code="AIR-1",
            starts_at=START,
            ends_at=START + timedelta(days=365),
        )
        draft = postings.top_up(
            reference="tup_1", organisation_id=BUYER, amount=1000 * SCALE, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


class Lane:
    """A lane as the data plane writes it, with running totals and a chain of leaf hashes."""

    def __init__(self, units, clock, number):
        self.units, self.clock, self.number = units, clock, number
        self.n, self.total_units, self.total_amount = 0, 0, 0
        self.previous = self._append({"type": "lane_opened", "plan": PLAN}, 0)

    def call(self, *, amount=40_000_000, units=1, at=None):
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
            "currency": "CNY",
            "total_units": self.total_units,
            "total_amount": str(self.total_amount),
            "previous": self.previous.hex(),
            "plan": PLAN,
            "request": "b" * 64,
            "response": "c" * 64,
            "outcome": "hit",
            "detail": "d" * 64,
        }
        self.previous = self._append(body, self.n, at)

    def _append(self, body, n, at=None):
        blind = hashlib.sha256(f"{self.number}/{n}".encode()).hexdigest()[:32]
        at = iso_instant(at or self.clock.now())
        head = {"v": 1, "at": at, "blind": blind, "licence": LICENCE, "lane": self.number}
        leaf = canonical_bytes({**head, **body})
        row = (leaf_hash(leaf), leaf, body["type"], LICENCE, self.number, n)
        with self.units.begin(Reach.EXCHANGE) as uow:
            append_leaves(driver_cursor(uow), [row])
            uow.commit()
        return row[0]


@pytest.fixture
def open_lane(units, clock, licence):
    return lambda number: Lane(units, clock, number)


@pytest.fixture
def issue(units, ports):
    def run(from_at, until_at, licence_id=LICENCE):
        with units.begin(Reach.EXCHANGE) as uow:
            invoice = invoice_services.issue_invoice(
                uow, ports, licence_id=licence_id, from_at=from_at, until_at=until_at
            )
            uow.commit()
            return invoice

    return run


@pytest.fixture
def check(units, ports, keys, tmp_path):
    """Gathers the evidence and gives it to the independent verifier; its exit code."""

    def run(invoice):
        with units.begin(Reach.EXCHANGE) as uow:
            evidence = invoice_evidence_services.invoice_evidence(
                uow.session, ports.lane_ledger, invoice
            )
        (tmp_path / "invoice.json").write_bytes(canonical_bytes(evidence))
        (tmp_path / "keys.json").write_text(json.dumps(keys.vkeys))
        arguments = ["invoice", str(tmp_path / "invoice.json")]
        return verify([*arguments, "--keys", str(tmp_path / "keys.json")])

    return run


def test_an_invoice_is_what_every_lane_added_in_the_period(open_lane, issue, clock):
    first, second = open_lane(1), open_lane(2)
    for _ in range(3):
        clock.advance(seconds=1)
        first.call()
    second.call(amount=5_000, units=2)
    clock.advance(seconds=1)
    document = issue(START, clock.now()).document
    assert document["lanes"] == [
        {"lane": 1, "opening_n": 0, "closing_n": 3, "units": 3, "amount": "120000000"},
        {"lane": 2, "opening_n": 0, "closing_n": 1, "units": 2, "amount": "5000"},
    ]
    assert (document["usage_amount"], document["charged_amount"]) == ("120005000", "120000000")
    assert document["rounding_amount"] == "-5000"


def test_the_independent_verifier_accepts_the_evidence(
    open_lane, issue, check, clock, sequencer, keys
):
    lane = open_lane(1)
    for _ in range(5):
        clock.advance(seconds=1)
        lane.call(amount=1_234_567)
    clock.advance(seconds=1)
    invoice = issue(START, clock.now())
    sequencer.step()
    sequencer.step()
    assert check(invoice) == 0
    assert invoice.key_name == keys.statements.name


def test_consecutive_invoices_verify_and_count_every_call_once(
    open_lane, issue, check, clock, sequencer
):
    lane = open_lane(1)
    lane.call()
    clock.advance(seconds=10)
    first = issue(START, clock.now())
    # Made before the first invoice's end, committed after it was issued.
    lane.call(at=clock.now() - timedelta(milliseconds=1))
    clock.advance(seconds=5)
    lane.call()
    second_lane = open_lane(2)
    second_lane.call()
    clock.advance(seconds=5)
    second = issue(first.until_at, clock.now())
    for _ in range(2):
        sequencer.step()
    assert [line["closing_n"] for line in first.document["lanes"]] == [1]
    assert [line["opening_n"] for line in second.document["lanes"]] == [1, 0]
    assert [line["closing_n"] for line in second.document["lanes"]] == [3, 1]
    assert [check(invoice) for invoice in (first, second)] == [0, 0]


def test_a_late_call_of_a_lane_that_fell_silent_is_on_the_next_invoice(
    open_lane, issue, check, clock, sequencer
):
    lane = open_lane(1)
    lane.call()
    clock.advance(seconds=10)
    first = issue(START, clock.now())
    lane.call(at=clock.now() - timedelta(seconds=1))
    clock.advance(seconds=3600)
    second = issue(clock.now() - timedelta(seconds=60), clock.now())
    clock.advance(seconds=5)
    third = issue(second.until_at, clock.now())
    for _ in range(2):
        sequencer.step()
    assert second.document["lanes"] == [
        {
            "lane": 1,
            "opening_n": 1,
            "closing_n": 2,
            "units": 1,
            "amount": "40000000",
            "carried": 1,
        }
    ]
    assert third.document["units"] == 0
    assert [check(invoice) for invoice in (first, second, third)] == [0, 0, 0]


def test_calls_between_two_invoices_with_a_gap_are_not_lost(
    open_lane, issue, check, clock, sequencer
):
    lane = open_lane(1)
    clock.advance(seconds=1)
    lane.call()
    clock.advance(seconds=10)
    later = clock.now()
    clock.advance(seconds=1)
    lane.call()
    clock.advance(seconds=1)
    invoice = issue(later, clock.now())
    sequencer.step()
    (line,) = invoice.document["lanes"]
    assert (line["units"], line["carried"]) == (2, 1)
    assert check(invoice) == 0


def test_a_period_without_calls_is_an_invoice_of_nothing(open_lane, issue, check, clock, sequencer):
    lane = open_lane(1)
    lane.call()
    clock.advance(seconds=10)
    issue(START, clock.now())
    clock.advance(seconds=10)
    empty = issue(START + timedelta(seconds=10), clock.now())
    sequencer.step()
    assert (empty.document["units"], empty.total_amount) == (0, 0)
    assert check(empty) == 0


def test_the_same_period_gives_the_same_invoice(open_lane, issue, clock, units):
    open_lane(1).call(amount=1)
    clock.advance(seconds=1)
    first = issue(START, clock.now())
    until = clock.now()
    clock.advance(seconds=60)
    assert issue(START, until).invoice_id == first.invoice_id
    assert [type(event) for event in units.events] == [InvoiceIssued]


def test_an_invoice_is_rebuilt_byte_for_byte_from_its_leaves(open_lane, issue, clock, units, ports):
    lane = open_lane(1)
    for amount in (3, 50, 7_000_000):
        clock.advance(seconds=1)
        lane.call(amount=amount)
    clock.advance(seconds=1)
    issued = issue(START, clock.now())
    with units.begin(Reach.EXCHANGE) as uow:
        stored = invoice_queries.get_invoice(uow.session, issued.invoice_id, BUYER)
        spans = ports.lane_ledger.lanes(
            uow.session, LICENCE, from_at=stored.from_at, until_at=stored.until_at
        )
    rebuilt = invoice_document(
        InvoiceFacts(
            invoice_id=stored.invoice_id,
            licence_id=LICENCE,
            currency="CNY",
            from_at=stored.from_at,
            until_at=stored.until_at,
            issued_at=stored.issued_at,
            spans=spans,
            charges=[],
            split=None,
        )
    )
    assert canonical_bytes(rebuilt) == canonical_bytes(stored.document)
    assert digest_hex(rebuilt) == stored.invoice_hash == units.events[-1].invoice_hash


@pytest.mark.parametrize(
    ("from_seconds", "until_seconds"), [(0, 5), (5, 20), (9, 11), (2, 8), (-5, 30)]
)
def test_periods_of_a_licence_do_not_overlap(open_lane, issue, clock, from_seconds, until_seconds):
    open_lane(1)
    clock.advance(seconds=30)
    issue(START, START + timedelta(seconds=10))
    with pytest.raises(InvoicePeriodOverlaps):
        issue(START + timedelta(seconds=from_seconds), START + timedelta(seconds=until_seconds))


@pytest.mark.parametrize("seconds", [0, -1, 1])
def test_a_period_is_over_before_it_is_invoiced(open_lane, issue, seconds):
    open_lane(1)
    with pytest.raises(PeriodUnfit):
        issue(START, START + timedelta(seconds=seconds))


def test_rounding_is_booked_and_the_books_balance(open_lane, issue, clock, units):
    open_lane(1).call(amount=4_000)
    clock.advance(seconds=1)
    issue(START, clock.now())
    with units.begin(Reach.EXCHANGE) as uow:
        statement = text("SELECT account_id, amount FROM postings WHERE amount IN (4000, -4000)")
        rows = {row.account_id: row.amount for row in uow.session.execute(statement)}
        assert find_imbalances(uow.session) == []
    assert rows == {"org_buyer/receivable/CNY": 4_000, "exchange/rounding/CNY": -4_000}


def test_a_package_charged_in_the_period_is_a_line(issue, licence, units, clock):
    with units.begin(Reach.EXCHANGE) as uow:
        services.charge_order(
            uow,
            order_id=ORDER,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            amount=300 * SCALE,
            currency="CNY",
            split={"supplier": 8400, "commission": 1000, "tax": 600},
        )
        uow.commit()
    clock.advance(seconds=5)
    with_package = issue(START, clock.now())
    clock.advance(seconds=5)
    later = issue(with_package.until_at, clock.now())
    assert with_package.document["lines"] == [
        {"kind": "package", "order_id": ORDER, "amount": str(300 * SCALE)}
    ]
    assert with_package.total_amount == 300 * SCALE
    assert (later.document["lines"], later.total_amount) == ([], 0)


SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


@pytest.fixture
def taxed(units, licence):
    """The licence, with the agreement's split known to the books."""
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.get(LicenceParties, LICENCE).split = SPLIT
        uow.commit()


def charge_period(units, period, amount):
    with units.begin(Reach.EXCHANGE) as uow:
        period_services.charge_period(
            uow,
            licence_id=LICENCE,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            period=period,
            amount=amount,
            currency="CNY",
            split=SPLIT,
        )
        uow.commit()


def adjust_period(units, period, charged, due):
    with units.begin(Reach.EXCHANGE) as uow:
        period_services.adjust_period(
            uow,
            licence_id=LICENCE,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            period=period,
            excess_amount=max(0, charged - due),
            missing_amount=max(0, due - charged),
            currency="CNY",
            split=SPLIT,
        )
        uow.commit()


def test_fees_minimums_and_true_ups_are_lines_with_their_tax_and_verify(
    taxed, open_lane, issue, check, clock, sequencer, units
):
    lane = open_lane(1)
    clock.advance(seconds=1)
    for amount in (1_234_567, 40_000_001):
        lane.call(amount=amount)
    charge_period(units, 1, 20 * SCALE)
    adjust_period(units, 1, 0, 3 * SCALE + 7)
    adjust_period(units, 2, 5 * SCALE, 4 * SCALE)
    clock.advance(seconds=1)
    invoice = issue(START, clock.now())
    clock.advance(seconds=1)
    assert issue(invoice.until_at, clock.now()).document["lines"] == []
    document = invoice.document
    assert [(line["kind"], line["period"], line["amount"]) for line in document["lines"]] == [
        ("period_fee", "1", str(20 * SCALE)),
        ("minimum_commitment", "1", str(3 * SCALE + 7)),
        ("true_up", "2", str(-SCALE)),
    ]
    tax = document["tax"]
    exact = [2_474_074, 120_000_000, 18_000_000, -6_000_000]
    assert [int(part["amount"]) for part in tax["parts"]] == exact
    assert sum(int(part["rounded_amount"]) for part in tax["parts"]) == int(tax["rounded_amount"])
    assert (tax["share_bp"], int(tax["amount"])) == (600, sum(exact))
    sequencer.step()
    assert check(invoice) == 0
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []


def test_a_bill_below_zero_is_possible_exact_and_verified(
    taxed, open_lane, issue, check, clock, sequencer, units
):
    open_lane(1)
    adjust_period(units, 1, 9 * SCALE + 3, 0)
    clock.advance(seconds=1)
    invoice = issue(START, clock.now())
    sequencer.step()
    assert invoice.total_amount == -9 * SCALE
    assert check(invoice) == 0
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []


def rebuild(units, ports, invoice):
    with units.begin(Reach.EXCHANGE) as uow:
        stored = invoice_queries.get_invoice(uow.session, invoice.invoice_id, None)
        return invoice_evidence_services.rebuild_invoice(uow.session, ports, stored)


def test_rebuilding_finds_the_same_bytes_whatever_came_later(
    taxed, open_lane, issue, clock, units, ports
):
    lane = open_lane(1)
    lane.call(amount=3)
    charge_period(units, 1, SCALE)
    clock.advance(seconds=10)
    first = issue(START, clock.now())
    lane.call(at=clock.now() - timedelta(seconds=1))
    charge_period(units, 2, SCALE)
    clock.advance(seconds=10)
    second = issue(first.until_at, clock.now())
    for invoice in (first, second):
        made = canonical_bytes(rebuild(units, ports, invoice))
        assert made == canonical_bytes(invoice.document)


def test_a_running_total_that_lies_is_found(taxed, open_lane, issue, clock, units, ports):
    lane = open_lane(1)
    lane.call()
    lane.total_amount += 1
    lane.call()
    clock.advance(seconds=1)
    invoice = issue(START, clock.now())
    with pytest.raises(InvoiceDiffers, match="do not add up"):
        rebuild(units, ports, invoice)


def test_evidence_waits_for_the_checkpoint(open_lane, issue, clock, units, ports, sequencer):
    open_lane(1).call()
    clock.advance(seconds=1)
    invoice = issue(START, clock.now())
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(InvoiceNotYetPublished):
        invoice_evidence_services.invoice_evidence(uow.session, ports.lane_ledger, invoice)
    sequencer.step()
    with units.begin(Reach.EXCHANGE) as uow:
        source = invoice_evidence_services.InvoiceEvidenceSource(ports.lane_ledger)
        assert len(list(source.invoices(uow.session, LICENCE, 10))) == 1


def test_only_parties_see_an_invoice_with_or_without_the_query_s_filter(
    open_lane, issue, clock, units
):
    open_lane(1).call()
    clock.advance(seconds=1)
    invoice = issue(START, clock.now())
    for party in (BUYER, SUPPLIER):
        with units.begin(Reach.organisation(party)) as uow:
            assert invoice_queries.get_invoice(uow.session, invoice.invoice_id, party) is not None
            assert trading_queries.get_licence_parties(uow.session, LICENCE, party) is not None
    with units.begin(Reach.EXCHANGE) as uow:
        with pytest.raises(InvoiceNotFound):
            invoice_queries.get_invoice(uow.session, invoice.invoice_id, STRANGER)
        with pytest.raises(LicencePartiesNotFound):
            trading_queries.get_licence_parties(uow.session, LICENCE, STRANGER)
    with units.begin(Reach.organisation(STRANGER)) as uow:
        assert uow.session.scalar(text("SELECT count(*) FROM invoices")) == 0
        assert uow.session.scalar(text("SELECT count(*) FROM licence_parties")) == 0


def test_an_unknown_licence_has_no_invoice(issue, licence, clock):
    clock.advance(seconds=1)
    with pytest.raises(LicencePartiesNotFound):
        issue(START, clock.now(), licence_id="lic_none")
