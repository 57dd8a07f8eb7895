"""Verbs on the live audit: look a stretch further, freeze what a finding touches, lift by two."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal
from app.core.states import IllegalTransition
from app.core.unit_of_work import UnitOfWork
from ledger.journal.audit.rules.all_rules import STRETCHES
from ledger.journal.audit.rules.stretches import Finding, Stretch, find_in, next_end
from ledger.journal.books.chart import EXCHANGE, AccountKind
from ledger.journal.books.cursors import cursor_for_update
from ledger.journal.books.models import AccountFreeze, JournalAccount
from ledger.journal.deciders import check_second
from ledger.journal.freezes.errors import FreezeIsLifted, FreezeNotFound
from ledger.journal.freezes.events import AccountFreezeLifted, AccountWasFrozen

_SUSPENSE = f"{EXCHANGE}/{AccountKind.SUSPENSE}/"


def audit_next(uow: UnitOfWork, further: Sequence[Stretch] = ()) -> int:
    """Look at the next stretch under every rule and freeze what is found; how many were frozen.

    Bounded, and round and round: behind the last row each rule begins again with the first.
    """
    return sum(_look(uow, stretch) for stretch in (*STRETCHES, *further))


def freeze_for(uow: UnitOfWork, findings: Iterable[Finding]) -> int:
    """Freeze the accounts that findings touch, however many they are; how many were not yet.

    The exchange's own accounts are in everybody's transactions: freezing them would stop all
    trade, so the finding alone stands for them. Only suspense freezes: nothing leaves it but by
    decisions about single arrivals. A finding that two people lifted a freeze for does not freeze
    again until its difference changes.
    """
    count, seen = 0, set[str]()
    for finding in findings:
        for account_id in finding.account_ids:
            if account_id in seen or not _may_freeze(uow.session, account_id, finding):
                continue
            count += _freeze(uow, account_id, finding)
            seen.add(account_id)
    return count


def ask_to_lift(
    uow: UnitOfWork, principal: Principal, *, freeze_id: str, reason: str
) -> AccountFreeze:
    """The first operator's word that the account may give again, and why.

    Raises `FreezeNotFound`, `FreezeIsLifted`.
    """
    freeze = _get_open(uow.session, freeze_id)
    freeze.lift_reason = reason
    freeze.lift_asked_by, freeze.lift_asked_at = PersonId(principal.id), uow.now
    return freeze


def lift(uow: UnitOfWork, principal: Principal, *, freeze_id: str) -> AccountFreeze:
    """The second operator's word.

    Raises `IllegalTransition` before anybody asked, `SecondPersonRequired` for who did, and what
    `ask_to_lift` does.
    """
    freeze = _get_open(uow.session, freeze_id)
    if freeze.lift_asked_by is None:
        raise IllegalTransition("frozen", "lift", ["ask_to_lift"])
    check_second(principal, freeze.lift_asked_by, freeze_id)
    freeze.lifted_by, freeze.lifted_at = PersonId(principal.id), uow.now
    uow.record(
        AccountFreezeLifted(
            occurred_at=uow.now,
            freeze_id=freeze_id,
            account_id=freeze.account_id,
            organisation_id=freeze.organisation_id,
            rule=freeze.rule,
        )
    )
    return freeze


def _look(uow: UnitOfWork, stretch: Stretch) -> int:
    cursor = cursor_for_update(uow.session, f"audit_{stretch.name}")
    through = next_end(uow.session, stretch, cursor.place)
    if through is None:
        cursor.place = ""
        return 0
    findings = find_in(uow.session, stretch, after=cursor.place, through=through)
    cursor.place = through
    return freeze_for(uow, findings)


def _may_freeze(session: Session, account_id: str, finding: Finding) -> bool:
    if account_id.startswith(f"{EXCHANGE}/") and not account_id.startswith(_SUSPENSE):
        return False
    # Who can write into the books past us can name an account that nobody has: nothing to freeze.
    if session.get(JournalAccount, account_id) is None:
        return False
    return not _was_lifted(session, account_id, finding)


def _freeze(uow: UnitOfWork, account_id: str, finding: Finding) -> bool:
    organisation_id = OrganisationId(account_id.split("/", 1)[0])
    freeze_id = uow.ids.new("frz")
    row = {
        "freeze_id": freeze_id,
        "account_id": account_id,
        "organisation_id": organisation_id,
        "rule": finding.rule,
        "finding": _document(finding),
        "frozen_at": uow.now,
    }
    # The partial unique index: an account is frozen once at a time, whoever looks.
    made = uow.session.execute(
        insert(AccountFreeze)
        .values(row)
        .on_conflict_do_nothing()
        .returning(AccountFreeze.freeze_id)
    ).scalar()
    if made is None:
        return False
    uow.record(
        AccountWasFrozen(
            occurred_at=uow.now,
            freeze_id=freeze_id,
            account_id=account_id,
            organisation_id=organisation_id,
            rule=finding.rule,
        )
    )
    return True


def _document(finding: Finding) -> dict[str, object]:
    fields = asdict(finding)
    return {
        **fields,
        "expected": str(finding.expected),
        "found": str(finding.found),
        "difference": str(finding.found - finding.expected),
        "account_ids": list(finding.account_ids),
    }


def _was_lifted(session: Session, account_id: str, finding: Finding) -> bool:
    lifted = select(AccountFreeze.freeze_id).where(
        AccountFreeze.account_id == account_id,
        AccountFreeze.rule == finding.rule,
        AccountFreeze.lifted_at.is_not(None),
        AccountFreeze.finding["subject"].astext == finding.subject,
        AccountFreeze.finding["difference"].astext == str(finding.found - finding.expected),
    )
    return session.scalar(lifted.limit(1)) is not None


def _get_open(session: Session, freeze_id: str) -> AccountFreeze:
    freeze = session.get(AccountFreeze, freeze_id, with_for_update=True, populate_existing=True)
    if freeze is None:
        raise FreezeNotFound(freeze_id)
    if freeze.lifted_at is not None:
        raise FreezeIsLifted(freeze_id)
    return freeze
