"""The class of a change is computed from what differs, by the table; what it misses is material."""

import pytest

from compliance.review.changes import (
    ChangeClass,
    changes_between,
    class_of,
    diff_hash,
    table,
    table_hash,
)
from tests.factories.compliance import dossier, field, per_call

LINK = {"grantor": "A", "grantee": "B", "rights": ["USE"], "to": "2027-01-01"}
SERVICE = {"qps": 50, "latency_p95_ms": 300, "availability_bp": 9_900}


def between(before, after):
    return changes_between(dossier(**before), dossier(**after))


def classed(before, after):
    return class_of(between(before, after)).value


def plan(price, **ids):
    return {
        "plan_id": "pln_1",
        "offer_id": "off_1",
        "plan_hash": "h",
        "terms": per_call(price),
    } | ids


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, "EDITORIAL"),
        ({}, {"description": "Name and town of an airport."}, "EDITORIAL"),
        ({"keywords": ["air"]}, {"keywords": ["air", "port"]}, "EDITORIAL"),
        ({}, {"plans": [plan("0.50000000")]}, "COMMERCIAL"),
        ({"service_level": SERVICE}, {"service_level": SERVICE | {"qps": 60}}, "COMMERCIAL"),
        (
            {"service_level": SERVICE},
            {"service_level": SERVICE | {"latency_p95_ms": 200}},
            "COMMERCIAL",
        ),
        ({"service_level": SERVICE}, {"service_level": SERVICE | {"qps": 40}}, "MATERIAL"),
        ({"service_level": SERVICE}, {}, "MATERIAL"),
        ({}, {"allowed_purposes": ["OPERATIONS"]}, "MATERIAL"),
        ({}, {"regions": ["CN", "SG"]}, "MATERIAL"),
        ({}, {"delivery_mode": "FILE_DOWNLOAD"}, "MATERIAL"),
        ({}, {"update_frequency": "DAILY"}, "MATERIAL"),
        ({}, {"source_types": ["PURCHASED"]}, "MATERIAL"),
        ({}, {"rights": [{"right": "USE", "basis": "original", "from": "2026-01-01"}]}, "MATERIAL"),
        ({}, {"pi_level": "PERSONAL"}, "MATERIAL"),
        ({}, {"grade": "GENERAL_2"}, "MATERIAL"),
        ({}, {"upstream": {"url": "https://other.example/airports", "method": "GET"}}, "MATERIAL"),
        ({}, {"fields_out": [field("name"), field("city"), field("phone")]}, "MATERIAL"),
        (
            {"fields_out": [field("name")]},
            {"fields_out": [field("name", type="integer")]},
            "MATERIAL",
        ),
        (
            {"fields_out": [field("name")]},
            {"fields_out": [field("name", description="How it is called.")]},
            "EDITORIAL",
        ),
        (
            {"authorisation_chain": [LINK]},
            {"authorisation_chain": [LINK | {"to": "2028-01-01"}]},
            "MATERIAL",
        ),
        (
            {"authorisation_chain": [LINK]},
            {"authorisation_chain": [LINK | {"grantor": "C"}]},
            "IDENTITY",
        ),
        ({"supplier_id": "org_a"}, {"supplier_id": "org_b"}, "IDENTITY"),
        ({}, {"something_new": 1}, "MATERIAL"),
    ],
)
def test_a_change_has_the_class_of_its_deepest_place(before, after, expected):
    assert classed(before, after) == expected


def test_what_every_version_has_of_its_own_is_no_change():
    old = {"version_number": 1, "plans": [plan("0.4")], "offers": [{"offer_id": "a", "name": "x"}]}
    new = {
        "version_number": 2,
        "version_id": "ver_2",
        "plans": [plan("0.4", plan_id="pln_2", offer_id="off_2", plan_hash="other")],
        "offers": [{"offer_id": "b", "name": "x"}],
    }
    assert between(old, new) == []


def test_a_place_is_told_with_both_values_and_its_pointer():
    (change,) = between({}, {"fields_out": [field("name", example="Pudong"), field("city")]})
    assert (change.pointer, change.before, change.after) == (
        "/fields_out/city/example",
        "Shanghai",
        None,
    )
    assert change.document() == {"pointer": change.pointer, "change_class": "EDITORIAL"}


def test_the_digest_says_what_changed_and_into_what():
    first = diff_hash(between({}, {"summary": "One."}))
    assert first == diff_hash(between({}, {"summary": "One."}))
    assert first != diff_hash(between({}, {"summary": "Two."}))


def test_the_table_is_dated_owned_and_unconfirmed():
    assert (table()["effective_from"], table()["owner"]) == ("2026-11-01", "compliance")
    assert table()["confirmed"] is False
    assert len(table_hash()) == 64
    assert all(ChangeClass(row["class"]) for row in table()["paths"].values())
