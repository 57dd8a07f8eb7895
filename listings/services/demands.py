"""Demands: a buyer says what it looks for, and suppliers answer with custom offers.

An answer is a custom offer to that buyer and nothing else: seen by the two alone, accepted for an
approved scenario, declined or withdrawn as every other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.core.ids import CustomOfferId, DemandId, OrganisationId
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.search_text import search_vector
from listings.errors import Fault, PartyNotVerified
from listings.events import DemandAnswered, DemandClosed, DemandExtended
from listings.models import CustomOffer, Demand, DemandBuyer, ListingParty
from listings.offers.demand_errors import (
    AnswerLimitReached,
    DemandAlreadyAnswered,
    DemandBuyerNotVerified,
    DemandInvalid,
    DemandLimitReached,
)
from listings.offers.demand_faults import demand_faults
from listings.offers.demand_states import OPEN
from listings.offers.errors import CustomOfferInvalid
from listings.queries.demands import (
    count_open,
    count_open_answers,
    get_demand,
    is_answered,
    lock_demand,
    suppliers_with_open_answers,
)
from listings.services.custom_offers import propose_custom_offer
from listings.services.parties import demand_buyer, demand_supplier
from listings.vocabulary import labelled

OPEN_MAX = 50
"""Open demands of one buyer."""
ANSWERS_MAX = 200
"""Open offers on one demand."""
SUPPLIER_ANSWERS_MAX = 5
"""Those of them that one supplier has: it may propose several plans, and not crowd others out."""
OPEN_DAYS_MAX = 366
_COLUMNS = (
    "title", "topic", "sectors", "budget_min_amount", "budget_max_amount", "currency", "closes_at",
)  # fmt: skip


def post_demand(uow: UnitOfWork, principal: Principal, form: Mapping[str, Any]) -> Demand:
    """Show every supplier what the principal's organisation looks for, without saying who does.

    Raises `PartyNotVerified`, `DemandInvalid`, `DemandLimitReached`.
    """
    buyer = demand_buyer(uow, principal.organisation_id)
    _demand_sound(form, uow.now)
    # Held: the count must not be made by two at once.
    uow.session.get(ListingParty, buyer.organisation_id, with_for_update={"key_share": True})
    if count_open(uow.session, buyer.organisation_id, at=uow.now) >= OPEN_MAX:
        raise DemandLimitReached(OPEN_MAX)
    demand_id = uow.ids.new("dem")
    whose = DemandBuyer(demand_id=demand_id, buyer_id=buyer.organisation_id)
    demand = Demand(id=demand_id, posted_by=whose, state=OPEN, posted_at=uow.now)
    _write(demand, form)
    uow.session.add(demand)
    uow.session.flush()
    return demand


def edit_demand(
    uow: UnitOfWork, principal: Principal, *, demand_id: str, form: Mapping[str, Any]
) -> Demand:
    """Replace what an open demand says, as long as no supplier has answered it.

    Raises `DemandNotFound`, `DemandNotOpen`, `PartyNotVerified`, `DemandAlreadyAnswered`,
    `DemandInvalid`.
    """
    demand = _lock_own_open(uow, principal, demand_id)
    if is_answered(uow.session, demand_id):
        raise DemandAlreadyAnswered(demand_id)
    _demand_sound(form, uow.now)
    _write(demand, form)
    demand.edited_at = uow.now
    return demand


def extend_demand(
    uow: UnitOfWork, principal: Principal, *, demand_id: str, closes_at: datetime
) -> Demand:
    """Take offers for longer.

    Raises `DemandNotFound`, `DemandNotOpen`, `PartyNotVerified`, `DemandInvalid`.
    """
    demand = _lock_own_open(uow, principal, demand_id)
    faults = _time_faults(closes_at, uow.now)
    if closes_at <= demand.closes_at:
        faults.append(Fault("#/closes_at", "Later than it is; to end it, close it."))
    if faults:
        raise DemandInvalid(faults)
    demand.closes_at = closes_at
    uow.record(DemandExtended(**_concerned(uow, principal, demand), closes_at=closes_at))
    return demand


def _lock_own_open(uow: UnitOfWork, principal: Principal, demand_id: str) -> Demand:
    demand = lock_demand(uow.session, demand_id, buyer_id=principal.organisation_id)
    demand.demand_open(uow.now)
    demand_buyer(uow, principal.organisation_id)
    return demand


def close_demand(uow: UnitOfWork, principal: Principal, *, demand_id: str) -> Demand:
    """Take no more offers; those that are there can still be accepted.

    Raises `DemandNotFound`, `DemandNotOpen` where it is closed already.
    """
    demand = lock_demand(uow.session, demand_id, buyer_id=principal.organisation_id)
    demand.close(at=uow.now)
    uow.record(DemandClosed(**_concerned(uow, principal, demand)))
    return demand


def answer_demand(
    uow: UnitOfWork, principal: Principal, *, demand_id: str, plan: Mapping[str, Any], **offer: Any
) -> CustomOffer:
    """Propose a plan for one's own listing to whoever posted the demand; nobody else sees it.

    Raises `DemandNotFound`, `DemandNotOpen`, `DemandBuyerNotVerified`, `AnswerLimitReached`, and as
    `propose_custom_offer`.
    """
    demand_supplier(uow, principal.organisation_id)
    get_demand(uow.session, demand_id, organisation_id=principal.organisation_id)
    demand, buyer_id = _lock_answerable(uow, demand_id, supplier_id=principal.organisation_id)
    if plan["currency"] != demand.currency:
        raise CustomOfferInvalid([Fault("#/plan/currency", f"Asked for in {demand.currency}.")])
    made = propose_custom_offer(
        uow, principal, buyer_id=buyer_id, plan=plan, demand_id=demand.id, **offer
    )
    uow.record(
        DemandAnswered(
            occurred_at=uow.now,
            demand_id=DemandId(demand.id),
            buyer_id=OrganisationId(buyer_id),
            supplier_id=OrganisationId(made.supplier_id),
            custom_offer_id=CustomOfferId(made.id),
            listing_code=made.listing_code,
        )
    )
    return made


def _lock_answerable(uow: UnitOfWork, demand_id: str, *, supplier_id: str) -> tuple[Demand, str]:
    # Whose it is and who else has answered is nobody's to read; the locked row decides alone.
    reach = uow.reach
    uow.enter(Reach.EXCHANGE)
    demand = lock_demand(uow.session, demand_id)
    demand.demand_open(uow.now)
    for limit, only in ((SUPPLIER_ANSWERS_MAX, supplier_id), (ANSWERS_MAX, None)):
        if count_open_answers(uow.session, demand_id, at=uow.now, supplier_id=only) >= limit:
            raise AnswerLimitReached(demand_id, limit)
    buyer_id = _verified_buyer_of(uow, demand)
    uow.enter(reach)
    return demand, buyer_id


def _verified_buyer_of(uow: UnitOfWork, demand: Demand) -> str:
    assert demand.posted_by is not None, "the exchange sees whose it is"
    try:
        return demand_buyer(uow, demand.posted_by.buyer_id).organisation_id
    except PartyNotVerified:
        # That refusal names the organisation, which nobody learns who makes it no offer.
        raise DemandBuyerNotVerified(demand.id) from None


def _demand_sound(form: Mapping[str, Any], now: datetime) -> None:
    faults = [*demand_faults(form), *_time_faults(form["closes_at"], now)]
    if faults:
        raise DemandInvalid(faults)


def _time_faults(closes_at: datetime, now: datetime) -> list[Fault]:
    if now < closes_at <= now + timedelta(days=OPEN_DAYS_MAX):
        return []
    return [Fault("#/closes_at", f"In the future, within {OPEN_DAYS_MAX} days.")]


def _write(demand: Demand, form: Mapping[str, Any]) -> None:
    for name in _COLUMNS:
        setattr(demand, name, form[name])
    demand.content = {name: value for name, value in form.items() if name not in _COLUMNS}
    topic = [labelled("topics", form["topic"], language)["label"] for language in ("zh", "en")]
    fields = [text for field in form["fields"] for text in field.values()]
    words = [("A", form["title"]), ("B", " ".join(topic)), ("C", form["intended_use"])]
    demand.search = search_vector([*words, ("D", form["description"]), ("D", " ".join(fields))])


def _concerned(uow: UnitOfWork, buyer: Principal, demand: Demand) -> dict[str, Any]:
    return {
        "occurred_at": uow.now,
        "demand_id": DemandId(demand.id),
        "buyer_id": OrganisationId(buyer.organisation_id),
        "supplier_ids": suppliers_with_open_answers(uow.session, demand.id, at=uow.now),
    }
