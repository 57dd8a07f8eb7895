"""Consents that lapse soon, for whoever collected them and for whom they name: by day, in sum.

A row a person would drown everything else that lapses. A day's row is kept while its number
changes, so that each reminder of it is given once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.consent.models import Consent
from compliance.consent.states import ConsentState
from compliance.lapses.expiry_policy import lapse, reminder_days
from compliance.models.lapses import LapseRow

KIND = "CONSENT"
SHOWN_DAYS = 31
"""How long what has lapsed is still shown."""


@dataclass(frozen=True)
class _Due:
    """Consents of one product that lapse on one day (UTC), as one organisation is told."""

    organisation_id: str
    product_id: str
    day: datetime

    @property
    def key(self) -> tuple[str, str, datetime]:
        return self.organisation_id, self.product_id, self.day


def note_consent_lapses(uow: UnitOfWork) -> int:
    """Bring the rows of consents up to date; how many there are. Needs the exchange's reach."""
    uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(KIND))))
    long_over = uow.now - timedelta(days=SHOWN_DAYS)
    uow.session.execute(
        delete(LapseRow).where(LapseRow.kind == KIND, LapseRow.lapses_at < long_over)
    )
    due = dict(_counted(uow))
    kept = {
        (row.organisation_id, row.subject_id, row.lapses_at): row
        for row in uow.session.scalars(
            select(LapseRow).where(LapseRow.kind == KIND, LapseRow.lapses_at > uow.now)
        )
    }
    listed = {each.key: (each, counted) for each, counted in due.items()}
    gone = [row.id for key, row in kept.items() if key not in listed]
    uow.session.execute(delete(LapseRow).where(LapseRow.id.in_(gone)))
    for key, (each, (count, listing_code)) in listed.items():
        if key in kept:
            kept[key].name = _name(count)
        else:
            _add(uow, each, count, listing_code)
    return len(listed)


def _counted(uow: UnitOfWork) -> Iterator[tuple[_Due, tuple[int, str | None]]]:
    """How many consents lapse on each day until the first reminder is due, for both sides."""
    until = uow.now + timedelta(days=max(reminder_days()) + 1)
    day = func.date_trunc("day", Consent.expires_at, "UTC")
    standing = (
        Consent.state == ConsentState.GRANTED,
        Consent.is_test.is_(False),
        Consent.expires_at > uow.now,
        day > uow.now,
        Consent.expires_at <= until,
    )
    for side in (Consent.supplier_id, Consent.recipient_id):
        wanted = (
            select(side, Consent.product_id, day, func.count(), func.max(Consent.listing_code))
            .where(*standing)
            .group_by(side, Consent.product_id, day)
        )
        for organisation_id, product_id, on, count, listing_code in uow.session.execute(wanted):
            yield _Due(organisation_id, product_id, on), (count, listing_code)


def _name(count: int) -> str:
    return f"{count} consents" if count > 1 else "1 consent"


def _add(uow: UnitOfWork, due: _Due, count: int, listing_code: str | None) -> None:
    found = lapse(KIND, _name(count), due.day)
    row_id = uow.ids.new("lap")
    uow.session.add(
        LapseRow(
            id=row_id,
            organisation_id=due.organisation_id,
            subject_id=due.product_id,
            listing_code=listing_code,
            kind=found.kind,
            name=found.name,
            lapses_at=found.lapses_at,
            effective_at=found.effective_at,
            consequence=found.consequence,
            sort_key=f"{iso_instant(found.lapses_at)}/{row_id}",
            noted_at=uow.now,
        )
    )
