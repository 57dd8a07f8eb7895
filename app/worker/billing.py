"""The worker's timed steps of billing: the books read forwards, audited, billed and chased."""

from collections.abc import Callable, Sequence
from typing import Any

from app.core.unit_of_work import UnitOfWork
from app.parts import Parts
from app.worker.steps import Step, in_unit
from ledger.journal.audit.ports import AuditPorts
from ledger.journal.billing.credit_bills import dunning_services
from ledger.journal.billing.credit_bills import payment_services as bill_payment_services
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.billing.runs import services as billing_run_services
from ledger.journal.books import cursors
from ledger.journal.charge_backs import owed_returns
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.freezes import services as freeze_services
from ledger.journal.periods import services as period_services
from ledger.journal.spend_alerts import services as alert_services
from ledger.journal.write_offs import recoveries

_TALLY_SECONDS, _AUDIT_SECONDS, _MINUTE = 2.0, 5.0, 60.0


def billing_steps(parts: Parts, ports: BillingPorts, audit: AuditPorts) -> Sequence[Step]:
    """Each bounded, each safe to run twice; work done means: come back at once."""

    def step(name: str, seconds: float, action: Callable[[UnitOfWork], Any]) -> Step:
        return Step(name, seconds, in_unit(parts.units, action))

    return (
        step("tally", _TALLY_SECONDS, cursors.tally),
        # Goes round and round in its own time: there is always a next stretch.
        step(
            "audit",
            _AUDIT_SECONDS,
            lambda uow: _quietly(freeze_services.audit_next(uow, audit.further_rules)),
        ),
        step("recognise", _MINUTE, deferral_services.recognise_due),
        step("minimums", _MINUTE, period_services.collect_minimums),
        step("charge-backs owed", _MINUTE, owed_returns.collect_owed),
        step("recoveries", _MINUTE, recoveries.recover_next),
        step("billing months", _MINUTE, billing_run_services.start_due_runs),
        step("billing", _MINUTE, lambda uow: billing_run_services.work_on_run(uow, ports)),
        step("bill payments", _MINUTE, bill_payment_services.match_payments),
        step("dunning", _MINUTE, dunning_services.chase),
        step("alerts", _MINUTE, lambda uow: _quietly(alert_services.look_for_alerts(uow))),
    )


def _quietly(_done: int) -> bool:
    """What was found is no reason to look again at once."""
    return False
