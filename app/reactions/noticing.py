"""Domain event -> notices: every event is told to somebody, or excused by name."""

from collections.abc import Sequence

from app.core.events import Event
from app.core.unit_of_work import Reaction, UnitOfWork
from app.notices.services import Told, give_notices
from app.reactions.noticed_money import NOTICED_MONEY, UNNOTICED_MONEY
from app.reactions.noticed_trade import NOTICED_TRADE, UNNOTICED_TRADE
from app.reactions.telling import Noticed

NOTICED: dict[type[Event], Noticed] = {**NOTICED_TRADE, **NOTICED_MONEY}
UNNOTICED: dict[type[Event], str] = {**UNNOTICED_TRADE, **UNNOTICED_MONEY}


def organisations_among(told: Sequence[Told]) -> list[Told]:
    """Those that are told and can be: the exchange's own accounts belong to no organisation."""
    return [each for each in told if each.organisation_id.startswith("org_")]


def _noticer(noticed: Noticed) -> Reaction:
    def notice(uow: UnitOfWork, event: Event) -> None:
        told = organisations_among(noticed.tell(uow, event))
        if told:
            give_notices(uow, noticed.notice_type, told, occurred_at=event.occurred_at)

    return notice


NOTICERS: dict[type[Event], Reaction] = {
    event: _noticer(noticed) for event, noticed in NOTICED.items()
}
