"""Terms of every kind of plan, and strategies that draw them."""

from hypothesis import strategies as st

from app.core.money import format_amount
from tests.factories.metering import package, per_call

COMMON = {"unit": "call", "free_units": 0, "currency": "CNY", "calls_per_second": 100_000}


def tiered(kind, *steps, period="month", **changes):
    """Graduated or volume terms from steps of (up_to, price text)."""
    tiers = [{"up_to": up_to, "unit_price": price} for up_to, price in steps]
    return COMMON | {"kind": kind, "tiers": tiers, "period": period} | changes


def graduated(*steps, **changes):
    """Graduated terms: 0.50 for the first ten, then 0.20, unless told otherwise."""
    return tiered("graduated", *(steps or ((10, "0.50"), (None, "0.20"))), **changes)


def volume(*steps, **changes):
    """Volume terms with the same steps."""
    return tiered("volume", *(steps or ((10, "0.50"), (None, "0.20"))), **changes)


def subscription(included=100, overage="0.30", **changes):
    """A month at 20.00 with included units; ``overage`` None stops."""
    terms = {"kind": "subscription", "period": "month", "period_fee": "20.00"}
    terms |= COMMON | {"included_units": included}
    return terms | ({} if overage is None else {"overage_price": overage}) | changes


def yearly(units=None, **changes):
    """A year at 1,200.00."""
    terms = {"kind": "yearly", "package_price": "1200.00", "valid_days": 365}
    return terms | COMMON | {"package_units": units} | changes


prices = st.integers(0, 5 * 10**8).map(format_amount)


@st.composite
def steps(draw):
    """Ascending steps with any prices."""
    ends = sorted(draw(st.sets(st.integers(1, 300), max_size=4)))
    return [(end, draw(prices)) for end in [*ends, None]]


trials = st.just({}) | st.fixed_dictionaries(
    {"trial_units": st.integers(1, 20), "trial_days": st.integers(1, 90)}
)
free = st.fixed_dictionaries({"free_units": st.integers(0, 30)})
minimums = st.just({}) | st.fixed_dictionaries(
    {
        "minimum": st.fixed_dictionaries(
            {
                "amount": st.integers(0, 10**11).map(format_amount),
                "period": st.sampled_from(["month", "quarter", "year", "term"]),
            }
        )
    }
)
_extras = st.tuples(trials, free, minimums).map(lambda parts: parts[0] | parts[1] | parts[2])
_periods = st.sampled_from(["month", "term"])

usage_plans = st.one_of(
    st.builds(lambda price, extra: per_call(unit_price=price, **extra), prices, _extras),
    st.builds(
        lambda kind, steps_, period, extra: tiered(kind, *steps_, period=period, **extra),
        st.sampled_from(["graduated", "volume"]),
        steps(),
        _periods,
        _extras,
    ),
    st.builds(
        lambda units, price, carry, period, trial: subscription(
            units, price, roll_over=carry, period=period, **trial
        ),
        st.integers(0, 100),
        prices,
        st.sampled_from(["none", "carry"]),
        st.sampled_from(["month", "quarter", "year"]),
        trials,
    ),
)
"""Plans that sell any number of units."""

bounded_plans = st.one_of(
    st.builds(package, st.integers(1, 300)),
    st.builds(lambda units: subscription(units, None), st.integers(1, 100)),
    st.builds(yearly, st.integers(1, 300)),
)
"""Plans that stop, or that must be bought again."""

plans = usage_plans | bounded_plans | st.builds(yearly)
