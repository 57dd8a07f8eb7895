"""The feed: complete and in one order, however transactions interleave; kept for ninety days."""

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.core.paging import InvalidCursor, encode_cursor
from app.core.reach import Reach
from app.notices import queries, services
from app.notices.models import Notice, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.factories.notices import OURS, THEIRS, make_endpoint, principal, send_all, tell
from tests.fakes.webhook_receiver import WebhookReceiver


def number(units):
    with units.begin(Reach.EXCHANGE) as uow:
        count = services.number_notices(uow)
        uow.commit()
    return count


def page(
    units,
    *,
    cursor=None,
    organisation_id=OURS,
    limit=20,
    from_at=None,
    until_at=None,
    notice_type=None,
):
    with units.begin(Reach.organisation(organisation_id)) as uow:
        return queries.read_feed(
            uow,
            organisation_id,
            cursor=cursor,
            limit=limit,
            from_at=from_at,
            until_at=until_at,
            notice_type=notice_type,
        )


def test_pages_go_on_where_the_last_one_ended_also_from_the_end(units):
    tell(units, count=5)
    number(units)
    first = page(units, limit=3)
    second = page(units, limit=3, cursor=first.next_cursor)
    assert (len(first.items), first.has_more) == (3, True)
    assert (len(second.items), second.has_more) == (2, False)
    end = page(units, cursor=second.next_cursor)
    assert end.items == []
    tell(units)
    number(units)
    third = page(units, cursor=end.next_cursor)
    ids = [notice.id for each in (first, second, third) for notice in each.items]
    assert ids == sorted(ids)
    assert len(ids) == 6


def test_a_notice_that_is_committed_late_is_not_passed_by(units):
    """Made first, committed last: its id is smaller than what the reader has seen already."""
    with units.begin(Reach.EXCHANGE) as late:
        told = services.Told(OURS, {"licence_id": "late"})
        services.give_notices(late, "licence.ended", [told], occurred_at=late.now)
        late.session.flush()
        tell(units, count=2)
        number(units)
        read = page(units)
        assert len(read.items) == 2
        late.commit()
    number(units)
    (seen,) = page(units, cursor=read.next_cursor).items
    assert seen.data == {"licence_id": "late"}
    assert seen.id < read.items[0].id


def test_each_organisation_counts_for_itself(units):
    tell(units, count=2)
    tell(units, organisation_id=THEIRS, count=3)
    tell(units, count=1)
    assert number(units) == 6
    assert number(units) == 0
    assert [each.number for each in page(units).items] == [1, 2, 3]
    assert [each.number for each in page(units, organisation_id=THEIRS).items] == [1, 2, 3]


def test_filters(units, clock):
    tell(units, notice_type="licence.issued")
    clock.advance(seconds=60)
    tell(units)
    number(units)
    (issued,) = page(units, notice_type="licence.issued").items
    assert issued.notice_type == "licence.issued"
    (recent,) = page(units, from_at=clock.now()).items
    assert recent.notice_type == "licence.ended"
    assert page(units, notice_type="key.issued").items == []


@pytest.mark.parametrize("cursor", ["", "-1", "x", "9" * 19, "٣"])
def test_a_cursor_of_another_kind_is_refused(units, cursor):
    with pytest.raises(InvalidCursor):
        page(units, cursor=encode_cursor(cursor))


def test_what_is_old_goes_and_its_numbers_never_come_again(units, clock):
    receiver = WebhookReceiver()
    endpoint_id, _ = make_endpoint(units, receiver.url)
    tell(units, count=2)
    number(units)
    send_all(units)
    receiver.stop()
    before = page(units).next_cursor
    with units.begin(Reach.organisation(OURS)) as uow:
        services.delete_endpoint(uow, principal(), endpoint_id=endpoint_id)
        uow.commit()
    clock.advance(seconds=services.KEPT_FOR.total_seconds())
    assert forget(units) == 0
    clock.advance(seconds=1)
    assert forget(units) == 2
    for model in (Notice, WebhookDelivery, WebhookAttempt, WebhookEndpoint):
        with units.begin(Reach.EXCHANGE) as uow:
            assert list(uow.session.scalars(select(model))) == [], model
    tell(units)
    number(units)
    (later,) = page(units, cursor=before).items
    assert later.number == 3


def forget(units):
    with units.begin(Reach.EXCHANGE) as uow:
        count = services.forget_notices(uow)
        uow.commit()
    return count


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE notices SET data = '{}'",
        "UPDATE notices SET number = number + 1",
        "UPDATE webhook_attempts SET status = 200",
    ],
)
def test_what_was_told_is_never_changed(units, change):
    receiver = WebhookReceiver(lambda _received: 500)
    make_endpoint(units, receiver.url)
    tell(units)
    number(units)
    send_all(units)
    receiver.stop()
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(ProgrammingError) as refusal:
        uow.session.execute(text(change))
    assert isinstance(refusal.value.orig, psycopg.errors.InsufficientPrivilege)
