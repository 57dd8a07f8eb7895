"""Leases of wallet money and call postings over raw connections, as the data plane uses them."""

import threading

import psycopg
import pytest
from psycopg.rows import tuple_row

from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.call_books import CallBooks
from ledger.journal.books.errors import (
    AccountNotOpen,
    LeaseNotOpen,
    LeaseOverspent,
    LeaseSpendDiffers,
    ReferenceReused,
)
from ledger.journal.books.splits import shares
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.leases import WalletLeases
from metering.ports import CallRun

BUYER, SUPPLIER = "org_buyer", "org_supplier"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
PRICE = 40_000_000


@pytest.fixture
def funded(units):
    """A buyer with 10.00 CNY and a supplier."""
    with units.begin(Reach.EXCHANGE) as uow:
        for organisation_id in (BUYER, SUPPLIER):
            wallet_services.open_accounts(uow, organisation_id=organisation_id)
        draft = postings.top_up(
            reference="tup_1", organisation_id=BUYER, amount=10 * SCALE, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


@pytest.fixture
def connect(database_url):
    """Opens raw connections whose transactions have the exchange's reach."""
    opened = []

    def open_connection():
        connection = psycopg.connect(
            database_url, row_factory=tuple_row, options="-c counterfoil.reach=exchange"
        )
        opened.append(connection)
        return connection

    yield open_connection
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect):
    return connect()


@pytest.fixture
def leases(clock):
    return WalletLeases(clock)


def reserve(leases, connection, lease_id="lse_1", wanted=4 * SCALE, least=PRICE):
    return leases.reserve(
        connection,
        organisation_id=BUYER,
        currency="CNY",
        wanted_amount=wanted,
        least_amount=least,
        lease_id=lease_id,
    )


def test_an_order_that_the_held_money_would_cover_is_told_what_is_held(
    funded, leases, connection, units
):
    reserve(leases, connection)
    connection.commit()
    order = {
        "order_id": "ord_1",
        "buyer_id": BUYER,
        "supplier_id": SUPPLIER,
        "currency": "CNY",
        "split": SPLIT,
    }
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(InsufficientFunds) as refusal:
        trading_services.charge_order(uow, amount=7 * SCALE, **order)
    assert refusal.value.facts["pending_amount"] == "4.00000000"
    assert "4.00000000 CNY is held for calls" in str(refusal.value)


def post(connection, clock, first_n, last_n, **changes):
    with connection.cursor() as cursor:
        usage(cursor, clock, first_n, last_n, **changes)


def usage(cursor, clock, first_n, last_n, *, lease_id="lse_1", lane="lan_1", **changes):
    facts = {
        "lane_id": lane,
        "licence_id": "lic_1",
        "buyer_id": BUYER,
        "supplier_id": SUPPLIER,
        "currency": "CNY",
        "lease_id": lease_id,
        "first_n": first_n,
        "last_n": last_n,
        "amount": (last_n - first_n + 1) * PRICE,
        "total_amount_before": (first_n - 1) * PRICE,
        "split": SPLIT,
    }
    CallBooks().post_runs(cursor, [CallRun(**{**facts, **changes})], booked_at=clock.now())


def wallet(connection):
    return connection.execute(
        "SELECT balance_amount, pending_amount FROM wallets WHERE organisation_id = %s", (BUYER,)
    ).fetchone()


def imbalances(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session)


@pytest.mark.parametrize(
    ("wanted", "least", "granted"),
    [(2**70, PRICE, 10 * SCALE), (2**70, 2**63, 0), (2**63 - 1, 2**63 - 1, 0)],
)
def test_more_than_the_database_can_count_is_more_than_the_wallet_holds(
    funded, leases, connection, wanted, least, granted
):
    assert reserve(leases, connection, wanted=wanted, least=least) == granted


def test_a_lease_is_at_most_what_was_wanted_in_whole_calls(funded, leases, connection):
    assert reserve(leases, connection, wanted=4 * SCALE + 1) == 4 * SCALE
    assert wallet(connection) == (10 * SCALE, 4 * SCALE)


def test_a_lease_asked_for_twice_is_granted_once(funded, leases, connection):
    assert [reserve(leases, connection) for _ in range(2)] == [4 * SCALE, 4 * SCALE]
    assert wallet(connection) == (10 * SCALE, 4 * SCALE)


def test_the_last_fen_is_neither_oversold_nor_stranded(funded, leases, connection):
    granted = [reserve(leases, connection, f"lse_{n}", least=3 * SCALE) for n in range(4)]
    assert granted == [3 * SCALE, 3 * SCALE, 3 * SCALE, 0]
    assert reserve(leases, connection, "lse_last", least=SCALE) == SCALE
    assert reserve(leases, connection, "lse_none", least=1) == 0


def test_a_lease_beside_free_units_takes_whatever_there_is(funded, leases, connection):
    assert reserve(leases, connection, wanted=10 * SCALE - 1, least=0) == 10 * SCALE - 1
    assert reserve(leases, connection, "lse_2", wanted=5, least=0) == 1
    assert reserve(leases, connection, "lse_3", wanted=5, least=0) == 0


def test_a_buyer_without_a_wallet_gets_no_lease(leases, connection):
    assert reserve(leases, connection) == 0


@pytest.mark.parametrize(("wanted", "least"), [(0, 0), (5, -1), (4, 5)])
def test_a_lease_smaller_than_one_call_is_a_fault_of_the_caller(leases, connection, wanted, least):
    with pytest.raises(ValueError, match="least"):
        reserve(leases, connection, wanted=wanted, least=least)


def test_two_workers_cannot_lease_the_same_money(funded, leases, connect, units):
    granted = []
    start = threading.Barrier(2)

    def work(lease_id):
        with connect() as connection:
            start.wait()
            granted.append(reserve(leases, connection, lease_id, wanted=8 * SCALE, least=SCALE))

    threads = [threading.Thread(target=work, args=(f"lse_{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == [2 * SCALE, 8 * SCALE]
    assert imbalances(units) == []


def test_a_settled_lease_takes_what_was_posted_and_frees_the_rest(
    funded, leases, connection, clock, units
):
    reserve(leases, connection)
    post(connection, clock, 1, 3)
    for _ in range(2):
        leases.settle(connection, lease_id="lse_1", spent_amount=3 * PRICE)
    assert wallet(connection) == (10 * SCALE - 3 * PRICE, 0)
    connection.commit()
    assert imbalances(units) == []


def test_while_a_lease_is_open_the_books_run_ahead_of_the_wallet_by_its_spend(
    funded, leases, connection, clock, units
):
    reserve(leases, connection)
    post(connection, clock, 1, 3)
    connection.commit()
    assert wallet(connection) == (10 * SCALE, 4 * SCALE)
    assert imbalances(units) == []


def test_a_lease_is_settled_only_with_what_was_posted(funded, leases, connection, clock):
    reserve(leases, connection)
    post(connection, clock, 1, 2)
    connection.commit()
    for wrong in (3 * PRICE, PRICE, 0, 5 * SCALE):
        with pytest.raises(LeaseSpendDiffers):
            leases.settle(connection, lease_id="lse_1", spent_amount=wrong)
        connection.rollback()


def test_an_unknown_lease_cannot_be_settled(leases, connection):
    with pytest.raises(LeaseNotOpen):
        leases.settle(connection, lease_id="lse_none", spent_amount=0)


def test_a_closed_lease_is_never_granted_again(funded, leases, connection):
    reserve(leases, connection)
    leases.settle(connection, lease_id="lse_1", spent_amount=0)
    with pytest.raises(LeaseNotOpen):
        reserve(leases, connection)


def test_a_worker_whose_lease_was_closed_cannot_book(funded, leases, connection, clock):
    reserve(leases, connection)
    leases.settle(connection, lease_id="lse_1", spent_amount=0)
    with pytest.raises(LeaseNotOpen):
        post(connection, clock, 1, 1)


def test_calls_beyond_the_lease_are_refused_by_the_database(funded, leases, connection, clock):
    reserve(leases, connection)
    with pytest.raises(LeaseOverspent):
        post(connection, clock, 1, 11)


def test_a_lease_of_another_buyer_pays_for_nothing(funded, leases, connection, clock, units):
    with units.begin(Reach.EXCHANGE) as uow:
        wallet_services.open_accounts(uow, organisation_id="org_other")
        uow.commit()
    reserve(leases, connection)
    with pytest.raises(LeaseNotOpen):
        post(connection, clock, 1, 1, buyer_id="org_other")


def test_a_run_of_calls_is_booked_once(funded, leases, connection, clock, units):
    reserve(leases, connection)
    for _ in range(2):
        post(connection, clock, 1, 3)
    connection.commit()
    count = connection.execute("SELECT count(*) FROM journal_transactions").fetchone()
    assert count == (2,)
    assert imbalances(units) == []


def test_runs_are_booked_in_a_pipeline_over_a_binary_cursor(
    funded, leases, connection, clock, units
):
    reserve(leases, connection)
    connection.commit()
    with (
        connection.pipeline(),
        connection.transaction(),
        connection.cursor(binary=True) as cursor,
    ):
        for n in (1, 2):
            usage(cursor, clock, n, n)
    assert imbalances(units) == []
    assert connection.execute("SELECT spent_amount FROM wallet_leases").fetchone() == (2 * PRICE,)


def test_a_run_booked_again_with_another_amount_is_refused(funded, leases, connection, clock):
    reserve(leases, connection)
    post(connection, clock, 1, 3)
    with pytest.raises(ReferenceReused):
        post(connection, clock, 1, 3, amount=PRICE)


def test_calls_of_a_supplier_without_accounts_are_refused(funded, leases, connection, clock):
    reserve(leases, connection)
    with pytest.raises(AccountNotOpen):
        post(connection, clock, 1, 1, supplier_id="org_stranger")


def test_free_calls_book_nothing(funded, leases, connection, clock):
    post(connection, clock, 1, 3, amount=0)
    assert connection.execute(
        "SELECT count(*) FROM journal_transactions WHERE template = 'accrue_calls'"
    ).fetchone() == (0,)


def test_however_calls_are_batched_the_parties_get_the_same(funded, leases, connection, clock):
    reserve(leases, connection, wanted=10_000, least=1)
    price, before = 7, 0
    for first_n, last_n in ((1, 1), (2, 9), (10, 10), (11, 40)):
        amount = (last_n - first_n + 1) * price
        post(connection, clock, first_n, last_n, amount=amount, total_amount_before=before)
        before += amount
    connection.commit()
    rows = connection.execute(
        "SELECT account_id, sum(amount) FROM postings JOIN journal_transactions USING"
        " (transaction_id) WHERE template = 'accrue_calls' GROUP BY account_id"
    ).fetchall()
    parts = shares(40 * price, SPLIT)
    assert dict(rows) == {
        "org_buyer/wallet/CNY": -40 * price,
        "org_supplier/payable/CNY": parts["supplier"],
        "exchange/commission/CNY": parts["commission"],
        "exchange/tax/CNY": parts["tax"],
    }


def test_what_is_rolled_back_was_never_leased_or_booked(funded, leases, connection, clock, units):
    reserve(leases, connection)
    post(connection, clock, 1, 3)
    connection.rollback()
    assert wallet(connection) == (10 * SCALE, 0)
    assert imbalances(units) == []


def test_a_run_reads_its_own_lease_however_many_its_wallet_has_open(
    funded, connection, leases, clock
):
    """As the committing threads plan it: without statistics, once for all batches."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute("SET enable_seqscan = off")
    for number in range(12):
        reserve(leases, connection, lease_id=f"lse_{number}", wanted=PRICE)
    connection.commit()
    post(connection, clock, 1, 1, lease_id="lse_7", amount=PRICE)
    read = connection.execute(
        "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'wallet_leases'"
    ).fetchone()
    assert read == (1,)
