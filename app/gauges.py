"""What operations watch that no process counts by itself: queues, log and calls, as stored."""

from app.core import outbox
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from app.notices import queries as notice_queries
from app.parts import Parts
from app.web.observability import GaugeValue
from app.wiring.log import log_keys
from ledger.log import queries as log_queries
from ledger.log.queries import LogStatus
from ledger.log.sequencing.succession import current_keys
from metering import queries as metering_queries
from metering.calls.denial_models import count_unserved
from metering.delivery.failure_models import count_failures


def read_gauges(parts: Parts) -> list[GaugeValue]:
    """What waits, what was given up and how far the log is, read when metrics are scraped."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        effects = outbox.backlog(uow.session)
        webhooks = notice_queries.count_deliveries(uow)
        keys = current_keys(uow.session, log_keys(parts))
        log = log_queries.get_status(uow.session, keys.origin)
        calls = _call_gauges(uow)
    queues = [
        GaugeValue(f"counterfoil_{what}_{state}", f"{words} {state}", count)
        for what, words, counts in (
            ("effects", "Outbox messages that are", effects),
            ("webhooks", "Webhook deliveries that are", webhooks),
        )
        for state, count in counts.items()
    ]
    return [*queues, *_log_gauges(log), *calls]


def _call_gauges(uow: UnitOfWork) -> list[GaugeValue]:
    """Of all gateways, written within a second or so: their processes count for themselves."""
    hour = uow.now.replace(minute=0, second=0, microsecond=0)
    recorded = metering_queries.count_recorded_calls(uow.session)
    unserved = count_unserved(uow.session, since=hour)
    failed = count_failures(uow.session, since=hour)
    return [
        GaugeValue("counterfoil_calls_recorded", "Metered calls since the beginning", recorded),
        GaugeValue(
            "counterfoil_calls_unserved_this_hour", "Calls refused or failed this hour", unserved
        ),
        GaugeValue(
            "counterfoil_deliveries_failed_this_hour",
            "Those that failed at suppliers' systems",
            failed,
        ),
    ]


def _log_gauges(log: LogStatus) -> list[GaugeValue]:
    unpublished = log.tree_size - log.published_size
    return [
        GaugeValue("counterfoil_log_waiting", "Entries without a place", log.unsequenced_count),
        GaugeValue("counterfoil_log_held", "Entries held for a reason", log.held_count),
        GaugeValue("counterfoil_log_unpublished", "Entries above the last checkpoint", unpublished),
        GaugeValue(
            "counterfoil_log_stopped", "1 when signing stopped", log.stopped_reason is not None
        ),
    ]
