"""Every event is told or excused by name, and what is told is what its kind describes."""

import dataclasses
import json
import typing
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.core.events import Event
from app.notices.notice_types import notice_types
from app.notices.services import Told
from app.reactions import build_reactions
from app.reactions.noticing import NOTICED, NOTICERS, UNNOTICED, organisations_among
from app.reactions.recording import RECORDERS
from app.reactions.telling import data_of, telling, telling_both
from compliance.events import ListingSuspended
from ledger.journal.periods.events import PeriodAdjusted, PeriodCharged
from ledger.journal.top_ups.events import TopUpCancelled
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
    (renamed,) = telling("buyer_id", sold="units")(None, SOLD)
    assert renamed.data == {"sold": ["x"]}


def test_the_supplier_is_not_told_what_is_the_buyer_s_own():
    told = telling_both("units", buyer=("amount",))(None, SOLD)
    assert {each.organisation_id: each.data for each in told} == {
        "a": {"units": ["x"]},
        "b": {"units": ["x"], "amount": "0.00000001"},
    }


def test_an_organisation_on_both_sides_is_told_once():
    own = dataclasses.replace(SOLD, supplier_id="b")
    assert [each.organisation_id for each in telling_both()(None, own)] == ["b"]


def test_a_buyer_is_not_told_of_what_it_cancelled_itself():
    event = made(TopUpCancelled)
    (told,) = NOTICED[TopUpCancelled].tell(None, event)
    assert told.organisation_id == event.organisation_id
    own = dataclasses.replace(event, is_by_exchange=False)
    assert NOTICED[TopUpCancelled].tell(None, own) == ()


PARTIES = (
    *("buyer_id", "supplier_id", "organisation_id", "contributor_id", "recipient_id"),
    "objector_id",
    "transferee_id",
    *("s", "b", "c"),
    "the exchange's own organisation",
)


def test_the_exchange_s_own_accounts_are_nobody_to_tell():
    told = [Told(each, {}) for each in ("exchange", "", "org_1")]
    assert [each.organisation_id for each in organisations_among(told)] == ["org_1"]


class KnowsEveryListing:
    """Stands for a unit of work: any case and listing is supplier `s`'s, with two licensees."""

    now = NOW

    def __init__(self):
        self.session = self

    def get_one(self, *_):
        return SimpleNamespace(supplier_id="s", listing_code="LST-1")

    def scalars(self, _statement):
        return iter(["the exchange's own organisation"])

    def execute(self, _statement):
        return [("b", "lic_1"), ("c", "lic_2"), ("b", "lic_3")]


VALUES = {
    int: 40_000_000,
    datetime: NOW,
    bool: True,
    tuple: ("supplier_id",),
    list: [{}, {}],
    dict: {},
}


def made(kind):
    """An event with a value of its type in every field, and its own name in every text."""
    hints = typing.get_type_hints(kind)
    fields = {}
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        hint = typing.get_origin(hint) or getattr(hint, "__supertype__", hint)
        fields[field.name] = VALUES.get(hint, field.name)
    return kind(**fields)


@pytest.mark.parametrize("kind", NOTICED, ids=lambda kind: kind.__name__)
def test_what_is_told_is_what_its_kind_describes(kind):
    noticed = NOTICED[kind]
    event = made(kind)
    told = noticed.tell(KnowsEveryListing(), event)
    example = notice_types()[noticed.notice_type].example
    assert set().union(*(each.data for each in told)) == set(example)
    for each in told:
        # What is told can be stored and sent, and no id of a party is in it.
        assert json.loads(json.dumps(each.data)) == each.data
        assert not any(each_id in each.data.values() for each_id in PARTIES)


@pytest.mark.parametrize("kind", NOTICED, ids=lambda kind: kind.__name__)
def test_only_parties_are_told_and_a_buyer_s_amounts_only_to_the_buyer(kind):
    told = NOTICED[kind].tell(KnowsEveryListing(), made(kind))
    assert {each.organisation_id for each in told} <= set(PARTIES)
    if len(told) > 1:
        for each in told:
            amounts = [name for name in each.data if name.endswith("amount")]
            assert each.organisation_id == "buyer_id" or amounts == []


@pytest.mark.parametrize("kind", [PeriodCharged, PeriodAdjusted])
def test_a_period_is_a_number_whichever_room_tells_of_it(kind):
    """So that a receiver finds the charge of the period that it was told had begun."""
    event = dataclasses.replace(made(kind), period="12")
    (told,) = NOTICED[kind].tell(KnowsEveryListing(), event)
    assert told.data["period"] == 12


def test_each_licensee_is_told_of_its_own_licences_only():
    told = NOTICED[ListingSuspended].tell(KnowsEveryListing(), made(ListingSuspended))
    assert {each.organisation_id: each.data.get("licence_ids") for each in told} == {
        "s": None,
        "b": ["lic_1", "lic_3"],
        "c": ["lic_2"],
    }


@pytest.mark.parametrize("kind", NOTICED, ids=lambda kind: kind.__name__)
def test_nothing_personal_and_no_terms_are_among_the_data(kind):
    example = notice_types()[NOTICED[kind].notice_type].example
    assert not {"email", "name", "split", "terms", "scenario_terms"} & set(example)
