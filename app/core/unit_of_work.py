"""The one commit: a transaction with its clock, ids, recorded events and reactions."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.clock import Clock
from app.core.events import Event
from app.core.ids import IdSource
from app.core.reach import SET_REACH, Reach

Reaction = Callable[["UnitOfWork", Any], None]
Reactions = Mapping[type[Event], Sequence[Reaction]]
Messenger = Callable[[Any], None]
Messengers = Mapping[type[Event], Messenger]

ROUNDS_MAX = 8
"""Reactions may record further events; more rounds than this is a cycle, and a bug."""


_here = threading.local()


def is_unit_open_here() -> bool:
    """Whether this thread holds a unit of work open.

    What may last, such as a call of a payment provider, asks and refuses: it would hold locks, and
    what it depends on would not be durable yet.
    """
    return getattr(_here, "open_count", 0) > 0


class ReactionsDoNotSettle(RuntimeError):
    """Reactions went on recording events after the last permitted round."""


class UnitOfWork:
    """One transaction. Services take it, record events, and never commit; entry points commit."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Clock,
        ids: IdSource,
        reactions: Reactions,
        reach: Reach,
        messengers: Messengers | None = None,
    ) -> None:
        self.session = session
        self.clock = clock
        self.ids = ids
        self.now: datetime = clock.now()
        self._reactions = reactions
        self._messengers: Messengers = messengers or {}
        self._pending: list[Event] = []
        self._is_held = False
        self.is_ready = False
        self.enter(reach)

    def enter(self, reach: Reach) -> None:
        """Change how far the rest of this transaction sees (`app.core.reach`)."""
        self.reach = reach
        self.session.execute(
            text(SET_REACH), {"kind": reach.kind, "organisation_id": reach.organisation_id}
        )

    def record(self, event: Event) -> None:
        """Remember that something happened; its reactions run inside `commit`."""
        self._pending.append(event)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what fails in the block alone: its rows, what it recorded, and what that set off.

        Reactions to what the block records run at its end. Needs the exchange's reach.
        """
        assert self.reach == Reach.EXCHANGE, "reactions write rows of both parties"
        before, self._pending = self._pending, []
        try:
            with self.session.begin_nested():
                yield
                self.session.flush()
                self._react()
        finally:
            self._pending = before

    def tell_now(self, event: Event) -> bool:
        """Tell other processes while this transaction lasts; False where nobody carries it there.

        It cannot be taken back, whatever becomes of the transaction.
        """
        messenger = self._messengers.get(type(event))
        if messenger is None:
            return False
        messenger(event)
        return True

    def enqueue(self, topic: str, payload: dict[str, Any], key: str) -> None:
        """Store an effect for after the commit; once per key."""
        outbox.enqueue(self.session, topic=topic, payload=payload, key=key, at=self.now)

    def commit(self) -> None:
        """Run the reactions in this transaction, then commit; any failure rolls everything back."""
        self.session.flush()
        if self._pending:
            # Reactions are the exchange's own code: they write rows of both parties.
            self.enter(Reach.EXCHANGE)
            self._react()
        self.is_ready = True
        if not self._is_held:
            self._finish()

    def hold(self) -> None:
        """Let `commit` only prepare; `release` finishes, together with the stored response."""
        self._is_held = True

    def release(self) -> None:
        """Finish a held unit of work that is ready."""
        assert self.is_ready, "only a prepared unit of work can be released"
        self.session.flush()
        self._finish()

    def _finish(self) -> None:
        self.session.commit()

    def _react(self) -> None:
        for _ in range(ROUNDS_MAX):
            if not self._pending:
                return
            events, self._pending = self._pending, []
            for event in events:
                for reaction in self._reactions.get(type(event), ()):
                    reaction(self, event)
            self.session.flush()
        raise ReactionsDoNotSettle


class UnitOfWorkFactory:
    """Begins units of work over one engine."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ids: IdSource,
        reactions: Reactions | None = None,
        *,
        messengers: Messengers | None = None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.ids = ids
        self.reactions: Reactions = {} if reactions is None else reactions
        self._messengers: Messengers = messengers or {}

    @contextmanager
    def begin(self, reach: Reach) -> Iterator[UnitOfWork]:
        """A unit of work that rolls back unless it was committed."""
        _here.open_count = getattr(_here, "open_count", 0) + 1
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                yield UnitOfWork(
                    session,
                    clock=self.clock,
                    ids=self.ids,
                    reactions=self.reactions,
                    reach=reach,
                    messengers=self._messengers,
                )
        finally:
            _here.open_count -= 1
