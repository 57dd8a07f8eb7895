"""The worker's steps of quality: draw rows by a checkpoint, call interfaces with drawn keys."""

from collections.abc import Sequence

from app.core.reach import Reach
from app.parts import Parts
from app.probing import ListedUpstreamProbe
from app.worker.steps import Step
from compliance.quality.draws import Beacon
from compliance.sampling import calling
from compliance.sampling import services as sampling
from ledger.log.tree_queries import find_first_checkpoint_over

_SECONDS = 2.0
COMMITTED = "quality_sample_committed"


def quality_steps(parts: Parts, probe: ListedUpstreamProbe) -> Sequence[Step]:
    """Bounded, and safe to run twice: a drawn sample is not drawn again."""

    def draw() -> bool:
        with parts.units.begin(Reach.EXCHANGE) as uow:

            def beacon_after(sample_id: str) -> Beacon | None:
                found = find_first_checkpoint_over(uow.session, sample_id, COMMITTED)
                if found is None:
                    return None
                origin = found.text.partition("\n")[0]
                return Beacon(origin, found.tree_size, found.root_hash.hex())

            moved = sampling.draw_samples(uow, beacon_after)
            uow.commit()
        return moved > 0

    def call() -> bool:
        """Outside any transaction: an upstream may take its time, and holds no lock meanwhile."""
        with parts.units.begin(Reach.EXCHANGE) as uow:
            due = calling.take_due(uow, parts.cipher)
            uow.commit()
        if due is None:
            return False
        called = probe.sample(version_id=due.version_id, dossier=due.dossier, keys=due.keys)
        with parts.units.begin(Reach.EXCHANGE) as uow:
            calling.report_calls(uow, sample_id=due.sample_id, called=called)
            uow.commit()
        return True

    return (Step("quality-draws", _SECONDS, draw), Step("quality-calls", _SECONDS, call))
