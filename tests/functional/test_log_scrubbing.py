"""Scrubbing a log on a real database: whatever its owner alters is found, and signing stops."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.core.reach import Reach
from ledger.log.errors import LogStorageAltered, SigningStopped
from ledger.log.sequencing.file_scrub_cursor import FileScrubCursor
from ledger.log.sequencing.scrubbing import Scrubber
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage import shard_heads
from tests.unit.log.log_factory import ORIGIN, append_facts, log_keys

FEW = 600
HOST = "exchange.example"
NEXT_ORIGIN = f"{HOST}/log/2027"


@pytest.fixture
def sequencer(units):
    return Sequencer(units, log_keys())


@pytest.fixture
def cursor(tmp_path):
    return FileScrubCursor(tmp_path / "scrub")


@pytest.fixture
def scrubber(units, cursor):
    return Scrubber(units, cursor, tiles_max=2)


def change(units, statement, **values):
    """Alter the database as its owner can: without its triggers and constraints."""
    with units.begin(Reach.EXCHANGE) as uow:
        for table in ("log_entries", "log_tiles"):
            uow.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        checks = uow.session.scalars(
            text(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = 'log_entries'::regclass AND contype = 'c'"
            )
        ).all()
        for check in checks:
            uow.session.execute(text(f"ALTER TABLE log_entries DROP CONSTRAINT {check}"))
        assert uow.session.execute(text(statement), values).rowcount == 1
        uow.commit()


def stopped_reason(units, origin=ORIGIN):
    with units.begin(Reach.EXCHANGE) as uow:
        return shard_heads.get_head(uow.session, origin).stopped_reason


def look_round(scrubber, looks):
    return [scrubber.look() for _ in range(looks)]


def test_an_honest_log_is_looked_through_round_and_round(units, sequencer, scrubber, cursor):
    assert scrubber.look() == 0
    append_facts(units, FEW)
    sequencer.step()
    assert look_round(scrubber, 2) == [2, 1]
    assert cursor.read(ORIGIN) == 0
    append_facts(units, 300)
    sequencer.step()
    assert look_round(scrubber, 3) == [2, 2, 2]
    assert stopped_reason(units) is None


def test_the_cursor_outlives_the_process(units, sequencer, scrubber, cursor, tmp_path):
    append_facts(units, FEW)
    sequencer.step()
    scrubber.look()
    assert FileScrubCursor(tmp_path / "scrub").read(ORIGIN) == 2
    next((tmp_path / "scrub").iterdir()).write_text("no number")
    assert cursor.read(ORIGIN) == 0


@pytest.mark.parametrize("index", [0, 255, 256, 600])
def test_one_altered_byte_of_an_entry_is_found(units, sequencer, scrubber, index):
    append_facts(units, FEW)
    sequencer.step()
    change(
        units,
        "UPDATE log_entries SET body = set_byte(body, 20, get_byte(body, 20) # 1) WHERE arrival ="
        " (SELECT arrival FROM log_positions WHERE index = :index)",
        index=index,
    )
    with pytest.raises(LogStorageAltered, match="entries"):
        look_round(scrubber, 2)
    assert "entries" in stopped_reason(units)
    append_facts(units, 1)
    with pytest.raises(SigningStopped):
        sequencer.step()
    with pytest.raises(LogStorageAltered):
        scrubber.look()


@pytest.mark.parametrize(("level", "number", "place"), [(0, 0, 7), (0, 2, 40), (1, 0, 33)])
def test_one_altered_byte_of_a_tile_is_found(units, sequencer, scrubber, level, number, place):
    append_facts(units, FEW)
    sequencer.step()
    change(
        units,
        "UPDATE log_tiles SET hashes = set_byte(hashes, :place, get_byte(hashes, :place) # 128)"
        " WHERE level = :level AND number = :number",
        level=level,
        number=number,
        place=place,
    )
    with pytest.raises(LogStorageAltered):
        look_round(scrubber, 2)
    assert stopped_reason(units) is not None


def test_an_entry_replaced_with_its_hash_and_its_tile_is_found_above(units, sequencer, scrubber):
    append_facts(units, FEW)
    sequencer.step()
    change(
        units,
        "UPDATE log_entries SET body = '{}'::bytea, leaf_hash = sha256('\\x007b7d'::bytea)"
        " WHERE arrival = (SELECT arrival FROM log_positions WHERE index = 3)",
    )
    change(
        units,
        "UPDATE log_tiles SET hashes ="
        " overlay(hashes PLACING sha256('\\x007b7d'::bytea) FROM 97 FOR 32)"
        " WHERE level = 0 AND number = 0",
    )
    with pytest.raises(LogStorageAltered, match="tiles"):
        scrubber.look()


def test_a_tile_that_is_gone_is_found(units, sequencer, scrubber):
    append_facts(units, FEW)
    sequencer.step()
    change(units, "DELETE FROM log_tiles WHERE level = 0 AND number = 1")
    with pytest.raises(LogStorageAltered, match="tiles"):
        scrubber.look()


def alter_first_tile(units, origin):
    change(
        units,
        "UPDATE log_tiles SET hashes = set_byte(hashes, 7, get_byte(hashes, 7) # 128)"
        " WHERE level = 0 AND number = 0"
        " AND shard = (SELECT shard FROM log_head WHERE origin = :origin)",
        origin=origin,
    )


def test_an_altered_shard_does_not_keep_the_later_ones_from_being_looked_at(
    units, clock, scrubber, cursor
):
    sequencer = Sequencer(units, log_keys(), host=HOST)
    append_facts(units, 5)
    sequencer.step()
    clock.set(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    for _ in range(2):
        sequencer.step()
    append_facts(units, FEW)
    sequencer.step()
    alter_first_tile(units, ORIGIN)
    with pytest.raises(LogStorageAltered):
        scrubber.look()
    assert stopped_reason(units) is not None
    assert stopped_reason(units, NEXT_ORIGIN) is None
    assert cursor.read(NEXT_ORIGIN) == 2, "it goes on where this look ended"
    with pytest.raises(LogStorageAltered):
        scrubber.look()
    alter_first_tile(units, NEXT_ORIGIN)
    with pytest.raises(LogStorageAltered):
        scrubber.look()
    assert stopped_reason(units, NEXT_ORIGIN) is not None
