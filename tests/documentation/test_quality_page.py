"""The figures of docs/quality.md are those of the product's own indicators; a table by hand."""

from pathlib import Path

import pytest

from bench import quality

PAGE = quality.PAGE.read_text(encoding="utf-8")
REAL = Path(__file__).parents[3] / "shared" / "data" / "listings"


def listing(number, **changes):
    return {
        "url": f"https://exchange.example/{number}",
        "title": f"产品{number}",
        "provider": "某数据公司",
        "description": f"第{number}号产品的说明。",
        "category": "金融",
        "category_aws": "Financial Services Data",
        "update_frequency": "monthly",
        "coverage": "CN",
        "dimension": "12.0",
        "volume": "100",
        "size": "2048.0",
        "price_mode": "negotiation",
        "price": "0.0",
        "currency": "RMB",
        "platform": "Shanghai Data Exchange",
        "data_sample": None,
        **changes,
    }


SIX = [
    listing(1),
    listing(2, volume="0", size="0"),
    listing(3, price_mode="by agreement", coverage="China"),
    listing(4, provider=None, price="-1"),
    listing(5, description="锟斤拷锟斤拷", platform="Some Exchange"),
    listing(1),
]


def measured_by_hand():
    """Counted on paper from the six rows: A, B and A/B of each indicator that can be assessed.

    Fourteen fields are required, so 84 cells; three of them are empty (two "0", one provider).
    Of the 16 cells of a row the sample is always empty: 6 * 15 - 3 = 87 filled cells.
    """
    return {
        "0101": (87 + 85 + 87, 3 * 87, (1 + 85 / 87 + 1) / 3),  # coverage and price have no form
        "0103": (16, 16, 1.0),
        "0104": (5 + 5, 5 + 6, 10 / 11),  # one row has no provider; one price is below nought
        "0105": (17, 18, 17 / 18),  # "by agreement" is no code
        "0201": (81, 84, 81 / 84),
        "0202": (4, 6, 4 / 6),
        "0302": (85, 87, 85 / 87),
        "0303": (1, 6, 1 / 6),
        "0304": (5, 6, 5 / 6),
        "0305": (3, 6, 3 / 6),  # rows 3, 4 and 5
        "0402": (5, 6, 5 / 6),
    }


def test_a_table_of_the_same_shape_was_counted_by_hand():
    report = quality.measure_rows(
        SIX, quality.read_set("listings"), quality.read_set("listings_rules"), quality.AS_OF
    )
    found = {each["code"]: each for each in report["indicators"] if each["state"] == "ASSESSED"}
    for code, (satisfied, evaluated, value) in measured_by_hand().items():
        shown = found[code]
        assert (shown["satisfied_count"], shown["evaluated_count"]) == (satisfied, evaluated), code
        assert float(shown["value"]) == pytest.approx(value, abs=1e-6), code
    # 5 of 6 by Wilson, z = 1.96: (0.833333 + 0.320133 - 0.430577) / 1.640267.
    assert float(found["0304"]["bound"]) == pytest.approx(0.436483, abs=1e-5)
    # Nothing by time, no second pull, no call: 20 + 25 + 15 + 7.5 of 100 are assessed.
    assert (report["coverage"], report["grade"]) == ("0.675000", None)


def test_the_demonstrations_figures_are_computed_again():
    for name, report in quality.demonstration():
        assert quality.placed(PAGE, name, quality.table(report)) == PAGE, name


def test_the_real_listings_figures_are_computed_again():
    if not REAL.is_dir():
        pytest.skip("the folder ../shared/data/listings with the real listings is absent")
    for name, report in quality.real_listings(REAL):
        assert quality.placed(PAGE, name, quality.table(report)) == PAGE, name


def test_a_table_without_a_place_on_the_page_is_not_lost_silently():
    with pytest.raises(KeyError):
        quality.placed(PAGE, "nowhere", "")
