"""Credit notes and settlement statements whose leaves stand on both sides of a year's turn."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from counterfoil_verify.cli import main as verify

from app.core.canonical import canonical_bytes
from app.core.reach import Reach
from app.core.signing import RenamedSigner
from ledger.journal.credits import queries as credit_queries
from ledger.journal.credits.services import credit_evidence
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import run_services
from ledger.journal.settlement.run_services import RunPeriod
from ledger.journal.statement_evidence import services as statement_services
from ledger.log.sequencing.sequencer import Sequencer
from tests.factories.traded_books import ORIGIN, SUPPLIER, evidence_ports, log_keys
from tests.functional.test_credits import credit_calls, licence, reacting

__all__ = ["credit_calls", "licence", "reacting"]

HOST = "exchange.example"
NEXT = f"{HOST}/log/2027"
SILVESTER = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.fixture
def sequence(reacting, clock):
    clock.set(SILVESTER)
    sequencer = Sequencer(reacting, log_keys(), host=HOST)

    def step():
        while sequencer.step().has_more:
            pass

    step()
    return step


@pytest.fixture
def ports():
    """As of the new year: the statement key under its new name."""
    return replace(
        evidence_ports(), signer=RenamedSigner(log_keys().statements, f"{NEXT}/statements")
    )


@pytest.fixture
def check(tmp_path):
    old, new = log_keys().vkeys, log_keys().named(NEXT).vkeys
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({role: [old[role], new[role]] for role in old}))
    file, report = tmp_path / "evidence.json", tmp_path / "report.json"

    def run(command, document):
        file.write_bytes(canonical_bytes(document))
        code = verify([command, str(file), "--keys", str(keys), "--json", str(report)])
        failed = [
            each["name"] for each in json.loads(report.read_text())["steps"] if not each["ok"]
        ]
        return code, failed

    return run


def test_the_credits_of_both_years_are_shown_and_none_can_be_hidden(
    licence, credit_calls, reacting, sequence, ports, clock, check
):
    for number in (1, 2, 3):
        licence.lane.call(100)
        if number == 3:
            sequence()
            clock.set(NEW_YEAR)
            sequence()
        credit_calls(licence, (number, None), credit_id=f"crd_{number}")
    sequence()
    with reacting.begin(Reach.EXCHANGE) as uow:
        evidence = credit_evidence(
            uow.session, ports, credit_queries.get_credit(uow.session, "crd_3", None)
        )
    shown = [credit.get("origin", NEXT) for credit in evidence["credits"]]
    assert shown == [ORIGIN, ORIGIN, NEXT]
    assert check("credit-note", evidence) == (0, [])
    hidden = {**evidence, "credits": evidence["credits"][1:]}
    assert check("credit-note", hidden) == (1, ["credits"])
    unlinked = {name: value for name, value in evidence.items() if name != "predecessors"}
    assert check("credit-note", unlinked)[0] == 1


def test_a_statement_of_the_old_year_is_shown_in_the_new_one(
    licence, reacting, sequence, ports, clock, check
):
    licence.lane.call()
    licence.lane.call()
    sequence()
    clock.advance(seconds=1)
    with reacting.begin(Reach.EXCHANGE) as uow:
        run_services.plan_run(
            uow, RunPeriod("CNY", None, clock.now()), planned_by="psn_1", minimum_amount=0
        )
        uow.commit()
    is_done = False
    while not is_done:
        with reacting.begin(Reach.EXCHANGE) as uow:
            is_done = not run_services.advance_run(uow, 50)
            uow.commit()
    sequence()
    clock.set(NEW_YEAR)
    sequence()
    with reacting.begin(Reach.EXCHANGE) as uow:
        page = settlement_queries.list_settlements(
            uow.session, SUPPLIER, run_id=None, currency="CNY", cursor=None, limit=10
        )
        (settlement,) = page.items
        whole = statement_services.statement_evidence(uow.session, ports, settlement)
        row = statement_services.row_evidence(uow.session, ports, settlement, licence.licence_id)
    for evidence in (whole, row):
        assert evidence["leaf"]["origin"] == ORIGIN
        assert evidence["checkpoint"].startswith(f"{NEXT}\n")
        assert check("statement", evidence) == (0, [])
    moved = {**whole, "leaf": {k: v for k, v in whole["leaf"].items() if k != "origin"}}
    assert check("statement", moved) == (1, ["inclusion"])
