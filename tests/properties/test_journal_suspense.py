"""Money without a reference in any order of arrivals, assignments, returns and refusals."""

import itertools
from datetime import date

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from app.core.cipher import Cipher
from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.arrivals import services as arrival_services
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books.models import PostedLine
from ledger.journal.suspense import assignment_services, return_services
from ledger.journal.suspense.errors import SuspenseAssigned, SuspenseReturnExists
from ledger.journal.wallets import services

FEN, CIPHER = 10**6, Cipher(b"k" * 32)
FIRST, SECOND = (
    Principal(f"psn_{name}", "org_exchange", frozenset({Role.OPERATOR}), has_second_factor=True)
    for name in ("first", "second")
)
BANK, SUSPENSE, TRANSIT = (f"exchange/{kind}/CNY" for kind in ("bank", "suspense", "transit"))
UNDECIDED = "undecided"
IN_SUSPENSE = {UNDECIDED, "assignment proposed", "return proposed"}


def in_place(*places):
    """Whether some arrival's money is there."""
    return lambda machine: any(place in places for place in machine.places.values())


class SuspenseMachine(RuleBasedStateMachine):
    """Arrivals of one run; the model is where each one's money is."""

    @initialize()
    def open(self):
        self.run = next(self.runs)
        self.owner = f"org_{self.run}"
        self.do(services.open_accounts, organisation_id=self.owner)
        self.before = {account: self.held(account) for account in (BANK, SUSPENSE, TRANSIT)}
        self.amounts, self.places, self.decisions = {}, {}, {}

    def do(self, verb, *arguments, **named):
        with self.units.begin(Reach.EXCHANGE) as uow:
            made = verb(uow, *arguments, **named)
            uow.commit()
            return made

    def held(self, account):
        statement = select(func.coalesce(func.sum(PostedLine.amount), 0)).where(
            PostedLine.account_id == account
        )
        with self.units.begin(Reach.EXCHANGE) as uow:
            return int(uow.session.scalar(statement))

    def some(self, data, *places):
        found = sorted(each for each, place in self.places.items() if place in places)
        return data.draw(st.sampled_from(found))

    @rule(fen=st.integers(1, 10_000), again=st.booleans())
    def arrive(self, fen, again):
        line = f"{self.run}/{len(self.amounts)}"
        for _ in range(1 + again):
            made = self.do(
                arrival_services.record_arrival,
                FIRST,
                CIPHER,
                bank_reference=line,
                amount=fen * FEN,
                currency="CNY",
                arrived_on=date(2026, 11, 20),
                statement_line="CR",
            )
        self.amounts[made.reference], self.places[made.reference] = fen * FEN, UNDECIDED

    def _propose(self, reference, place, verb, **named):
        expected = self.places[reference]
        try:
            made = self.do(verb, FIRST, reference=reference, reason="As it seems.", **named)
        except SuspenseAssigned:
            assert expected in {"assignment proposed", "assigned"}
            return
        except SuspenseReturnExists:
            assert expected in {"return proposed", "in transit", "returned"}
            return
        assert expected == UNDECIDED
        self.places[reference], self.decisions[reference] = place, made

    @precondition(lambda self: self.amounts)
    @rule(data=st.data())
    def propose_assignment(self, data):
        reference = data.draw(st.sampled_from(sorted(self.amounts)))
        verb = assignment_services.propose_assignment
        self._propose(reference, "assignment proposed", verb, organisation_id=self.owner)

    @precondition(lambda self: self.amounts)
    @rule(data=st.data())
    def propose_return(self, data):
        reference = data.draw(st.sampled_from(sorted(self.amounts)))
        self._propose(reference, "return proposed", return_services.propose_return)

    @precondition(in_place("assignment proposed"))
    @rule(data=st.data(), approves=st.booleans())
    def decide_assignment(self, data, approves):
        reference = self.some(data, "assignment proposed")
        verb = (
            assignment_services.approve_assignment
            if approves
            else assignment_services.decline_assignment
        )
        self.do(verb, SECOND, assignment_id=self.decisions[reference].assignment_id)
        self.places[reference] = "assigned" if approves else UNDECIDED

    @precondition(in_place("return proposed"))
    @rule(data=st.data(), approves=st.booleans())
    def decide_return(self, data, approves):
        reference = self.some(data, "return proposed")
        verb = return_services.approve_return if approves else return_services.decline_return
        self.do(verb, SECOND, return_id=self.decisions[reference].return_id)
        self.places[reference] = "in transit" if approves else UNDECIDED

    @precondition(in_place("in transit"))
    @rule(data=st.data(), again=st.booleans())
    def complete(self, data, again):
        reference = self.some(data, "in transit")
        for _ in range(1 + again):
            self.do(
                return_services.complete_return,
                return_id=self.decisions[reference].return_id,
                provider_reference="OUT",
            )
        self.places[reference] = "returned"

    @precondition(in_place("in transit", "returned"))
    @rule(data=st.data(), again=st.booleans())
    def fail(self, data, again):
        reference = self.some(data, "in transit", "returned")
        for _ in range(1 + again):
            self.do(
                return_services.fail_return,
                return_id=self.decisions[reference].return_id,
                failure_code="account_closed",
            )
        self.places[reference] = UNDECIDED

    def _sum(self, *places):
        return sum(self.amounts[each] for each, place in self.places.items() if place in places)

    @invariant()
    def every_arrival_is_in_one_place(self):
        if not hasattr(self, "amounts"):
            return
        moved = {account: self.held(account) - was for account, was in self.before.items()}
        assert moved == {
            SUSPENSE: self._sum(*IN_SUSPENSE),
            TRANSIT: self._sum("in transit"),
            BANK: self._sum("returned") - sum(self.amounts.values()),
        }
        assert self.held(f"{self.owner}/wallet/CNY") == self._sum("assigned")


def test_suspense_is_what_arrived_and_is_neither_assigned_nor_returned(units):
    class BoundMachine(SuspenseMachine):
        runs = itertools.count()

    BoundMachine.units = units
    run_state_machine_as_test(
        BoundMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []
