"""The invoice is a pure function of leaves: rebuilt, it has the same bytes."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.core.canonical import canonical_bytes
from app.core.money import MINOR
from ledger.journal.billing.invoices.documents import (
    Charge,
    InvoiceFacts,
    evidence_document,
    invoice_document,
    lane_leaves,
)
from ledger.journal.evidence.leaves import LaneLeaf, LaneSpan, LedgerProofs, ProvenLeaf

FROM = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def leaf(n, units, amount):
    return LaneLeaf(n, units, amount, f"{n:02x}" * 32, b"leaf %d" % n)


def facts(spans, packages=()):
    return InvoiceFacts(
        invoice_id="inv_1",
        licence_id="lic_1",
        currency="CNY",
        from_at=FROM,
        until_at=UNTIL,
        issued_at=UNTIL,
        spans=spans,
        charges=packages,
    )


SPANS = [
    LaneSpan(1, leaf(0, 0, 0), leaf(3, 3, 120_000_000)),
    LaneSpan(2, leaf(4, 4, 160_004_000), leaf(7, 9, 360_509_000)),
]


def test_each_lane_is_closing_less_opening():
    document = invoice_document(facts(SPANS))
    assert document["lanes"] == [
        {"lane": 1, "opening_n": 0, "closing_n": 3, "units": 3, "amount": "120000000"},
        {"lane": 2, "opening_n": 4, "closing_n": 7, "units": 5, "amount": "200505000"},
    ]
    assert document["units"] == 8
    assert document["usage_amount"] == "320505000"


def test_the_charge_is_rounded_half_up_to_the_fen_and_the_rounding_is_stated():
    document = invoice_document(facts(SPANS))
    assert document["charged_amount"] == "321000000"
    assert document["rounding_amount"] == "495000"


def test_a_package_is_a_line_of_its_own_and_part_of_the_total():
    document = invoice_document(
        facts(SPANS, [Charge("package", {"order_id": "ord_1"}, 300 * 10**8)])
    )
    assert document["lines"] == [{"kind": "package", "order_id": "ord_1", "amount": "30000000000"}]
    assert document["charged_amount"] == "321000000"
    assert document["total_amount"] == "30321000000"


def test_the_same_facts_give_the_same_bytes():
    first = canonical_bytes(invoice_document(facts(list(SPANS))))
    assert first == canonical_bytes(invoice_document(facts(tuple(SPANS))))
    assert len(first) < 4096


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=5),
    st.lists(st.integers(0, 10**12), max_size=2),
)
def test_total_is_exact_amount_plus_rounding_in_whole_fen(lanes, packages):
    spans = [
        LaneSpan(number, leaf(0, 0, opening), leaf(1, 1, opening + more))
        for number, (opening, more) in enumerate(lanes)
    ]
    made = facts(spans, [Charge("package", {"order_id": "ord_1"}, amount) for amount in packages])
    exact = sum(more for _, more in lanes) + sum(packages)
    assert made.total_amount == exact + made.rounding_amount
    assert made.total_amount % MINOR == 0
    assert abs(made.rounding_amount) <= (1 + len(packages)) * MINOR // 2


def test_the_evidence_has_both_leaves_of_every_lane():
    proofs = LedgerProofs(
        "note",
        {
            end.leaf_hash: ProvenLeaf(end.entry, end.n, (b"\x01" * 32,))
            for span in SPANS
            for end in (span.opening, span.closing)
        },
    )
    evidence = evidence_document(
        document={"invoice_id": "inv_1"},
        signature="c2ln",
        key_name="host/log/2026/statements",
        leaves=lane_leaves(SPANS),
        proofs=proofs,
    )
    assert evidence["format"] == "counterfoil-invoice-evidence/1"
    assert evidence["lane_count"] == 2
    assert evidence["lanes"][1] == {
        "lane": 2,
        "opening": {"entry": "bGVhZiA0", "index": 4, "path": ["AQEB" * 10 + "AQE="]},
        "closing": {"entry": "bGVhZiA3", "index": 7, "path": ["AQEB" * 10 + "AQE="]},
    }
