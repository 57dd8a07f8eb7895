"""What an answer rests on, to take away: leaves and their ledger proofs under one checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auditing.answering import Answer
from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from ledger.log import bundle_services, tree_queries
from ledger.log.bundle_services import Bundle
from ledger.log.keys import LogKeys
from ledger.log.models import LogEntry, SignedCheckpoint
from ledger.log.ports import AnchorSource
from ledger.log.sequencing.succession import current_keys

ANSWER_FORMAT = "counterfoil-audit-answer/1"


def bundle_answer(
    uow: UnitOfWork, answer: Answer, *, keys: LogKeys, anchors: AnchorSource
) -> Bundle:
    """The answer with its proofs as one sealed archive, which `counterfoil-verify bundle` checks.

    Each ``proofs/<leaf hash>.txt`` proves ``leaves/<leaf hash>.json``. Needs the exchange's reach.
    Raises `CheckpointNotPublished`.
    """
    keys = current_keys(uow.session, keys)
    document = describe(answer, origin=keys.origin, at=iso_instant(uow.now))
    return seal_documents(
        uow,
        {"answer.json": canonical_bytes(document)},
        answer.leaf_hashes,
        keys=keys,
        anchors=anchors,
    )


def seal_documents(
    uow: UnitOfWork,
    documents: Mapping[str, bytes],
    leaf_hashes: Sequence[str],
    *,
    keys: LogKeys,
    anchors: AnchorSource,
) -> Bundle:
    """Documents, and the named entries proved under the newest checkpoint, as a sealed archive.

    An entry that is not published yet has its leaf in the archive and no proof. Raises
    `CheckpointNotPublished`.
    """
    keys = current_keys(uow.session, keys)
    checkpoint = tree_queries.get_checkpoint(uow.session, keys.origin)
    files = bundle_services.head_files(uow.session, keys, checkpoint, anchors)
    files.update(documents)
    files.update(_proved(uow.session, checkpoint, [bytes.fromhex(each) for each in leaf_hashes]))
    return bundle_services.seal(uow, keys, files)


def _proved(
    session: Session, checkpoint: SignedCheckpoint, leaf_hashes: Sequence[bytes]
) -> dict[str, bytes]:
    bodies = session.execute(
        select(LogEntry.leaf_hash, LogEntry.body).where(LogEntry.leaf_hash.in_(leaf_hashes))
    )
    files = {f"leaves/{bytes(leaf).hex()}.json": bytes(body) for leaf, body in bodies}
    for leaf, proof in bundle_services.prove_all(session, checkpoint, leaf_hashes):
        files[f"proofs/{leaf.hex()}.txt"] = proof.text.encode()
    return files


def describe(answer: Answer, *, origin: str, at: str) -> dict[str, Any]:
    """The answer as the document that is sealed."""
    wording = answer.question.wording
    return {
        "format": ANSWER_FORMAT,
        "origin": origin,
        "answered_at": at,
        "number": wording.number,
        "question": {"en": wording.en, "zh": wording.zh},
        "missing": list(wording.missing),
        "filters": answer.scope.given,
        "verdict": answer.verdict.value,
        "rules": [
            {"name": rule.name, "en": rule.says, "zh": rule.says_zh} for rule in answer.rules
        ],
        "examined": dict(answer.examined),
        "finding_count": answer.finding_count,
        "findings": [
            {"rule": each.rule, "subject": each.subject, "facts": each.facts}
            for each in answer.findings
        ],
        "figures": dict(answer.figures),
        "entry_count": answer.entry_count,
        "leaf_hashes": answer.leaf_hashes,
    }
