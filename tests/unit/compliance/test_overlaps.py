"""What somebody else registered before is found by schema and by rows, not by how it is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.canonical import digest_hex
from compliance import queries, services
from compliance.models.reviews import ReviewCase
from compliance.rules.fingerprints import fingerprint_of, shared_bp
from compliance.services.evaluations.overlaps import overlaps_of
from tests.factories.compliance import (
    SUPPLIER_ID,
    approve,
    dossier,
    exchange_unit,
    field,
    open_review,
    verify_parties,
)

FIELDS = [field("name"), field("city"), field("country")]
ROWS = [
    {"name": f"Airport number {number}", "city": "Shanghai", "country": "CN"}
    for number in range(10)
]
RENAMED = [{"c": row["country"], "a": row["name"], "b": row["city"]} for row in ROWS]
OTHER_FIELDS = [field("a"), field("b"), field("c"), field("d")]


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        verify_parties(unit)
        yield unit


def another(uow, *, supplier_id=SUPPLIER_ID, product_id="prd_other", **changes):
    contents = dossier(**changes)
    return services.open_review(
        uow,
        version_id=f"ver_{product_id}",
        product_id=product_id,
        supplier_id=supplier_id,
        listing_code="1000000001-other",
        dossier=contents,
        dossier_hash=digest_hex(contents),
    )


def registered(uow):
    case = open_review(uow, fields_out=FIELDS, sample=ROWS)
    approve(uow, case)
    uow.session.flush()
    return case


def p9(uow, case):
    outcomes = queries.get_case_view(uow, case.id).machine_findings
    return next(each["outcome"] for each in outcomes if each["rule_id"] == "P9")


def test_what_nobody_else_registered_asks_nobody(uow):
    registered(uow)
    case = another(uow, supplier_id="org_rival")
    assert overlaps_of(uow, case) == []
    assert p9(uow, case) == "PASS"


def test_the_same_schema_of_another_supplier_asks_a_person(uow):
    first = registered(uow)
    case = another(uow, supplier_id="org_rival", fields_out=[*reversed(FIELDS)])
    (found,) = overlaps_of(uow, case)
    assert (found["listing_code"], found["is_same_schema"]) == (first.listing_code, True)
    assert (found["is_own"], found["shared_rows_bp"]) == (False, 0)
    assert p9(uow, case) == "NEEDS_HUMAN"


def test_the_same_rows_under_other_names_ask_a_person(uow):
    registered(uow)
    case = another(uow, supplier_id="org_rival", fields_out=OTHER_FIELDS, sample=RENAMED[:5])
    (found,) = overlaps_of(uow, case)
    assert (found["is_same_schema"], found["shared_rows_bp"]) == (False, 10_000)
    assert p9(uow, case) == "NEEDS_HUMAN"


def test_a_row_in_common_is_not_yet_the_same_data(uow):
    registered(uow)
    fresh = [{"a": f"Harbour number {number}", "b": "Ningbo"} for number in range(9)]
    case = another(
        uow, supplier_id="org_rival", fields_out=OTHER_FIELDS, sample=[*fresh, RENAMED[0]]
    )
    assert overlaps_of(uow, case) == []


def test_ones_own_other_product_is_shown_and_asks_nobody(uow):
    registered(uow)
    case = another(uow, fields_out=FIELDS, sample=ROWS)
    (found,) = overlaps_of(uow, case)
    assert found["is_own"]
    assert p9(uow, case) == "PASS"


def test_a_case_from_before_there_were_fingerprints_is_made_up_for(uow):
    first = registered(uow)
    uow.session.query(ReviewCase).update({"schema_fingerprint": None, "row_fingerprints": []})
    uow.session.expire_all()
    case = another(uow, supplier_id="org_rival", fields_out=FIELDS, sample=ROWS)
    (found,) = overlaps_of(uow, case)
    assert found["shared_rows_bp"] == 10_000
    assert first.schema_fingerprint == fingerprint_of(first.dossier).schema


@given(
    rows=st.lists(
        st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20), max_size=5),
        max_size=8,
    ),
    seed=st.randoms(use_true_random=False),
)
def test_neither_order_nor_names_of_columns_change_what_rows_are_recognised_by(rows, seed):
    renamed = [{f"x{at}": value for at, value in enumerate(row.values())} for row in rows]
    seed.shuffle(renamed)
    assert fingerprint_of({"sample": rows}).rows == fingerprint_of({"sample": renamed}).rows


def test_too_little_is_recognised_by_nothing():
    little = fingerprint_of({"fields_out": [field("result")], "sample": [{"result": "1"}]})
    assert (little.schema, little.rows) == ("", ())
    assert shared_bp(1, 0, 5) == 0
