"""What the API's document lists as kinds is what the history, its data and its queries can say."""

import re

from compliance.queries.case_history import EVENTS
from compliance.review.history import HistoryKind
from compliance.review.specialities import LAW, SCENE, vocabulary

SECOND_COLUMN = re.compile(r"SELECT [\w.]+(?: AS at)?, (CASE .*? END|'[^']*')", re.DOTALL)


def test_every_kind_of_event_is_listed_and_happens():
    columns = SECOND_COLUMN.findall(EVENTS)
    assert len(columns) == EVENTS.count("UNION ALL") + 1
    assert {kind for column in columns for kind in re.findall(r"'([^']*)'", column)} == {
        *HistoryKind
    }


def test_every_speciality_is_a_scene_or_of_law():
    assert {each["kind"] for each in vocabulary()["specialities"]} == {SCENE, LAW}
