"""Readings of the exchange's staff, noted in the log: an auditor's under a type of its own."""

from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWork
from app.web.staff_reads import StaffRead
from ledger.log.events import AdministratorRead, AuditorRead


class LoggedReadings:
    """Satisfies `app.web.staff_reads.ReadingNotes`."""

    def note(self, uow: UnitOfWork, principal: Principal, read: StaffRead) -> None:
        """Record who opened what; the log's entry names neither in words."""
        kind = AuditorRead if Role.AUDITOR in principal.roles else AdministratorRead
        uow.record(
            kind(
                occurred_at=uow.now,
                principal_id=principal.id,
                subject=read.subject,
                opened_id=read.opened_id,
            )
        )
