"""Invoices since they name carried calls, charges below zero and the tax inside."""

import datetime as dt

import pytest

from tests.vectors.exchange import START


def run(desk, exchange, change, **period):
    path = desk.put("invoice.json", exchange.invoice("lic_a", change=change, **period))
    return desk.run("invoice", path)


def with_lines(*amounts, tax=()):
    """A change that adds lines, keeps the sums, and states the tax."""

    def change(invoice, _evidence):
        invoice["lines"] = [{"kind": "true_up", "period": "1", "amount": str(a)} for a in amounts]
        rounded = sum((abs(a) + 500_000) // 10**6 * 10**6 * (1 if a >= 0 else -1) for a in amounts)
        invoice["total_amount"] = str(int(invoice["charged_amount"]) + rounded)
        if tax:
            parts = [{"amount": str(a), "rounded_amount": str(r)} for a, r in tax]
            invoice["tax"] = {
                "is_included": True,
                "share_bp": 600,
                "amount": str(sum(a for a, _ in tax)),
                "rounded_amount": str(sum(r for _, r in tax)),
                "parts": parts,
            }

    return change


def test_what_went_back_is_a_line_below_zero_and_may_exceed_the_usage(desk, exchange):
    outcome = run(desk, exchange, with_lines(-900 * 10**8, 1_499_999))
    assert outcome.code == 0, outcome.output


def test_the_tax_is_one_part_a_line_and_sums(desk, exchange):
    outcome = run(desk, exchange, with_lines(10**8, tax=[(4_700, 0), (6_000_000, 6_000_000)]))
    assert outcome.code == 0, outcome.output


@pytest.mark.parametrize(
    "tax",
    [
        [(4_700, 0)],
        [(4_700, 1), (6_000_000, 6_000_000)],
        [(4_700, 0), (6_000_000, 8_000_000)],
        [(4_700, 0), (6_000_000, 5_000_000)],
        [(4_700, 0), (2 * 10**8, 2 * 10**8)],
    ],
)
def test_a_tax_that_is_wrong_is_rejected(desk, exchange, tax):
    outcome = run(desk, exchange, with_lines(10**8, tax=tax))
    assert (outcome.code, outcome.step) == (1, "sums")


def test_a_tax_total_that_is_not_its_parts_is_rejected(desk, exchange):
    def change(invoice, evidence):
        with_lines(10**8, tax=[(4_700, 0), (6_000_000, 6_000_000)])(invoice, evidence)
        invoice["tax"]["amount"] = "6004701"

    assert run(desk, exchange, change).step == "sums"


LATE = {
    "starts_at": START + dt.timedelta(days=30),
    "ends_at": START + dt.timedelta(days=60),
}


def all_carried(count=None):
    """Every call of every lane was committed after the invoice of its own period."""

    def change(invoice, _evidence):
        for line in invoice["lanes"]:
            line["carried"] = line["closing_n"] if count is None else count

    return change


def late(exchange, change):
    """An invoice of a later period that opens at the lanes' openings."""
    plain = exchange._bounds
    exchange._bounds = lambda lane, _starts_at, ends_at: plain(lane, START, ends_at)
    try:
        return exchange.invoice("lic_a", change=change, **LATE)
    finally:
        exchange._bounds = plain


def test_calls_carried_over_from_an_earlier_period_are_accepted_when_they_are_said_to_be(
    desk, exchange
):
    assert desk.run("invoice", desk.put("a.json", late(exchange, all_carried()))).code == 0


@pytest.mark.parametrize("count", [None, 0, 1, 10**6])
def test_and_rejected_when_they_are_not_or_are_too_many(desk, exchange, count):
    change = (lambda *_: None) if count is None else all_carried(count)
    outcome = desk.run("invoice", desk.put("a.json", late(exchange, change)))
    assert (outcome.code, outcome.step) == (1, "lanes")


def test_calls_inside_the_period_cannot_all_be_carried_over(desk, exchange):
    outcome = run(desk, exchange, all_carried())
    assert (outcome.code, outcome.step) == (1, "lanes")
