"""Two pieces of work that wait for each other: one is done, the other is told to come again."""

import threading

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from tests.factories.compliance import everybody_over_http

HOLD = text("SELECT FROM listings WHERE listing_code = :code FOR UPDATE")
TRIES_MAX = 5
TAKE = text("SELECT FROM listing_standings WHERE listing_code = :code FOR UPDATE")


def test_what_the_database_undid_may_be_sent_again(app):
    """The supplier takes its listing off sale while somebody holds its rows the wrong way round."""
    exchange = everybody_over_http(app)
    units = app.extensions["counterfoil"].get(UnitOfWorkFactory)
    for _ in range(TRIES_MAX):
        code = exchange.list_product()
        answers = []

        def delist(code=code, answers=answers):
            answers.append(
                exchange.client.post(
                    f"/v1/listings/{code}/delisting",
                    headers={"Authorization": "supplier", "Idempotency-Key": code},
                )
            )

        if _cross(units, code, delist):
            break
    (crossed,) = answers
    assert crossed.status_code == 503, crossed.text
    assert crossed.get_json()["type"].endswith("#work-crossed")
    assert crossed.headers["Retry-After"] == "1"
    delist()
    assert answers[-1].status_code < 300, answers[-1].text
    assert answers[-1].get_json()["state"] == "DELISTED"


def _cross(units, code, work):
    """Have the work wait for us, and us for it; whether it was the work that was undone.

    Whoever waits for a second looks, once, whether it can ever end: the work, unless this thread
    did not run for that long.
    """
    other = threading.Thread(target=work)
    try:
        with units.begin(Reach.EXCHANGE) as uow:
            uow.session.execute(HOLD, {"code": code})
            other.start()
            _wait_until_somebody_waits(units)
            uow.session.execute(TAKE, {"code": code})
            other.join()
            uow.session.rollback()
    except OperationalError:
        return False
    finally:
        other.join()
    return True


def _wait_until_somebody_waits(units):
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with units.begin(Reach.EXCHANGE) as uow:
        while not uow.session.execute(waiting).scalar_one():
            uow.session.rollback()
