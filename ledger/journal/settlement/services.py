"""Verbs on settlements: settle a supplier's account, and make a statement again."""

import hashlib
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.ids import OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import payable_of
from ledger.journal.ids import SettlementId
from ledger.journal.settlement import postings as settlement_postings
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import settled_ranges
from ledger.journal.settlement.events import SettlementMade
from ledger.journal.settlement.models import Settlement, SettlementRun, StatementRow
from ledger.journal.settlement.settled_ranges import PostingRange
from ledger.journal.settlement.statements import (
    RETURNED_AT_FIRST,
    RETURNED_TEMPLATES,
    StatementFacts,
    statement_document,
)
from ledger.journal.wallets.services import open_accounts


def rebuild_statement(session: Session, settlement: Settlement) -> dict[str, Any]:
    """The statement made again from the books, in the form of its day: byte for byte the same."""
    run = settlement_queries.get_run(session, settlement.run_id)
    rows = settlement_queries.list_statement_rows(session, settlement.settlement_id)
    salts = {row.subject: row.salt for row in rows}

    def in_form(returned: tuple[str, ...]) -> dict[str, Any]:
        facts = _facts(session, settlement, run.minimum_amount, returned)
        return statement_document(replace(facts, salts=salts))

    earlier = in_form(RETURNED_AT_FIRST)
    is_earlier = digest_hex(earlier) == settlement.statement_hash
    return earlier if is_earlier else in_form(RETURNED_TEMPLATES)


def settle_account(
    uow: UnitOfWork, run: SettlementRun, account_id: str, supplier_id: OrganisationId
) -> int:
    """Settle one account; 1 when there was something, 0 when its range is empty."""
    settled_ranges.lock_account(uow.session, account_id)
    last = settlement_queries.find_last_settlement(uow.session, supplier_id, run.currency)
    after = 0 if last is None else last.until_posting_id
    through = settled_ranges.last_posting(
        uow.session,
        account_id,
        after=after,
        horizon=run.horizon_posting_id,
        until_at=run.until_at,
    )
    if through is None:
        return 0
    settlement = Settlement(
        settlement_id=SettlementId(uow.ids.new("stl")),
        run_id=run.run_id,
        supplier_id=supplier_id,
        currency=run.currency,
        n=1 if last is None else last.n + 1,
        from_at=run.from_at,
        until_at=run.until_at,
        from_posting_id=after,
        until_posting_id=through,
        opening_amount=0 if last is None else last.carried_amount,
        settled_at=uow.now,
    )
    facts = _facts(uow.session, settlement, run.minimum_amount, RETURNED_TEMPLATES)
    salts = {line.subject: _new_salt(uow) for line in facts.lines}
    _fix(uow, settlement, replace(facts, salts=salts))
    return 1


def _facts(
    session: Session, settlement: Settlement, minimum_amount: int, returned: tuple[str, ...]
) -> StatementFacts:
    sums = settled_ranges.range_sums(
        session,
        PostingRange(
            supplier_id=settlement.supplier_id,
            account_id=payable_of(settlement.supplier_id, settlement.currency),
            currency=settlement.currency,
            after=settlement.from_posting_id,
            through=settlement.until_posting_id,
        ),
        returned,
    )
    return StatementFacts(
        settlement_id=settlement.settlement_id,
        run_id=settlement.run_id,
        supplier_id=settlement.supplier_id,
        currency=settlement.currency,
        n=settlement.n,
        from_at=settlement.from_at,
        until_at=settlement.until_at,
        from_posting_id=settlement.from_posting_id,
        until_posting_id=settlement.until_posting_id,
        opening_amount=settlement.opening_amount,
        returned_amount=sums.returned_amount,
        minimum_amount=minimum_amount,
        lines=sums.lines,
        settled_at=settlement.settled_at,
    )


def _fix(uow: UnitOfWork, settlement: Settlement, facts: StatementFacts) -> None:
    document = statement_document(facts)
    settlement.root_hash = document["tree"]["root_hash"] if "tree" in document else None
    settlement.period_amount = facts.period_amount
    settlement.settled_amount = facts.settled_amount
    settlement.carried_amount = facts.carried_amount
    settlement.statement = document
    settlement.statement_hash = digest_hex(document)
    uow.session.add(settlement)
    uow.session.flush()
    uow.session.add_all(_rows(facts))
    if facts.settled_amount:
        open_accounts(uow, organisation_id=facts.supplier_id, currency=facts.currency)
        draft = settlement_postings.settle(
            settlement_id=facts.settlement_id,
            supplier_id=facts.supplier_id,
            amount=facts.settled_amount,
            currency=facts.currency,
        )
        book_now(uow, draft)
    uow.record(
        SettlementMade(
            occurred_at=uow.now,
            settlement_id=facts.settlement_id,
            run_id=facts.run_id,
            supplier_id=facts.supplier_id,
            currency=facts.currency,
            settled_amount=facts.settled_amount,
            carried_amount=facts.carried_amount,
            from_at=facts.from_at,
            until_at=facts.until_at,
            statement_hash=settlement.statement_hash,
            root_hash=settlement.root_hash,
        )
    )


def _new_salt(uow: UnitOfWork) -> bytes:
    """32 bytes of the id source, which is the one place of entropy."""
    drawn = uow.ids.opaque("salt") + uow.ids.opaque("salt")
    return hashlib.sha256(drawn.encode()).digest()


def _rows(facts: StatementFacts) -> list[StatementRow]:
    tree = facts.tree
    return [
        StatementRow(
            settlement_id=facts.settlement_id,
            subject=row.key,
            supplier_id=facts.supplier_id,
            salt=row.salt,
            units=row.sums.units,
            charged_amount=row.sums.charged,
            credited_amount=row.sums.credited,
        )
        for row in ([] if tree is None else tree.rows)
    ]
