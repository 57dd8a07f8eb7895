"""Faults that were found in other systems, one test each; the docstring names the fault.

Those that another room's tests already show are listed in `ELSEWHERE`, and those tests must exist.
"""

import ast
import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.auditing.methods.duties import PROVEN_BY
from app.core.canonical import canonical_bytes
from app.core.reach import Reach
from ledger.journal.books.splits import added_shares
from metering import services
from metering.leases import upkeep
from metering.leaves import Commitments
from metering.ports import UpstreamAnswer
from tests.factories.metering import SIGNER, SPLIT, World, call, package, per_call
from tests.fakes.metering_ports import FakeBooks, FakeLog, FakeWallets, HeldUpstream

ROOT = Path(__file__).resolve().parents[2]
YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')

ELSEWHERE = {
    "an invented order id, a stranger as supplier": (
        "tests/unit/compliance/test_orders_of_strangers.py",
        "test_a_verified_stranger_is_not_the_supplier_of_somebody_elses_listing",
    ),
    "supplier balance unchanged after a refund": (
        "tests/functional/test_settlements.py",
        "test_a_credit_after_the_payout_is_carried_below_zero_and_against_the_next",
    ),
    "a credit that unwinds other lines than those of the charge": (
        "tests/functional/test_credits.py",
        "test_a_credited_call_leaves_the_books_as_if_it_had_not_been",
    ),
    "a payment provider called inside the database transaction": (
        "tests/functional/test_payments_story.py",
        "test_the_adapter_refuses_while_a_unit_of_work_is_open",
    ),
    "a payment provider called without a persisted key": (
        "tests/functional/test_payments_story.py",
        "test_request_and_key_are_committed_before_the_provider_is_asked",
    ),
    "a provider that forgot its keys asked a second time": (
        "tests/functional/test_payment_faults.py",
        "test_a_provider_that_forgot_its_keys_is_searched_before_it_is_asked_again",
    ),
    "a repeated booking that counts twice": (
        "tests/functional/test_journal_leases.py",
        "test_a_run_of_calls_is_booked_once",
    ),
    "keys against repeats that are checked, then inserted, under no unique index": (
        "tests/functional/test_data_plane_authority.py",
        "test_racing_retries_are_one_event_whatever_process_they_reach",
    ),
    "a balance that is read, lessened and written back": (
        "tests/functional/test_journal_books.py",
        "test_two_orders_at_once_cannot_spend_the_same_money",
    ),
    "concurrent calls that pass the same check": (
        "tests/functional/test_journal_leases.py",
        "test_two_workers_cannot_lease_the_same_money",
    ),
    "a stop that is looked at every few minutes": (
        "tests/processes/test_metering_processes.py",
        "test_two_processes_sell_the_last_calls_exactly",
    ),
    "limits that every process counts for itself and sums up later": (
        "tests/processes/test_metering_rates.py",
        "test_two_processes_never_serve_more_than_the_limit_in_a_second",
    ),
    "a decision on a count that the store has not given yet": (
        "tests/functional/test_journal_leases.py",
        "test_what_is_rolled_back_was_never_leased_or_booked",
    ),
    "two stores of which one knows of the call and the other does not": (
        "tests/functional/test_lost_commits.py",
        "test_a_commit_whose_answer_is_lost_is_neither_lost_nor_doubled",
    ),
    "a charge for no result": (
        "tests/functional/test_data_plane.py",
        "test_failures_of_the_supplier_are_free",
    ),
    "a change of plan that wipes what was bought": (
        "tests/functional/test_shared_and_negotiated.py",
        "test_a_new_version_with_other_plans_changes_nothing_for_a_running_licence",
    ),
    "an upstream address checked before the fetch instead of during it": (
        "tests/functional/test_hostile_upstream.py",
        "test_a_name_that_changes_between_check_and_connection_changes_nothing",
    ),
    "a query that opens ten file requests counted ten times": (
        "tests/functional/test_packages.py",
        "test_one_call_and_many_downloads_are_one_event_and_its_receipt_holds_their_hashes",
    ),
    "a process that dies between upstream and answer": (
        "tests/processes/test_metering_processes.py",
        "test_killing_a_process_under_load_loses_and_doubles_nothing",
    ),
}


@pytest.mark.parametrize("fault", ELSEWHERE)
def test_faults_that_other_rooms_show_are_shown_there(fault):
    assert_is_test(*ELSEWHERE[fault])


@pytest.mark.parametrize("clause", PROVEN_BY)
def test_what_the_audit_says_that_tests_prove_is_a_test(clause):
    assert_is_test(*PROVEN_BY[clause].split("::"))


def assert_is_test(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(100 * YUAN)
    yield made
    made.close()


class FailingBooks(FakeBooks):
    """Refuses every batch while the disk is full."""

    is_full = True

    def post_runs(self, cursor, runs, *, booked_at):
        if self.is_full:
            raise psycopg.errors.DiskFull
        super().post_runs(cursor, runs, booked_at=booked_at)


class FailingLog(FakeLog):
    """Never takes a call's leaf."""

    def append_leaves(self, cursor, rows):
        if any(row[2] == "call" for row in rows):
            raise psycopg.errors.DiskFull
        super().append_leaves(cursor, rows)


def test_a_dedup_key_claimed_before_the_write_so_that_a_failed_write_meters_zero_times_on_retry(
    world,
):
    """The key is claimed in the transaction of the event: refused together, recorded together."""
    licensed = world.license()
    books = FailingBooks()
    plane = world.plane(HeldUpstream(HIT), books=books)
    given = {"idempotency_key": "once"}
    assert call(plane, licensed, {"iata": "PVG"}, **given).status == 503
    assert world.one("SELECT count(*) FROM call_answers") == 0
    books.is_full = False
    assert call(plane, licensed, {"iata": "PVG"}, **given).status == 200
    assert call(plane, licensed, {"iata": "PVG"}, **given).headers["Idempotency-Replayed"]
    assert world.sql("SELECT count(*), sum(amount)::bigint FROM usage_events") == [(1, 40_000_000)]


def test_a_reply_from_a_buffer_that_then_dies(world):
    """No answer leaves while its record waits in memory: it is committed, or there is none."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    with psycopg.connect(world.database_url) as blocker, ThreadPoolExecutor(1) as threads:
        blocker.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        blocker.execute("LOCK TABLE usage_events IN EXCLUSIVE MODE")
        waiting = threads.submit(call, plane, licensed, {"iata": "PVG"})
        with pytest.raises(TimeoutError):
            waiting.result(0.5)
        blocker.rollback()
        answered = waiting.result(20)
    recorded = "SELECT count(*) FROM usage_events WHERE leaf_hash = %s"
    leaf = base64.b64decode(answered.receipt["entry"])
    assert world.one(recorded, hashlib.sha256(b"\x00" + leaf).digest()) == 1


@pytest.mark.parametrize("size", [2**53 + 1, 2**53 + 3], ids=["float is less", "float is more"])
def test_quota_in_floats(world, size):
    """The last call of a grant beyond 2⁵³ is neither lost nor sold twice."""
    licensed = world.license(package(size))
    world.sql("UPDATE entitlements SET spent_units = granted_units - 2 RETURNING 1")
    world.sql("UPDATE allowance_pools SET spent_units = granted_units - 2 RETURNING 1")
    plane = world.plane(HeldUpstream(HIT))
    statuses = [call(plane, licensed, {"iata": "PVG"}).status for _ in range(3)]
    assert statuses == [200, 200, 403]


def test_quota_in_one_minute_windows(world, clock):
    """Two processes in one instant cannot both sell the last unit; the next minute brings none."""
    licensed = world.license(package(1))
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        racing = [
            threads.submit(call, planes[at % 2], licensed, {"iata": "PVG"}) for at in range(8)
        ]
        statuses = sorted(race.result(30).status for race in racing)
    assert statuses == [200] + [403] * 7
    clock.advance(seconds=61)
    assert [call(plane, licensed, {"iata": "PVG"}).status for plane in planes] == [403, 403]


def test_a_counter_with_a_time_to_live_that_grants_spent_credit_again_after_a_crash(world, clock):
    """What was spent stays spent, however long after the crash the lease is taken back."""
    licensed = world.license(package(5))
    plane = world.plane(HeldUpstream(HIT), lease_seconds=60.0, idle_seconds=1000.0)
    assert [call(plane, licensed, {"iata": "PVG"}).status for _ in range(3)] == [200] * 3
    crash(plane)
    clock.advance(seconds=20 * 86_400)
    reclaim(world)
    again = world.plane(HeldUpstream(HIT))
    statuses = [call(again, licensed, {"iata": "PVG"}).status for _ in range(3)]
    assert statuses == [200, 200, 403]
    again.close()
    assert world.sql("SELECT spent_units, leased_units FROM entitlements") == [(5, 0)]
    assert world.sql("SELECT spent_units, leased_units FROM allowance_pools") == [(5, 0)]


def crash(plane):
    """Stop a plane's threads without giving anything back."""
    committer, housekeeping, listener, *_ = plane._closers
    housekeeping.__self__._chores = ()
    for close in (committer, housekeeping, listener):
        close()
    plane._closers = ()


def reclaim(world):
    with world.units.begin(Reach.EXCHANGE) as uow:
        upkeep.reclaim_leases(uow, FakeWallets())
        uow.commit()


def test_a_time_to_live_in_another_unit(world, clock):
    """Answers are kept for retries a day long: not a second, not a thousand days."""
    licensed, upstream = world.license(), HeldUpstream(HIT)

    def ask():
        return call(world.plane(upstream), licensed, {"iata": "PVG"}, idempotency_key="retry")

    first = ask()
    clock.advance(seconds=24 * 3600 - 60)
    world.change(upkeep.forget_answers)
    again = ask()
    assert (again.headers["Idempotency-Replayed"], again.receipt) == ("true", first.receipt)
    assert len(upstream.calls) == 1
    clock.advance(seconds=120)
    world.change(upkeep.forget_answers)
    assert world.one("SELECT count(*) FROM call_answers") == 0
    assert ask().receipt != first.receipt
    assert world.one("SELECT count(*) FROM usage_events") == 2


def test_a_decrement_that_floors_at_zero_and_hides_overselling(world):
    """The database refuses to spend more than was granted; it does not round it away."""
    licensed = world.license(package(5))
    plane = world.plane(HeldUpstream(HIT))
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    overspent = (
        "UPDATE entitlements SET spent_units = granted_units + 1 WHERE licence_id = %s RETURNING 1"
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        world.sql(overspent, licensed.licence_id)
    with pytest.raises(psycopg.errors.CheckViolation):
        world.sql("UPDATE leases SET spent_units = units + 1 WHERE closed_at IS NULL RETURNING 1")


def test_reservations_that_leak_after_a_panic(world):
    """Whatever breaks inside a call, what was set aside for it is back."""
    licensed = world.license()

    def panic(_parameters):
        raise MemoryError

    plane = world.plane(HeldUpstream(panic), places=8)
    assert [call(plane, licensed, {"iata": "PVG"}).status for _ in range(20)] == [500] * 20
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN
    assert world.sql("SELECT leased_amount, leased_calls FROM entitlements") == [(0, 0)]
    assert world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL") == 0


def test_an_equal_nonce_accepted_twice(world):
    """One Idempotency-Key is one event, also when both come at once and to two processes."""
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    planes = [world.plane(upstream) for _ in range(2)]
    upstream.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        racing = [
            threads.submit(call, plane, licensed, {"iata": "PVG"}, idempotency_key="n")
            for plane in planes
        ]
        deadline = time.monotonic() + 10
        while len(upstream.calls) < 2 and time.monotonic() < deadline:
            upstream.asked.wait(0.01)
        upstream.gate.set()
        answers = [race.result(20) for race in racing]
    assert [each.status for each in answers] == [200, 200]
    assert len({each.headers["Usage-Receipt"] for each in answers}) == 1
    assert world.one("SELECT count(*) FROM usage_events") == 1
    other = call(planes[0], licensed, {"iata": "SHA"}, idempotency_key="n")
    assert (other.status, other.json["type"]) == (422, "/problems#call-idempotency-key-reused")


def test_a_signature_that_covers_the_asset_but_not_the_request_order_or_response(world):
    """The signed leaf binds licence, plan, scenario, request and response: no member can change."""
    licensed = world.license()
    answered = call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"})
    receipt, key = answered.receipt, bytes.fromhex(answered.receipt["detail_key"])
    asked = Commitments(key).request("GET", licensed.listing_code, {"iata": "PVG"})
    assert answered.leaf["request"] == asked
    assert answered.leaf["response"] == Commitments(key).response(answered.body)
    verify(receipt, answered.leaf)
    for member in set(answered.leaf) - {"v", "type"}:
        other = answered.leaf | {member: "0" if isinstance(answered.leaf[member], str) else 99}
        with pytest.raises(InvalidSignature):
            verify(receipt, other)


def verify(receipt, leaf):
    hashed = hashlib.sha256(b"\x00" + canonical_bytes(leaf)).digest()
    message = b"counterfoil/usage-receipt/v1\x00" + hashed + canonical_bytes(receipt["promise"])
    key = Ed25519PublicKey.from_public_bytes(SIGNER.public_key)
    key.verify(base64.b64decode(receipt["signature"]), message)


def test_a_strangers_key_for_a_listing_that_its_licence_does_not_name(world):
    """A licence is for one listing of one supplier, whatever address the key is used at."""
    world.publish(code="S0002-OTHER", version="ver_other")
    licensed = world.license()
    answered = call(
        world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}, path="/data/S0002-OTHER"
    )
    assert (answered.status, answered.json["rule"]) == (403, "METER-LISTING")


def test_a_token_that_outlives_its_licence(world, clock):
    """A key whose own end is later ends with the licence, and a rotated one with its overlap."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    world.change(
        services.admit_key,
        key_id=licensed.key_id,
        licence_id=licensed.licence_id,
        organisation_id="org_buyer",
        secret_hash=hashlib.sha256(licensed.key.encode()).hexdigest(),
        networks=(),
        expires_at=clock.now() + timedelta(days=400),
    )
    clock.advance(seconds=31 * 86_400)
    assert call(plane, licensed, {"iata": "PVG"}).json["rule"] == "METER-PERIOD"


def test_a_rotated_key_that_keeps_its_old_end(world, clock):
    """Told again of a key, the data plane takes the new end, also in a cache an hour old."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT), cache_seconds=3600.0)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    world.change(
        services.admit_key,
        key_id=licensed.key_id,
        licence_id=licensed.licence_id,
        organisation_id="org_buyer",
        secret_hash=hashlib.sha256(licensed.key.encode()).hexdigest(),
        networks=(),
        expires_at=clock.now() + timedelta(seconds=5),
    )
    clock.advance(seconds=4)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    clock.advance(seconds=1)
    assert call(plane, licensed, {"iata": "PVG"}).status == 401


def test_a_client_address_taken_from_x_forwarded_for(world):
    """Only the socket says who calls, unless the operator names a proxy."""
    licensed = world.license(networks=["198.51.100.0/24"])
    answered = call(
        world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}, x_forwarded_for="198.51.100.7"
    )
    assert (answered.status, answered.json["rule"]) == (403, "METER-NETWORK")


def test_errors_of_the_proof_path_swallowed(world):
    """Without its leaf in the log a call is neither delivered nor charged."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT), log=FailingLog())
    answered = call(plane, licensed, {"iata": "PVG"})
    assert (answered.status, answered.json["type"]) == (503, "/problems#meter-unavailable")
    assert "Usage-Receipt" not in answered.headers
    plane.close()
    assert world.one("SELECT count(*) FROM usage_events") == 0
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN


@pytest.mark.parametrize("size", [1, 2, 4, 5, 16, 17])
def test_an_index_off_by_one(world, size):
    """A package of n sells n, numbered 1 to n, each chained to the one before."""
    licensed = world.license(package(size))
    plane = world.plane(HeldUpstream(HIT))
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(size + 1)]
    assert [each.status for each in answers] == [200] * size + [403]
    assert [each.leaf["n"] for each in answers[:-1]] == list(range(1, size + 1))
    assert [each.leaf["total_units"] for each in answers[:-1]] == list(range(1, size + 1))


@pytest.mark.parametrize("quantity", ["1.5", "1e3", "NaN", "1.0", "true", '"0x10"'])
def test_float_quantities(world, quantity):
    """Neither an input nor a measured unit is ever a float."""
    listing = world.publish(
        code="S0001-COUNTED",
        version="ver_counted",
        fields_in=[{"name": "count", "type": "integer"}],
        outcome_rule={"units": {"measure": "integer", "at": "/n"}, "units_max": 2000},
    )
    licensed = world.license(per_call(unit="unit"), listing=listing)
    answered = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","n":%s}' % quantity.encode())
    upstream = HeldUpstream(answered)
    plane = world.plane(upstream)
    refused = call(plane, licensed, method="POST", body=b'{"count":%s}' % quantity.encode())
    assert refused.status in {400, 422}
    assert upstream.calls == []
    assert call(plane, licensed, {"count": "1"}).status == 502
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_split_remainders_lost():
    """However calls are batched, the parts of a charge are the charge."""
    total, kept = 0, dict.fromkeys(SPLIT, 0)
    for amount in (1, 3, 7, 33, 40_000_000, 1):
        gained = added_shares(amount, total, SPLIT)
        assert sum(gained.values()) == amount
        total += amount
        kept = {part: kept[part] + gained[part] for part in kept}
    assert kept == added_shares(total, 0, SPLIT)


# Seen beside those of METERING.md.


def test_a_check_that_fails_open_when_the_store_does_not_answer(world):
    """Without the database no limit, no lease and no record: the call is refused, not waved on."""
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream)
    world.connection.execute("ALTER TABLE rate_windows RENAME TO rate_windows_gone")
    answered = call(plane, licensed, {"iata": "PVG"})
    assert (answered.status, answered.headers["Retry-After"]) == (503, "1")
    assert upstream.calls == []


def test_a_stored_answer_is_bounded_as_the_answer_is(world):
    """What a retry is answered from is never larger than the listing's largest answer."""
    listing = world.publish(code="S0001-LARGE", version="ver_large", response_bytes_max=2**30)
    licensed = world.license(listing=listing)
    body = json.dumps({"iata": "PVG", "name": "x" * 4000}).encode()
    plane = world.plane(HeldUpstream(UpstreamAnswer(200, body)))
    assert call(plane, licensed, {"iata": "PVG"}, idempotency_key="k").status == 200
    assert world.one("SELECT octet_length(sealed) FROM call_answers") < len(body) + 200
    assert (
        plane._callers.find(
            hashlib.sha256(licensed.key.encode()).hexdigest()
        ).licence.route.target.response_bytes_max
        == 2**20
    )


def test_a_purpose_covers_what_is_below_it_and_nothing_beside_it(world):
    """The licence arrives with every purpose that it covers; the data plane knows no tree."""
    licensed = world.license(purposes=["RISK"])
    world.sql(
        'UPDATE entitlements SET permitted_purposes = \'["RISK", "CREDIT", "FRAUD"]\' RETURNING 1'
    )
    plane = world.plane(HeldUpstream(HIT))
    statuses = {
        purpose: call(plane, licensed, {"iata": "PVG"}, purpose=purpose).status
        for purpose in ("RISK", "CREDIT", "MARKETING", "INVENTED")
    }
    assert statuses == {"RISK": 200, "CREDIT": 200, "MARKETING": 403, "INVENTED": 403}
