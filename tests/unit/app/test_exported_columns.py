"""What a regulator's export leaves out: everything that is sealed, and hashes of what opens."""

import re

from app.auditing.exported_tables import owned_tables, withheld
from app.core.reach import Reach

SEALED = re.compile(r"cipher|sealed|password|secret|raw_transaction")
OPENS = {"access_resets.token_hash"}
"""Hashes of what opens something; a consent's `token_hash` says which consent a call carried."""


def test_nothing_that_is_sealed_and_no_hash_of_what_opens_is_exported(units):
    with units.begin(Reach.EXCHANGE) as uow:
        tables = owned_tables(uow.session)
    told = {
        f"{table}.{column}"
        for table in tables
        for column in tables[table].columns
        if column not in withheld(table)
    }
    assert {column for column in told if SEALED.search(column)} == set()
    assert told & OPENS == set()
    assert "consents.token_hash" in told
