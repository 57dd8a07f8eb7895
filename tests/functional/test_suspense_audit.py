"""The live audit of suspense: a wrong hand is found, and only what it touched freezes."""

from datetime import date

import pytest

from app.core.cipher import Cipher
from app.core.money import SCALE
from ledger.journal.arrivals import services as arrival_services
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.suspense import assignment_services, return_services
from ledger.journal.suspense import queries as suspense_queries
from ledger.journal.wallets import services
from tests.functional.test_books_audit import audit, frozen, operator

FIRST, SECOND = operator(1), operator(2)
CIPHER = Cipher(b"k" * 32)
OWNER, OTHER = "org_owner", "org_other"
SUSPENSE, USD = "exchange/suspense/CNY", "exchange/suspense/USD"
WALLET = f"{OWNER}/wallet/CNY"


def record(uow, bank_reference, amount, currency="CNY"):
    return arrival_services.record_arrival(
        uow,
        FIRST,
        CIPHER,
        bank_reference=bank_reference,
        amount=amount * SCALE,
        currency=currency,
        arrived_on=date(2026, 11, 20),
        statement_line="CR",
    )


def propose_assignment(uow, number, owner=OWNER):
    return assignment_services.propose_assignment(
        uow, FIRST, reference=f"bank_transfer:{number}", organisation_id=owner, reason="Its own."
    ).assignment_id


def assign(uow, assignment_id):
    assignment_services.approve_assignment(uow, SECOND, assignment_id=assignment_id)


def propose_return(uow, number):
    return return_services.propose_return(
        uow, FIRST, reference=f"bank_transfer:{number}", reason="Nobody's."
    ).return_id


def send_back(uow, return_id):
    return_services.approve_return(uow, SECOND, return_id=return_id)


def complete(uow, return_id):
    return_services.complete_return(uow, return_id=return_id, provider_reference="OUT 1")


@pytest.fixture
def arrivals(in_unit):
    """Six arrivals: assigned, sent back, on its way, come back, undecided, and one in dollars."""

    def set_up(uow):
        for organisation_id in (OWNER, OTHER):
            for currency in ("CNY", "USD"):
                services.open_accounts(uow, organisation_id=organisation_id, currency=currency)
        for number in range(1, 6):
            record(uow, str(number), 10 * number)
        record(uow, "6", 60, "USD")
        declined = propose_assignment(uow, 1)
        assignment_services.decline_assignment(uow, SECOND, assignment_id=declined)
        assign(uow, propose_assignment(uow, 1))
        for number in (2, 3, 4):
            send_back(uow, propose_return(uow, number))

    def end(uow):
        gone, _, back = (
            each.return_id
            for each in reversed(
                suspense_queries.list_returns(uow.session, state=None, cursor=None, limit=9).items
            )
        )
        for return_id in (gone, back):
            complete(uow, return_id)
        return_services.fail_return(uow, return_id=back, failure_code="account_closed")

    in_unit(set_up)
    in_unit(end)


def test_arrivals_that_are_well_freeze_nothing(in_unit, arrivals):
    assert audit(in_unit) == 0
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


BREACHES = {
    "a line is raised that nobody has yet": (
        "UPDATE bank_arrivals SET amount = amount + 1 WHERE bank_reference = '5'",
        {"arrival_is_booked", "arrival_is_at_the_bank"},
        {SUSPENSE},
    ),
    "a line is raised whose money is assigned": (
        "UPDATE bank_arrivals SET amount = amount + 1 WHERE bank_reference = '1'",
        {"arrival_is_booked", "arrival_is_at_the_bank"},
        {SUSPENSE, WALLET},
    ),
    "a line is written that no money came for": (
        (
            "INSERT INTO bank_arrivals SELECT 'x', amount, currency, arrived_on, line_sealed,"
            " recorded_by, recorded_at FROM bank_arrivals WHERE bank_reference = '6'"
        ),
        {"arrival_is_booked", "arrival_is_at_the_bank"},
        {USD},
    ),
    "an assignment is decided by an update": (
        (
            "INSERT INTO suspense_assignments SELECT 'sus_x', 'bank_transfer:5', 'org_other',"
            " 5000000000, 'CNY', 'r', 'approved', 'p', now(), 'q', now()"
        ),
        {"assignment_is_booked"},
        {SUSPENSE, f"{OTHER}/wallet/CNY"},
    ),
    "an assigned amount is raised": (
        "UPDATE suspense_assignments SET amount = amount + 1 WHERE state = 'approved'",
        {"assignment_is_booked", "assignment_is_what_arrived"},
        {SUSPENSE, WALLET},
    ),
    "an amount is raised that one person proposed": (
        (
            "INSERT INTO suspense_assignments SELECT 'sus_x', 'bank_transfer:5', 'org_other',"
            " 5000000001, 'CNY', 'r', 'proposed', 'p', now(), NULL, NULL"
        ),
        {"assignment_is_what_arrived"},
        {SUSPENSE},
    ),
    "what was assigned is assigned to somebody else as well": (
        (
            "DROP INDEX ix_suspense_assignments_reference;"
            "INSERT INTO suspense_assignments SELECT 'sus_x', 'bank_transfer:1', 'org_other',"
            " 1000000000, 'CNY', 'r', 'approved', 'p', now(), 'q', now()"
        ),
        {"assignment_is_booked", "suspense_was_decided"},
        {SUSPENSE, WALLET, f"{OTHER}/wallet/CNY"},
    ),
    "a decision is taken back to what one person proposed": (
        (
            "UPDATE suspense_assignments SET state = 'proposed', decided_by = NULL,"
            " decided_at = NULL WHERE state = 'approved'"
        ),
        {"assignment_is_booked", "suspense_was_decided"},
        {SUSPENSE, WALLET},
    ),
    "a return is taken back to what one person proposed": (
        (
            "UPDATE suspense_returns SET state = 'proposed', decided_by = NULL, decided_at = NULL"
            " WHERE state = 'approved'"
        ),
        {"suspense_return_is_booked", "suspense_was_decided"},
        {SUSPENSE},
    ),
    "a decision is taken back by an update": (
        "UPDATE suspense_assignments SET state = 'declined'",
        {"assignment_is_booked", "suspense_was_decided"},
        {SUSPENSE, WALLET},
    ),
    "money is given out of suspense past the decisions": (
        (
            "SELECT journal_post('assign_suspense', 'bank_transfer:5', now(), now(), NULL, NULL,"
            " NULL, NULL, ARRAY['exchange/suspense/CNY', 'org_other/wallet/CNY'],"
            " ARRAY[-5000000000, 5000000000]::bigint[])"
        ),
        {"suspense_was_decided"},
        {SUSPENSE, f"{OTHER}/wallet/CNY"},
    ),
    "a return ends by an update": (
        (
            "UPDATE suspense_returns SET state = 'returned', provider_reference = 'x',"
            " ended_at = now() WHERE state = 'approved'"
        ),
        {"suspense_return_left_the_bank"},
        {SUSPENSE},
    ),
    "a return that came back is hidden": (
        (
            "UPDATE suspense_returns SET state = 'approved', failure_code = NULL, ended_at = NULL"
            " WHERE state = 'failed'"
        ),
        {"suspense_return_is_booked"},
        {SUSPENSE},
    ),
    "a return is raised": (
        "UPDATE suspense_returns SET amount = amount + 1 WHERE state = 'returned'",
        {
            "suspense_return_is_booked",
            "suspense_return_left_the_bank",
            "suspense_return_is_what_arrived",
        },
        {SUSPENSE},
    ),
    "a return is removed": (
        "DELETE FROM suspense_returns WHERE state = 'returned'",
        {"suspense_was_decided"},
        {SUSPENSE},
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_wrong_hand_is_found_and_freezes_exactly_what_it_touched(
    in_unit, arrivals, plant, breach
):
    statement, rules, accounts = BREACHES[breach]
    plant(statement)
    assert audit(in_unit) == len(accounts)
    assert set(frozen(in_unit)) == accounts
    assert {row.rule for row in in_unit(lambda uow: find_imbalances(uow.session))} == rules


def test_nothing_leaves_frozen_suspense_but_money_arrives_and_other_currencies_go_on(
    in_unit, arrivals, plant
):
    waiting = in_unit(lambda uow: propose_assignment(uow, 5))
    plant("UPDATE suspense_returns SET amount = amount + 1 WHERE state = 'returned'")
    audit(in_unit)
    with pytest.raises(AccountFrozen):
        in_unit(lambda uow: assign(uow, waiting))
    in_unit(lambda uow: record(uow, "7", 70))
    back = in_unit(lambda uow: propose_return(uow, 7))
    with pytest.raises(AccountFrozen):
        in_unit(lambda uow: send_back(uow, back))
    in_unit(lambda uow: assign(uow, propose_assignment(uow, 6)))
    assert set(frozen(in_unit)) == {SUSPENSE}


def test_an_amount_that_was_raised_before_its_approval_is_found_after_it(in_unit, arrivals, plant):
    """The other arrivals' money covers it, so that nothing refuses it."""
    waiting = in_unit(lambda uow: propose_assignment(uow, 5, OTHER))
    raised = "UPDATE suspense_assignments SET amount = amount + 1 WHERE state = 'proposed'"
    plant(raised)
    in_unit(lambda uow: record(uow, "7", 70))
    in_unit(lambda uow: assign(uow, waiting))
    audit(in_unit)
    assert set(frozen(in_unit)) == {SUSPENSE, f"{OTHER}/wallet/CNY"}
