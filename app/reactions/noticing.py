"""Domain event -> notices: who is told of it, and what.

A notice holds ids, codes, instants and the organisation's own amounts, and nothing of another
organisation: not a buyer's scenario for its supplier, not a price for a party that does not pay it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts import events as accounts
from app.core.clock import iso_instant
from app.core.events import Event
from app.core.money import format_amount
from app.core.unit_of_work import Reaction, UnitOfWork
from app.notices import events as notices
from app.notices.services import Told, give_notices
from compliance import events as compliance
from compliance.licence_models import Licence, ListingStanding
from compliance.models import ReviewCase
from ledger.journal import events as journal
from ledger.log import events as log
from listings import events as listings

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
    return list(value) if isinstance(value, tuple) else value


def data_of(event: Event, fields: Sequence[str]) -> dict[str, Any]:
    """The named fields of an event as a notice shows them; amounts as decimal texts."""
    return {name: _shown(name, getattr(event, name)) for name in fields}


def telling(receiver: str, *fields: str) -> Tell:
    """Tell the organisation in one field of the event what the other fields say."""

    def tell(_uow: UnitOfWork, event: Event) -> Sequence[Told]:
        return [Told(getattr(event, receiver), data_of(event, fields))]

    return tell


def telling_both(*fields: str) -> Tell:
    """Tell buyer and supplier the same; an organisation that is both is told once."""

    def tell(_uow: UnitOfWork, event: Any) -> Sequence[Told]:
        data = data_of(event, fields)
        return [Told(each, data) for each in sorted({event.buyer_id, event.supplier_id})]

    return tell


def telling_reviewed_supplier(*fields: str) -> Tell:
    """Tell the supplier whose version the case is about."""

    def tell(uow: UnitOfWork, event: Any) -> Sequence[Told]:
        case = uow.session.get_one(ReviewCase, event.case_id)
        data = data_of(event, fields) | {"listing_code": case.listing_code}
        return [Told(case.supplier_id, data)]

    return tell


def _tell_of_return(uow: UnitOfWork, event: compliance.ReviewReturned) -> Sequence[Told]:
    (told,) = telling_reviewed_supplier("case_id", "version_id")(uow, event)
    return [Told(told.organisation_id, told.data | {"findings_count": len(event.findings)})]


def _supplier_of(uow: UnitOfWork, listing_code: str) -> str:
    return uow.session.get_one(ListingStanding, listing_code).supplier_id


def telling_supplier(*fields: str) -> Tell:
    """Tell the supplier of the event's listing."""

    def tell(uow: UnitOfWork, event: Any) -> Sequence[Told]:
        return [Told(_supplier_of(uow, event.listing_code), data_of(event, fields))]

    return tell


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


NOTICED: dict[type[Event], Noticed] = {
    accounts.OrganisationVerified: Noticed(
        "organisation.verified", telling("organisation_id", "valid_until")
    ),
    accounts.OrganisationRefused: Noticed("organisation.refused", telling("organisation_id")),
    accounts.RefreshTokenReused: Noticed(
        "session.ended_for_reuse", telling("organisation_id", "person_id")
    ),
    accounts.ApiKeyIssued: Noticed(
        "key.issued", telling("organisation_id", "key_id", "licence_id", "expires_at")
    ),
    accounts.ApiKeyRevoked: Noticed(
        "key.revoked", telling("organisation_id", "key_id", "licence_id")
    ),
    compliance.ReviewDecided: Noticed(
        "review.decided", telling_reviewed_supplier("case_id", "version_id", "stage", "decision")
    ),
    compliance.ReviewReturned: Noticed("review.returned", _tell_of_return),
    compliance.VersionRejected: Noticed(
        "review.rejected", telling_reviewed_supplier("case_id", "version_id")
    ),
    listings.ListingPublished: Noticed(
        "listing.published", telling("supplier_id", "listing_code", "product_id", "version_id")
    ),
    listings.ListingDelisted: Noticed(
        "listing.delisted", telling_supplier_and_licensees("listing_code")
    ),
    compliance.ListingSuspended: Noticed(
        "listing.suspended", telling_supplier_and_licensees("listing_code", "reason_code")
    ),
    compliance.ListingResumed: Noticed(
        "listing.resumed", telling_supplier_and_licensees("listing_code")
    ),
    compliance.ListingRevoked: Noticed(
        "listing.revoked", telling_supplier("listing_code", "reason_code")
    ),
    compliance.ScenarioApproved: Noticed(
        "scenario.approved",
        telling("buyer_id", "scenario_id", "listing_code", "valid_from", "valid_until"),
    ),
    compliance.ScenarioRefused: Noticed("scenario.refused", telling("buyer_id", "scenario_id")),
    compliance.ScenarioWithdrawn: Noticed(
        "scenario.withdrawn", telling("buyer_id", "scenario_id", "listing_code")
    ),
    journal.OrderCharged: Noticed(
        "order.charged", telling("buyer_id", "order_id", "amount", "currency")
    ),
    compliance.LicenceIssued: Noticed(
        "licence.issued",
        telling_both("licence_id", "order_id", "listing_code", "starts_at", "ends_at"),
    ),
    compliance.LicenceRevoked: Noticed(
        "licence.revoked", telling_both("licence_id", "reason_code")
    ),
    compliance.LicenceEnded: Noticed("licence.ended", telling_both("licence_id", "ends_at")),
    journal.TopUpConfirmed: Noticed(
        "top_up.confirmed", telling("organisation_id", "top_up_id", "amount", "currency")
    ),
    journal.InvoiceIssued: Noticed(
        "invoice.issued",
        telling("buyer_id", "invoice_id", "licence_id", "invoice_hash", "total_amount", "currency"),
    ),
    notices.WebhookEndpointDisabled: Noticed(
        "webhook.disabled", telling("organisation_id", "endpoint_id", "reason")
    ),
}

UNNOTICED: dict[type[Event], str] = {
    accounts.OrganisationRegistered: "the registration was answered; nobody else is concerned",
    accounts.PersonAdded: "personal, and done by the organisation itself",
    accounts.PersonDeactivated: "personal, and done by the organisation itself",
    accounts.RoleGranted: "personal, and done by the organisation itself",
    accounts.RoleWithdrawn: "personal, and done by the organisation itself",
    listings.ProductRegistered: "the supplier's own act, answered at once",
    listings.VersionSubmitted: "the supplier's own act; the review's decisions are told",
    listings.PlanPublished: "comes with the listing, which is told",
    listings.OrderPlaced: "the buyer's own act; the charge and the licence are told",
    compliance.RulesEvaluated: "a step of the review, whose decisions are told",
    compliance.ReviewOpened: "a step of the review, whose decisions are told",
    compliance.VersionApproved: "the publication that follows is told",
    compliance.ScenarioSubmitted: "the buyer's own act; the decision is told",
    journal.TopUpRequested: "the buyer's own act; the confirmation is told",
    log.AuditorRead: "whom an auditor looks at is not told to them",
    log.EvidenceBundled: "whoever asked for it has it",
}
"""Events of which nobody is told, each with the reason."""


def _noticer(noticed: Noticed) -> Reaction:
    def notice(uow: UnitOfWork, event: Event) -> None:
        told = noticed.tell(uow, event)
        give_notices(uow, noticed.notice_type, told, occurred_at=event.occurred_at)

    return notice


NOTICERS: dict[type[Event], Reaction] = {
    event: _noticer(noticed) for event, noticed in NOTICED.items()
}
