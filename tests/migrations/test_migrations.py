"""The schema up, down and up again; one step at a time; equal to the models; by two at once."""

import importlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app import embedded_postgres
from app.core.db import Base, make_engine
from migrations.run import downgrade, newest_revision, upgrade

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "listings", "compliance", "metering", "ledger", "contracts")
STEPS = [each.revision for each in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()][::-1]
_numbers = itertools.count()

SQL_ONLY_TABLES = {
    # The data plane and the wallets write these in SQL of their own, on the path of every call.
    "call_answers",
    "lanes",
    "lease_pools",
    "leases",
    "rate_windows",
    "wallet_leases",
}
SQL_ONLY_COLUMNS = {
    # Each exists only so that a foreign key of two columns can carry an invariant.
    ("postings", "posting_count"),
    ("orders", "listed_plan_id"),
    ("review_cases", "has_conflict"),
    ("panel_seats", "has_conflict"),
    ("listing_applications", "has_conflict"),
}
NOT_IN_MODELS = {
    # Constraints and indexes are written once, in the migration; tests of the rooms show them bite.
    "add_constraint",
    "remove_constraint",
    "add_fk",
    "remove_fk",
    "add_index",
    "remove_index",
}


@pytest.fixture
def empty(postgres):
    """The application's URL of a database with nothing in it."""
    name = f"migrations_{os.getpid()}_{next(_numbers)}"
    yield embedded_postgres.ensure_database(postgres, name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


CATALOGUES = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT proname, pg_get_functiondef(oid), proconfig::text FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal",
    "policies": "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies",
    "row security": "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    "others": "SELECT relkind::text, relname FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I', 't')"
    " UNION ALL SELECT typtype::text, typname FROM pg_type"
    " WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')",
}


def schema_of(database_url):
    """Everything that the catalogues say about the schema, but for Alembic's own table."""
    with psycopg.connect(database_url) as connection:
        return {
            subject: sorted(
                (row for row in connection.execute(query) if "alembic_version" not in row),
                key=repr,
            )
            for subject, query in CATALOGUES.items()
        }


def difference(before, after):
    return {
        subject: (set(before[subject]) ^ set(after[subject]))
        for subject in before
        if before[subject] != after[subject]
    }


def test_up_down_and_up_again_makes_the_same_schema_and_leaves_nothing(empty):
    nothing = schema_of(empty)
    upgrade(empty)
    first = schema_of(empty)
    assert first["columns"]
    downgrade(empty)
    assert difference(nothing, schema_of(empty)) == {}
    upgrade(empty)
    assert difference(first, schema_of(empty)) == {}


def test_upgrading_twice_changes_nothing(empty):
    upgrade(empty)
    before = schema_of(empty)
    upgrade(empty)
    assert difference(before, schema_of(empty)) == {}


def test_every_step_goes_down_and_up_again(empty):
    stages = [schema_of(empty)]
    for revision in STEPS:
        upgrade(empty, revision)
        stages.append(schema_of(empty))
        downgrade(empty, "-1")
        assert difference(stages[-2], schema_of(empty)) == {}, f"{revision} leaves something behind"
        upgrade(empty, revision)
        assert difference(stages[-1], schema_of(empty)) == {}, f"{revision} differs the second time"


def test_the_steps_are_one_chain_ordered_by_their_numbers():
    assert sorted(STEPS) == STEPS
    assert len({step.partition("_")[0] for step in STEPS}) == len(STEPS)


def test_files_are_named_as_their_steps_so_that_the_newest_is_known_without_alembic():
    files = (ROOT / "migrations" / "versions").glob("[0-9]*.py")
    assert sorted(file.stem for file in files) == STEPS
    assert newest_revision() == STEPS[-1]


def import_every_model():
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if "__tablename__" in path.read_text(encoding="utf-8"):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def flat(differences):
    for each in differences:
        yield from each if isinstance(each, list) else [each]


def is_told_twice(name):
    """A month's partition is its parent's columns again; the worker makes more of them."""
    return name.startswith("usage_events_")


def is_excused(kind, *subject):
    if kind in NOT_IN_MODELS:
        return True
    if kind == "remove_table":
        return subject[0].name in SQL_ONLY_TABLES or is_told_twice(subject[0].name)
    if kind == "remove_column":
        return (subject[1], subject[2].name) in SQL_ONLY_COLUMNS
    return False


def test_models_and_migrated_schema_have_the_same_tables_columns_types_and_nullability(empty):
    import_every_model()
    upgrade(empty)
    engine = make_engine(empty)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = list(flat(compare_metadata(context, Base.metadata)))
    engine.dispose()
    assert [each for each in found if not is_excused(*each)] == []
    # An excuse that is no longer needed goes.
    tables = {each[1].name for each in found if each[0] == "remove_table"}
    assert {name for name in tables if not is_told_twice(name)} == SQL_ONLY_TABLES
    columns = {(each[2], each[3].name) for each in found if each[0] == "remove_column"}
    assert columns == SQL_ONLY_COLUMNS


MIGRATE = "import sys; from migrations.run import upgrade; upgrade(sys.argv[1])"


@pytest.mark.processes
def test_processes_that_migrate_at_once_do_not_collide(empty):
    racers = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    endings = [(racer.communicate(timeout=120)[1].decode(), racer.returncode) for racer in racers]
    assert [code for _, code in endings] == [0, 0, 0], endings
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (STEPS[-1],)
        ]
