"""Every indicator against a value computed by hand."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.quality import conformity, consistency, content, distributions, fitness, timeliness
from compliance.quality.access import CallCounts, accessibility, breaks_schema, usability
from compliance.quality.definitions import DIRTY_RATE, KEY_UNIQUENESS
from compliance.quality.documentation import ITEM_NAMES, documentation
from compliance.quality.indicators import Direction, Share, measured, wilson_lower
from compliance.quality.near_duplicates import near_duplicates
from compliance.quality.rules import read_rules
from compliance.scanner.scan import scan

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

FIELDS = [
    {"name": "id", "type": "string", "max_length": 4},
    {"name": "grade", "type": "string", "coded_values": [{"code": "a"}, {"code": "b"}]},
    {"name": "price", "type": "decimal", "minimum": "0", "maximum": "100"},
    {"name": "note", "type": "string", "required": False},
]
ROWS = [
    {"id": "r1", "grade": "a", "price": "10.5", "note": None},
    {"id": "r2", "grade": "c", "price": "101", "note": "x"},
    {"id": "r3", "grade": "", "price": "many", "note": None},
    {"id": "r3", "grade": "b", "price": "0", "note": "\ufffd"},
]


def rules(dossier=None, **declared):
    return read_rules({"fields_out": FIELDS, **(dossier or {})}, declared)


def counted(indicator):
    return [(share.satisfied, share.evaluated) for share in indicator.shares]


@pytest.mark.parametrize(
    ("good", "of", "bound"),
    [(200, 200, 0.981), (381, 381, 0.990), (380, 380, 0.98999), (5, 10, 0.2366), (0, 10, 0.0)],
)
def test_the_wilson_bound_is_that_of_the_tables(good, of, bound):
    assert wilson_lower(Share(good, of)) == pytest.approx(bound, abs=5e-4)


def test_a_falling_indicator_is_bounded_from_above():
    found = measured(DIRTY_RATE, (10, 200), lacking="")
    assert found.value == 0.05
    assert found.definition.direction is Direction.DOWN
    assert found.bound == pytest.approx(0.0896, abs=5e-4)
    assert found.goodness_bound == pytest.approx(1 - found.bound)


def test_nothing_to_count_is_not_assessable_and_never_perfect():
    found = measured(KEY_UNIQUENESS, (0, 0), lacking="no key is declared")
    assert found.document()["state"] == "NOT_ASSESSABLE"
    assert "value" not in found.document()


def test_required_cells_and_records_are_counted():
    assert counted(content.element_completeness(rules(), ROWS)) == [(11, 12)]
    assert counted(content.record_completeness(rules(), ROWS)) == [(3, 4)]


def test_records_are_counted_against_the_expected_keys():
    expecting = rules(key_fields=["id"], expected_keys=["r1", "r2", "r9"])
    assert counted(content.record_completeness(expecting, ROWS)) == [(2, 3)]


def test_format_compliance_takes_type_pattern_length_and_range():
    # 13 filled cells; 101 is out of range, "many" no number.
    assert counted(content.format_compliance(rules(), ROWS)) == [(11, 13)]
    assert counted(conformity.standard_conformity(rules(), ROWS)) == [(12, 13), (11, 13), (13, 13)]


def test_fields_observed_are_matched_with_fields_declared():
    rows = [{"id": 1, "grade": 1, "extra": 1}]
    assert counted(conformity.metadata_match(rules(), rows)) == [(2, 5)]


def test_coded_values_are_looked_up():
    assert counted(conformity.reference_validity(rules(), ROWS)) == [(2, 3)]


def test_row_rules_compare_numbers_as_numbers():
    declared = rules(
        row_rules=[
            {"left": "price", "operator": "le", "value": "9"},
            {"left": "id", "operator": "ne", "right": "grade"},
        ]
    )
    rows = [{"id": "a", "price": "10", "grade": "a"}, {"id": "b", "price": "9", "grade": None}]
    # 10 <= 9 no, 9 <= 9 yes; "a" != "a" no, no grade: not evaluated.
    assert counted(conformity.business_rules(declared, rows)) == [(1, 3)]


def test_unmasked_cells_of_masked_fields_are_unsafe():
    rows = [{"id": "1*1"}, {"id": "121"}, {"id": "1*2"}]
    assert counted(conformity.safety(rules(masked_fields=["id"]), rows, [])) == [(2, 3)]


def test_undeclared_identifiers_are_unsafe():
    rows = [{"phone": "17400123456", "n": 1}, {"phone": "17400123457", "n": 2}]
    assert counted(conformity.safety(rules(), rows, scan(rows))) == [(2, 4)]
    personal = rules({"pi_level": "PERSONAL"})
    assert counted(conformity.safety(personal, rows, scan(rows))) == [(4, 4)]


def test_equal_rows_are_duplicates_in_any_order_of_columns():
    rows = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}]
    assert content.duplicate_count(rows) == 1


def test_long_texts_that_nearly_agree_are_duplicates():
    text = "The wetland station measures temperature, moisture and acidity of the soil every hour. "
    assert near_duplicates([text * 3, text * 3 + ".", "short", "short"]) == 1
    assert (
        near_duplicates([text, "Another report about the punctuality of airlines in winter. " * 2])
        == 0
    )


def test_keys_and_dirty_rows_are_counted():
    assert counted(content.key_uniqueness(rules(key_fields=["id"]), ROWS)) == [(3, 4)]
    # r2 out of range, r3 no number, r4 has the replacement character.
    assert counted(content.dirty_rate(rules(), ROWS)) == [(3, 4)]


@pytest.mark.parametrize("text", ["锟斤拷", "a\x00b", "cafÃ©", "\ufffd"])
def test_what_a_wrong_encoding_leaves_is_dirty(text):
    assert content.dirty_rate(rules(), [{"note": text}]).value == 1


def test_two_pulls_are_compared_by_key():
    keyed = rules(key_fields=["id"])
    again = [{"id": "r1", "price": 1, "grade": "a"}, {"id": "r9", "price": 1}]
    first = [{"id": "r1", "price": 2, "grade": "a"}]
    assert counted(consistency.copy_consistency(keyed, first, again)) == [(2, 3)]
    assert not consistency.copy_consistency(rules(), first, again).is_assessable


def test_foreign_keys_exist_and_parts_make_the_total():
    related = rules(
        relations=[
            {"field": "id", "references": ["r1"]},
            {"total": "sum", "parts": ["x", "y"]},
        ]
    )
    rows = [
        {"id": "r1", "sum": "0.3", "x": "0.1", "y": "0.2"},
        {"id": "r2", "sum": "1", "x": "1", "y": "1"},
        {"id": "r1", "sum": "1", "x": None, "y": "1"},
    ]
    assert counted(consistency.relation_consistency(related, rows)) == [(3, 5)]


def test_time_is_held_against_period_freshness_and_order():
    timed = rules(
        {"period": {"from": "2026-11-01", "to": "2026-11-28"}},
        time_field="at", order_within="s", freshness_seconds=7200,
    )  # fmt: skip
    rows = [
        {"at": "2026-11-29T11:30:00Z", "s": 1},
        {"at": "2026-11-29T10:30:00Z", "s": 1},
        {"at": "2026-11-28T15:59:59Z", "s": 2},
        {"at": 1_764_000_000_000, "s": 2},  # 2025-11-24T16:00Z
        {"at": "2026-11-29T12:30:00Z", "s": 2},
        {"at": "soon", "s": 2},
    ]
    assert counted(timeliness.period_correctness(timed, rows)) == [(1, 5)]
    assert counted(timeliness.timeliness(timed, rows, NOW)) == [(2, 5)]
    # s=1: one pair, falling; s=2: falling, then rising.
    assert counted(timeliness.order(timed, rows)) == [(1, 3)]


def test_the_last_day_of_a_period_counts_whole():
    timed = rules({"period": {"from": "2026-11-01", "to": "2026-11-28"}}, time_field="at")
    days = (
        "2026-10-31",
        "2026-11-01",
        "2026-11-28",
        "2026-11-28T15:59:59Z",
        "2026-11-28T16:00:00Z",
    )
    assert counted(timeliness.period_correctness(timed, [{"at": day} for day in days])) == [(3, 5)]
    open_ended = rules({"period": {"from": "2026-11-28"}}, time_field="at")
    assert counted(timeliness.period_correctness(open_ended, [{"at": "2030-01-01"}])) == [(1, 1)]


def test_the_lag_is_the_nearest_rank():
    timed = rules(time_field="at")
    rows = [{"at": f"2026-11-29T11:{minute:02d}:00Z"} for minute in range(40, 60)]
    assert timeliness.lag_p95_seconds(timed, rows, NOW) == 19 * 60
    assert timeliness.lag_p95_seconds(rules(), rows, NOW) is None


def test_every_link_of_the_chain_must_cover_now():
    open_ended = {"authorisation_chain": [{"from": "2026-01-01", "to": None}]}
    last_day = {"authorisation_chain": [{"from": "2026-11-29", "to": "2026-11-29"}]}
    lapsed = {"authorisation_chain": [{"from": "2026-01-01"}, {"to": "2026-11-28"}]}
    to_come = {"authorisation_chain": [{"from": "2026-11-30"}]}
    assert counted(timeliness.authorised_use(rules(open_ended), ROWS, NOW)) == [(4, 4)]
    assert counted(timeliness.authorised_use(rules(last_day), ROWS, NOW)) == [(4, 4)]
    for uncovered in (lapsed, to_come):
        assert counted(timeliness.authorised_use(rules(uncovered), ROWS, NOW)) == [(0, 4)]
    assert not timeliness.authorised_use(rules(), ROWS, NOW).is_assessable


def test_calls_are_counted_and_one_misfit_in_a_hundred_is_too_many():
    counts = CallCounts(100, 98, 97, 90)
    assert counted(accessibility(counts)) == [(98, 100)]
    assert counted(usability(counts)) == [(90, 98)]
    assert breaks_schema(counts)
    assert not breaks_schema(CallCounts(100, 100, 99, 99))
    assert not breaks_schema(None)


def test_outliers_lie_beyond_the_fences():
    rows = [{"price": str(n)} for n in [1, 2, 3, 4, 5, 6, 7, 8, 100]]
    assert counted(distributions.outlier_share(rules(), rows)) == [(1, 9)]


def test_the_stability_index_is_the_formula():
    # (0.5-0.25)ln(0.5/0.25) + (0.5-0.75)ln(0.5/0.75) = 0.25 ln 3 = 0.27465
    psi = distributions.population_stability({"a": 50, "b": 50}, {"a": 25, "b": 75})
    assert psi == pytest.approx(0.274653, abs=1e-6)
    assert psi > distributions.SHIFT_ALARM
    assert distributions.population_stability({"a": 1}, {"a": 7}) == 0
    assert distributions.population_stability({}, {"a": 7}) is None


def test_only_declared_codes_leave_a_sample():
    rows = [{"grade": "a"}, {"grade": "a"}, {"grade": "130102199003070000"}, {"grade": None}, {}]
    counted = distributions.coded_counts(rules(), rows)
    assert counted["grade"] == {"a": 2, "*": 1}
    assert "price" not in counted


def test_a_better_sample_than_what_is_drawn_later_has_shifted():
    (found,) = distributions.shifts({"grade": {"a": 45, "b": 15}}, {"grade": {"a": 15, "b": 45}})
    assert found.is_alarm
    assert found.psi > distributions.SHIFT_ALARM > found.chance
    (same,) = distributions.shifts({"grade": {"a": 45}}, {"grade": {"a": 15}})
    assert (same.psi, same.is_alarm) == (0, False)


def test_what_chance_does_to_few_rows_alarms_nobody():
    before, after = {"a": 10, "b": 5, "c": 5}, {"a": 4, "b": 6, "c": 10}
    (found,) = distributions.shifts({"grade": before}, {"grade": after})
    assert found.chance > found.psi > distributions.SHIFT_ALARM
    assert not found.is_alarm


def test_codes_that_are_hardly_met_are_one_bin():
    """An empty bin against one of two would be an alarm by itself."""
    before, after = {"a": 60}, {"a": 56, "b": 2, "c": 2}
    (found,) = distributions.shifts({"grade": before}, {"grade": after})
    (apart,) = distributions.shifts({"grade": before}, {"grade": {"a": 56, "*": 4}})
    assert found.psi == apart.psi


@pytest.mark.parametrize(("bins", "quantile"), [(2, 3.841), (3, 5.991), (10, 16.919)])
def test_the_bound_of_chance_is_the_distribution_s_own(bins, quantile):
    """χ² at 95 %, as tables have it."""
    evenly = {str(n): 50 for n in range(bins)}
    (found,) = distributions.shifts({"grade": evenly}, {"grade": evenly})
    assert found.chance == pytest.approx(quantile * 2 / (50 * bins), rel=0.03)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 200), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 200), min_size=1),
)
def test_a_shift_is_the_same_both_ways_and_never_negative(one, other):
    there = distributions.shifts({"grade": one}, {"grade": other})
    back = distributions.shifts({"grade": other}, {"grade": one})
    assert [each.psi for each in there] == pytest.approx([each.psi for each in back])
    assert all(each.psi >= 0 and each.chance >= 0 for each in there)
    assert [each.is_alarm for each in distributions.shifts({"grade": one}, {"grade": one})] in (
        [],
        [False],
    )


def test_a_grid_is_covered_cell_by_cell():
    rows = [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}, {"x": 3, "y": "a"}]
    assert counted(fitness.diversity(rows, {"x": [1, 2], "y": ["a", "b"]})) == [(2, 4)]
    assert not fitness.diversity(rows, {"x": range(200), "y": range(200)}).is_assessable
    assert not fitness.diversity(rows, {}).is_assessable


def test_scale_is_capped_and_labels_are_compared():
    assert counted(fitness.scale(500, 200)) == [(200, 200)]
    assert counted(fitness.scale(50, 200)) == [(50, 200)]
    assert not fitness.scale(None, 200).is_assessable
    labels = {"agreeing_count": 96, "compared_count": 100}
    assert fitness.annotation(labels).value == 0.96


def test_a_gain_is_positive_whichever_way_the_metric_counts():
    up = {"metric": "F1", "score": "0.82", "baseline": "0.80"}
    down = {"metric": "WER", "score": "0.10", "baseline": "0.15", "higher_is_better": False}
    assert fitness.model_gain(up) == {"metric": "F1", "gain": "0.02"}
    assert fitness.model_gain(down) == {"metric": "WER", "gain": "0.05"}
    assert fitness.model_gain(None) is None


def test_documentation_has_twenty_items_and_passes_at_four_of_five():
    assert len(ITEM_NAMES) == 20
    dossier = {"record_count": 5, "modalities": ["TEXT"], "fields_out": FIELDS, "upstream": {}}
    found = documentation(dossier, {"support": "support@example.com"})
    basic = found["indicators"][0]
    assert (basic["evidenced_count"], basic["is_passed"]) == (4, True)
    assert basic["missing"] == ["access_channel"]
    assert found["evidenced_count"] == 5
    assert not documentation({}, {})["indicators"][0]["is_passed"]
