"""The scanner's scorecard over a labelled synthetic corpus: what it finds, what it leaves alone."""

from collections import defaultdict
from functools import cache

import pytest

from compliance.scanner.detectors import Kind
from compliance.scanner.scan import scan
from tests.factories.personal_data import corpus

TABLES, ROWS = 20, 60


@cache
def scorecard():
    """Found and present by kind; harmless columns with any finding, and all harmless ones."""
    found, present = defaultdict(int), defaultdict(int)
    false, harmless = [], 0
    for column in corpus(seed=20261129, tables=TABLES, row_count=ROWS):
        kinds = {each.kind for each in scan(column.rows)}
        if column.kind is None:
            harmless += 1
            false += [(column.name, kinds)] if kinds else []
            continue
        present[column.kind] += 1
        found[column.kind] += column.kind in kinds
    return found, present, false, harmless


@pytest.mark.parametrize(
    ("kind", "recall_min"),
    [
        (Kind.IDENTITY_NUMBER, 0.99),
        (Kind.USCC, 0.99),
        (Kind.MOBILE, 0.95),
        (Kind.BANK_CARD, 0.95),
        *((kind, 0.95) for kind in (Kind.LAND_LINE, Kind.PLATE, Kind.VIN, Kind.IMEI)),
        *((kind, 0.95) for kind in (Kind.MAC_ADDRESS, Kind.IP_ADDRESS, Kind.EMAIL)),
        (Kind.TRAVEL_DOCUMENT, 0.95),
    ],
)
def test_enough_columns_of_each_kind_are_found(kind, recall_min):
    found, present, _, _ = scorecard()
    assert present[kind] >= TABLES
    assert found[kind] / present[kind] >= recall_min


def test_at_most_one_harmless_column_in_a_hundred_is_an_alarm():
    _, _, false, harmless = scorecard()
    assert harmless >= 500
    assert len(false) <= harmless / 100, false


def test_the_corpus_is_the_same_for_the_same_seed():
    assert corpus(seed=7, tables=1, row_count=5) == corpus(seed=7, tables=1, row_count=5)
