"""What an agreement fixes."""

from datetime import UTC, datetime, timedelta

import pytest

from listings.offers.agreement_terms import (
    OrderWarning,
    agreed_period,
    agreement_hash,
    agreement_terms,
    order_warnings,
    product_terms,
)
from listings.ports import ExchangePolicy
from tests.factories.listings import version_content

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_a_package_runs_for_its_days():
    plan = {"kind": "package", "valid_days": 30}
    period = agreed_period(plan, ordered_at=NOW, scenario_ends_at=NOW + timedelta(days=1))
    assert period == (NOW, NOW + timedelta(days=30))


def test_a_year_runs_for_its_days():
    plan = {"kind": "yearly", "valid_days": 365}
    period = agreed_period(plan, ordered_at=NOW, scenario_ends_at=NOW + timedelta(days=900))
    assert period == (NOW, NOW + timedelta(days=365))


def test_a_term_that_outlasts_its_scenario_is_warned_of_and_no_other():
    paid_until = NOW + timedelta(days=365)
    usable_until = NOW + timedelta(days=90)
    (warning,) = order_warnings(paid_until, usable_until)
    assert warning == OrderWarning("ends-with-scenario", paid_until, usable_until)
    for scenario_ends_at in (None, paid_until, paid_until + timedelta(seconds=1)):
        assert order_warnings(paid_until, scenario_ends_at) == ()


@pytest.mark.parametrize("kind", ["per_call", "graduated", "volume", "subscription"])
def test_what_is_charged_as_it_is_used_runs_as_long_as_the_scenario(kind):
    ends_at = NOW + timedelta(days=90)
    period = agreed_period({"kind": kind}, ordered_at=NOW, scenario_ends_at=ends_at)
    assert period == (NOW, ends_at)


def test_the_product_permits_its_purposes_and_output_fields():
    terms = product_terms(version_content(), {"calls_per_second": 7})
    assert terms == {
        "purposes": ["OPERATIONS", "RESEARCH"],
        "fields": ["code", "name", "population"],
        "regions": ["CN"],
        "retention": "CONTRACT_TERM",
        "transfer": "NO_TRANSFER",
        "calls_per_second": 7,
    }


def test_any_change_of_an_agreement_changes_its_hash():
    def terms(buyer):
        return agreement_terms(
            parties={"buyer_id": buyer},
            subject={},
            plan={},
            product={},
            split=ExchangePolicy().split,
            period=(NOW, NOW),
        )

    assert agreement_hash(terms("org_a")) != agreement_hash(terms("org_b"))
    assert terms("org_a")["starts_at"] == "2026-11-20T08:00:00.000000Z"


def test_the_default_policy_leaves_84_of_100_to_the_supplier():
    assert ExchangePolicy().split == {"supplier": 8400, "commission": 1000, "tax": 600}


@pytest.mark.parametrize("shares", [(-1, 0), (9000, 1001), (0, -1)])
def test_shares_that_do_not_divide_a_whole_are_refused(shares):
    with pytest.raises(ValueError, match="shares"):
        ExchangePolicy(*shares)
