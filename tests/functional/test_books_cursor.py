"""Reading the books forwards: a posting that commits behind a higher number is not missed."""

import threading

import pytest
from sqlalchemy import text

from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.books import cursors, postings
from ledger.journal.books.booking import book
from ledger.journal.books.models import BooksCursor
from ledger.journal.wallets import services

BUYERS = ("org_a", "org_b")


@pytest.fixture
def wallets(units):
    with units.begin(Reach.EXCHANGE) as uow:
        for buyer in BUYERS:
            services.open_accounts(uow, organisation_id=buyer)
        uow.commit()


def top_up(uow, buyer, reference, amount=SCALE):
    draft = postings.top_up(
        reference=reference, organisation_id=buyer, amount=amount, currency="CNY"
    )
    book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)


def look(units):
    with units.begin(Reach.EXCHANGE) as uow:
        passed = cursors.tally(uow)
        uow.commit()
        return passed


def tallied(units):
    rows = text("SELECT account_id, amount FROM account_tallies ORDER BY 1")
    with units.begin(Reach.EXCHANGE) as uow:
        return {row.account_id: row.amount for row in uow.session.execute(rows)}


def test_a_lower_number_that_commits_later_is_waited_for(units, wallets):
    with units.begin(Reach.EXCHANGE) as slow:
        top_up(slow, "org_a", "tup_slow")
        slow.session.flush()
        with units.begin(Reach.EXCHANGE) as quick:
            top_up(quick, "org_b", "tup_quick")
            quick.commit()
        assert [look(units) for _ in range(4)] == [0, 0, 0, 0], "the slow one is still writing"
        slow.commit()
    for _ in range(3):
        look(units)
    assert tallied(units) == {
        "exchange/bank/CNY": -2 * SCALE,
        "org_a/wallet/CNY": SCALE,
        "org_b/wallet/CNY": SCALE,
    }


def test_what_began_after_the_look_waits_for_the_next(units, wallets):
    with units.begin(Reach.EXCHANGE) as uow:
        top_up(uow, "org_a", "tup_1")
        uow.commit()
    look(units)
    with units.begin(Reach.EXCHANGE) as slow:
        top_up(slow, "org_b", "tup_2")
        slow.session.flush()
        passed = look(units)
        assert passed > 0, "a later transaction holds nothing up"
        slow.commit()
    for _ in range(3):
        look(units)
    assert tallied(units)["org_b/wallet/CNY"] == SCALE


def test_a_look_inside_a_transaction_that_wrote_already_notes_nothing_new(units, wallets):
    with units.begin(Reach.EXCHANGE) as uow:
        top_up(uow, "org_a", "tup_1")
        cursors.tally(uow)
        assert uow.session.get(BooksCursor, cursors.TALLY).seen == 0
        uow.commit()
    for _ in range(3):
        look(units)
    assert tallied(units)["org_a/wallet/CNY"] == SCALE


def test_a_cursor_that_came_with_a_restored_dump_does_not_wait_for_its_server(
    units, wallets, plant
):
    """The server that drew its transaction number had counted further than this one has."""
    with units.begin(Reach.EXCHANGE) as uow:
        top_up(uow, "org_a", "tup_1")
        uow.commit()
    look(units)
    plant("UPDATE books_cursor SET seen_xmax = seen_xmax + 1000000000")
    for _ in range(3):
        look(units)
    assert tallied(units)["org_a/wallet/CNY"] == SCALE
    with units.begin(Reach.EXCHANGE) as slow:
        top_up(slow, "org_a", "tup_2")
        slow.session.flush()
        with units.begin(Reach.EXCHANGE) as quick:
            top_up(quick, "org_b", "tup_3")
            quick.commit()
        assert [look(units) for _ in range(3)] == [0, 0, 0], "here it is waited for as before"
        slow.commit()
    for _ in range(3):
        look(units)
    assert tallied(units)["org_a/wallet/CNY"] == 2 * SCALE


WRITES = 40


def in_thread(action, failures):
    """A thread that tells its failure to the test instead of to nobody."""

    def run():
        try:
            action()
        except Exception as error:  # noqa: BLE001 -- told to the test's own thread
            failures.append(error)

    return threading.Thread(target=run)


def write(units, writer):
    for number in range(WRITES):
        with units.begin(Reach.EXCHANGE) as uow:
            top_up(uow, BUYERS[writer % 2], f"tup_{writer}_{number}")
            uow.commit()


def watch(units, stop):
    while not stop.is_set():
        look(units)


def test_while_four_write_and_two_look_every_posting_is_counted_once(units, wallets):
    stop, failures = threading.Event(), []
    writers = [in_thread(lambda n=n: write(units, n), failures) for n in range(4)]
    watchers = [in_thread(lambda: watch(units, stop), failures) for _ in range(2)]
    for thread in (*writers, *watchers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in watchers:
        thread.join()
    for _ in range(3):
        look(units)
    assert failures == []
    assert tallied(units) == {
        "exchange/bank/CNY": -4 * WRITES * SCALE,
        "org_a/wallet/CNY": 2 * WRITES * SCALE,
        "org_b/wallet/CNY": 2 * WRITES * SCALE,
    }
