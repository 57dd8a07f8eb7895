"""What leaves the process after a commit: on the chain, to suppliers' systems, to the anchorer."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from app.core.reach import Reach
from app.parts import Parts
from app.probing import ListedUpstreamProbe
from app.wiring.calls import upstream_probe
from app.worker.chain import Chain
from app.worker.steps import Handler, Step, drain_outbox
from compliance import queries as compliance_queries
from compliance import services as compliance
from contracts.licence_services import LicenceRecorder
from contracts.record_services import KeyRecorder, StatementRecorder
from ledger.log.anchors.services import request_anchor

THE_EXCHANGE = "the exchange"
"""Who asks for anchors that nobody asked for."""
_EVERY_SECONDS = 0.5
"""Three lines ask about as often together as one line did; nothing here waits for a person."""
Lines = Mapping[str, Mapping[str, Handler]]


def effect_lines(parts: Parts, chain: Chain) -> Lines:
    """A line for each place that effects go to: one that is slow or away holds up no other."""

    def ask(payload: dict[str, Any]) -> None:
        ask_for_anchor(parts, payload)

    def probe(payload: dict[str, Any]) -> None:
        probe_case(parts, upstream_probe(parts), payload)

    return {
        "effects-log": {"log.request_anchor": ask},
        "effects-chain": _chain_handlers(parts, chain),
        "effects-upstreams": {"upstream.probe": probe},
    }


def effect_steps(parts: Parts, chain: Chain) -> list[Step]:
    """Each line in a thread of its own."""
    return [
        Step(name, _EVERY_SECONDS, partial(drain_outbox, parts.units, handlers))
        for name, handlers in effect_lines(parts, chain).items()
    ]


def _chain_handlers(parts: Parts, chain: Chain) -> dict[str, Handler]:
    """What goes to the contracts; a chain that is away makes it wait."""

    def recorder() -> LicenceRecorder:
        return LicenceRecorder(parts.units, chain.access().licences, secrets.token_bytes)

    def statements() -> StatementRecorder:
        return StatementRecorder(parts.units, chain.access().statements)

    def keys() -> KeyRecorder:
        return KeyRecorder(parts.units, chain.access().keys)

    return {
        "chain.grant_licence": lambda payload: recorder().grant_licence(payload),
        "chain.revoke_licence": lambda payload: recorder().revoke_licence(payload),
        "chain.record_statement": lambda payload: statements().record_statement(payload),
        "chain.announce_key": lambda payload: keys().announce_key(payload),
        "chain.retire_key": lambda payload: keys().retire_key(payload),
    }


def ask_for_anchor(parts: Parts, payload: dict[str, Any]) -> None:
    """Have the log anchored at once, for what happened; asked for twice it is anchored once."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        reason = f"{payload['reason']}: {payload['about']}"
        request_anchor(uow, requested_by=THE_EXCHANGE, reason=reason)
        uow.commit()


def probe_case(parts: Parts, probe: ListedUpstreamProbe, payload: dict[str, Any]) -> None:
    """Make the test calls outside any transaction, then run the rules with what came back."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        case = compliance_queries.get_case_view(uow, payload["case_id"]).case
    result = probe.probe(version_id=payload["version_id"], dossier=case.dossier)
    with parts.units.begin(Reach.EXCHANGE) as uow:
        compliance.note_probe(uow, case_id=payload["case_id"], result=result)
        uow.commit()
