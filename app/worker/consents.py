"""The worker's timed steps of consents: bound into the log, forgotten when long expired."""

from collections.abc import Callable, Sequence
from typing import Any

from app.core.unit_of_work import UnitOfWork
from app.parts import Parts
from app.worker.steps import Step, in_unit
from compliance.consent.batches import batch_consents
from compliance.services.consent_lapses import note_consent_lapses
from ledger.log.tree.hash_trees import HashTrees
from metering import consent_services

_BATCH_SECONDS, _HOUR = 2.0, 3600.0
FORGOTTEN_MAX = 1_000


def consent_steps(parts: Parts) -> Sequence[Step]:
    """Each bounded, each safe to run twice; work done means: come back at once."""

    def step(name: str, seconds: float, action: Callable[[UnitOfWork], Any]) -> Step:
        return Step(name, seconds, in_unit(parts.units, action))

    tree = HashTrees()

    def lapses(uow: UnitOfWork) -> None:
        note_consent_lapses(uow)

    return (
        step("consent-lapses", _HOUR, lapses),
        step("consents", _BATCH_SECONDS, lambda uow: batch_consents(uow, tree)),
        step(
            "old-consents",
            _HOUR,
            lambda uow: consent_services.forget_consents(uow, limit=FORGOTTEN_MAX),
        ),
    )
