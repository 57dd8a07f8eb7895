"""Credits: the original lines and no more, numbered without a gap, once whoever asks."""

import json
import threading
from datetime import timedelta

import pytest
from counterfoil_verify.cli import main as verify
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.canonical import canonical_bytes, digest_hex
from app.core.errors import CounterfoilError
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.credits import queries as credit_queries
from ledger.journal.credits import services as credit_services
from ledger.journal.credits.errors import (
    AlreadyCredited,
    ChargeEarnedByDay,
    ChargeNotFound,
    CreditExceedsCharge,
    CreditNotFound,
    CreditNotYetPublished,
)
from ledger.journal.credits.notes import ORDER, signed_bytes
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.periods import services as period_services
from ledger.journal.trading import queries
from ledger.log.sequencing.sequencer import Sequencer
from tests.factories.traded_books import (
    BUYER,
    CONTRIBUTOR,
    PARTS,
    SPLIT,
    SUPPLIER,
    TradedLicence,
    balances,
    evidence_ports,
    log_keys,
)


@pytest.fixture
def reacting(engine, clock, ids):
    """Units of work with every reaction: a credit's leaf is written with it."""
    return UnitOfWorkFactory(engine, clock, ids, build_reactions())


@pytest.fixture
def licence(units, clock):
    return TradedLicence(units, clock)


@pytest.fixture
def credit_calls(reacting):
    """Gives calls of a licence back; (n, amount or None for all)."""

    def run(licence, *calls, credit_id="crd_1"):
        with reacting.begin(Reach.EXCHANGE) as uow:
            corrections = credit_services.call_corrections(
                uow.session,
                evidence_ports(),
                licence.licence_id,
                [(1, n, amount) for n, amount in calls],
            )
            credit = credit_services.give_credit(
                uow,
                credit_id=credit_id,
                licence_id=licence.licence_id,
                amount=sum(each.amount for each in corrections),
                reason_code="wrong_data",
                corrects=corrections,
            )
            uow.commit()
            return credit

    return run


@pytest.fixture
def credit_booked(reacting):
    """Gives back of an order's price or a period's fee."""

    def run(licence, kind, amount, *, reference="", credit_id="crd_1"):
        with reacting.begin(Reach.EXCHANGE) as uow:
            parties = queries.get_licence_parties(uow.session, licence.licence_id, None)
            correction = credit_services.booked_correction(
                uow.session, parties, kind=kind, reference=reference, amount=amount
            )
            credit = credit_services.give_credit(
                uow,
                credit_id=credit_id,
                licence_id=licence.licence_id,
                amount=correction.amount,
                reason_code="goodwill",
                corrects=[correction],
            )
            uow.commit()
            return credit

    return run


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def test_a_credited_call_leaves_the_books_as_if_it_had_not_been(licence, credit_calls, units):
    """The fault of other systems: the supplier's balance unchanged after a refund."""
    for amount in (40_000_001, 7, 33_333_333):
        licence.lane.call(amount)
    before = balances(units)
    wrong = licence.lane.call(99_999_997)
    licence.lane.call(0)
    charged = balances(units)
    assert charged[PARTS["supplier"]] > before[PARTS["supplier"]]
    credit_calls(licence, (wrong, None))
    assert balances(units) == before
    assert sound(units)


def test_a_frozen_supplier_gives_nothing_back_until_two_people_looked(
    licence, credit_calls, units, freeze
):
    licence.lane.call(10_000)
    before = balances(units)
    lift = freeze(PARTS[f"supplier:{CONTRIBUTOR}"])
    with pytest.raises(AccountFrozen):
        credit_calls(licence, (1, None))
    assert balances(units) == before
    lift()
    assert credit_calls(licence, (1, None)).amount == 10_000


def test_several_credits_of_one_charge_take_back_exactly_what_it_gave(
    licence, credit_booked, units
):
    before = balances(units)
    licence.order(100_000_007)
    for number, amount in enumerate((1, 33_333_333, 66_666_673), start=1):
        credit_booked(licence, "order", amount, credit_id=f"crd_{number}")
    assert balances(units) == before
    with pytest.raises(CreditExceedsCharge):
        credit_booked(licence, "order", 1, credit_id="crd_4")


def test_a_period_s_fee_is_credited_in_part(licence, credit_booked, units):
    with units.begin(Reach.EXCHANGE) as uow:
        period_services.charge_period(
            uow,
            licence_id=licence.licence_id,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            period="2",
            amount=1_000,
            currency="CNY",
            split=SPLIT,
        )
        uow.commit()
    wallet = balances(units)[f"{BUYER}/wallet/CNY"]
    credit_booked(licence, "period", 400, reference="2")
    assert balances(units)[f"{BUYER}/wallet/CNY"] == wallet + 400
    assert balances(units)[PARTS["supplier"]] == 300
    with pytest.raises(ChargeNotFound):
        credit_booked(licence, "period", 1, reference="3", credit_id="crd_2")


def test_numbers_and_totals_run_without_a_gap_within_each_licence(
    licence, credit_calls, units, clock
):
    other = TradedLicence(units, clock, 2)
    for number in (1, 2, 3):
        licence.lane.call(100 * number)
        other.lane.call(7)
    first = credit_calls(licence, (1, None), credit_id="crd_1")
    elsewhere = credit_calls(other, (1, 5), credit_id="crd_2")
    second = credit_calls(licence, (2, 150), (3, None), credit_id="crd_3")
    assert [(each.n, each.amount, each.total_amount) for each in (first, elsewhere, second)] == [
        (1, 100, 100),
        (1, 5, 5),
        (2, 450, 550),
    ]
    assert second.document["total_amount"] == "550"
    assert second.note_hash == digest_hex(second.document)
    assert [line["reference"] for line in second.document["lines"]] == ["1:2", "1:3"]


def test_the_same_credit_again_is_the_same_credit(licence, credit_calls, units):
    licence.lane.call(100)
    credit_calls(licence, (1, None))
    after = balances(units)
    with units.begin(Reach.EXCHANGE) as uow:
        again = credit_services.give_credit(
            uow,
            credit_id="crd_1",
            licence_id=licence.licence_id,
            amount=0,
            reason_code="",
            corrects=[],
        )
        assert again.amount == 100
        uow.commit()
    assert balances(units) == after


@pytest.mark.parametrize(
    ("calls", "refusal"),
    [
        ([(1, 101)], CreditExceedsCharge),
        ([(1, 0)], CreditExceedsCharge),
        ([(1, 40), (1, 40)], CreditExceedsCharge),
        ([(9, None)], ChargeNotFound),
        ([(2, None)], ChargeNotFound),
        ([(0, None)], ChargeNotFound),
    ],
)
def test_nothing_is_given_back_that_was_not_charged(
    licence, credit_calls, units, calls, refusal: type[CounterfoilError]
):
    licence.lane.call(100)
    licence.lane.call(0)
    before = balances(units)
    with pytest.raises(refusal):
        credit_calls(licence, *calls)
    assert balances(units) == before


def test_a_yearly_price_is_not_said_to_have_never_been_charged(licence, credit_booked, units):
    with units.begin(Reach.EXCHANGE) as uow:
        deferral_services.defer_order(
            uow,
            order_id=licence.order_id,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            amount=365,
            currency="CNY",
            split=SPLIT,
            starts_at=uow.now,
            ends_at=uow.now + timedelta(days=365),
        )
        uow.commit()
    with pytest.raises(ChargeEarnedByDay):
        credit_booked(licence, ORDER, 100)


def test_a_call_is_credited_once_even_in_part(licence, credit_calls):
    licence.lane.call(100)
    credit_calls(licence, (1, 40))
    with pytest.raises(AlreadyCredited):
        credit_calls(licence, (1, 60), credit_id="crd_2")


def test_two_credits_of_one_call_at_once_have_one_effect_in_the_books(licence, credit_calls, units):
    licence.lane.call(100)
    start = threading.Barrier(4)
    outcomes = []

    def give(number):
        start.wait()
        try:
            outcomes.append(credit_calls(licence, (1, None), credit_id=f"crd_{number}").n)
        except AlreadyCredited:
            outcomes.append("refused")

    threads = [threading.Thread(target=give, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", "refused", "refused", "refused"]
    assert PARTS["supplier"] not in balances(units)
    assert sound(units)


def test_the_database_itself_refuses_a_second_credit_of_a_call_and_any_change(
    licence, credit_calls, engine, units
):
    licence.lane.call(100)
    credit_calls(licence, (1, None))
    again = (
        "INSERT INTO credit_items SELECT credit_id, 2, licence_id, buyer_id, supplier_id, kind,"
        " reference, charged_amount, amount FROM credit_items"
    )
    with (
        units.begin(Reach.EXCHANGE) as uow,
        pytest.raises(DBAPIError, match="ix_credit_items_call"),
    ):
        uow.session.execute(text(again))
    for change in ("UPDATE credits SET amount = 1", "DELETE FROM credit_items"):
        with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError, match="refused"):
            uow.session.execute(text(change))


def test_both_parties_read_a_credit_and_nobody_else(licence, credit_calls, units):
    licence.lane.call(100)
    credit_calls(licence, (1, None))
    for organisation_id, count in ((BUYER, 1), (SUPPLIER, 1), ("org_stranger", 0)):
        with units.begin(Reach.organisation(organisation_id)) as uow:
            page = credit_queries.list_credits(
                uow.session, organisation_id, licence_id=None, cursor=None, limit=10
            )
            assert len(page.items) == count
            for table in ("credits", "credit_items"):
                seen = uow.session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 -- a constant
                assert seen == count
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(CreditNotFound):
        credit_queries.get_credit(uow.session, "crd_1", "org_stranger")


def test_evidence_shows_every_credit_of_the_licence_up_to_its_own(licence, credit_calls, reacting):
    ports = evidence_ports()
    for number in (1, 2, 3):
        licence.lane.call(100)
        credit_calls(licence, (number, None), credit_id=f"crd_{number}")
    with reacting.begin(Reach.EXCHANGE) as uow:
        credit = credit_queries.get_credit(uow.session, "crd_2", None)
        with pytest.raises(CreditNotYetPublished):
            credit_services.credit_evidence(uow.session, ports, credit)
    sequencer = Sequencer(reacting, log_keys())
    while sequencer.step().integrated_count:
        pass
    with reacting.begin(Reach.EXCHANGE) as uow:
        evidence = credit_services.credit_evidence(uow.session, ports, credit)
        rows = uow.session.execute(
            text(
                "SELECT convert_from(body, 'UTF8')::json AS leaf FROM log_entries"
                " WHERE entry_type = 'credit' ORDER BY arrival"
            )
        )
        leaves = [row.leaf for row in rows]
    assert len(evidence["credits"]) == 2
    assert [(leaf["n"], leaf["amount"], leaf["total_amount"]) for leaf in leaves] == [
        (1, "100", "100"),
        (2, "100", "200"),
        (3, "100", "300"),
    ]
    assert leaves[1]["note_hash"] == digest_hex(evidence["note"])
    assert evidence["signature"]
    assert signed_bytes(evidence["note"]).startswith(b"counterfoil/credit-note/v1\x00")


def test_the_independent_verifier_accepts_a_note_and_misses_a_hidden_credit(
    licence, credit_calls, reacting, tmp_path, capsys
):
    for number in (1, 2, 3):
        licence.lane.call(40_000_000 + number)
        credit_calls(licence, (number, None), credit_id=f"crd_{number}")
    sequencer = Sequencer(reacting, log_keys())
    while sequencer.step().integrated_count:
        pass
    with reacting.begin(Reach.EXCHANGE) as uow:
        credit = credit_queries.get_credit(uow.session, "crd_3", None)
        evidence = credit_services.credit_evidence(uow.session, evidence_ports(), credit)
    (tmp_path / "keys.json").write_text(json.dumps(log_keys().vkeys))
    keys = ["--keys", str(tmp_path / "keys.json")]
    (tmp_path / "note.json").write_bytes(canonical_bytes(evidence))
    assert verify(["credit-note", str(tmp_path / "note.json"), *keys]) == 0
    said = capsys.readouterr().out
    assert "7 sums: ok (0.40000003 CNY)" in said
    hidden = {**evidence, "credits": [evidence["credits"][0], evidence["credits"][2]]}
    (tmp_path / "hidden.json").write_bytes(canonical_bytes(hidden))
    assert verify(["credit-note", str(tmp_path / "hidden.json"), *keys]) == 1
    assert "REJECTED at credits" in capsys.readouterr().out
