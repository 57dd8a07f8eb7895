"""Disputes: compared with log and invoice, decided by nobody concerned, credited once."""

import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.canonical import canonical_bytes, digest_hex
from app.core.clock import iso_instant
from app.core.errors import CounterfoilError
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.credits.errors import AlreadyCredited
from ledger.journal.deciders import DeciderNotIndependent
from ledger.journal.disputes import queries as dispute_queries
from ledger.journal.disputes import services as dispute_services
from ledger.journal.disputes.bundles import signed_bytes
from ledger.journal.disputes.claims import Claim
from ledger.journal.disputes.errors import (
    AcceptedCallsUnfit,
    AnswerTooLate,
    CallsAlreadyDisputed,
    CallsTooOldToDispute,
    DisputeAwaitsAnswer,
    DisputeNotFound,
    ReceiptOfAnotherLicence,
    ReceiptUnreadable,
)
from ledger.journal.disputes.receipts import RECEIPT_DOMAIN
from ledger.journal.disputes.services import AcceptedCall
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.tree.merkle import leaf_hash
from tests.factories.traded_books import (
    BUYER,
    PARTS,
    SUPPLIER,
    TradedLicence,
    balances,
    evidence_ports,
    log_keys,
)

BUYER_PERSON = Principal("psn_b", BUYER, frozenset({Role.BUYER}))
SUPPLIER_PERSON = Principal("psn_s", SUPPLIER, frozenset({Role.SUPPLIER}))
DECIDER = Principal("psn_r", "org_x", frozenset({Role.RISK_OFFICER}), has_second_factor=True)


@pytest.fixture
def reacting(engine, clock, ids):
    return UnitOfWorkFactory(engine, clock, ids, build_reactions())


@pytest.fixture
def licence(units, clock):
    made = TradedLicence(units, clock)
    for amount in (100, 200, 0, 400):
        made.lane.call(amount)
    return made


def receipt_of(units, licence, n, *, leaf=None, signer=None):
    """A usage receipt of a logged call, as metering makes it."""
    if leaf is None:
        with units.begin(Reach.EXCHANGE) as uow:
            query = text("SELECT body FROM log_entries WHERE licence_id = :licence AND n = :n")
            leaf = bytes(uow.session.scalar(query, {"licence": licence.licence_id, "n": n}))
    keys = log_keys()
    signer = signer or keys.receipts
    promise = {"origin": keys.origin, "issued_at": "2026-11-20T08:00:00.000000Z"}
    promise["merge_delay_seconds"] = 60
    message = RECEIPT_DOMAIN + leaf_hash(leaf) + canonical_bytes(promise)
    return canonical_bytes(
        {
            "format": "counterfoil-usage-receipt/1",
            "entry": base64.b64encode(leaf).decode(),
            "detail": {"secret": "private"},
            "detail_key": "00" * 32,
            "promise": promise,
            "key": keys.receipts.name,
            "signature": base64.b64encode(signer.sign(message)).decode(),
        }
    ).decode()


@pytest.fixture
def dispute(reacting):
    def run(licence, *claims, reason_code="wrong_data", said="The answer was wrong."):
        with reacting.begin(Reach.EXCHANGE) as uow:
            made = dispute_services.open_dispute(
                uow,
                evidence_ports(),
                BUYER_PERSON,
                licence_id=licence.licence_id,
                reason_code=reason_code,
                text=said,
                claims=[
                    claim if isinstance(claim, Claim) else Claim(lane=1, n=claim)
                    for claim in claims
                ],
            )
            uow.commit()
            return made

    return run


@pytest.fixture
def answer(reacting):
    def run(dispute):
        with reacting.begin(Reach.EXCHANGE) as uow:
            made = dispute_services.answer_dispute(
                uow, SUPPLIER_PERSON, dispute_id=dispute.dispute_id, text="It was right."
            )
            uow.commit()
            return made

    return run


@pytest.fixture
def decide(reacting):
    def run(dispute, *accepted, principal=DECIDER):
        with reacting.begin(Reach.EXCHANGE) as uow:
            made = dispute_services.decide_dispute(
                uow,
                evidence_ports(),
                principal,
                dispute_id=dispute.dispute_id,
                accepted=[
                    each if isinstance(each, AcceptedCall) else AcceptedCall(1, each)
                    for each in accepted
                ],
                text="Decided.",
            )
            uow.commit()
            return made

    return run


def calls_of(units, dispute):
    with units.begin(Reach.EXCHANGE) as uow:
        return dispute_queries.list_calls(uow.session, dispute.dispute_id)


def test_calls_are_found_by_place_by_receipt_and_by_header(licence, dispute, units):
    header = base64.urlsafe_b64encode(receipt_of(units, licence, 4).encode()).rstrip(b"=").decode()
    made = dispute(licence, 1, Claim(receipt=receipt_of(units, licence, 2)), Claim(receipt=header))
    assert made.claimed_amount == 700
    assert [(call.n, call.finding, call.detail) for call in calls_of(units, made)] == [
        (1, "matches", "as_logged"),
        (2, "matches", "same_leaf"),
        (4, "matches", "same_leaf"),
    ]


def test_a_receipt_that_the_log_does_not_bear_out_is_told_apart_by_its_signature(
    licence, dispute, units
):
    with units.begin(Reach.EXCHANGE) as uow:
        body = bytes(uow.session.scalar(text("SELECT body FROM log_entries WHERE n = 1")))
    leaf = json.loads(body)
    changed = canonical_bytes({**leaf, "amount": "1"})
    unheard = canonical_bytes({**leaf, "n": 99})
    forged = log_keys().statements
    made = dispute(
        licence,
        Claim(receipt=receipt_of(units, licence, 1, leaf=changed)),
        Claim(receipt=receipt_of(units, licence, 1, leaf=unheard, signer=forged)),
    )
    assert [(call.finding, call.detail, call.amount) for call in calls_of(units, made)] == [
        ("differs", "another_leaf_signed", 0),
        ("unknown", "no_such_call_not_signed", 0),
    ]
    assert made.claimed_amount == 0


def test_what_is_kept_and_told_holds_neither_detail_nor_text(licence, dispute, units, reacting):
    made = dispute(licence, Claim(receipt=receipt_of(units, licence, 1)), said="private words")
    (call,) = calls_of(units, made)
    assert call.receipt is not None
    assert (call.receipt["detail"], call.receipt["detail_key"]) == (None, None)
    with reacting.begin(Reach.EXCHANGE) as uow:
        leaves = [
            bytes(body).decode()
            for body in uow.session.scalars(
                text("SELECT body FROM log_entries WHERE entry_type LIKE 'dispute%'")
            )
        ]
    assert len(leaves) == 1
    assert "private" not in "".join(leaves)
    assert made.bundle_hash in leaves[0]


def test_the_bundle_names_the_invoice_line_and_is_proven_once_published(
    licence, dispute, units, reacting, clock
):
    clock.advance(seconds=1)
    journal = BillingPorts(LogLaneLedger(), log_keys().statements)
    with reacting.begin(Reach.EXCHANGE) as uow:
        invoice = invoice_services.issue_invoice(
            uow,
            journal,
            licence_id=licence.licence_id,
            from_at=clock.now() - timedelta(days=1),
            until_at=clock.now(),
        )
        uow.commit()
    made = dispute(licence, 2)
    (call,) = made.bundle["calls"]
    assert call["invoice"]["invoice_id"] == invoice.invoice_id
    assert call["invoice"]["line"]["closing_n"] == 4
    ports = evidence_ports()
    with reacting.begin(Reach.EXCHANGE) as uow:
        evidence = dispute_services.dispute_evidence(uow.session, ports, made)
    assert (evidence["leaves"], evidence["checkpoint"]) == ([], None)
    sequencer = Sequencer(reacting, log_keys())
    while sequencer.step().integrated_count:
        pass
    with reacting.begin(Reach.EXCHANGE) as uow:
        evidence = dispute_services.dispute_evidence(uow.session, ports, made)
    assert len(evidence["leaves"]) == 1
    assert evidence["checkpoint"]
    signature = base64.b64decode(evidence["signature"])
    assert signature == ports.signer.sign(signed_bytes(evidence["bundle"]))
    assert digest_hex(evidence["bundle"]) == made.bundle_hash


def test_an_accepted_claim_is_credited_and_the_books_are_as_without_the_call(
    licence, dispute, answer, decide, units
):
    made = dispute(licence, 2, 4)
    answer(made)
    decided = decide(made, 4)
    assert (decided.state, decided.decision, decided.accepted_amount) == ("credited", "part", 400)
    assert [call.is_accepted for call in calls_of(units, made)] == [False, True]
    assert balances(units)[PARTS["supplier"]] == 150
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []


@pytest.mark.parametrize(
    ("accepted", "state", "decision"),
    [
        ((1, 2, 3), "credited", "whole"),
        ((1, AcceptedCall(1, 2, 50)), "credited", "part"),
        ((3,), "accepted", "part"),
        ((), "rejected", "none"),
    ],
)
def test_decisions_in_whole_in_part_of_nothing_charged_and_against(
    licence, dispute, answer, decide, accepted, state, decision
):
    made = dispute(licence, 1, 2, 3)
    answer(made)
    decided = decide(made, *accepted)
    assert (decided.state, decided.decision) == (state, decision)
    with pytest.raises(IllegalTransition):
        decide(made)


def test_nobody_decides_before_the_answer_or_its_deadline(licence, dispute, answer, decide, clock):
    made = dispute(licence, 1)
    with pytest.raises(DisputeAwaitsAnswer):
        decide(made, 1)
    clock.set(made.answer_until_at)
    with pytest.raises(AnswerTooLate):
        answer(made)
    assert decide(made, 1).state == "credited"


@pytest.mark.parametrize("organisation_id", [BUYER, SUPPLIER])
def test_a_party_does_not_decide(licence, dispute, answer, decide, organisation_id):
    made = dispute(licence, 1)
    answer(made)
    with pytest.raises(DeciderNotIndependent):
        decide(made, 1, principal=replace(DECIDER, organisation_id=organisation_id))


@pytest.mark.parametrize("accepted", [(7,), (2, 2), (9,)])
def test_only_calls_that_the_log_shows_are_accepted(licence, dispute, answer, decide, accepted):
    made = dispute(licence, 2, 9)
    answer(made)
    with pytest.raises(AcceptedCallsUnfit):
        decide(made, *accepted)


def test_a_call_is_disputed_once_and_again_only_after_a_withdrawal(
    licence, dispute, reacting, units
):
    made = dispute(licence, 1, 2)
    with pytest.raises(CallsAlreadyDisputed):
        dispute(licence, 2, 4)
    with reacting.begin(Reach.EXCHANGE) as uow:
        dispute_services.withdraw_dispute(uow, dispute_id=made.dispute_id)
        uow.commit()
    assert dispute(licence, 2, 4).state == "opened"


def test_a_credited_call_and_an_old_one_are_not_disputed(licence, dispute, answer, decide, clock):
    made = dispute(licence, 1)
    answer(made)
    decide(made, 1)
    with pytest.raises((CallsAlreadyDisputed, AlreadyCredited)):
        dispute(licence, 1)
    clock.advance(seconds=91 * 86_400)
    with pytest.raises(CallsTooOldToDispute):
        dispute(licence, 2)


@pytest.mark.parametrize(
    ("claim", "refusal"),
    [
        (Claim(receipt="%%%"), ReceiptUnreadable),
        (Claim(receipt='{"entry": "e30="}'), ReceiptUnreadable),
        (Claim(receipt="[" * 60_000), ReceiptUnreadable),
        (Claim(lane=1), ReceiptUnreadable),
    ],
)
def test_what_is_no_receipt_is_refused(licence, dispute, claim, refusal: type[CounterfoilError]):
    with pytest.raises(refusal):
        dispute(licence, claim)


def test_one_dispute_is_about_one_licence(licence, dispute, units, clock):
    other = TradedLicence(units, clock, 2)
    other.lane.call(5)
    receipt = receipt_of(units, other, 1)
    with pytest.raises(ReceiptOfAnotherLicence):
        dispute(licence, Claim(receipt=receipt))


def test_a_dispute_decided_twice_at_once_is_credited_once(licence, dispute, answer, decide, units):
    made = dispute(licence, 4)
    answer(made)
    start = threading.Barrier(3)
    outcomes = []

    def work():
        start.wait()
        try:
            outcomes.append(decide(made, 4).state)
        except IllegalTransition:
            outcomes.append("refused")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["credited", "refused", "refused"]
    assert balances(units)[PARTS["supplier"]] == 150


def test_two_disputes_about_one_call_at_once_are_one(licence, dispute, units):
    start = threading.Barrier(3)
    outcomes = []

    def work():
        start.wait()
        try:
            outcomes.append(dispute(licence, 1).state)
        except CallsAlreadyDisputed:
            outcomes.append("refused")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["opened", "refused", "refused"]


def test_both_parties_read_it_and_nobody_else(licence, dispute, units):
    made = dispute(licence, 1)
    for organisation_id, count in ((BUYER, 1), (SUPPLIER, 1), ("org_stranger", 0)):
        with units.begin(Reach.organisation(organisation_id)) as uow:
            for table in ("disputes", "dispute_calls"):
                seen = uow.session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 -- a constant
                assert seen == count
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DisputeNotFound):
        dispute_queries.get_dispute(uow.session, made.dispute_id, "org_stranger")
    assert iso_instant(made.answer_until_at).startswith("2026-11-27")
