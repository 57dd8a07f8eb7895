"""Every event is told or excused by name, and what is told is what its kind describes."""

import dataclasses
from datetime import UTC, datetime

import pytest

from app.core.events import Event
from app.notices.notice_types import notice_types
from app.reactions import build_reactions
from app.reactions.noticing import NOTICED, NOTICERS, UNNOTICED, data_of, telling, telling_both
from app.reactions.recording import RECORDERS
from tests.architecture import rules

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sold(Event):
    buyer_id: str
    supplier_id: str
    amount: int
    due_amount: int
    units: tuple[str, ...]


SOLD = Sold(
    occurred_at=NOW, buyer_id="b", supplier_id="a", amount=1, due_amount=-150_000_000, units=("x",)
)


def test_every_event_is_told_or_excused():
    rules.import_all()
    assert rules.unaccounted_events(NOTICED, UNNOTICED) == []


def test_an_excuse_says_why():
    assert all(len(reason) > 20 for reason in UNNOTICED.values())


def test_a_notice_comes_before_the_log_s_record_and_after_everything_else():
    for kind, reactions in build_reactions().items():
        if kind in NOTICERS and kind in RECORDERS:
            assert reactions[-2:] == (NOTICERS[kind], RECORDERS[kind])
        elif kind in NOTICERS:
            assert reactions[-1] is NOTICERS[kind]


def test_amounts_are_decimal_texts_and_instants_have_a_zone():
    assert data_of(SOLD, ["amount", "due_amount", "occurred_at", "units"]) == {
        "amount": "0.00000001",
        "due_amount": "-1.50000000",
        "occurred_at": "2026-11-20T08:00:00.000000Z",
        "units": ["x"],
    }


def test_who_is_told_is_named_by_the_event():
    (told,) = telling("buyer_id", "units")(None, SOLD)
    assert (told.organisation_id, told.data) == ("b", {"units": ["x"]})
    assert [each.organisation_id for each in telling_both("units")(None, SOLD)] == ["a", "b"]


def test_an_organisation_on_both_sides_is_told_once():
    own = dataclasses.replace(SOLD, supplier_id="b")
    assert [each.organisation_id for each in telling_both()(None, own)] == ["b"]


@pytest.mark.parametrize("kind", NOTICED, ids=lambda kind: kind.__name__)
def test_no_receiver_s_name_and_nothing_personal_is_among_the_data(kind):
    """Told by their own id: another party's id tells who trades with whom."""

    example = notice_types()[NOTICED[kind].notice_type].example
    assert not {"buyer_id", "supplier_id", "email", "name", "split", "terms"} & set(example)
