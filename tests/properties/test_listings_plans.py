"""What a supplier may write, the data plane reads: any plan, any outcome rule."""

import json

from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.core.money import format_amount, parse_amount
from listings.offers.plan_faults import plan_faults
from listings.offers.plan_labels import price_label
from listings.offers.plan_prices import comparable_price, due_at_order
from listings.offers.plan_terms import KINDS, PERIODS, plan_hash, plan_terms
from listings.schemas.outcome_rules import OutcomeRuleSchema
from listings.schemas.plans import MINIMUM_MAX, DraftPlanSchema, PlanTermsSchema
from metering.answers.outcome_rules import read_rule
from metering.plans.terms import Minimum, PlanKind, PlanTerms, read_plan

amounts = st.integers(0, 10**17).map(format_amount)
prices = st.integers(0, 10**12).map(format_amount)
counts = st.integers(1, 10**9)
ENDS = st.lists(st.integers(1, 10**12), max_size=19, unique=True).map(sorted)


@st.composite
def tiers(draw):
    ends = [*draw(ENDS), None]
    return [{"up_to": end, "unit_price": draw(prices)} for end in ends]


@st.composite
def trials(draw):
    return draw(
        st.just({}) | st.fixed_dictionaries({"trial_units": counts, "trial_days": days(365)})
    )


def days(most):
    return st.integers(1, most)


def minimums(*periods):
    least = st.integers(1, MINIMUM_MAX).map(format_amount)
    minimum = st.fixed_dictionaries({"amount": least, "period": st.sampled_from(periods)})
    return st.just({}) | st.fixed_dictionaries({"minimum": minimum})


@st.composite
def forms(draw):
    """A plan as a supplier sends it."""
    kind = draw(st.sampled_from(KINDS))
    form = {
        "kind": kind,
        "unit": draw(st.sampled_from(["call", "hit", "row", "unit"])),
        "currency": draw(st.sampled_from(["CNY", "USD", "EUR", "HKD"])),
        "calls_per_second": draw(st.integers(1, 10_000)),
    }
    return form | draw(OWN[kind])


def per_call():
    every = minimums("month", "quarter", "year", "term")
    fields = st.fixed_dictionaries({"unit_price": prices}, optional={"free_units": counts})
    return st.tuples(fields, trials(), every).map(merged)


def tiered():
    fields = st.fixed_dictionaries(
        {"tiers": tiers(), "period": st.sampled_from(PERIODS["graduated"])},
        optional={"free_units": counts},
    )
    return st.tuples(fields, trials(), minimums("month", "quarter", "year")).map(merged)


def subscription():
    fields = st.fixed_dictionaries(
        {
            "period": st.sampled_from(PERIODS["subscription"]),
            "period_fee": amounts,
            "included_units": counts,
        },
        optional={"overage_price": st.none() | prices, "roll_over": rollings},
    )
    return st.tuples(fields, trials()).map(merged)


rollings = st.sampled_from(["none", "carry"])


def merged(parts):
    return {name: value for part in parts for name, value in part.items()}


OWN = {
    "per_call": per_call(),
    "graduated": tiered(),
    "volume": tiered(),
    "package": st.fixed_dictionaries(
        {"package_units": counts, "package_price": amounts, "valid_days": days(3_650)},
        optional={"roll_over": rollings},
    ),
    "subscription": subscription(),
    "yearly": st.fixed_dictionaries(
        {"package_price": amounts},
        optional={"package_units": st.none() | counts, "valid_days": days(3_650)},
    ),
}


@given(forms())
def test_any_plan_becomes_terms_that_the_data_plane_reads_as_they_were_meant(form):
    plan = DraftPlanSchema().load(form)
    assert plan_faults(plan, "#") == []
    terms = plan_terms(plan)
    # As another process has it: through JSON, its members in another order.
    stored = json.loads(json.dumps(dict(reversed(terms.items()))))
    assert plan_hash(stored) == plan_hash(terms)
    assert PlanTermsSchema().dump(stored) == terms
    read = read_plan(stored)
    assert read.kind is PlanKind(form["kind"])
    assert_same(read, form)


def assert_same(read: PlanTerms, form):
    for name in ("unit_price", "package_price", "period_fee"):
        assert getattr(read, name) == parse_amount(form.get(name, "0"))
    for name in ("included_units", "free_units", "trial_units", "trial_days"):
        assert getattr(read, name) == form.get(name, 0)
    told = [(tier["up_to"], parse_amount(tier["unit_price"])) for tier in form.get("tiers", [])]
    assert [(tier.up_to, tier.unit_price) for tier in read.tiers] == told
    overage = form.get("overage_price")
    assert read.overage_price == (None if overage is None else parse_amount(overage))
    assert read.has_roll_over == (form.get("roll_over") == "carry")
    assert read.period == form.get("period", "term")
    minimum = form.get("minimum")
    assert read.minimum == (minimum and Minimum(parse_amount(minimum["amount"]), minimum["period"]))
    if form["kind"] == "yearly":
        assert read.valid_days == form.get("valid_days", 365)
        assert read.package_units == form.get("package_units")


@given(forms())
def test_any_plan_has_a_price_to_sort_by_and_words_in_both_languages(form):
    terms = plan_terms(DraftPlanSchema().load(form))
    assert comparable_price(terms) >= 0
    assert due_at_order(terms) == read_plan(terms).package_price
    english, chinese = price_label(terms, "en"), price_label(terms, "zh")
    assert english != chinese
    for label in (english, chinese):
        assert label == label.strip()
        assert "None" not in label


def says_nothing(member):
    """Whether a member of a form is as good as absent."""
    return member in (None, "none", 0)


@given(forms(), forms())
def test_a_plan_with_members_of_another_kind_is_refused_or_is_the_same_plan(form, other):
    assume(form["kind"] != other["kind"])
    mixed = DraftPlanSchema().load({**other, **form})
    foreign = set(other) - set(form)
    if not plan_faults(mixed, "#"):
        kept = plan_terms(mixed)
        read_plan(kept)
        given_now = {name for name in foreign if not says_nothing(mixed.get(name))}
        assert given_now <= set(kept), "a member was accepted and then dropped"


pointers = st.lists(st.text("ab0/~", max_size=3), max_size=4).map(
    lambda steps: "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
)
scalars = st.none() | st.booleans() | st.text(max_size=5) | st.integers(-(2**53) + 1, 2**53 - 1)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)


def condition(**more):
    return st.fixed_dictionaries({"field": pointers, **more})


conditions = st.recursive(
    condition(equals=scalars)
    | condition(**{"in": st.lists(scalars, min_size=1, max_size=5)})
    | condition(is_present=st.booleans())
    | condition(at_least=numbers)
    | condition(at_least=numbers, at_most=numbers),
    lambda inner: (
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=12,
)
measured = st.fixed_dictionaries(
    {
        "units": st.fixed_dictionaries(
            {
                "measure": st.sampled_from(["count", "integer", "text_length", "sum", "bytes"]),
            },
            optional={"at": pointers, "per": counts},
        )
    },
    optional={"units_max": counts},
)
rules = st.tuples(
    st.fixed_dictionaries(
        {},
        optional={
            "hit": conditions,
            "miss": conditions,
            "failure": conditions,
            "client_error": conditions,
            "otherwise": st.sampled_from(["hit", "miss", "failure"]),
            "rows": pointers,
            "rows_max": st.integers(1, 10_000),
        },
    ),
    st.just({}) | measured,
).map(merged)


@given(rules)
def test_any_outcome_rule_that_a_supplier_may_write_is_read_by_the_data_plane(rule):
    try:
        kept = OutcomeRuleSchema().load(rule)
    except ValidationError:
        assume(False)
    read_rule(json.loads(json.dumps(kept)))


@given(rules)
def test_a_sound_outcome_rule_is_not_refused(rule):
    units = rule.get("units", {})
    is_pointed = (units.get("measure") == "bytes") != ("at" in units)
    is_bounded = "units_max" in rule and (units.get("measure") != "sum" or "rows" in rule)
    assume(not units or (is_pointed and is_bounded))
    assume(all(size_of(rule.get(name)) <= 7 for name in ("hit", "miss", "failure", "client_error")))
    assume(
        all(depth_of(rule.get(name)) <= 4 for name in ("hit", "miss", "failure", "client_error"))
    )
    assert OutcomeRuleSchema().load(rule) == rule


def parts_of(rule):
    return [*rule.get("all", []), *rule.get("any", []), *([rule["not"]] if "not" in rule else [])]


def size_of(rule):
    return 1 + sum(map(size_of, parts_of(rule))) if rule else 0


def depth_of(rule):
    return max((1 + depth_of(part) for part in parts_of(rule)), default=0) if rule else 0
