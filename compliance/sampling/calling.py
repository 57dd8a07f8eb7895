"""Samples of interfaces: drawn keys are sealed, called with twice, and forgotten."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select

from app.core.canonical import canonical_bytes
from app.core.cipher import CannotDecrypt, Cipher
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ReviewCase
from compliance.quality.access import CallCounts
from compliance.quality.assessment import Sample
from compliance.sampling.models import QualityReport, QualitySample
from compliance.sampling.ports import RevealedRow, RowTree
from compliance.sampling.reports import report_sample
from compliance.sampling.services import drawn_sample
from compliance.sampling.states import SampleKind, SampleState

_log = structlog.get_logger("compliance.sampling")
CALLING_SECONDS = 300
"""After so long without a report another worker calls again."""


@dataclass(frozen=True)
class DueCalls:
    """What a worker needs to call an interface with the keys of one sample."""

    sample_id: str
    version_id: str
    dossier: Mapping[str, Any]
    keys: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Called:
    """What came back: rows of the first pull and of the second, and how the calls went."""

    rows: Sequence[Mapping[str, Any]]
    again: Sequence[Mapping[str, Any]]
    counts: CallCounts


def reveal_keys(
    uow: UnitOfWork,
    principal: Principal,
    tree: RowTree,
    cipher: Cipher,
    *,
    sample_id: str,
    rows: Sequence[RevealedRow],
) -> QualitySample:
    """Seal the drawn keys until the worker has called with them; raises as `drawn_sample`."""
    sample = drawn_sample(
        uow, principal, tree, sample_id=sample_id, kind=SampleKind.CALLS, rows=rows
    )
    keys = canonical_bytes([each.row for each in rows])
    sample.keys_sealed = cipher.encrypt(keys, context=_context(sample_id))
    sample.state = SampleState.REVEALED
    uow.session.flush()
    return sample


def _context(sample_id: str) -> str:
    return f"quality-keys:{sample_id}"


def take_due(uow: UnitOfWork, cipher: Cipher) -> DueCalls | None:
    """The next sample to call for, marked as taken; None where there is none.

    One whose keys cannot be opened is marked all the same, so that it keeps no other waiting.
    """
    stale = uow.now - timedelta(seconds=CALLING_SECONDS)
    wanted = select(QualitySample).where(
        QualitySample.state == SampleState.REVEALED,
        or_(QualitySample.calling_at.is_(None), QualitySample.calling_at < stale),
    )
    held = wanted.order_by(QualitySample.id).limit(1).with_for_update(skip_locked=True)
    sample = uow.session.scalars(held).one_or_none()
    if sample is None or sample.keys_sealed is None:
        return None
    sample.calling_at = uow.now
    try:
        keys = json.loads(cipher.decrypt(sample.keys_sealed, context=_context(sample.id)))
    except CannotDecrypt:
        _log.exception("keys of a sample cannot be opened", sample_id=sample.id)
        return None
    case = uow.session.get_one(ReviewCase, sample.case_id)
    return DueCalls(sample.id, sample.version_id, case.dossier, keys)


def report_calls(uow: UnitOfWork, *, sample_id: str, called: Called) -> QualityReport | None:
    """The report on what the calls brought; None where another worker has made it."""
    sample = uow.session.get(QualitySample, sample_id, with_for_update=True)
    if sample is None or sample.state != SampleState.REVEALED:
        return None
    case = uow.session.get_one(ReviewCase, sample.case_id)
    seen = Sample(called.rows, row_total=sample.row_total, again=called.again, calls=called.counts)
    return report_sample(uow, sample, case.dossier, seen)
