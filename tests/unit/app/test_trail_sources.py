"""The rooms that the API's document lists as sources of a trail are those that it reads."""

import re

from app.auditing.trails import RECORDS, SOURCES


def test_every_source_of_a_trail_is_listed_and_read():
    read = re.findall(r"SELECT \S+(?: AS at)?, '(\w+)'", RECORDS)
    assert len(read) == RECORDS.count("UNION ALL") + 1
    assert set(read) == set(SOURCES)
