"""What the exchange does about anchors besides making them: asks for one at once."""

from app.core.unit_of_work import UnitOfWork
from ledger.log.anchors.models import AnchorRequest


def request_anchor(uow: UnitOfWork, *, requested_by: str, reason: str) -> AnchorRequest:
    """Ask for the newest published head to be anchored at the anchorer's next look.

    Nobody waits for the chain: the answer shows in the list of anchors.
    """
    request = AnchorRequest(
        id=uow.ids.new("anr"),
        requested_by=requested_by,
        reason=reason,
        requested_at=uow.now,
        answered_at=None,
    )
    uow.session.add(request)
    return request
