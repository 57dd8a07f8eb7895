"""What operations watch that no process counts by itself: queues and the log, from the database."""

from app.core import outbox
from app.core.reach import Reach
from app.notices import queries as notice_queries
from app.parts import Parts
from app.web.observability import Reading
from app.wiring import log_keys
from ledger.log import queries as log_queries
from ledger.log.queries import LogStatus
from ledger.log.sequencing.succession import current_keys


def take_readings(parts: Parts) -> list[Reading]:
    """What waits, what was given up and how far the log is, read when metrics are scraped."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        effects = outbox.backlog(uow.session)
        webhooks = notice_queries.count_deliveries(uow)
        keys = current_keys(uow.session, log_keys(parts))
        log = log_queries.get_status(uow.session, keys.origin)
    queues = [
        Reading(f"counterfoil_{what}_{state}", f"{words} {state}", count)
        for what, words, counts in (
            ("effects", "Outbox messages that are", effects),
            ("webhooks", "Webhook deliveries that are", webhooks),
        )
        for state, count in counts.items()
    ]
    return [*queues, *_log_readings(log)]


def _log_readings(log: LogStatus) -> list[Reading]:
    unpublished = log.tree_size - log.published_size
    return [
        Reading("counterfoil_log_waiting", "Entries without a place", log.unsequenced_count),
        Reading("counterfoil_log_held", "Entries held for a reason", log.held_count),
        Reading("counterfoil_log_unpublished", "Entries above the last checkpoint", unpublished),
        Reading(
            "counterfoil_log_stopped", "1 when signing stopped", log.stopped_reason is not None
        ),
    ]
