"""Money is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import (
    UNITS_MAX,
    CurrencyMismatch,
    Money,
    NotAnAmount,
    format_amount,
    parse_amount,
    round_half_up_to_minor,
    split_units,
)

units = st.integers(min_value=-UNITS_MAX, max_value=UNITS_MAX)


@given(units)
def test_an_amount_survives_its_text(value):
    assert parse_amount(format_amount(value)) == value


@pytest.mark.parametrize(
    "text", ["", "1e3", "0.123456789", "+1", " 1", "1,0", ".5", "1.", "NaN", "١", "92233720369"]
)
def test_text_that_is_not_an_amount_is_refused(text):
    with pytest.raises(NotAnAmount):
        parse_amount(text)


@given(
    st.integers(min_value=0, max_value=UNITS_MAX),
    st.dictionaries(
        st.text(max_size=4), st.integers(min_value=0, max_value=10_000), min_size=1
    ).filter(lambda weights: sum(weights.values()) > 0),
)
def test_a_split_loses_nothing_and_no_share_is_off_by_more_than_one(value, weights):
    shares = split_units(value, weights)
    assert sum(shares.values()) == value
    total = sum(weights.values())
    assert all(0 <= shares[name] - value * weight // total <= 1 for name, weight in weights.items())


@pytest.mark.parametrize(
    ("value", "weights"), [(-1, {"a": 1}), (1, {"a": 0}), (1, {"a": 2, "b": -1})]
)
def test_a_split_without_meaning_is_refused(value, weights):
    with pytest.raises(ValueError, match="split"):
        split_units(value, weights)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(499_999, 0), (500_000, 1_000_000), (-500_000, -1_000_000), (1_499_999, 1_000_000), (0, 0)],
)
def test_rounding_is_half_up_to_the_fen(value, rounded):
    assert round_half_up_to_minor(value) == rounded


def test_money_adds_compares_and_multiplies_within_one_currency():
    price = Money.parse("0.40", "CNY")
    assert (price * 3).text == "1.20000000"
    assert (price + price - price) == price
    assert -price < price
    assert price <= price + price
    assert price.split({"a": 1, "b": 2})["b"].text == "0.26666667"
    with pytest.raises(CurrencyMismatch):
        price + Money.parse("1", "USD")


def test_money_is_never_a_float_nor_larger_than_64_bits():
    with pytest.raises(TypeError):
        Money.parse("1", "CNY") * 1.5
    with pytest.raises(TypeError):
        Money.parse("1", "CNY") * True
    with pytest.raises(ValueError, match="64-bit"):
        Money(2**63, "CNY")
    with pytest.raises(ValueError, match="64-bit"):
        Money(1.0, "CNY")
