"""The crash run counts an event that no call may have, whoever was told what of it."""

from collections import Counter

import pytest

from bench.crash_checks import surplus
from bench.crash_load import Acknowledged, Answers

ANSWERS = Answers(
    acknowledged=[Acknowledged("answered", "lic", 1, 1, b"", 1, 1)], unknown={"cut off"}
)


@pytest.mark.parametrize(
    ("recorded", "count"),
    [
        ({}, 0),
        ({"answered": 1}, 0),
        ({"answered": 1, "cut off": 1}, 0),
        ({"answered": 2}, 1),
        ({"answered": 1, "cut off": 3}, 2),
        ({"answered": 1, "refused": 1}, 1),
        ({"answered": 2, "cut off": 2, "never sent": 2}, 4),
    ],
)
def test_what_is_doubled_is_each_event_beyond_what_its_call_may_have(recorded, count):
    assert surplus(Counter(recorded), ANSWERS.may_be_recorded) == count
