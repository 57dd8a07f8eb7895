"""The trigger that lets no order in without an approved scenario in force, each condition of it."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.core.reach import Reach
from tests.factories.rows_of_every_table import fill_every_table, write
from tests.factories.whose_rows import declare

FROM = datetime(2026, 11, 20, 8, tzinfo=UTC)
UNTIL = FROM + timedelta(days=90)
MOMENT = timedelta(microseconds=1)
SCENARIO = {"scenario_id": "scn_1", "buyer_id": "org_b", "listing_code": "L1"}


@pytest.fixture
def orders(bare):
    """Writes an order of the given scenario, buyer and listing at a time."""
    filled = fill_every_table(bare)
    declare(bare, Reach.EXCHANGE)
    period = {"valid_from": FROM.isoformat(), "valid_until": UNTIL.isoformat(), "ended_at": None}
    write(bare, "approved_scenarios", [filled["approved_scenarios"][0] | SCENARIO | period])
    bare.execute("RESET ROLE; SET session_replication_role = origin; SET ROLE counterfoil")

    def order(placed_at=FROM, **changes):
        row = filled["orders"][0] | SCENARIO | {"placed_at": placed_at.isoformat()} | changes
        with bare.transaction():
            write(bare, "orders", [row])

    return order


@pytest.mark.parametrize("placed_at", [FROM, UNTIL - MOMENT])
def test_an_order_within_its_scenario_is_let_in_and_holds_it(bare, orders, placed_at):
    orders(placed_at)
    placed = bare.execute("SELECT placed_at FROM orders WHERE scenario_id = 'scn_1'").fetchall()
    assert placed == [(placed_at,)]
    holder = "SELECT xmax <> '0' FROM approved_scenarios WHERE scenario_id = 'scn_1'"
    assert bare.execute(holder).fetchone() == (True,), "it could end meanwhile"


@pytest.mark.parametrize("placed_at", [FROM - MOMENT, UNTIL])
def test_no_order_before_its_scenario_begins_or_once_it_is_over(orders, placed_at):
    with pytest.raises(psycopg.errors.CheckViolation, match="in force"):
        orders(placed_at)


@pytest.mark.parametrize("column", SCENARIO)
def test_no_order_of_another_scenario_buyer_or_listing(orders, column):
    with pytest.raises(psycopg.errors.CheckViolation, match="in force"):
        orders(**{column: "another"})


def test_no_order_of_a_scenario_that_was_ended(bare, orders):
    bare.execute("UPDATE approved_scenarios SET ended_at = now() WHERE scenario_id = 'scn_1'")
    with pytest.raises(psycopg.errors.CheckViolation, match="in force"):
        orders()
