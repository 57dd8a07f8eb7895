"""Pages by cursor: whatever a cursor holds, it is a place in the list or no cursor at all."""

import pytest
from sqlalchemy import select

from app.core.outbox import OutboxMessage
from app.core.paging import InvalidCursor, encode_cursor, paginate
from app.core.reach import Reach


def first_page(units, place):
    with units.begin(Reach.EXCHANGE) as uow:
        return paginate(
            uow.session,
            select(OutboxMessage),
            key=OutboxMessage.id,
            cursor=encode_cursor(place),
            parse=int,
        )


@pytest.mark.parametrize("place", [str(2**63), str(-(2**63)), "9" * 100, "no number", ""])
def test_a_number_that_no_column_holds_is_no_cursor(units, place):
    with pytest.raises(InvalidCursor):
        first_page(units, place)


def test_the_largest_number_of_a_column_is_one(units):
    assert first_page(units, str(2**63 - 1)).items == []
