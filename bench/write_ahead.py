"""The write-ahead files of a PostgreSQL that has served for a while, made before anything is timed.

A new server makes each file of its log (16 MB of zeroes, and to the disk) when it is first written
to, and every commit waits for that: 30 to 65 ms here, once in 1.8 s at 1,400 metered calls a second
of 6.6 KB. One that has been through a checkpoint writes over its old files instead, up to
``min_wal_size`` of them. https://www.postgresql.org/docs/current/wal-configuration.html
"""

import psycopg

FILES = 64
"""A gigabyte, the default of ``max_wal_size``: as many as are written between two checkpoints."""


def make_files_ahead(superuser_url: str) -> None:
    """Have the server own `FILES` files that it may write over; takes some seconds."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET min_wal_size = '1GB'")
        # Else a checkpoint on the way would hand the first files on before the last are made.
        connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(FILES):
            # A file in which nothing stands is not left for the next one.
            connection.execute("SELECT pg_logical_emit_message(false, 'bench', 'a file more')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")
        connection.execute("ALTER SYSTEM RESET max_wal_size")
        connection.execute("SELECT pg_reload_conf()")


def files_made(connection: "psycopg.Connection[object]") -> int:
    """Files that had to be made from nothing since the server began."""
    row = connection.execute(
        "SELECT coalesce(sum(writes), 0)::bigint FROM pg_stat_io"
        " WHERE object = 'wal' AND context = 'init'"
    ).fetchone()
    assert isinstance(row, tuple)
    return int(row[0])
