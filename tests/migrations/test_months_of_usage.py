"""A month of usage that the worker adds is guarded and indexed as its parent says."""

import psycopg
import pytest

INDEXES = "SELECT replace(indexdef, tablename, 'month') FROM pg_indexes WHERE tablename = %s"
GUARDS = """
SELECT c.relrowsecurity, c.relforcerowsecurity, array_agg(p.cmd || p.permissive || p.qual),
    array_agg(DISTINCT coalesce(p.with_check, p.qual))
FROM pg_class c LEFT JOIN pg_policies p ON p.tablename = c.relname
WHERE c.relname = %s GROUP BY c.oid
"""
FIRST_MONTH = """
SELECT inhrelid::regclass::text FROM pg_inherits
WHERE inhparent = 'usage_events'::regclass ORDER BY 1 LIMIT 1
"""
BOUNDS = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = %s"


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url, options="-c timezone=Asia/Shanghai") as opened:
        yield opened
        opened.rollback()


@pytest.mark.parametrize(
    ("day", "month", "bounds"),
    [
        ("2031-05-01", "2031_05", ("2031-05-01", "2031-06-01")),
        ("2031-12-31", "2031_12", ("2031-12-01", "2032-01-01")),
    ],
)
def test_a_month_that_is_added_is_as_its_parent_says(connection, day, month, bounds):
    ((first_month,),) = connection.execute(FIRST_MONTH).fetchall()
    for _ in range(2):
        connection.execute("SELECT metering_add_usage_month(%s)", (day,))
    part = f"usage_events_{month}"
    assert connection.execute(GUARDS, (part,)).fetchone() == (
        connection.execute(GUARDS, ("usage_events",)).fetchone()
    )
    added, first = (
        sorted(connection.execute(INDEXES, (name,)).fetchall()) for name in (part, first_month)
    )
    assert added == first != []
    connection.execute("SET LOCAL timezone = 'UTC'")
    ((told,),) = connection.execute(BOUNDS, (part,)).fetchall()
    start, end = bounds
    assert told == f"FOR VALUES FROM ('{start} 00:00:00+00') TO ('{end} 00:00:00+00')"
