"""A term that is billed by the month comes to its price and its commitments, whatever was idle."""

from itertools import accumulate, pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from metering.plans.bills import TermPeriod, true_up_term
from metering.plans.pools import amount_of, pools_of
from metering.plans.terms import read_plan
from tests.factories.plans import steps, tiered

amounts = st.integers(0, 200 * 10**8)


@st.composite
def terms(draw):
    """The pools of a plan, its months with any charges, and the month that closes last."""
    kind = draw(st.sampled_from(["graduated", "volume"]))
    pools = pools_of(read_plan(tiered(kind, *draw(steps()), period="term")))
    months = draw(
        st.lists(st.builds(TermPeriod, st.integers(0, 300), amounts, amounts), min_size=1)
    )
    return pools, months, draw(st.integers(0, len(months) - 1))


def prices(pools, months):
    """What each month's units cost behind all units before them."""
    ends = [0, *accumulate(each.paid_units for each in months)]
    return [amount_of(pools, end) - amount_of(pools, start) for start, end in pairwise(ends)]


def bills(pools, months, closing):
    """What is due, what was paid before the term's end, and what is paid after it."""
    last = months[closing]
    found = true_up_term(pools, months, closing)
    assert 0 <= found.total_amount <= last.charged_amount
    assert found.returned_amount >= 0
    due = [
        max(price, each.minimum_amount)
        for price, each in zip(prices(pools, months), months, strict=True)
    ]
    paid = [max(each.charged_amount, each.minimum_amount) for each in months]
    others = sum(paid) - paid[closing]
    after = others + max(found.total_amount, last.minimum_amount) - found.returned_amount
    return sum(due), sum(paid), after


@given(term=terms())
def test_a_term_comes_to_its_months_prices_and_commitments_and_asks_nothing_more(term):
    due, before, after = bills(*term)
    assert after == min(due, before)


@given(term=terms())
def test_without_commitments_a_term_comes_to_the_price_of_all_its_units(term):
    pools, months, closing = term
    plain = [TermPeriod(each.paid_units, each.charged_amount, 0) for each in months]
    _, before, after = bills(pools, plain, closing)
    assert after == min(before, amount_of(pools, sum(each.paid_units for each in plain)))


@given(term=terms(), extra=amounts)
def test_an_overcharge_of_any_month_is_given_back_whole(term, extra):
    """Charged by the plan and somewhere more: only the more goes back."""
    pools, months, closing = term
    exact = [
        TermPeriod(each.paid_units, price, 0)
        for each, price in zip(months, prices(pools, months), strict=True)
    ]
    place = len(exact) // 2
    each = exact[place]
    assume(extra > 0)
    over = [*exact]
    over[place] = TermPeriod(each.paid_units, each.charged_amount + extra, 0)
    due, before, after = bills(pools, over, closing)
    assert (before - after, after) == (extra, due)
