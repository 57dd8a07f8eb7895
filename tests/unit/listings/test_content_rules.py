"""What makes a version's content contradict itself, and what a review still misses."""

import pytest

from listings.versions.content_rules import content_faults, missing_parts
from tests.factories.listings import version_content


def _faults(**changes):
    return [fault.pointer for fault in content_faults({**version_content(), **changes})]


def test_the_factory_content_is_sound_and_complete():
    assert content_faults(version_content()) == []
    assert missing_parts(version_content(), [{"kind": "per_call", "unit": "call"}]) == []


def test_an_empty_draft_is_no_contradiction():
    assert content_faults({}) == []


def test_a_sample_row_has_declared_fields_only():
    assert _faults(sample=[{"code": "01", "phone": "1"}]) == ["#/sample/0"]


def test_a_field_that_is_not_nullable_stands_in_every_row():
    assert _faults(sample=[{}]) == ["#/sample/0/code", "#/sample/0/name"]


def test_a_sample_has_at_most_two_hundred_rows():
    row = version_content()["sample"][0]
    assert _faults(sample=[row] * 200) == []
    assert _faults(sample=[row] * 201) == ["#/sample"]


def test_a_sample_is_bounded_in_bytes():
    fields_out = [{"name": f"f{at}", "type": "string"} for at in range(4)]
    row = {f"f{at}": "数" * 999 for at in range(4)}
    assert _faults(fields_out=fields_out, sample=[row] * 25) == ["#/sample"]


def test_faults_of_a_large_sample_are_capped():
    assert len(_faults(sample=[{}] * 200)) == 50


def test_keywords_are_few_and_different():
    assert _faults(keywords=["数据" * 8, "数据" * 8]) == ["#/keywords", "#/keywords"]


def test_a_purpose_is_not_both_allowed_and_forbidden():
    assert _faults(allowed_purposes=["RISK"], forbidden_purposes=["RISK"]) == [
        "#/forbidden_purposes"
    ]


def test_a_period_ends_after_it_begins():
    right = {"right": "HOLD", "basis": "original", "from": "2026-02-01", "to": "2026-01-01"}
    proof = {"valid_from": "2026-02-01", "valid_to": "2025-02-01"}
    assert _faults(rights=[right], evidence=[proof]) == ["#/rights/0/to", "#/evidence/0/valid_to"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/x",
        "https://",
        "https://someone:secret@example.org/",
        "https://example.org/#part",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://例子.cn/",
        "javascript:alert(1)",
        "http://[::1/",
        "https://example.org:0/",
    ],
)
def test_an_upstream_has_a_plain_http_address(url):
    assert _faults(upstream={"url": url}) == ["#/upstream/url"]


@pytest.mark.parametrize("header", ["Host", "content-length", "X Key", "X:Key", "x" * 65])
def test_a_credential_does_not_travel_in_a_header_that_frames_the_message(header):
    upstream = {"url": "https://example.org/", "credential_header": header}
    assert _faults(upstream=upstream) == ["#/upstream/credential_header"]


def test_everything_that_a_review_needs_is_named():
    missing = [fault.pointer for fault in missing_parts({"delivery_mode": "API_CALL"}, [])]
    assert {"#/name", "#/source_statement", "#/upstream", "#/offers", "#/sample"} <= set(missing)


def test_what_is_not_called_needs_no_upstream():
    content = version_content()
    del content["upstream"]
    content["delivery_mode"] = "SANDBOX"
    assert missing_parts(content, [{"kind": "package", "unit": "call"}]) == []


@pytest.mark.parametrize(
    ("unit", "rule", "pointers"),
    [
        ("hit", {}, []),
        ("row", {}, ["#/outcome_rule/rows"]),
        ("row", {"rows": "/items"}, []),
        ("unit", {"rows": "/items"}, ["#/outcome_rule/units"]),
        ("unit", {"units": {"measure": "bytes"}, "units_max": 9}, []),
    ],
)
def test_a_plan_by_rows_or_units_needs_a_rule_that_counts_them(unit, rule, pointers):
    content = {**version_content(), "outcome_rule": rule}
    missing = missing_parts(content, [{"kind": "per_call", "unit": unit}])
    assert [fault.pointer for fault in missing] == pointers
