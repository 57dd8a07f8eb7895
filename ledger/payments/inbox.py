"""Providers' notices: stored once as they came, answered at once, processed from the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.payments import findings
from ledger.payments.errors import NoticeNotDead, NoticeNotFound, NoticeRefused
from ledger.payments.findings import Finding
from ledger.payments.models import NoticeState, PaymentEvent
from ledger.payments.operations import CLAIM_SECONDS, pause_after
from ledger.payments.ports import (
    NotAnEvent,
    NotNow,
    PaymentGateway,
    SignatureRefused,
    Subject,
    SubjectKind,
)
from ledger.payments.watching import Watcher

ATTEMPTS_MAX = 12
"""A notice that fails this often is dead and waits for a person."""
BATCH_MAX = 20
BODY_BYTES_MAX = 256 * 1024
ERROR_MAX = 500

_log = structlog.get_logger("payments")


def receive(
    uow: UnitOfWork, gateway: PaymentGateway, *, body: bytes, headers: Mapping[str, str]
) -> bool:
    """Verify a notice and store it; False when it is stored already. Raises `NoticeRefused`."""
    if len(body) > BODY_BYTES_MAX:
        raise NoticeRefused
    try:
        event = gateway.read_event(body, headers, uow.now)
    except (SignatureRefused, NotAnEvent) as refusal:
        raise NoticeRefused from refusal
    subject = event.subject
    statement = (
        insert(PaymentEvent)
        .values(
            notice_id=uow.ids.new("pev"),
            gateway=gateway.name,
            event_id=event.event_id,
            event_type=event.event_type,
            subject=None if subject is None else _as_json(subject),
            body=body,
            state=NoticeState.DONE if subject is None else NoticeState.WAITING,
            attempts_count=0,
            created_at=event.created_at,
            received_at=uow.now,
            due_at=uow.now,
            done_at=uow.now if subject is None else None,
        )
        .on_conflict_do_nothing(index_elements=["gateway", "event_id"])
        .returning(PaymentEvent.notice_id)
    )
    return uow.session.scalar(statement) is not None


def replay(uow: UnitOfWork, *, notice_id: str) -> PaymentEvent:
    """Take a dead notice up again; raises `NoticeNotFound`, `NoticeNotDead`."""
    notice = uow.session.get(PaymentEvent, notice_id, with_for_update=True)
    if notice is None:
        raise NoticeNotFound(notice_id)
    if notice.state != NoticeState.DEAD:
        raise NoticeNotDead(notice_id, notice.state)
    notice.state, notice.attempts_count, notice.due_at = NoticeState.WAITING, 0, uow.now
    return notice


@dataclass(frozen=True)
class Taken:
    """A notice that this worker has for itself for a while."""

    notice_id: str
    gateway: str
    subject: Subject


class InboxReader:
    """Processes due notices; safe in several workers at once."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        gateways: Mapping[str, PaymentGateway],
        watcher: Watcher,
    ) -> None:
        self._units = units
        self._gateways = gateways
        self._watcher = watcher

    def read_due(self) -> bool:
        """Process a bounded batch; whether there may be more."""
        return all(self._read_one() for _ in range(BATCH_MAX))

    def _read_one(self) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            taken = self._take(uow)
            uow.commit()
        if taken is None:
            return False
        try:
            self._watcher.look(taken.gateway, taken.subject)
        except NotNow as failure:
            self._fail(taken, failure, asked_seconds=failure.retry_after_seconds)
        except Exception as failure:  # noqa: BLE001 -- a poison notice must not stop the others
            self._fail(taken, failure)
        else:
            self._finish(taken)
        return True

    def _take(self, uow: UnitOfWork) -> Taken | None:
        statement = (
            select(PaymentEvent)
            .where(
                PaymentEvent.state == NoticeState.WAITING,
                PaymentEvent.due_at <= uow.now,
                PaymentEvent.gateway.in_(list(self._gateways)),
            )
            .order_by(PaymentEvent.due_at, PaymentEvent.notice_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        notice = uow.session.scalars(statement).one_or_none()
        if notice is None:
            return None
        notice.attempts_count += 1
        notice.due_at = uow.now + timedelta(seconds=CLAIM_SECONDS)
        return Taken(notice.notice_id, notice.gateway, _from_json(notice.subject or {}))

    def _finish(self, taken: Taken) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            notice = uow.session.get_one(PaymentEvent, taken.notice_id, with_for_update=True)
            notice.state, notice.done_at, notice.last_error = NoticeState.DONE, uow.now, None
            findings.withdraw(
                uow, gateway=notice.gateway, rule="notice_is_dead", subject=notice.event_id
            )
            uow.commit()

    def _fail(self, taken: Taken, failure: Exception, *, asked_seconds: int | None = None) -> None:
        _log.warning("notice failed", notice=taken.notice_id, exc_info=failure)
        with self._units.begin(Reach.EXCHANGE) as uow:
            notice = uow.session.get_one(PaymentEvent, taken.notice_id, with_for_update=True)
            if notice.state == NoticeState.WAITING:
                notice.last_error = f"{type(failure).__name__}: {failure}"[:ERROR_MAX]
                pause = pause_after(notice.attempts_count, asked_seconds=asked_seconds)
                notice.due_at = uow.now + pause
                if notice.attempts_count >= ATTEMPTS_MAX:
                    _give_up(uow, notice)
            uow.commit()


def _give_up(uow: UnitOfWork, notice: PaymentEvent) -> None:
    notice.state = NoticeState.DEAD
    findings.tell(
        uow,
        Finding(
            gateway=notice.gateway,
            rule="notice_is_dead",
            subject=notice.event_id,
            currency="CNY",
            detail=f"{notice.event_type}: {notice.last_error}",
        ),
    )


def _as_json(subject: Subject) -> dict[str, str | None]:
    return {
        "kind": str(subject.kind),
        "reference": subject.reference,
        "within": subject.within,
    }


def _from_json(stored: Mapping[str, str | None]) -> Subject:
    return Subject(SubjectKind(stored["kind"] or ""), stored["reference"] or "", stored["within"])
