"""A listing in the words of DCAT-AP 3, ODRL 2.2 and Croissant 1.1, checked by their own rules."""

import json
from datetime import UTC, datetime

import pytest

from listings.catalogue.exports import croissant, dcat, odrl
from listings.catalogue.exports.addresses import Addresses
from listings.catalogue.page import render_terms
from listings.vocabulary import codes
from tests.factories.listings import version_content

AT = Addresses("https://exchange.example", "1000000001-0123456789")
LISTED = datetime(2026, 11, 20, 8, tzinfo=UTC)


def content(**changes):
    return {**version_content(), **changes}


def listing(**changes):
    return {
        **{name: version_content()[name] for name in (
            "name", "name_en", "summary", "keywords", "sectors", "update_frequency", "delivery_mode"
        )},
        "listing_code": AT.listing_code,
        "supplier_id": "org_supplier",
        "supplier_name": "Supplier Ltd",
        "first_listed_at": LISTED,
        "published_at": LISTED,
        "version_number": 2,
        **changes,
    }  # fmt: skip


def plan(**changes):
    terms = {
        "kind": "per_call", "unit": "hit", "unit_price": "0.40000000", "currency": "CNY",
        "free_units": 0, "calls_per_second": 5, **changes,
    }  # fmt: skip
    return {"plan_id": "pln_1", "terms": terms, **render_terms(terms, "en")}


def expanded(document, context):
    """Every name of the document, written out by its context; one that it lacks is an error."""
    prefixes = {name: to for name, to in context.items() if isinstance(to, str)}

    def names(value):
        if isinstance(value, list):
            for each in value:
                yield from names(each)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if not name.startswith("@"):
                    prefix, colon, _ = name.partition(":")
                    assert not colon or prefix in prefixes, name
                    yield name
                yield from names(inner)

    return set(names({name: value for name, value in document.items() if name != "@context"}))


def test_dcat_ap_has_what_the_profile_makes_mandatory():
    found = dcat.dataset(listing(), content(), AT)
    expanded(found, dcat.CONTEXT)
    # DCAT-AP 3.0: a dataset has a title and a description, a distribution has an access URL,
    # a data service an endpoint and a title; frequency and access right are of EU vocabularies.
    assert found["@type"] == "dcat:Dataset"
    assert {each["@language"] for each in found["dct:title"]} == {"zh", "en"}
    assert found["dct:description"]
    (distribution,) = found["dcat:distribution"]
    assert distribution["dcat:accessURL"] == {"@id": AT.page}
    service = distribution["dcat:accessService"]
    assert service["dcat:endpointURL"] == {"@id": AT.data}
    assert service["dct:title"]
    assert service["dcat:servesDataset"] == {"@id": found["@id"]}
    assert found["dct:accrualPeriodicity"]["@id"].endswith("/frequency/MONTHLY")
    assert found["dct:accessRights"]["@id"].endswith("/access-right/RESTRICTED")
    assert found["odrl:hasPolicy"] == {"@id": AT.policy}
    json.dumps(found)


def test_every_update_frequency_has_its_word_in_the_standard():
    assert set(dcat.FREQUENCIES) == codes("update_frequencies")
    assert len(set(dcat.FREQUENCIES.values())) == len(dcat.FREQUENCIES)


def test_a_file_has_no_service_and_a_period_both_its_ends():
    changes = {
        "period": {"from": "2020-01-01", "to": "2025-12-31"},
        "derivation": {"inputs": ["reg_1"]},
    }
    found = dcat.dataset(listing(delivery_mode="FILE_DOWNLOAD"), content(**changes), AT)
    assert "dcat:accessService" not in found["dcat:distribution"][0]
    assert found["dct:temporal"]["dcat:startDate"]["@value"] == "2020-01-01"
    assert found["dct:temporal"]["dcat:endDate"]["@value"] == "2025-12-31"
    assert found["dct:source"] == [{"@id": "https://exchange.example/v1/registry/reg_1"}]


OPERATORS = {"eq", "lteq", "isAnyOf"}
OPERANDS = {"purpose", "spatial", "recipient", "payAmount", "elapsedTime"}
ACTIONS = {"use", "distribute", "reproduce", "delete", "compensate"}


def rules_of(policy):
    return [*policy["permission"], *policy["prohibition"]]


def check_policy(policy):
    """ODRL 2.2 Information Model, sections 2.1 to 2.5: what each class must have."""
    assert policy["@context"] == odrl.CONTEXT
    assert policy["@type"] == "Offer"
    assert policy["uid"] == AT.policy
    assert policy["assigner"]
    assert "assignee" not in policy  # an offer is made to nobody in particular
    assert rules_of(policy)
    for rule in rules_of(policy):
        assert rule["target"]
        assert rule["action"] in ACTIONS
        for constraint in rule.get("constraint", ()):
            assert constraint["leftOperand"] in OPERANDS
            assert constraint["operator"] in OPERATORS
            assert constraint["rightOperand"]
        for duty in rule.get("duty", ()):
            assert duty["action"]


def test_an_offer_is_sound_and_says_what_is_allowed_paid_and_forbidden():
    policy = odrl.offer(listing(), content(retention="FIXED:30"), [plan()], AT)
    check_policy(policy)
    (permission,) = policy["permission"]
    purposes, regions = permission["constraint"]
    assert [each["@id"] for each in purposes["rightOperand"]] == [
        AT.term("purposes", "RESEARCH"),
        AT.term("purposes", "OPERATIONS"),
    ]
    assert regions["rightOperand"] == [{"@id": "https://www.iso.org/obp/ui/#iso:code:3166:CN"}]
    payment, deletion = permission["duty"]
    (amount,) = payment["action"][0]["refinement"]
    assert amount["rightOperand"] == {"@value": "0.40000000", "@type": "xsd:decimal"}
    assert deletion["constraint"][0]["rightOperand"]["@value"] == "P30D"
    assert [rule["action"] for rule in policy["prohibition"]] == ["use", "distribute"]


@pytest.mark.parametrize("rule", sorted(codes("transfer_rules")))
@pytest.mark.parametrize("retention", ["NO_CACHE", "CONTRACT_TERM", "UNLIMITED", "FIXED:7"])
def test_every_transfer_rule_and_retention_gives_a_sound_offer(rule, retention):
    changes = {"transfer_rule": rule, "retention": retention, "user_qualifications": ["INSURER"]}
    check_policy(odrl.offer(listing(), content(**changes), [plan(), plan(unit="row")], AT))


def test_croissant_has_what_the_specification_requires():
    fields = [{**field, "key": field["name"] == "code"} for field in content()["fields_out"]]
    found = croissant.data_set(listing(), content(fields_out=fields), AT)
    used = expanded(found, croissant.CONTEXT)
    required = {"conformsTo", "description", "license", "name", "url", "creator", "datePublished"}
    assert required <= used
    assert found["@type"] == "sc:Dataset"
    assert found["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    (file,) = found["distribution"]
    # A checksum is asked for unless the data set is a live one, as this is.
    assert found["isLiveDataset"] is True
    assert {"@id", "@type", "contentUrl", "encodingFormat", "name"} <= set(file)
    (records,) = found["recordSet"]
    assert records["key"] == [{"@id": "records/code"}]
    for field in records["field"]:
        assert field["dataType"] in croissant.TYPES.values()
        assert field["source"]["fileObject"] == {"@id": file["@id"]}
        assert field["source"]["extract"]["jsonPath"] == f"$.{field['name']}"
    named = {field["@id"] for field in records["field"]}
    assert all(set(row) <= named for row in records["examples"])


def test_every_type_of_field_has_one_of_schema_org():
    assert set(croissant.TYPES) == codes("field_types")


def test_personal_categories_are_said_in_the_vocabulary_for_responsible_ai():
    changes = {"pi_level": "PERSONAL", "pi_categories": [{"category": "BASIC"}]}
    found = croissant.data_set(listing(), content(**changes), AT)
    assert found["rai:personalSensitiveInformation"] == ["BASIC"]
    assert found["rai:dataUseCases"] == ["选址研究"]
