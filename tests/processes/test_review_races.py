"""The most dangerous moments of a review, by real processes on a real database.

Two people approve at once: never one approval lost, never one person counted twice. A version is
listed while a document of it lapses: never on sale behind the next tick. All races are run by one
pair of processes, because starting them takes most of the time.
"""

import itertools
import json
import os
import subprocess
import sys
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from app import embedded_postgres
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.factory import build_parts, create_control_plane
from app.settings import from_environment
from compliance import services
from compliance.models.licences import ListingStanding
from compliance.models.reviews import ReviewCase
from ledger.log.models import LogEntry
from listings.models import Listing
from tests.factories.compliance import (
    CLEAR,
    dossier,
    everybody_over_http,
    per_call,
    scenario_content,
)
from tests.fakes.clock import FixedClock
from tests.processes.review_racers import OUTCOME

ROUNDS = 6
RISKY = {
    "purpose": "SUPPLY",
    "is_automated_decision": True,
    "processors": ["A"],
    "onward_output": "Scores.",
}
APPROVE = {"answers": CLEAR, "decision": "approve", "reason": "Plausible."}
LATE_GATE = 100
"""Behind the gates of rounds: for whoever comes second on purpose."""
HOLD = text("""
    SELECT FROM product_versions WHERE id =
        (SELECT version_id FROM listings WHERE listing_code = :code) FOR UPDATE
""")
WHO_STANDS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
WAITING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = ANY(:numbers)
        AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Races:
    """Pairs of rounds, each run by two processes that are let go at one moment."""

    def __init__(self, environment, units):
        self.environment, self.units = environment, units
        self.pairs = []
        self.held = []
        self.outcomes = []
        self.keys = (f"race-{number}" for number in itertools.count())

    def asks(self, who, *requests, at):
        """Somebody's requests in turn."""
        keyed = [[next(self.keys), path, body] for path, body in requests]
        return {"who": who, "requests": keyed, "at": at.isoformat()}

    def add(self, one, other, *, over=None):
        """A further race; its place among the outcomes.

        ``over`` is a listing whose version is held: the first stands there with whatever it holds
        when the other comes.
        """
        gate = len(self.pairs) + 1
        late = gate if over is None else gate + LATE_GATE
        self.pairs.append(({**one, "gate": gate}, {**other, "gate": late}))
        self.held.append(over)
        return len(self.pairs) - 1

    def run(self):
        """Every race; what both came to, in order."""
        gates = [sorted({each["gate"] for each in pair}) for pair in self.pairs]
        with self.units.engine.connect() as connection:
            for number in itertools.chain(*gates):
                connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
            runners = [self._start([pair[side] for pair in self.pairs]) for side in (0, 1)]
            for numbers, code in zip(gates, self.held, strict=True):
                self._wait_for(connection, numbers, runners)
                self._let_go(connection, numbers, code, runners)
                self.outcomes.append([_outcome(each) for each in runners])
        for each in runners:
            each.stdout.close()
            assert each.wait(timeout=20) == 0

    def _let_go(self, connection, numbers, code, runners):
        """Through each gate in turn; over a held listing each when nobody moves any more."""
        with self.units.begin(Reach.EXCHANGE) as holder:
            if code is not None:
                holder.session.execute(HOLD, {"code": code})
            for number in numbers:
                connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
                while code is not None and self._movers(connection, runners):
                    assert all(each.poll() is None for each in runners)

    def _movers(self, connection, runners):
        return len(runners) - connection.execute(WHO_STANDS).scalar_one()

    def _start(self, rounds):
        runner = subprocess.Popen(
            [sys.executable, "-m", "tests.processes.review_racers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        json.dump({"environment": self.environment, "rounds": rounds}, runner.stdin)
        runner.stdin.close()
        return runner

    def _wait_for(self, connection, numbers, runners):
        asked = {"numbers": numbers}
        while connection.execute(text(WAITING), asked).scalar_one() < len(runners):
            assert all(each.poll() is None for each in runners)


def _outcome(runner):
    line = next(line for line in runner.stdout if line.startswith(OUTCOME))
    return json.loads(line.removeprefix(OUTCOME))


class Raced:
    """An exchange after all its races, with the subjects of each."""

    def __init__(self, environment):
        self.clock = FixedClock()
        self.parts = build_parts(from_environment(environment), clock=self.clock)
        self.exchange = everybody_over_http(create_control_plane(self.parts))
        self.units = self.exchange.app.extensions["counterfoil"].get(UnitOfWorkFactory)
        self.races = Races(environment, self.units)
        self.code = self.exchange.list_product()
        documents = [each | {"valid_to": "2027-03-31"} for each in dossier()["evidence"]]
        self.leaving = self.exchange.list_product(name="Quays", evidence=documents)
        self.by_two = self._uses(("first", "second"))
        self.by_one = self._uses(("first", "first"))
        self._plan_second_review()
        self._plan_delisting()
        self._plan_listing()
        self.races.run()

    def _uses(self, people):
        body = {"listing_code": self.code, **scenario_content(**RISKY)}
        paths = []
        for _ in range(ROUNDS):
            scenario = self.exchange.post("buyer", "/v1/scenarios", body)
            assert scenario["depth"] == "TWO"
            paths.append(f"/v1/scenarios/{scenario['id']}")
            act = (f"{paths[-1]}/decision", APPROVE)
            one, other = (self.races.asks(who, act, at=self.clock.now()) for who in people)
            self.races.add(one, other)
        return paths

    def _plan_second_review(self):
        exchange = self.exchange
        exchange.submit(name="Harbours of the world")
        case = exchange.case()
        exchange.admit(case)
        exchange.take("first", case)
        exchange.approve("first", case)
        items = exchange.items("first", case)
        acts = (
            (f"{case}/assignment", {"answers": CLEAR}),
            (f"{case}/decisions", {"decision": "approve", "reason": "Sound.", "items": items}),
        )
        one, other = (
            self.races.asks(who, *acts, at=self.clock.now()) for who in ("second", "third")
        )
        self.case_id = case.rpartition("/")[2]
        self.second_review = self.races.add(one, other)

    def _plan_delisting(self):
        """The supplier takes a listing off sale, and the tick comes to suspend it meanwhile."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            lapsed_at = uow.session.get_one(ListingStanding, self.leaving).evidence_lapses_at
        tick = {"who": None, "at": lapsed_at.isoformat()}
        act = (f"/v1/listings/{self.leaving}/delisting", {})
        supplier = self.races.asks("supplier", act, at=lapsed_at)
        self.delisting = self.races.add(supplier, tick, over=self.leaving)

    def _plan_listing(self):
        """A next version before its listing officer, when evidence of the listing lapses."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            lapses_at = uow.session.get_one(ListingStanding, self.code).evidence_lapses_at
        before, self.after = (lapses_at + timedelta(seconds=each) for each in (-1, 1))
        officer = self.races.asks("officer", (self._next_version(), APPROVE), at=before)
        tick = {"who": None, "at": self.after.isoformat()}
        self.listing = self.races.add(officer, tick)

    def _next_version(self):
        exchange = self.exchange
        products = exchange.get("supplier", "/v1/products")["items"]
        (product,) = (each for each in products if each["listing_code"] == self.code)
        path = f"/v1/products/{product['id']}/versions"
        content = exchange.get("supplier", f"{path}/1")["content"]
        offers = [{"name": "Calls", "plans": [per_call("0.50")]}]
        exchange.post("supplier", path, content | {"offers": offers})
        exchange.post("supplier", f"{path}/2/submission")
        (case,) = exchange.get("first", "/v1/review-cases?stage=REVIEW")["items"]
        for who in ("first", "third"):
            exchange.take(who, f"/v1/review-cases/{case['id']}")
            exchange.approve(who, f"/v1/review-cases/{case['id']}")
        (waiting,) = exchange.get("officer", "/v1/listing-applications")["items"]
        return f"/v1/listing-applications/{waiting['id']}/decision"

    def entries(self, entry_type):
        with self.units.begin(Reach.EXCHANGE) as uow:
            found = uow.session.query(LogEntry).filter_by(entry_type=entry_type)
            return [json.loads(each.body) for each in found]


@pytest.fixture(scope="module")
def raced(postgres, template_database, tmp_path_factory):
    name = f"raced_{os.getpid()}"
    made = Raced(
        {
            "DATABASE_URL": embedded_postgres.ensure_database(
                postgres, name, template=template_database
            ),
            "COUNTERFOIL_VAR": str(tmp_path_factory.mktemp("raced")),
            "COUNTERFOIL_SECRET": "the same secret in every test of a session",
            "COUNTERFOIL_LOG_LEVEL": "ERROR",
        }
    )
    yield made
    made.parts.engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_two_reviewers_who_approve_a_use_at_once_are_both_counted(raced):
    assert raced.races.outcomes[:ROUNDS] == [[[[201, ""]], [[201, ""]]]] * ROUNDS
    states = {raced.exchange.get("buyer", path)["state"] for path in raced.by_two}
    assert states == {"ACTIVE"}
    approvals = raced.entries("scenario_approved")
    assert len(approvals) == ROUNDS
    for leaf in approvals:
        assert {leaf["first_approved_by"], leaf["approved_by"]} == {"psn_first", "psn_second"}


def test_one_reviewer_who_approves_twice_at_once_is_one(raced):
    for both in raced.races.outcomes[ROUNDS : 2 * ROUNDS]:
        assert sorted(both) == [[[201, ""]], [[403, "second-reviewer-must-differ"]]]
    states = {raced.exchange.get("buyer", path)["state"] for path in raced.by_one}
    assert states == {"SECOND"}


def test_two_who_take_and_approve_a_version_at_once_are_one_second_reviewer(raced):
    second, third = raced.races.outcomes[raced.second_review]
    won, lost = sorted((second, third))
    assert won == [[201, ""], [201, ""]]
    # Whoever came too late found the case taken, or decided already.
    assert lost[0][0] == 409
    assert lost[1][0] in {403, 409}
    with raced.units.begin(Reach.EXCHANGE) as uow:
        kept = uow.session.get_one(ReviewCase, raced.case_id)
        winner = "psn_second" if second == won else "psn_third"
        assert (kept.stage, kept.approved_by) == ("APPROVED", sorted(["psn_first", winner]))
    registered = [each for each in raced.entries("registered") if each["case"] == raced.case_id]
    assert len(registered) == 1


def test_what_is_listed_while_its_evidence_lapses_is_off_sale_at_the_next_tick(raced):
    officer, _ = raced.races.outcomes[raced.listing]
    # Neither undoes the other: listed before the tick, or refused because it is suspended.
    assert officer in ([[201, ""]], [[409, "listing-not-open"]])
    raced.clock.set(raced.after)
    with raced.units.begin(Reach.EXCHANGE) as uow:
        services.suspend_expired(uow, 10)
        uow.commit()
    with raced.units.begin(Reach.EXCHANGE) as uow:
        standing = uow.session.get_one(ListingStanding, raced.code)
        assert (standing.state, standing.suspension_scope) == ("SUSPENDED", "ALL_CALLS")
    assert raced.exchange.catalogue() == []
    # An officer whose clock is behind the tick's may find it suspended, and by its time cure it.
    stopped, resumed = (
        [each["listing_code"] for each in raced.entries(entry_type)].count(raced.code)
        for entry_type in ("suspended", "resumed")
    )
    assert (stopped - resumed, resumed in {0, 1}) == (1, True)


def test_a_delisting_that_meets_the_tick_is_not_undone_and_the_next_tick_stops_its_calls(raced):
    assert raced.races.outcomes[raced.delisting] == [[[201, ""]], 0]
    with raced.units.begin(Reach.EXCHANGE) as uow:
        standing = uow.session.get_one(ListingStanding, raced.leaving)
        assert (standing.state, standing.suspension_scope) == ("SUSPENDED", "ALL_CALLS")
        assert standing.delists_at is not None
        assert uow.session.get_one(Listing, raced.leaving).state == "DELISTED"
