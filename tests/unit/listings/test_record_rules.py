"""What makes the members of a registration record contradict each other."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.schemas.content import VersionContentSchema
from listings.versions.chain_rules import chain_faults
from listings.versions.content_rules import content_faults
from listings.versions.record_rules import record_faults
from tests.factories.listings import (
    SUPPLIER_ID,
    load_draft,
    personal_members,
    record_content,
    version_content,
)


def _faults(content=None, **changes):
    content = {**(content or record_content()), **changes}
    return [fault.pointer for fault in record_faults(content, supplier_id=SUPPLIER_ID)]


def _personal(**changes):
    return _faults({**version_content(), **personal_members()}, **changes)


@pytest.mark.parametrize(
    "content", [record_content(), {**version_content(), **personal_members()}, version_content()]
)
def test_the_factory_records_are_sound(content):
    assert content_faults(content) == []
    assert record_faults(content, supplier_id=SUPPLIER_ID) == []


@pytest.mark.parametrize("content", [record_content(), {**version_content(), **personal_members()}])
def test_a_record_comes_back_from_the_form_as_it_was_written(content):
    loaded = load_draft(content)
    assert loaded["evidence"][0].items() >= content["evidence"][0].items()
    assert {name: loaded[name] for name in content} == content
    assert VersionContentSchema().dump(loaded) == loaded


def test_a_form_without_the_further_members_stores_none_of_them():
    """The hashes of older dossiers stand on this."""
    assert set(load_draft(version_content())) == set(version_content())
    assert set(load_draft(version_content())["rights"][0]) == set(version_content()["rights"][0])


def test_an_empty_draft_contradicts_nothing():
    assert _faults({"name": "x"}) == []


def test_a_supplier_that_lists_for_itself_names_no_operator():
    assert _faults(operator_organisation_id=SUPPLIER_ID) == ["#/operator_organisation_id"]


def test_operator_and_mandate_go_together():
    assert _faults(mandate_evidence=None) == ["#/mandate_evidence"]
    assert _faults(operator_organisation_id=None) == ["#/operator_organisation_id"]


def test_the_dimensions_are_the_output_fields():
    assert _faults(dimension_count=4) == ["#/dimension_count"]


def test_static_data_have_no_freshness():
    assert _faults(update_frequency="STATIC") == ["#/freshness_seconds"]


def test_no_more_calls_are_promised_than_the_upstream_takes():
    upstream = {**record_content()["upstream"], "calls_per_second": 49}
    assert _faults(upstream=upstream) == ["#/service_level/qps"]


def test_what_is_no_corpus_has_no_stage():
    assert _faults(corpus={"class": "NONE", "stages": ["PRETRAIN"]}) == ["#/corpus/stages"]


def test_a_field_comes_from_a_declared_source():
    fields = record_content()["fields_out"]
    fields[1]["source"] = "PURCHASED"
    fields[2]["source"] = "the register of cities"
    assert _faults(fields_out=fields) == ["#/fields_out/1/source"]


def test_a_substantial_derivation_says_how():
    assert _faults(derivation={"kind": "SUBSTANTIAL"}) == ["#/derivation/text"]


def test_an_input_stands_once():
    twice = ["reg_" + "1" * 26] * 2
    derivation = {"kind": "NONE", "inputs": twice}
    assert _faults(derivation=derivation) == ["#/derivation/inputs/1"]


def test_a_certificate_stands_once():
    certificates = record_content()["registry_certificates"] * 2
    assert _faults(registry_certificates=certificates) == ["#/registry_certificates/1/number"]


def test_categories_of_persons_are_no_data_without_persons():
    assert _personal(pi_level="NONE") == ["#/pi_level"]


def test_data_of_persons_are_classed_as_personal():
    assert _personal(data_classes=["PUBLIC"]) == ["#/data_classes"]


def test_a_category_stands_once():
    categories = personal_members()["pi_categories"] * 2
    assert _personal(pi_categories=categories) == ["#/pi_categories/1/category"]


def test_a_field_has_a_declared_category():
    fields = version_content()["fields_in"]
    fields[0]["pi_category"] = "TRACK"
    assert _personal(fields_in=fields) == ["#/fields_in/0/pi_category"]


def test_what_crosses_the_border_goes_somewhere():
    assert _faults(cross_border={"mode": "EXPORT"}) == ["#/cross_border/regions"]
    assert _faults(cross_border={"mode": "NONE", "regions": ["SG"]}) == ["#/cross_border/mode"]


def test_sensitive_persons_are_among_the_persons():
    border = {**personal_members()["cross_border"], "sensitive_persons_declared": 901}
    assert _personal(cross_border=border) == ["#/cross_border/sensitive_persons_declared"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"purpose": "MARKETING"}, "#/scenario_templates/0/purpose"),
        ({"purpose": "CREDIT"}, "#/scenario_templates/0/purpose"),
        ({"fields": ["name", "shoe_size"]}, "#/scenario_templates/0/fields/1"),
    ],
)
def test_a_scenario_template_stays_within_the_product(changes, pointer):
    template = {**record_content()["scenario_templates"][0], **changes}
    assert _faults(scenario_templates=[template]) == [pointer]


def test_a_scenario_template_may_name_a_narrower_purpose():
    template = {**record_content()["scenario_templates"][0], "purpose": "ACADEMIC"}
    assert _faults(scenario_templates=[template]) == []


def test_every_reference_names_a_document_by_title_or_hash():
    assert _faults(evidence=[]) == [
        "#/mandate_evidence",
        "#/rights/0/evidence",
        "#/authorisation_chain/0/evidence",
        "#/authorisation_chain/1/evidence",
        "#/valuation/evidence",
    ]
    assert _personal(evidence=[]) == [
        "#/rights/0/evidence",
        "#/pipia/evidence",
        "#/anonymisation/reidentification_evidence",
    ]


def _chain(*changes):
    links = record_content()["authorisation_chain"]
    return [{**link, **change} for link, change in zip(links, changes, strict=True)]


def _breaks(*changes):
    return [fault.pointer for fault in chain_faults(_chain(*changes))]


def test_a_chain_starts_at_an_original_right_or_at_consent():
    assert _breaks({"is_original": False}, {}) == ["#/authorisation_chain/0"]
    assert _breaks({"is_original": False, "is_consent": True}, {}) == []


def test_a_chain_has_one_root():
    assert _breaks({}, {"is_original": True}) == ["#/authorisation_chain/1"]


def test_a_chain_has_no_gap():
    assert _breaks({}, {"grantor": "Somebody else"}) == ["#/authorisation_chain/1/grantor"]


def test_a_link_lives_within_the_one_above():
    assert _breaks({}, {"from": "2023-12-31"}) == ["#/authorisation_chain/1/from"]
    assert _breaks({}, {"to": "2031-01-02"}) == ["#/authorisation_chain/1/to"]


def test_an_open_end_outlasts_a_closed_one():
    links = _chain({}, {})
    del links[1]["to"]
    assert [fault.pointer for fault in chain_faults(links)] == ["#/authorisation_chain/1/to"]
    del links[0]["to"]
    assert chain_faults(links) == []


def test_a_link_ends_after_it_begins():
    links = _chain({"to": "2023-01-01"}, {})
    pointers = [fault.pointer for fault in content_faults({"authorisation_chain": links})]
    assert pointers == ["#/authorisation_chain/0/to"]


_DAYS = st.integers(min_value=0, max_value=2_000).map(lambda n: date(2024, 1, 1) + timedelta(n))


@given(st.lists(st.tuples(_DAYS, _DAYS), min_size=1, max_size=6))
def test_a_chain_without_faults_is_in_force_only_while_every_link_is(periods):
    root = {"grantor": "0", "grantee": "0", "is_original": True}
    links = [
        {**(root if at == 0 else {"grantor": "0", "grantee": "0"}),
         "from": str(min(pair)), "to": str(max(pair))}
        for at, pair in enumerate(periods)
    ]  # fmt: skip
    if chain_faults(links):
        return
    last = links[-1]
    assert max(link["from"] for link in links) == last["from"]
    assert min(link["to"] for link in links) == last["to"]
