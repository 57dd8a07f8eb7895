"""The books' functions and triggers in SQL, asked directly: each condition, by what it stops.

`test_journal_books` and `test_journal_leases` ask the services that call them.
"""

import pytest

from tests.factories.books_in_sql import AT, BANK, LATER, PAYABLE, TOP_UP, WALLET, B, E, S, run


def test_what_is_posted_stands_there_as_it_was_given(books):
    facts = {"lease": None, "licence": "lic_1", "order": "ord_1"}
    first = books.scalar("SELECT transaction_id FROM journal_transactions")
    number = books.post("tup_2", ((BANK, -3), (PAYABLE, 1), (WALLET, 2)), reverses=first, **facts)
    (header,) = books.rows("SELECT * FROM journal_transactions WHERE transaction_id = %s", [number])
    assert header == {
        "transaction_id": number,
        "template": "top_up",
        "reference": "tup_2",
        "occurred_at": AT,
        "booked_at": LATER,
        "reverses": first,
        "lease_id": None,
        "licence_id": "lic_1",
        "order_id": "ord_1",
        "posting_count": 3,
    }
    lines = books.connection.execute(
        "SELECT line, posting_count, account_id, organisation_id, currency, amount, booked_at"
        " FROM postings WHERE transaction_id = %s ORDER BY posting_id",
        (number,),
    ).fetchall()
    assert lines == [
        (1, 3, BANK, E, "CNY", -3, LATER),
        (2, 3, PAYABLE, S, "CNY", 1, LATER),
        (3, 3, WALLET, B, "CNY", 2, LATER),
    ]


@pytest.mark.parametrize(
    "other",
    [
        ((WALLET, 99), (BANK, -99)),
        ((f"{S}/wallet/CNY", 100), (BANK, -100)),
        ((BANK, -100), (WALLET, 100)),
        ((WALLET, 100), (BANK, -50), (f"{E}/commission/CNY", -50)),
    ],
)
def test_a_reference_is_booked_once_and_never_with_other_lines(books, other):
    assert books.post("tup_1", TOP_UP) is None
    assert books.refused(books.post, "tup_1", other) == "JN004"
    assert books.wallet() == (100, 0)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (((WALLET, 5), (BANK, -4)), "JN001"),
        (((f"{B}/receivable/CNY", 5), (f"{E}/bank/USD", -5)), "JN001"),
        (((WALLET, 5), ("nobody/wallet/CNY", -5)), "JN003"),
        (((f"{E}/bank/CNY", 5), (f"{E}/bank/CNY", -5), (WALLET, 0)), "23514"),
        ((), "23514"),
    ],
)
def test_what_does_not_balance_is_refused(books, lines, word):
    assert books.refused(books.post, "tup_2", lines) == word


def test_each_currency_balances_for_itself(books):
    usd = ((f"{B}/wallet/USD", 7), (f"{E}/bank/USD", -7))
    books.post("tup_2", (*usd, (WALLET, 5), (BANK, -5)))
    assert (books.wallet(), books.wallet(currency="USD")) == ((105, 0), (7, 0))


def test_lines_that_come_later_or_to_another_number_are_refused_as_such(books):
    number = books.scalar("SELECT transaction_id FROM journal_transactions")
    four = (
        "INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id,"
        " currency, amount, booked_at) SELECT %s, g.line, 4, account_id, organisation_id, currency,"
        " CASE WHEN g.line %% 2 = 0 THEN 1 ELSE -1 END, %s FROM generate_series(%s::bigint, %s)"
        " AS g (line) JOIN journal_accounts ON account_id = %s"
    )
    for whose, lines in ((number, (3, 4)), (number + 9, (1, 4))):
        given = (whose, AT, *lines, BANK)
        assert books.refused(books.connection.execute, four, given) == "JN001"


def test_each_wallet_moves_by_the_sum_of_its_own_lines(books):
    books.post(
        "tup_2", ((WALLET, 5), (WALLET, 6), (f"{S}/wallet/CNY", 2), (PAYABLE, 1), (BANK, -14))
    )
    assert (books.wallet(), books.wallet(S)) == ((111, 0), (2, 0))
    assert books.wallet(currency="USD") == (0, 0)


def test_money_of_an_account_that_has_no_wallet_goes_nowhere(books):
    books.connection.execute(
        "INSERT INTO journal_accounts VALUES ('x', 'org_x', 'wallet', 'CNY', now())"
    )
    assert books.refused(books.post, "tup_2", (("x", 5), (BANK, -5))) == "JN005"


def spent(books, lease):
    return books.scalar("SELECT spent_amount FROM wallet_leases WHERE lease_id = %s", (lease,))


def spend(amount, *, account=WALLET):
    return ((account, -amount), (PAYABLE, amount))


def test_money_of_a_lease_is_spent_from_it_and_leaves_the_wallet_alone(books):
    books.reserve("l1", 30)
    books.reserve("l2", 30)
    books.post("c1", spend(7), lease="l1")
    books.post_calls(("c2", "l1", run(2)), ("c3", "l2", run(3)), ("c4", "l1", run(1)))
    assert (spent(books, "l1"), spent(books, "l2")) == (10, 3)
    assert (books.wallet(), books.wallet(S)) == ((100, 60), (0, 0))


@pytest.mark.parametrize(
    ("change", "account"),
    [
        ("UPDATE wallet_leases SET closed_at = now()", WALLET),
        ("UPDATE wallet_leases SET lease_id = 'l9'", WALLET),
        ("UPDATE wallet_leases SET organisation_id = 'org_s'", WALLET),
        ("UPDATE wallet_leases SET currency = 'USD'", WALLET),
    ],
)
def test_only_an_open_lease_of_the_wallet_pays(books, change, account):
    books.reserve("l1", 30)
    books.connection.execute(change)
    assert books.refused(books.post, "c1", spend(7, account=account), lease="l1") == "JN005"
    assert books.refused(books.post_calls, ("c1", "l1", run(7, account=account))) == "JN005"


def test_a_run_stands_there_as_it_was_given(books):
    books.reserve("l1", 30)
    assert books.post_calls(("c1", "l1", ((2, PAYABLE, 4), (3, BANK, 1), (1, WALLET, -5)))) == 1
    (header,) = books.rows("SELECT * FROM journal_transactions WHERE reference = 'c1'")
    number = header.pop("transaction_id")
    assert header == {
        "template": "accrue_calls",
        "reference": "c1",
        "occurred_at": LATER,
        "booked_at": LATER,
        "reverses": None,
        "lease_id": "l1",
        "licence_id": "licence of c1",
        "order_id": None,
        "posting_count": 3,
    }
    lines = books.connection.execute(
        "SELECT line, posting_count, account_id, organisation_id, currency, amount, booked_at"
        " FROM postings WHERE transaction_id = %s ORDER BY line",
        (number,),
    ).fetchall()
    assert lines == [
        (1, 3, WALLET, B, "CNY", -5, LATER),
        (2, 3, PAYABLE, S, "CNY", 4, LATER),
        (3, 3, BANK, E, "CNY", 1, LATER),
    ]


def test_a_run_that_is_there_is_not_booked_again_beside_others(books):
    books.reserve("l1", 30)
    first = ("c1", "l1", ((2, PAYABLE, 5), (1, WALLET, -5)))
    assert books.post_calls(first) == 1
    assert books.post_calls(first, ("c2", "l1", run(3))) == 1
    assert books.post_calls(first, ("c2", "l1", run(3))) == 0
    assert spent(books, "l1") == 8
    for other in (run(6), run(5, account=f"{S}/wallet/CNY"), ((1, PAYABLE, 5), (2, WALLET, -5))):
        assert books.refused(books.post_calls, ("c3", "l1", run(1)), ("c1", "l1", other)) == "JN004"


def test_one_run_without_its_lease_refuses_all(books):
    books.reserve("l1", 30)
    both = (("c1", "l1", run(1)), ("c2", "none", run(1)))
    assert books.refused(books.post_calls, *both) == "JN005"
    unknown = ("c2", "l1", ((1, WALLET, -1), (2, "nobody", 1)))
    assert books.refused(books.post_calls, ("c1", "l1", run(1)), unknown) == "JN003"
    assert spent(books, "l1") == 0
