"""The verb of this room."""

import structlog

from app.core import outbox
from app.core.outbox import OutboxMessage
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from app.effects.errors import EffectNotDead, EffectNotFound

_log = structlog.get_logger("effects")
_BIGINT_MAX = 2**63 - 1


def retry_effect(uow: UnitOfWork, principal: Principal, *, number: int) -> OutboxMessage:
    """Have a dead effect tried again at once; raises `EffectNotFound`, `EffectNotDead`."""
    message = None
    if number <= _BIGINT_MAX:
        message = uow.session.get(OutboxMessage, number, with_for_update=True)
    if message is None:
        raise EffectNotFound(number)
    if message.state != "dead":
        raise EffectNotDead(number, message.state)
    outbox.mark_again(message, at=uow.now)
    _log.info("effect retried", topic=message.topic, key=message.key, by=principal.id)
    return message
