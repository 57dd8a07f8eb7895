"""A cursor belongs to the list and the filters that gave it."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from app.core.errors import InvalidFields
from app.core.paging import InvalidCursor, Page, decode_cursor, encode_cursor
from app.notices.queries import FeedPage
from app.notices.schemas import FeedPageSchema, FeedQuerySchema
from app.web.blueprints import StrictParser
from app.web.paging import PageQuerySchema, PeriodQuerySchema, page_schema
from app.web.schemas import Schema

SITE = Flask("asked")


class AskedSchema(PeriodQuerySchema):
    """A list with filters."""

    sector = fields.List(fields.String(), load_default=[])


def read(address, schema=AskedSchema):
    """What a list reads of an address, and the cursor that its page would give for key 7."""
    with SITE.test_request_context(address):
        asked = StrictParser().parse(schema(), location="query")
        return asked, page_schema(Schema)().dump(Page([], encode_cursor("7")))["next_cursor"]


def follow(address, cursor, schema=AskedSchema):
    """The key that a list reads from a cursor."""
    joined = "&" if "?" in address else "?"
    return decode_cursor(read(f"{address}{joined}cursor={cursor}", schema)[0]["cursor"])


@pytest.mark.parametrize(
    "address",
    ["/v1/orders", "/v1/orders?sector=A&sector=B", "/v1/orders?from=2026-11-01T00:00:00Z&limit=3"],
)
def test_a_cursor_goes_on_in_its_list_and_page_after_page(address):
    _, first = read(address)
    assert follow(address, first) == "7"
    _, second = read(f"{address}{'&' if '?' in address else '?'}cursor={first}")
    assert second == first, "the binding is not a page's own"


def test_a_page_may_be_of_another_size_and_a_filter_written_otherwise():
    _, cursor = read("/v1/orders?from=2026-11-01T00:00:00Z&limit=3")
    assert follow("/v1/orders?limit=50&from=2026-11-01T08:00:00%2B08:00", cursor) == "7"


@pytest.mark.parametrize(
    "elsewhere",
    ["/v1/wallets?sector=A", "/v1/orders", "/v1/orders?sector=B", "/v1/orders?sector=A&sector=B"],
)
def test_a_cursor_is_refused_by_another_list_and_with_other_filters(elsewhere):
    _, cursor = read("/v1/orders?sector=A")
    with pytest.raises(InvalidCursor):
        follow(elsewhere, cursor)


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N")), max_size=60))
def test_what_no_page_gave_is_refused(text):
    _, cursor = read("/v1/orders")
    for invented in {text, encode_cursor(text), cursor.removesuffix(encode_cursor("7"))}:
        if invented:
            with pytest.raises(InvalidCursor):
                follow("/v1/orders", invented)


def test_a_cursor_has_its_bound():
    with pytest.raises(InvalidFields):
        read(f"/v1/orders?cursor={'a' * 701}", PageQuerySchema)


def test_a_place_in_the_feed_is_one_whatever_is_shown_of_it():
    with SITE.test_request_context("/v1/notices?notice_type=licence.issued"):
        StrictParser().parse(FeedQuerySchema(), location="query")
        page = FeedPageSchema().dump(FeedPage([], encode_cursor("7"), has_more=False))
    assert follow("/v1/notices", page["next_cursor"], FeedQuerySchema) == "7"
    with pytest.raises(InvalidCursor):
        follow("/v1/orders", page["next_cursor"])
