"""What the application's role of the database is, and that nobody else was given anything."""

import psycopg
import pytest

from app import embedded_postgres


@pytest.fixture
def connection(database_url):
    """A connection of the application's own role."""
    with psycopg.connect(database_url) as opened:
        yield opened


def test_the_application_s_role_cannot_pass_by(connection):
    role = (
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolreplication, rolcreatedb"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert connection.execute(role).fetchone() == (False,) * 5
    others = "SELECT roleid::regrole FROM pg_auth_members WHERE member = current_user::regrole"
    assert connection.execute(others).fetchall() == [], "it could become another role"
    definers = "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = %s::regnamespace"
    assert connection.execute(definers, ("public",)).fetchall() == []


def test_nobody_else_was_given_a_right_to_anything(connection):
    """No grant stands anywhere: the owner has its rights by being the owner."""
    granted = connection.execute(
        "SELECT relname::text FROM pg_class WHERE relacl IS NOT NULL"
        " AND relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class c"
        " ON c.oid = attrelid WHERE attacl IS NOT NULL AND relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT proname::text FROM pg_proc WHERE proacl IS NOT NULL"
        " AND pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT 'by default' FROM pg_default_acl"
    )
    assert granted.fetchall() == []
    owners = connection.execute(
        "SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace"
        " UNION SELECT DISTINCT pg_get_userbyid(proowner)::text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    assert owners.fetchall() == [(embedded_postgres.ROLE,)]
