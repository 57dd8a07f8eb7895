"""Rows are committed, drawn by a checkpoint that came later, measured over HTTP, and forgotten."""

import pytest
from sqlalchemy import text

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance.models.reviews import ReviewCase
from compliance.quality.draws import Beacon, draw_indexes
from compliance.rules.predicates.records import exchange_drew_the_sample
from compliance.rules.predicates.reports import quality_is_reported
from compliance.rules.verdicts import Outcome
from compliance.sampling import services as sampling
from compliance.services.evaluations.circumstances import circumstances_of
from tests.factories.compliance import (
    NOT_CONTENT,
    document,
    dossier,
    everybody_over_http,
    field,
    per_call,
)
from tests.factories.quality import airports, commitment, revealed

BEACON = Beacon("exchange.example/log/2026", 4711, "cd" * 32)
ROWS = airports(420)


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


@pytest.fixture
def version_id(exchange, app):
    exchange.submit()
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        return uow.session.scalar(text("SELECT version_id FROM review_cases"))


def units_of(app):
    return app.extensions["counterfoil"].get(UnitOfWorkFactory)


def commit(exchange, version_id, rows=ROWS, **declaration):
    return exchange.post(
        "supplier", "/v1/quality-samples", commitment(rows, version_id, **declaration)
    )


def draw(app, beacon=BEACON):
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        moved = sampling.draw_samples(uow, lambda _: beacon)
        uow.commit()
    return moved


def reveal(exchange, sample, rows=ROWS):
    found = exchange.get("supplier", f"/v1/quality-samples/{sample['id']}")
    body = {"rows": revealed(rows, found["drawn_indexes"])}
    return exchange.post("supplier", f"/v1/quality-samples/{sample['id']}/rows", body)


def test_a_report_is_made_of_rows_that_nobody_chose(exchange, app, version_id):
    sample = commit(exchange, version_id, key_fields=["name"])
    assert (sample["state"], sample["attempt"], sample["drawn_indexes"]) == ("COMMITTED", 1, None)
    assert draw(app) == 1
    drawn = exchange.get("supplier", f"/v1/quality-samples/{sample['id']}")
    assert drawn["drawn_indexes"] == draw_indexes(sample["rows_root"], 420, BEACON)
    assert drawn["drawn_from"] == BEACON.document()
    report = reveal(exchange, sample)
    document = report["document"]
    assert (document["sampled_count"], document["row_total"]) == (400, 420)
    assert document["commitment"]["rows_root"] == sample["rows_root"]
    by_code = {each["code"]: each for each in document["indicators"]}
    assert by_code["0304"]["satisfied_count"] == 400
    assert by_code["0601"]["state"] == "NOT_ASSESSABLE"


def test_no_row_is_kept_and_the_log_has_commitment_and_report(exchange, app, version_id):
    sample = commit(exchange, version_id)
    draw(app)
    report = reveal(exchange, sample)
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        kept = uow.session.scalars(
            text(
                "SELECT s::text FROM quality_samples s UNION ALL SELECT r::text FROM"
                " quality_reports r UNION ALL SELECT encode(body, 'escape') FROM log_entries"
            )
        ).all()
    assert not any("Airport 17" in row for row in kept)
    (entry,) = [row for row in kept if f'"report_hash":"{report["document_hash"]}"' in row]
    assert sample["rows_root"] in entry
    assert '"0302":"1.000000/0.99' in entry
    assert any('"quality_sample_committed"' in row for row in kept)


def test_one_sample_is_open_at_a_time_and_each_is_counted(exchange, app, version_id):
    first = commit(exchange, version_id)
    exchange.refused(
        "supplier", "/v1/quality-samples", commitment(ROWS, version_id),
        slug="quality-sample-open", expect=409,
    )  # fmt: skip
    draw(app)
    reveal(exchange, first)
    assert commit(exchange, version_id)["attempt"] == 2


def test_nothing_is_revealed_before_it_is_drawn_nor_twice(exchange, app, version_id):
    sample = commit(exchange, version_id)
    path, body = f"/v1/quality-samples/{sample['id']}/rows", {"rows": revealed(ROWS, [0])}
    exchange.refused("supplier", path, body, slug="quality-sample-not-drawn", expect=409)
    draw(app)
    reveal(exchange, sample)
    exchange.refused("supplier", path, body, slug="quality-sample-not-drawn", expect=409)


def test_better_rows_than_committed_a_missing_row_and_another_row_are_refused(
    exchange, app, version_id
):
    sample = commit(exchange, version_id)
    draw(app)
    drawn = exchange.get("supplier", f"/v1/quality-samples/{sample['id']}")["drawn_indexes"]
    rows = revealed(ROWS, drawn)
    rows[3] = {**rows[3], "row": {"name": "Better", "city": "Better"}}
    other = next(index for index in range(420) if index not in drawn)
    rows[5] = revealed(ROWS, [other])[0]
    answer = exchange.refused(
        "supplier", f"/v1/quality-samples/{sample['id']}/rows", {"rows": rows},
        slug="validation-error", expect=422,
    )  # fmt: skip
    found = {each["pointer"]: each["detail"] for each in answer["errors"]}
    assert set(found) == {"#/rows", "#/rows/3", "#/rows/5"}
    assert "1 are missing" in found["#/rows"]
    assert "not drawn" in found["#/rows/5"]
    reveal(exchange, sample)


def test_an_undeclared_identifier_is_a_veto_and_rules_read_it(exchange, app, version_id):
    rows = airports(50, contact="17400123456")
    sample = commit(exchange, version_id, rows)
    draw(app)
    report = reveal(exchange, sample, rows)
    assert (report["grade"], report["document"]["vetoes"]) == ("D", ["UNDECLARED_IDENTIFIER"])
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        case = uow.session.query(ReviewCase).one()
        facts = circumstances_of(uow, case)
    parameters = {"parameters": {"grades": ["A", "B", "C"]}}
    assert quality_is_reported({**facts, **parameters}).outcome is Outcome.FAIL
    assert exchange_drew_the_sample(facts).outcome is Outcome.PASS


def test_the_catalogue_shows_a_grade_once_the_version_is_listed(exchange, app, version_id):
    sample = commit(exchange, version_id)
    draw(app)
    report = reveal(exchange, sample)
    path = f"/v1/listings/{report['listing_code']}/quality"
    before = exchange.get("stranger", path)
    assert (before["state"], before["report_id"]) == ("NOT_REPORTED", None)
    exchange.register(exchange.case())
    exchange.decide_listing()
    shown = exchange.get("stranger", path)
    assert (shown["state"], shown["grade"]) == ("NOT_ASSESSED", None)
    assert shown["coverage"] == report["document"]["coverage"]
    assert exchange.get("buyer", f"/v1/quality-reports/{report['id']}")["id"] == report["id"]


def evidence_until(day):
    kinds = ("SYSTEM_DESCRIPTION", "GENERATION_PROCESS")
    return [*map(document, kinds), document("INVESTMENT_RECORD", valid_to=day)]


def test_a_report_speaks_for_its_version_and_not_for_the_one_that_replaced_it(exchange, app):
    def next_version(number, **changes):
        content = {k: v for k, v in dossier(**changes).items() if k not in NOT_CONTENT}
        content["offers"] = [{"name": "Calls", "plans": [per_call()]}]
        (product,) = exchange.get("supplier", "/v1/products")["items"]
        path = f"/v1/products/{product['id']}/versions"
        exchange.post("supplier", path, content)
        exchange.post("supplier", f"{path}/{number}/submission")
        (case,) = exchange.get("first", "/v1/review-cases?stage=INTAKE")["items"]
        exchange.register(f"/v1/review-cases/{case['id']}")
        return case["version_id"]

    def reported(version_id):
        sample = commit(exchange, version_id)
        draw(app)
        return reveal(exchange, sample)["id"]

    code = exchange.list_product()
    page = f"/v1/listings/{code}/quality"
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        first_id = uow.session.scalar(text("SELECT version_id FROM review_cases"))
    reported(first_id)
    second_id = next_version(2, evidence=evidence_until("2028-06-30"))
    measured_in_review = reported(second_id)
    latest_of_first = reported(first_id)
    assert exchange.get("stranger", page)["report_id"] == latest_of_first
    exchange.decide_listing()
    assert exchange.get("stranger", page)["report_id"] == measured_in_review
    next_version(3, evidence=evidence_until("2029-06-30"))
    exchange.decide_listing()
    shown = exchange.get("stranger", page)
    assert (shown["state"], shown["report_id"]) == ("NOT_REPORTED", None)


def test_what_is_never_revealed_lapses_on_record(exchange, app, version_id):
    sample = commit(exchange, version_id)
    draw(app)
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        uow.session.execute(
            text("UPDATE quality_samples SET drawn_at = drawn_at - interval '8 days'")
        )
        uow.commit()
    assert draw(app, beacon=None) == 1
    assert exchange.get("supplier", f"/v1/quality-samples/{sample['id']}")["state"] == "LAPSED"
    assert commit(exchange, version_id)["attempt"] == 2


@pytest.mark.parametrize(
    ("declaration", "pointer"),
    [
        ({"row_rules": [{"left": "a", "operator": "like", "value": "b"}]}, "operator"),
        ({"row_rules": [{"left": "a", "operator": "eq"}]}, "right"),
        ({"relations": [{"field": "a"}]}, "field"),
        ({"documentation": {"praise": "much"}}, "praise"),
    ],
)
def test_a_declaration_that_cannot_be_measured_by_is_refused(
    exchange, version_id, declaration, pointer
):
    answer = exchange.refused(
        "supplier", "/v1/quality-samples", commitment(ROWS, version_id, **declaration),
        slug="validation-error", expect=422,
    )  # fmt: skip
    assert any(pointer in each["pointer"] for each in answer["errors"])


def test_the_report_prints_the_same_bytes_in_two_languages(exchange, app, version_id):
    sample = commit(exchange, version_id)
    draw(app)
    path = f"/v1/quality-reports/{reveal(exchange, sample)['id']}/pdf"
    headers = {"Authorization": "supplier"}
    first = exchange.client.get(path, headers=headers)
    assert first.content_type == "application/pdf"
    assert first.data.startswith(b"%PDF-")
    assert first.data == exchange.client.get(path, headers=headers).data


def test_others_see_neither_sample_nor_report(exchange, app, version_id):
    sample = commit(exchange, version_id)
    draw(app)
    report = reveal(exchange, sample)
    for path in (f"/v1/quality-samples/{sample['id']}", f"/v1/quality-reports/{report['id']}"):
        exchange.get("buyer", path, expect=404)
    assert exchange.get("buyer", "/v1/quality-reports")["items"] == []


CODED = [
    field("name"),
    field("city", coded_values=[{"code": code, "label": code} for code in ("01", "02")]),
]


def in_cities(share):
    """Rows of which every so-manieth has the second code."""
    return [{"name": f"A {n}", "city": "02" if n % share == 0 else "01"} for n in range(420)]


def test_what_moved_since_the_last_report_is_told_with_it_and_logged(exchange, app):
    exchange.submit(fields_out=CODED, sample=[{"name": "Pudong", "city": "01"}])
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        version_id = uow.session.scalar(text("SELECT version_id FROM review_cases"))
    shifts = []
    for share in (10, 10, 2):
        rows = in_cities(share)
        sample = commit(exchange, version_id, rows)
        draw(app, Beacon(BEACON.origin, BEACON.tree_size + len(shifts), f"{share:02x}" * 32))
        report = reveal(exchange, sample, rows)
        assert sum(report["document"]["coded_values"]["city"].values()) == 400
        shifts.append((report["id"], report["document"]["value_shift"]))
    (first_id, nothing), (second_id, same), (third_id, moved) = shifts
    assert nothing is None
    assert (same["against"], moved["against"]) == (first_id, second_id)
    assert [each["is_alarm"] for each in (*same["fields"], *moved["fields"])] == [False, True]
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        wanted = text(
            "SELECT convert_from(body, 'UTF8')::jsonb FROM log_entries"
            " WHERE entry_type = 'quality_values_shifted'"
        )
        (leaf,) = uow.session.scalars(wanted)
    assert (leaf["report"], leaf["former"], leaf["fields"]) == (third_id, second_id, ["city"])
    printed = exchange.client.get(
        f"/v1/quality-reports/{third_id}/pdf", headers={"Authorization": "supplier"}
    )
    assert printed.data.startswith(b"%PDF")
