"""A query says one thing, or is refused with the name of what says two."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from marshmallow import fields

from app.core.errors import InvalidFields
from app.notices.schemas import FeedQuerySchema, WebhookDeliveryPageQuerySchema
from app.web.blueprints import StrictParser
from app.web.paging import PageQuerySchema, PeriodQuerySchema
from compliance.schemas.platform import PlatformStatementQuerySchema
from compliance.schemas.reviews import CaseQuerySchema


class AskedSchema(PageQuerySchema):
    """A page, with a filter that may be repeated and one that may not."""

    sector = fields.List(fields.String(), load_default=[])
    is_free = fields.Boolean(load_default=None)
    from_size = fields.Integer(data_key="from", load_default=0)


def asked(query):
    with Flask("asked").test_request_context(f"/?{query}"):
        return StrictParser().parse(AskedSchema(), location="query")


def test_a_filter_of_several_values_may_be_repeated_and_no_other():
    assert asked("sector=A&sector=B&limit=7")["sector"] == ["A", "B"]
    with pytest.raises(InvalidFields) as refused:
        asked("limit=1&limit=2&is_free=yes&is_free=no&from=3")
    assert refused.value.facts["errors"] == [
        {"pointer": "#/limit", "detail": "Given more than once."},
        {"pointer": "#/is_free", "detail": "Given more than once."},
    ]


@pytest.mark.parametrize("number", ["1_0", "%EF%BC%91", "+1", "%201", "1.0", "1e1", ""])
def test_a_number_is_written_in_digits(number):
    with pytest.raises(InvalidFields) as refused:
        asked(f"from={number}")
    assert refused.value.facts["errors"] == [
        {"pointer": "#/from", "detail": "Not a valid integer."}
    ]


def test_a_number_may_be_below_nought_where_its_field_allows_it():
    assert asked("from=-3")["from_size"] == -3


def bounded(query):
    with Flask("asked").test_request_context(f"/?{query}"):
        return StrictParser().parse(PeriodQuerySchema(), location="query")


def test_every_list_is_bounded_in_time_by_the_same_two_names():
    asked_for = bounded("from=2026-11-01T08:00:00%2B08:00&until=2026-12-01T00:00:00Z")
    assert asked_for["from_at"] == datetime(2026, 11, 1, tzinfo=UTC)
    assert asked_for["until_at"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert bounded("until=2026-12-01T00:00:00Z")["from_at"] is None


@pytest.mark.parametrize("until", ["2026-11-01T00:00:00Z", "2026-10-31T00:00:00Z"])
def test_a_period_ends_after_it_begins(until):
    with pytest.raises(InvalidFields) as refused:
        bounded(f"from=2026-11-01T00:00:00Z&until={until}")
    assert refused.value.facts["errors"] == [
        {"pointer": "#/until", "detail": "The period ends after it begins."}
    ]


@pytest.mark.parametrize(
    ("schema", "query", "pointer", "known"),
    [
        (CaseQuerySchema, "speciality=FINANCE&speciality=FINANSE", "#/speciality/1", "FINANCE"),
        (PlatformStatementQuerySchema, "rule_id=LOGS", "#/rule_id", "CSL-A"),
        (FeedQuerySchema, "notice_type=licence", "#/notice_type", "licence.issued"),
        (WebhookDeliveryPageQuerySchema, "notice_type=ping", "#/notice_type", "webhook.ping"),
    ],
)
def test_a_value_that_a_filter_cannot_have_is_named_with_those_that_there_are(
    schema, query, pointer, known
):
    with (
        Flask("asked").test_request_context(f"/?{query}"),
        pytest.raises(InvalidFields) as refused,
    ):
        StrictParser().parse(schema(), location="query")
    (error,) = refused.value.facts["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].startswith("Must be one of: ")
    assert known in error["detail"][16:-1].split(", ")
