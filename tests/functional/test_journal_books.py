"""The books in a real database: balanced, immutable, idempotent, fenced, audited."""

import threading

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.chart import AccountKind, payable_of, wallet_of
from ledger.journal.books.errors import (
    AccountNotOpen,
    NotReversible,
    ReferenceReused,
    TransactionNotFound,
)
from ledger.journal.books.models import JournalAccount, PostedLine
from ledger.journal.trading import services as trading_services
from ledger.journal.trading.events import OrderCharged
from ledger.journal.wallets import queries
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.models import Wallet

BUYER, SUPPLIER = "org_buyer", "org_supplier"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
ORDER = {
    "order_id": "ord_1",
    "buyer_id": BUYER,
    "supplier_id": SUPPLIER,
    "currency": "CNY",
    "split": SPLIT,
}


@pytest.fixture
def funded(in_unit):
    """A buyer with 1,000.00 CNY and a supplier with open accounts."""

    def fund(uow):
        for organisation_id in (BUYER, SUPPLIER):
            wallet_services.open_accounts(uow, organisation_id=organisation_id)
        draft = postings.top_up(
            reference="tup_1", organisation_id=BUYER, amount=1000 * SCALE, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    in_unit(fund)


def wallet(in_unit):
    return in_unit(lambda uow: queries.find_wallet_for_update(uow.session, BUYER, "CNY"))


def balance(in_unit, account_id):
    statement = text("SELECT coalesce(sum(amount), 0) FROM postings WHERE account_id = :account")
    return in_unit(lambda uow: int(uow.session.scalar(statement, {"account": account_id})))


def test_opening_accounts_twice_changes_nothing(in_unit):
    for _ in range(2):
        in_unit(lambda uow: wallet_services.open_accounts(uow, organisation_id=BUYER))
    count = text("SELECT count(*) FROM journal_accounts")
    assert in_unit(lambda uow: uow.session.scalar(count)) == len(AccountKind)
    assert wallet(in_unit).balance_amount == 0


def test_an_order_is_charged_once_and_split(in_unit, funded, units):
    for _ in range(2):
        in_unit(lambda uow: trading_services.charge_order(uow, amount=300 * SCALE, **ORDER))
    assert wallet(in_unit).balance_amount == 700 * SCALE
    assert balance(in_unit, payable_of(SUPPLIER, "CNY")) == 252 * SCALE
    assert [type(event) for event in units.events] == [OrderCharged]
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_an_order_of_nothing_books_nothing(in_unit, funded, units):
    in_unit(lambda uow: trading_services.charge_order(uow, amount=0, **ORDER))
    assert units.events == []
    assert wallet(in_unit).balance_amount == 1000 * SCALE


def test_an_order_beyond_the_wallet_is_refused_with_the_facts(in_unit, funded):
    with pytest.raises(InsufficientFunds) as refusal:
        in_unit(lambda uow: trading_services.charge_order(uow, amount=1001 * SCALE, **ORDER))
    assert refusal.value.status == 402
    assert refusal.value.facts == {
        "needed_amount": "1001.00000000",
        "available_amount": "1000.00000000",
        "pending_amount": "0.00000000",
        "currency": "CNY",
    }
    assert wallet(in_unit).balance_amount == 1000 * SCALE


def test_a_buyer_without_a_wallet_has_nothing_available(in_unit):
    with pytest.raises(InsufficientFunds) as refusal:
        in_unit(lambda uow: trading_services.charge_order(uow, amount=SCALE, **ORDER))
    assert refusal.value.facts["available_amount"] == "0.00000000"


def test_two_orders_at_once_cannot_spend_the_same_money(units, in_unit, funded):
    outcomes = []
    start = threading.Barrier(2)

    def charge(order_id):
        with units.begin(Reach.EXCHANGE) as uow:
            start.wait()
            try:
                trading_services.charge_order(
                    uow, amount=600 * SCALE, **{**ORDER, "order_id": order_id}
                )
                uow.commit()
                outcomes.append("charged")
            except InsufficientFunds:
                outcomes.append("refused")

    threads = [threading.Thread(target=charge, args=(f"ord_{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["charged", "refused"]
    assert wallet(in_unit).balance_amount == 400 * SCALE


def test_a_reference_with_other_postings_is_refused(in_unit, funded):
    in_unit(lambda uow: trading_services.charge_order(uow, amount=100 * SCALE, **ORDER))
    with pytest.raises(ReferenceReused):
        in_unit(lambda uow: trading_services.charge_order(uow, amount=200 * SCALE, **ORDER))


def test_an_account_that_is_not_open_takes_no_posting(in_unit):
    draft = postings.top_up(
        reference="tup_9", organisation_id="org_nobody", amount=SCALE, currency="CNY"
    )
    with pytest.raises(AccountNotOpen):
        in_unit(lambda uow: book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now))


def test_a_reversal_gives_everybody_back_what_they_had(in_unit, funded):
    in_unit(lambda uow: trading_services.charge_order(uow, amount=300 * SCALE, **ORDER))
    for _ in range(2):
        in_unit(
            lambda uow: wallet_services.reverse(uow, template="charge_order", reference="ord_1")
        )
    assert wallet(in_unit).balance_amount == 1000 * SCALE
    assert balance(in_unit, payable_of(SUPPLIER, "CNY")) == 0
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_top_up_that_was_spent_cannot_be_reversed(in_unit, funded):
    in_unit(lambda uow: trading_services.charge_order(uow, amount=300 * SCALE, **ORDER))
    with pytest.raises(InsufficientFunds):
        in_unit(lambda uow: wallet_services.reverse(uow, template="top_up", reference="tup_1"))


def test_a_reversal_is_not_reversed(in_unit, funded):
    in_unit(lambda uow: wallet_services.reverse(uow, template="top_up", reference="tup_1"))
    with pytest.raises(NotReversible):
        in_unit(
            lambda uow: wallet_services.reverse(uow, template="reverse", reference="top_up:tup_1")
        )


def test_what_was_never_booked_cannot_be_reversed(in_unit):
    with pytest.raises(TransactionNotFound):
        in_unit(lambda uow: wallet_services.reverse(uow, template="top_up", reference="tup_none"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE postings SET amount = amount",
        "DELETE FROM postings",
        "UPDATE journal_transactions SET reference = 'x'",
        "DELETE FROM journal_transactions",
        "TRUNCATE journal_transactions, postings CASCADE",
    ],
)
def test_the_books_refuse_to_be_changed(in_unit, funded, statement):
    with pytest.raises(DBAPIError, match="an error in the books is a reversal"):
        in_unit(lambda uow: uow.session.execute(text(statement)))


RAW_LINES = """
INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id, currency,
    amount, booked_at)
SELECT {id}, given.line, :count, account_id, {owner}, {currency}, amount, :now
FROM unnest(CAST(:accounts AS text[]), CAST(:amounts AS bigint[])) WITH ORDINALITY
    AS given (account_id, amount, line) JOIN journal_accounts USING (account_id)
"""
RAW = {"owner": "organisation_id", "currency": "currency"}
RAW_TRANSACTION = """
INSERT INTO journal_transactions (template, reference, occurred_at, booked_at, posting_count)
VALUES ('top_up', 'raw', :now, :now, :count) RETURNING transaction_id
"""


def raw_transaction(uow, posting_count, amounts, **columns):
    """Header and lines in one statement, as the books demand it."""
    lines = RAW_LINES.format(id="(SELECT transaction_id FROM booked)", **{**RAW, **columns})
    return uow.session.scalar(
        text(
            f"WITH booked AS ({RAW_TRANSACTION}), lines AS ({lines})"  # noqa: S608 -- constants
            " SELECT transaction_id FROM booked"
        ),
        {
            "now": uow.now,
            "count": posting_count,
            "accounts": [account_id for account_id, _ in amounts],
            "amounts": [amount for _, amount in amounts],
        },
    )


def raw_posting(uow, transaction_id, posting_count, line, account_id, amount):
    uow.session.execute(
        text(
            "INSERT INTO postings (transaction_id, line, posting_count, account_id,"
            " organisation_id, currency, amount, booked_at)"
            " SELECT :id, :line, :count, account_id, organisation_id, currency, :amount, :now"
            " FROM journal_accounts WHERE account_id = :account"
        ),
        {
            "id": transaction_id,
            "line": line,
            "count": posting_count,
            "account": account_id,
            "amount": amount,
            "now": uow.now,
        },
    )


@pytest.mark.parametrize(
    ("posting_count", "amounts"),
    [
        (2, [("org_buyer/receivable/CNY", 5), ("exchange/bank/CNY", -4)]),
        (2, [("org_buyer/receivable/CNY", 5)]),
        (3, [("org_buyer/receivable/CNY", 5), ("exchange/bank/CNY", -5)]),
        (2, []),
    ],
)
def test_the_database_itself_refuses_what_does_not_balance(in_unit, funded, posting_count, amounts):
    with pytest.raises(DBAPIError) as refusal:
        in_unit(lambda uow: raw_transaction(uow, posting_count, amounts))
    assert refusal.value.orig.sqlstate == "JN001"


def test_nothing_can_be_added_to_a_booked_transaction(in_unit, funded):
    pair = [("org_buyer/receivable/CNY", 5), ("exchange/bank/CNY", -5)]
    transaction_id = in_unit(lambda uow: raw_transaction(uow, 2, pair))
    for line, count in ((1, 2), (3, 2), (3, 4)):
        with pytest.raises(DBAPIError):
            in_unit(
                lambda uow, line=line, count=count: raw_posting(
                    uow, transaction_id, count, line, "exchange/bank/CNY", 1
                )
            )


def test_lines_are_not_added_in_a_statement_of_their_own(in_unit, funded):
    pair = [("org_buyer/receivable/CNY", 5), ("exchange/bank/CNY", -5)]
    transaction_id = in_unit(lambda uow: raw_transaction(uow, 2, pair))
    added = text(RAW_LINES.format(id=":id", **RAW))
    facts = {"accounts": [account_id for account_id, _ in pair], "amounts": [1, -1]}
    for number, count in ((transaction_id, 2), (transaction_id, 4), (transaction_id + 999, 2)):
        with pytest.raises(DBAPIError):
            in_unit(
                lambda uow, number=number, count=count: uow.session.execute(
                    added, {**facts, "id": number, "count": count, "now": uow.now}
                )
            )


def test_a_transaction_without_its_lines_is_refused_at_once(in_unit, funded):
    with pytest.raises(DBAPIError) as refusal:
        in_unit(
            lambda uow: uow.session.execute(text(RAW_TRANSACTION), {"now": uow.now, "count": 2})
        )
    assert refusal.value.orig.sqlstate == "JN001"


@pytest.mark.parametrize("column", [{"owner": "'org_other'"}, {"currency": "'USD'"}])
def test_lines_name_the_owner_and_currency_of_their_account(in_unit, funded, column):
    pair = [("org_buyer/receivable/CNY", 5), ("exchange/bank/CNY", -5)]
    with pytest.raises(DBAPIError) as refusal:
        in_unit(lambda uow: raw_transaction(uow, 2, pair, **column))
    assert refusal.value.orig.sqlstate == "JN003"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_accounts SET currency = 'USD' WHERE account_id = 'org_buyer/wallet/CNY'",
        "DELETE FROM journal_accounts WHERE account_id = 'org_buyer/wallet/CNY'",
    ],
)
def test_an_account_that_holds_postings_stays_what_it_is(in_unit, funded, statement):
    with pytest.raises(DBAPIError, match="holds postings"):
        in_unit(lambda uow: uow.session.execute(text(statement)))


def test_a_wallet_is_never_oversold_whatever_the_code_does(in_unit, funded):
    for statement in (
        "UPDATE wallets SET balance_amount = -1",
        "UPDATE wallets SET pending_amount = balance_amount + 1",
    ):
        with pytest.raises(DBAPIError) as refusal:
            in_unit(lambda uow, statement=statement: uow.session.execute(text(statement)))
        assert isinstance(refusal.value.orig, psycopg.errors.CheckViolation)


def test_the_audit_finds_a_wallet_that_is_not_its_postings(in_unit, funded):
    change = text(
        "UPDATE wallets SET balance_amount = balance_amount + 1 WHERE organisation_id = 'org_buyer'"
    )
    in_unit(lambda uow: uow.session.execute(change))
    (finding,) = in_unit(lambda uow: find_imbalances(uow.session))
    assert (finding.rule, finding.subject) == ("wallet_is_its_postings", wallet_of(BUYER, "CNY"))
    assert finding.expected - finding.found == 1


def test_a_party_sees_its_own_postings_and_nothing_else_without_any_filter(in_unit, funded, units):
    in_unit(lambda uow: trading_services.charge_order(uow, amount=300 * SCALE, **ORDER))
    tables = {"postings": PostedLine, "journal_accounts": JournalAccount, "wallets": Wallet}

    def owners(reach):
        with units.begin(reach) as uow:
            return {
                name: set(uow.session.scalars(select(model.organisation_id)))
                for name, model in tables.items()
            }

    assert owners(Reach.organisation(SUPPLIER)) == {name: {SUPPLIER} for name in tables}
    assert owners(Reach.PUBLIC) == {name: set() for name in tables}
    with units.begin(Reach.organisation(SUPPLIER)) as uow:
        templates = uow.session.scalars(text("SELECT template FROM journal_transactions"))
        assert list(templates) == ["charge_order"]


def test_an_organisation_cannot_write_its_own_books(units, funded):
    with units.begin(Reach.organisation(BUYER)) as uow:
        draft = postings.top_up(
            reference="tup_2", organisation_id=BUYER, amount=SCALE, currency="CNY"
        )
        with pytest.raises(DBAPIError, match="row-level security"):
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
    with units.begin(Reach.organisation(BUYER)) as uow:
        touched = uow.session.execute(text("UPDATE wallets SET balance_amount = 10"))
        assert touched.rowcount == 0
