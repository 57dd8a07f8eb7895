"""Who is told of an event and what of it: the pieces that the tables of notices are made of.

A notice holds ids, codes, instants and the organisation's own amounts, and nothing of another
organisation: not a buyer's scenario for its supplier, not a price for a party that does not pay it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.models import Organisation
from app.core.clock import iso_instant
from app.core.events import Event
from app.core.money import format_amount
from app.core.unit_of_work import UnitOfWork
from app.notices.services import Told
from compliance.events import ReviewReturned
from compliance.models.licences import Licence, ListingStanding
from compliance.models.registrations import ListingApplication, Registration
from compliance.models.reviews import ReviewCase
from listings.events import RegistrationTransferred

Tell = Callable[[UnitOfWork, Any], Sequence[Told]]


@dataclass(frozen=True)
class Noticed:
    """An event's notice type and who is told what."""

    notice_type: str
    tell: Tell


def _shown(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return iso_instant(value)
    if name == "amount" or name.endswith("_amount"):
        assert isinstance(value, int), name
        return format_amount(value)
    if name == "period" and isinstance(value, str) and value.isdecimal():
        return int(value)  # the journal's references are texts; everywhere else it is a number
    return list(value) if isinstance(value, tuple) else value


def data_of(
    event: Event, fields: Sequence[str], renamed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The named fields of an event as a notice shows them; amounts as decimal texts.

    ``renamed`` maps a notice's name to the event's.
    """
    names = {**{name: name for name in fields}, **(renamed or {})}
    return {name: _shown(field, getattr(event, field)) for name, field in names.items()}


def telling(receiver: str, *fields: str, **renamed: str) -> Tell:
    """Tell the organisation in one field of the event what the other fields say."""

    def tell(_uow: UnitOfWork, event: Event) -> Sequence[Told]:
        return [Told(getattr(event, receiver), data_of(event, fields, renamed))]

    return tell


def telling_each(receivers: Sequence[str], *fields: str) -> Tell:
    """Tell each organisation that these fields of the event name the same."""

    def tell(_uow: UnitOfWork, event: Event) -> Sequence[Told]:
        return [Told(getattr(event, each), data_of(event, fields)) for each in receivers]

    return tell


def telling_all(receivers: str, *fields: str) -> Tell:
    """Tell every organisation in one field of the event what the other fields say."""

    def tell(_uow: UnitOfWork, event: Event) -> Sequence[Told]:
        return [Told(each, data_of(event, fields)) for each in getattr(event, receivers)]

    return tell


def telling_both(*fields: str, buyer: Sequence[str] = ()) -> Tell:
    """Tell buyer and supplier the same, and the buyer also the fields that are its own.

    An organisation that is both is told once.
    """

    def tell(_uow: UnitOfWork, event: Any) -> Sequence[Told]:
        told = [Told(event.buyer_id, data_of(event, (*fields, *buyer)))]
        if event.supplier_id != event.buyer_id:
            told.append(Told(event.supplier_id, data_of(event, fields)))
        return told

    return tell


def telling_reviewed_supplier(*fields: str) -> Tell:
    """Tell the supplier whose version the case is about."""

    def tell(uow: UnitOfWork, event: Any) -> Sequence[Told]:
        case = uow.session.get_one(ReviewCase, event.case_id)
        data = data_of(event, fields) | {"listing_code": case.listing_code}
        return [Told(case.supplier_id, data)]

    return tell


def tell_of_return(uow: UnitOfWork, event: ReviewReturned) -> Sequence[Told]:
    """Tell the supplier how many findings there are; what they say is for who may read them."""
    (told,) = telling_reviewed_supplier("case_id", "version_id")(uow, event)
    return [Told(told.organisation_id, told.data | {"findings_count": len(event.findings)})]


def _supplier_of(uow: UnitOfWork, listing_code: str) -> str:
    return uow.session.get_one(ListingStanding, listing_code).supplier_id


def telling_supplier(*fields: str) -> Tell:
    """Tell the supplier of the event's listing."""

    def tell(uow: UnitOfWork, event: Any) -> Sequence[Told]:
        return [Told(_supplier_of(uow, event.listing_code), data_of(event, fields))]

    return tell


def telling_supplier_and_exchange(*fields: str) -> Tell:
    """Tell the supplier that the event names, and the exchange's own people in their feed."""

    def tell(uow: UnitOfWork, event: Any) -> Sequence[Told]:
        exchange = uow.session.scalars(select(Organisation.id).where(Organisation.is_exchange))
        data = data_of(event, fields)
        return [Told(each, data) for each in (event.supplier_id, *exchange)]

    return tell


def tell_of_transfer(uow: UnitOfWork, event: RegistrationTransferred) -> Sequence[Told]:
    """Tell both holders, and the exchange's people which of them approved either registration."""
    data = data_of(event, ("transfer_id", "registration_id", "successor_id"))
    exchange = uow.session.scalars(select(Organisation.id).where(Organisation.is_exchange))
    concerned = data | {
        "reviewer_ids": _who_registered(uow, (event.registration_id, event.successor_id))
    }
    holders = [Told(each, data) for each in (event.supplier_id, event.transferee_id)]
    return holders + [Told(each, concerned) for each in exchange]


def _who_registered(uow: UnitOfWork, registration_ids: Sequence[str]) -> list[str]:
    """Everybody on whose approval the registrations rest, and who listed what was listed."""
    rows = uow.session.execute(
        select(ReviewCase.approved_by, ListingApplication.officer_id)
        .join(Registration, Registration.case_id == ReviewCase.id)
        .outerjoin(ListingApplication, ListingApplication.registration_id == Registration.id)
        .where(Registration.id.in_(registration_ids))
    )
    return sorted(
        {person for approved, officer in rows for person in (*approved, officer) if person}
    )


def telling_supplier_and_licensees(*fields: str) -> Tell:
    """Tell the supplier, and each buyer with which of its own live licences it has to do."""

    def tell(uow: UnitOfWork, event: Any) -> Sequence[Told]:
        data = data_of(event, fields)
        told = [Told(_supplier_of(uow, event.listing_code), data)]
        for buyer_id, licence_ids in _live_licences(uow, event.listing_code).items():
            told.append(Told(buyer_id, data | {"licence_ids": licence_ids}))
        return told

    return tell


def _live_licences(uow: UnitOfWork, listing_code: str) -> dict[str, list[str]]:
    """Licence ids by buyer; as many as a revocation of the listing would change, too."""
    rows = uow.session.execute(
        select(Licence.buyer_id, Licence.id)
        .where(
            Licence.listing_code == listing_code,
            Licence.state == "ACTIVE",
            Licence.ends_at > uow.now,
        )
        .order_by(Licence.id)
    )
    found: dict[str, list[str]] = {}
    for buyer_id, licence_id in rows:
        found.setdefault(buyer_id, []).append(licence_id)
    return found
