"""The wallets' functions in SQL, asked directly: each condition, by what it stops."""

import psycopg
import pytest

from tests.factories.books_in_sql import BANK, LATER, WALLET, B, S, run


def test_a_lease_is_of_what_the_wallet_can_promise_in_whole_parts(books):
    assert books.reserve("l1", 25, least=10) == 20
    assert books.reserve("l2", 7, least=0) == 7
    assert books.reserve("l3", 1000, least=10) == 70
    assert books.wallet() == (100, 97)
    assert books.reserve("l4", 10, least=10) == 0
    assert books.reserve("l5", 10) == 3
    assert books.reserve("l6", 1) == 0
    leased = books.rows("SELECT lease_id, amount, spent_amount, closed_at FROM wallet_leases")
    assert {each["lease_id"]: each["amount"] for each in leased} == {
        "l1": 20,
        "l2": 7,
        "l3": 70,
        "l5": 3,
    }
    assert books.reserve("l1", 99) == 20
    assert books.wallet() == (100, 100)
    assert books.wallet(S) == books.wallet(currency="USD") == (0, 0)


def test_a_lease_is_of_one_wallet_and_is_not_granted_again_once_closed(books):
    books.reserve("l1", 10)
    assert books.refused(books.reserve, "l1", 10, owner=S) == "JN005"
    assert books.refused(books.reserve, "l1", 10, currency="USD") == "JN005"
    assert books.reserve("l2", 10, owner="org_none") == 0
    assert books.reserve("l2", 10, currency="EUR") == 0
    books.settle("l1", 0)
    assert books.refused(books.reserve, "l1", 10) == "JN005"


@pytest.mark.parametrize(
    ("balance", "pending", "credit_limit", "is_suspended", "available"),
    [
        (80, 30, 0, False, 50),
        (80, 30, 40, False, 90),
        (80, 120, 40, False, 0),
        (80, 30, 40, True, 50),
        (-8, 0, 9, False, 1),
        (-8, 0, 9, True, 0),
    ],
)
def test_a_wallet_promises_what_it_has_and_what_it_may_owe(
    books, balance, pending, credit_limit, is_suspended, available
):
    books.connection.execute(
        "UPDATE wallets SET (balance_amount, pending_amount, credit_limit_amount,"
        " is_credit_suspended) = (%s, %s, %s, %s) WHERE account_id = %s",
        (balance, pending, credit_limit, is_suspended, WALLET),
    )
    assert promised(books) == available
    assert books.reserve("l1", 1000) == available


def promised(books):
    found = "SELECT wallet_available(w) FROM wallets w WHERE account_id = %s"
    return books.scalar(found, (WALLET,))


@pytest.mark.parametrize(
    ("account", "lifted_at", "available"),
    [(WALLET, None, 0), (WALLET, LATER, 100), (f"{B}/wallet/USD", None, 100)],
)
def test_a_frozen_wallet_promises_nothing(books, account, lifted_at, available):
    books.connection.execute(
        "INSERT INTO account_freezes (freeze_id, account_id, organisation_id, rule, finding,"
        " frozen_at, lift_reason, lift_asked_by, lifted_by, lifted_at)"
        " VALUES ('f', %s, 'org_b', 'r', '{}', now(), 'w', 'p', 'q', %s)",
        (account, lifted_at),
    )
    assert promised(books) == available


def test_a_lease_is_settled_once_with_what_was_posted(books):
    books.reserve("l1", 30)
    books.reserve("l2", 20)
    books.post_calls(("c1", "l1", run(7)))
    assert books.refused(books.settle, "l1", 6) == "JN006"
    assert books.refused(books.settle, "l9", 0) == "JN005"
    for _ in range(2):
        books.settle("l1", 7)
        assert books.wallet() == (93, 20)
    assert books.refused(books.settle, "l1", 0) == "JN006"
    assert books.wallet(S) == books.wallet(currency="USD") == (0, 0)
    closed = books.rows("SELECT lease_id FROM wallet_leases WHERE closed_at = %s", (LATER,))
    assert closed == [{"lease_id": "l1"}]


def is_stopped(connection, statement, parameters=()):
    """Whether the statement would have to wait for somebody; it is given up at once."""
    connection.execute("SET lock_timeout = '1ms'")
    try:
        with connection.transaction():
            connection.execute(statement, parameters)
    except psycopg.errors.LockNotAvailable:
        return True
    return False


def test_an_account_does_not_change_while_somebody_posts_to_it(books, connect):
    books.post("tup_2", ((f"{S}/receivable/CNY", 5), (BANK, -5)))
    change = (
        "UPDATE journal_accounts SET currency = 'USD' WHERE account_id = 'org_s/receivable/CNY'"
    )
    assert is_stopped(connect(), change)


def test_whoever_reserves_or_settles_holds_the_wallet_or_lease_before_looking(books, connect):
    """`FOR KEY SHARE` goes beside a change of the row, but not beside `FOR UPDATE`."""
    books.reserve("l1", 30)
    books.connection.commit()
    other = connect()
    assert books.reserve("l1", 30) == 30
    assert is_stopped(other, "SELECT FROM wallets FOR KEY SHARE")
    books.connection.commit()
    books.settle("l1", 0)
    assert is_stopped(other, "SELECT FROM wallet_leases FOR KEY SHARE")
