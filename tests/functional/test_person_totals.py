"""Records of persons are counted from metered calls, once, and add up over buyers."""

from datetime import UTC, datetime

import pytest

from app.core.reach import Reach
from app.reactions import counting
from app.reactions.lane_round import LaneRound
from compliance.queries.persons import list_person_totals
from compliance.rules.person_thresholds import reached_bp, threshold_of
from tests.factories.compliance import (
    BUYER_ID,
    SUPPLIER_ID,
    everybody_over_http,
    personal_members,
)
from tests.factories.metered_calls import make_licence, use

CREDIT = [{"category": "CREDIT", "lawful_basis": "CONSENT", "is_sensitive": False}]


@pytest.fixture
def licence(units):
    return make_licence(units, **personal_members(pi_categories=CREDIT))


def abroad():
    """Personal information for a buyer abroad, below the numbers that need an approval."""
    crossing = {
        "mode": "EXPORT",
        "regions": ["US"],
        "persons_declared": 900,
        "sensitive_persons_declared": 0,
    }
    return personal_members(pi_categories=CREDIT, cross_border=crossing)


def count(units, lane_round=None):
    with units.begin(Reach.EXCHANGE) as uow:
        done = counting.count_persons(uow, lane_round or LaneRound())
        uow.commit()
        return done


def totals(units, **wanted):
    with units.begin(Reach.EXCHANGE) as uow:
        return list_person_totals(uow, **wanted)


def at(month, hour=12, year=2026):
    return datetime(year, month, 1 if month < 12 else 31, hour, tzinfo=UTC)


def test_delivered_records_are_counted_once_and_what_delivered_nothing_is_not(units, licence):
    use(units, licence, [("hit", 1, at(11)), ("rows", 40, at(11)), ("miss", 1, at(11))])
    assert count(units) == 1
    assert count(units) == 0
    use(units, licence, [("hit", 1, at(11))], first=4)
    assert count(units) == 1
    whole, theirs = totals(units)
    assert (whole.buyer_id, theirs.buyer_id) == (None, BUYER_ID)
    assert (whole.calls_count, whole.records_count, whole.persons_min) == (3, 42, 1)
    # Credit information: 42 of 50 records.
    assert whole.reached_bp == 8_400
    assert (whole.exported_count, whole.exported_sensitive_count) == (0, 0)


def test_a_lane_that_never_rests_does_not_keep_the_next_from_being_counted(
    units, licence, monkeypatch
):
    monkeypatch.setattr(counting, "LANES_MAX", 1)
    lane_round = LaneRound()
    use(units, licence, [("rows", 40, at(11))], first=50, lane=2)
    for n in (1, 2, 3):
        use(units, licence, [("hit", 1, at(11))], first=n)
        assert count(units, lane_round) == 1
    whole, _ = totals(units)
    assert (whole.calls_count, whole.records_count) == (4, 43)


def test_the_year_is_that_of_china(units, licence):
    use(units, licence, [("hit", 1, at(12, hour=15)), ("hit", 1, at(12, hour=16))])
    count(units)
    assert [(each.year, each.records_count) for each in totals(units, buyer_id=BUYER_ID)] == [
        (2026, 1),
        (2026, 1),
        (2027, 1),
        (2027, 1),
    ]
    assert {each.year for each in totals(units, year=2027)} == {2027}


def test_calls_on_no_personal_information_are_not_counted(units):
    licence = make_licence(units)
    use(units, licence, [("hit", 1, at(11))])
    assert count(units) == 0
    assert totals(units) == []


def test_records_for_use_abroad_are_shown_as_exported(units):
    licence = make_licence(units, regions=["US"], **abroad())
    use(units, licence, [("rows", 7, at(11))])
    count(units)
    (whole, _) = totals(units, supplier_id=SUPPLIER_ID)
    assert (whole.exported_count, whole.exported_sensitive_count) == (7, 0)


def test_a_supplier_reads_its_own_counts_and_nobody_else_does(units, licence):
    use(units, licence, [("hit", 1, at(11))])
    count(units)
    for organisation_id, seen in ((SUPPLIER_ID, 2), (BUYER_ID, 0), ("org_stranger", 0)):
        with units.begin(Reach.organisation(organisation_id)) as uow:
            assert len(list_person_totals(uow)) == seen


@pytest.mark.parametrize(
    ("categories", "threshold"),
    [
        ([], 50),
        (["CREDIT"], 50),
        (["HEALTH"], 500),
        (["NAME"], 5_000),
        (["NAME", "TRANSACTION"], 500),
    ],
)
def test_the_strictest_category_sets_the_threshold(categories, threshold):
    assert threshold_of(categories) == threshold


def test_categories_add_up_by_their_share_of_each_threshold():
    assert reached_bp({50: 25, 500: 250}) == 10_000
    assert reached_bp({50: 49}) == 9_800
    assert reached_bp({5_000: 4_999}) == 9_998
    assert reached_bp({}) == 0


def test_reviewers_read_the_totals_with_the_thresholds_and_suppliers_do_not(app):
    exchange = everybody_over_http(app)
    body = exchange.get("first", "/v1/person-totals?year=2026")
    assert body["items"] == []
    assert [each["records"] for each in body["thresholds"]] == [50, 500, 5_000]
    assert body["is_confirmed"] is False
    exchange.get("supplier", "/v1/person-totals", expect=403)
    exchange.get("first", "/v1/person-totals?year=1999", expect=422)
