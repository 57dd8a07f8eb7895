"""Data contracts (ODCS 3): read strictly, written whole, and what is not carried is named."""

import contextlib
import copy
import functools
import json
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.data_contracts.errors import ContractInvalid, ContractUnreadable
from listings.data_contracts.reading import read_contract
from listings.data_contracts.text import BYTES_MAX, read_contract_text
from listings.data_contracts.writing import write_contract
from listings.offers.plan_terms import plan_terms
from listings.schemas.contracts import load_contract
from listings.versions.drafts import read_draft
from tests.factories.listings import draft_version, load_draft, record_content

YAML = """
apiVersion: v3.0.2
kind: DataContract
id: 8d5f0f2e-0000-4000-8000-000000000000
version: 1.2.0
status: draft
name: 城市信息查询
tags: [城市, city]
team:
  - {username: someone, role: owner}
description:
  purpose: The population of a city by its code.
  limitations: Not for marketing.
servers:
  - server: production
    type: api
    location: https://upstream.example.org/cities
  - {server: lake, type: s3, location: "s3://bucket"}
schema:
  - name: request
    logicalType: object
    properties:
      - name: code
        logicalType: string
        required: true
        logicalTypeOptions: {pattern: "[0-9]{6}", maxLength: 6}
  - name: cities
    logicalType: object
    physicalName: cities_v2
    properties:
      - name: name
        logicalType: string
        required: true
        primaryKey: true
        classification: public
        examples: [上*, 北*]
      - name: share
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 1.5}
        quality:
          - {type: library, rule: nullCount, mustBe: 0}
      - name: result
        logicalType: string
        required: true
        quality:
          - {type: library, rule: validValues, validValues: ["01", "02"]}
price: {priceAmount: 0.4, priceCurrency: CNY, priceUnit: call}
slaProperties:
  - {property: latency, value: 4, unit: d}
  - {property: frequency, value: 1, unit: d}
  - {property: availability, value: 99.9, unit: percent}
  - {property: throughput, value: 50}
  - {property: retention, value: 30, unit: d}
  - {property: timeToRepair, value: 4, unit: h}
customProperties:
  - {property: sectors, value: [CITY]}
  - {property: allowed_purposes, value: [RESEARCH]}
"""


def _read(text):
    return read_contract(read_contract_text(text.encode()))


def test_a_contract_becomes_the_form_of_a_draft():
    form = load_contract(_read(YAML))
    assert form["name"] == "城市信息查询"
    assert form["keywords"] == ["城市", "city"]
    assert form["upstream"]["url"] == "https://upstream.example.org/cities"
    assert form["fields_in"][0]["pattern"] == "[0-9]{6}"
    name, share, result = form["fields_out"]
    assert (name["key"], name["nullable"], name["example"]) == (True, False, "上*")
    assert (share["type"], share["minimum"], share["maximum"]) == ("decimal", "0", "1.5")
    assert [value["code"] for value in result["coded_values"]] == ["01", "02"]
    assert form["freshness_seconds"] == 4 * 86_400
    assert (form["update_frequency"], form["retention"]) == ("DAILY", "FIXED:30")
    assert form["service_level"] == {"availability_bp": 9_990, "qps": 50}
    (plan,) = form["offers"][0]["plans"]
    assert (plan["unit_price"], plan["unit"]) == (40_000_000, "call")
    assert form["sectors"] == ["CITY"]


def test_every_part_that_is_not_carried_is_named_with_its_pointer():
    assert sorted(part.pointer for part in _read(YAML).ignored) == [
        "#/description/limitations",
        "#/schema/1/physicalName",
        "#/schema/1/properties/0/examples/1",
        "#/schema/1/properties/1/quality/0",
        "#/servers/1",
        "#/slaProperties/5",
        "#/team",
    ]


def _invalid(text):
    with pytest.raises(ContractInvalid) as refusal:
        load_contract(_read(text))
    return [error["pointer"] for error in refusal.value.facts["errors"]]


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ("v3.0.2", "v2.2.2", "#/apiVersion"),
        ("kind: DataContract", "kind: Other", "#/kind"),
        ("team:", "colour:", "#/colour"),
        ("name: 城市信息查询", "name: " + "城" * 31, "#/name"),
        ("logicalType: number", "logicalType: array", "#/schema/1/properties/1/logicalType"),
        ("primaryKey: true", "primaryKey: sure", "#/schema/1/properties/0/primaryKey"),
        ("classification: public", "classification: x", "#/schema/1/properties/0/classification"),
        ("priceUnit: call", "priceUnit: megabyte", "#/price/priceUnit"),
        ("priceAmount: 0.4", "priceAmount: cheap", "#/price/priceAmount"),
        ("value: 99.9", "value: high", "#/slaProperties/2/value"),
        ("value: [CITY]", "value: [MOON]", "#/customProperties/0/value/0"),
        ("property: sectors", "property: fields_out", "#/customProperties/0/property"),
        ("property: sectors", "property: unheard_of", "#/customProperties/0/value"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_place_in_the_contract(old, new, pointer):
    assert pointer in _invalid(YAML.replace(old, new, 1))


@pytest.mark.parametrize(
    "text",
    [
        "- a list",
        "a: &x [1]\nb: *x",
        "a: !!python/object/apply:os.system [ls]",
        "a: 1\na: 2",
        "[" * 50,
        "a: " + "[" * 21 + "]" * 21,
        '{"a": 1, "a": 2}',
        '{"a": ',
        '{"a": NaN}',
        "? [complex]\n: key",
        "a: [1, 2",
        "\x00",
        "x: [" + "0," * 20_001 + "]",
    ],
)
def test_what_grows_repeats_or_executes_is_not_read(text):
    with pytest.raises(ContractUnreadable):
        read_contract_text(text.encode())


def test_a_contract_is_bounded_and_in_utf_8():
    for data in (b"a: " + b"x" * BYTES_MAX, b"a: \xff"):
        with pytest.raises(ContractUnreadable):
            read_contract_text(data)


def test_words_that_yaml_once_took_for_something_else_stay_text():
    read = read_contract_text(
        b"a: yes\nb: 2026-01-01\nc: 0o7\nd: 1_000\ne: ~\nf: true\ng: 012\nh: -3"
    )
    assert read == {
        "a": "yes", "b": "2026-01-01", "c": "0o7", "d": "1_000", "e": None, "f": True, "g": "012",
        "h": -3,
    }  # fmt: skip


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data):
    with contextlib.suppress(ContractUnreadable):
        assert isinstance(read_contract_text(data), dict)


def _places(value, path=()):
    names = range(len(value)) if isinstance(value, list) else value
    for name in names if isinstance(value, list | dict) else ():
        yield (*path, name)
        yield from _places(value[name], (*path, name))


@pytest.mark.parametrize("strange", [None, True, -1, 1.5, "", [], {}, [["a"]], {"a": []}])
def test_no_member_of_another_shape_does_more_than_be_refused(strange):
    document = read_contract_text(YAML.encode())
    for *path, name in _places(document):
        changed = copy.deepcopy(document)
        owner = functools.reduce(operator.getitem, path, changed)
        owner[name] = strange
        with contextlib.suppress(ContractInvalid):
            load_contract(read_contract(changed))


def _written(form):
    draft = read_draft(form)
    offers = [
        {"name": offer["name"], "plans": [plan_terms(plan) for plan in offer["plans"]]}
        for offer in draft.offers or []
    ]
    content = dict(draft.content)
    contract = write_contract(content, offers, product_id="prd_x", version_number=1, state="DRAFT")
    return content, offers, contract


def test_a_version_comes_back_whole_from_its_contract():
    content, offers, contract = _written(load_draft({**draft_version(), **record_content()}))
    read = read_contract(read_contract_text(json.dumps(contract).encode()))
    assert read.ignored == []
    form = load_contract(read)
    del content["upstream"]["credential_header"]
    again = read_draft(form)
    assert dict(again.content) == content
    assert [[plan_terms(plan) for plan in offer["plans"]] for offer in again.offers] == [
        offer["plans"] for offer in offers
    ]


def test_a_contract_keeps_the_credential_s_header_to_itself():
    _, _, contract = _written(load_draft(draft_version()))
    assert "X-Key" not in json.dumps(contract)
    assert "s3cret" not in json.dumps(contract)


def contract_of(**members):
    return {"apiVersion": "v3.0.2", "kind": "DataContract", "name": "城市信息", **members}


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\udfff"])
@pytest.mark.parametrize(
    "place",
    [
        lambda text: {"description": {"purpose": text}},
        lambda text: {"customProperties": [{"property": "sample", "value": [{"code": text}]}]},
        lambda text: {"customProperties": [{"property": text, "value": None}]},
    ],
    ids=["text", "row", "name"],
)
def test_a_text_that_cannot_be_stored_is_told_in_json_and_in_yaml(text, place):
    document = json.dumps(contract_of(**place(text)))
    for written in (document, f"--- {document}"):
        with pytest.raises(ContractUnreadable, match="NUL or a lone surrogate"):
            read_contract_text(written.encode())


def test_json_is_no_deeper_than_yaml():
    value = functools.reduce(lambda inner, _: [inner], range(20), "a")
    document = contract_of(customProperties=[{"property": "sample", "value": value}])
    with pytest.raises(ContractUnreadable, match="more than 20 deep"):
        read_contract_text(json.dumps(document).encode())


@pytest.mark.parametrize("said", ["high", [1], None])
def test_a_service_level_that_is_no_object_is_told_at_its_place(said):
    document = contract_of(
        customProperties=[{"property": "service_level", "value": said}],
        slaProperties=[{"property": "availability", "value": 99.9}],
    )
    with pytest.raises(ContractInvalid) as refusal:
        load_contract(read_contract(document))
    assert {each["pointer"] for each in refusal.value.facts["errors"]} == {
        "#/customProperties/0/value"
    }


@pytest.mark.parametrize("number", ["1e-19", "0e-99999", "1e-999999", "0.0000000000000000001"])
def test_a_number_of_more_places_than_anybody_writes_is_not_written_out(number):
    read = read_contract(
        contract_of(
            price={"priceAmount": number},
            slaProperties=[{"property": "frequency", "value": number, "unit": "d"}],
        )
    )
    assert {fault.pointer for fault in read.faults} == {
        "#/price/priceAmount",
        "#/slaProperties/0/value",
    }
