"""One runner of races: a process of its own that acts in each round when the round's gate opens.

A gate is an advisory lock that the starter holds, named by the round. What each round
came to is printed as one line.
"""

import json
import sys
from datetime import datetime

from sqlalchemy import text

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.factory import build_parts, create_control_plane
from app.settings import from_environment
from compliance import services
from tests.factories.compliance import everybody_over_http
from tests.fakes.clock import FixedClock

OUTCOME = "outcome "
TICK_ROWS = 100


def run(plan):
    """Every round: at its own instant, somebody's requests in turn, or the worker's tick."""
    clock = FixedClock()
    parts = build_parts(from_environment(plan["environment"]), clock=clock)
    runner = everybody_over_http(create_control_plane(parts))
    with parts.engine.connect() as gate:
        for each in plan["rounds"]:
            clock.set(datetime.fromisoformat(each["at"]))
            gate.execute(text("SELECT pg_advisory_lock_shared(:gate)"), {"gate": each["gate"]})
            outcome = _tick(runner) if each["who"] is None else _ask(runner, each)
            sys.stdout.write(f"{OUTCOME}{json.dumps(outcome)}\n")
            sys.stdout.flush()


def _ask(runner, each):
    """Each request in turn; [status, problem's slug] of each."""
    outcome = []
    for key, path, body in each["requests"]:
        headers = {"Authorization": each["who"], "Idempotency-Key": key}
        answer = runner.client.post(path, json=body, headers=headers)
        problem = answer.get_json().get("type", "").partition("#")[2]
        outcome.append([answer.status_code, problem])
    return outcome


def _tick(runner):
    units = runner.app.extensions["counterfoil"].get(UnitOfWorkFactory)
    with units.begin(Reach.EXCHANGE) as uow:
        changed = services.suspend_expired(uow, TICK_ROWS)
        uow.commit()
    return changed


if __name__ == "__main__":
    run(json.load(sys.stdin))
