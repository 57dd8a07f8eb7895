"""Samples: committing to rows, drawing some, measuring what is revealed, and forgetting it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.core.canonical import digest_hex
from app.core.errors import InvalidFields
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ReviewCase
from compliance.quality.assessment import Sample
from compliance.quality.draws import KEYS_MAX, SAMPLE_MAX, Beacon, draw_indexes, row_entry
from compliance.sampling.errors import (
    QualitySampleNotDrawn,
    QualitySampleNotFound,
    QualitySampleOfOtherKind,
    QualitySampleOpen,
    VersionNotUnderReview,
)
from compliance.sampling.events import (
    QualitySampleCommitted,
    QualitySampleLapsed,
)
from compliance.sampling.models import QualityReport, QualitySample
from compliance.sampling.ports import RevealedRow, RowTree
from compliance.sampling.reports import report_sample
from compliance.sampling.states import (
    OPEN_STATES,
    REVEAL_DAYS,
    SampleKind,
    SampleState,
)

DRAWS_MAX = 50
FAULTS_MAX = 20
_MOST = {SampleKind.FILE: SAMPLE_MAX, SampleKind.CALLS: KEYS_MAX}


def commit_sample(
    uow: UnitOfWork,
    principal: Principal,
    *,
    version_id: str,
    rows_root: str,
    row_total: int,
    declaration: dict[str, Any],
    kind: str = SampleKind.FILE,
) -> QualitySample:
    """Bind the supplier to its rows and to the rules that they will be measured by.

    One sample of a version is open at a time, and each says how often it was tried. Raises
    `VersionNotUnderReview`, `QualitySampleOpen`.
    """
    case = _case_of(uow, principal, version_id)
    attempt = _next_attempt(uow, version_id)
    sample = QualitySample(
        id=uow.ids.new("qsa"),
        case_id=case.id,
        version_id=version_id,
        supplier_id=case.supplier_id,
        listing_code=case.listing_code,
        attempt=attempt,
        kind=kind,
        rows_root=rows_root,
        row_total=row_total,
        declaration=declaration,
        declaration_hash=digest_hex(declaration),
        state=SampleState.COMMITTED,
        committed_at=uow.now,
    )
    uow.session.add(sample)
    uow.session.flush()
    uow.record(
        QualitySampleCommitted(
            occurred_at=uow.now,
            sample_id=sample.id,
            version_id=version_id,
            rows_root=rows_root,
            row_total=row_total,
            declaration_hash=sample.declaration_hash,
            attempt=sample.attempt,
        )
    )
    return sample


def _next_attempt(uow: UnitOfWork, version_id: str) -> int:
    """Which sample of the version the next one is; raises `QualitySampleOpen`."""
    former = uow.session.scalars(
        select(QualitySample).where(QualitySample.version_id == version_id)
    ).all()
    standing = next((each for each in former if each.state in OPEN_STATES), None)
    if standing is not None:
        raise QualitySampleOpen(standing.id)
    return len(former) + 1


def _case_of(uow: UnitOfWork, principal: Principal, version_id: str) -> ReviewCase:
    """The version's latest case; two commitments to one version come one after the other."""
    # The case itself is the reviewers' to hold; a supplier may only read it.
    uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(version_id))))
    latest = select(ReviewCase).where(ReviewCase.version_id == version_id)
    case = uow.session.scalars(latest.order_by(ReviewCase.round.desc()).limit(1)).one_or_none()
    if case is None or case.supplier_id != principal.organisation_id:
        raise VersionNotUnderReview(version_id)
    return case


def draw_samples(uow: UnitOfWork, beacon_after: Callable[[str], Beacon | None]) -> int:
    """Draw what was committed before the newest checkpoints; lapse what was never revealed.

    ``beacon_after`` gives the first checkpoint over a sample's commitment, None before there is
    one. Needs the exchange's reach; answers how many samples moved.
    """
    waiting = _some(uow, SampleState.COMMITTED)
    moved = 0
    for sample in waiting:
        beacon = beacon_after(sample.id)
        if beacon is not None:
            sample.drawn_from = beacon.document()
            sample.drawn_indexes = draw_indexes(
                sample.rows_root, sample.row_total, beacon, _MOST[SampleKind(sample.kind)]
            )
            sample.drawn_at = uow.now
            sample.state = SampleState.DRAWN
            moved += 1
    return moved + _lapse(uow)


def _some(uow: UnitOfWork, state: SampleState) -> Sequence[QualitySample]:
    wanted = select(QualitySample).where(QualitySample.state == state)
    held = wanted.order_by(QualitySample.id).limit(DRAWS_MAX).with_for_update(skip_locked=True)
    return uow.session.scalars(held).all()


def _lapse(uow: UnitOfWork) -> int:
    over = select(QualitySample).where(
        QualitySample.state == SampleState.DRAWN,
        QualitySample.drawn_at < uow.now - timedelta(days=REVEAL_DAYS),
    )
    samples = uow.session.scalars(over.limit(DRAWS_MAX).with_for_update(skip_locked=True)).all()
    for sample in samples:
        sample.state = SampleState.LAPSED
        uow.record(
            QualitySampleLapsed(
                occurred_at=uow.now,
                sample_id=sample.id,
                version_id=sample.version_id,
                attempt=sample.attempt,
            )
        )
    return len(samples)


def reveal_sample(
    uow: UnitOfWork,
    principal: Principal,
    tree: RowTree,
    *,
    sample_id: str,
    rows: Sequence[RevealedRow],
) -> QualityReport:
    """Measure the drawn rows, keep the aggregates, and forget the rows.

    Raises `QualitySampleNotFound`, `QualitySampleNotDrawn`, and `InvalidFields` with each row that
    was not drawn, is missing, or is not the one that was committed.
    """
    sample = drawn_sample(
        uow, principal, tree, sample_id=sample_id, kind=SampleKind.FILE, rows=rows
    )
    case = uow.session.get_one(ReviewCase, sample.case_id)
    revealed = Sample([each.row for each in rows], row_total=sample.row_total)
    return report_sample(uow, sample, case.dossier, revealed)


def drawn_sample(
    uow: UnitOfWork,
    principal: Principal,
    tree: RowTree,
    *,
    sample_id: str,
    kind: SampleKind,
    rows: Sequence[RevealedRow],
) -> QualitySample:
    """The caller's own sample, held, whose drawn rows are exactly these; raises as `reveal_sample`.

    Raises `QualitySampleOfOtherKind`, too.
    """
    sample = uow.session.get(QualitySample, sample_id, with_for_update=True)
    if sample is None or sample.supplier_id != principal.organisation_id:
        raise QualitySampleNotFound(sample_id)
    if sample.kind != kind:
        raise QualitySampleOfOtherKind(sample_id, sample.kind)
    if sample.state != SampleState.DRAWN or sample.drawn_indexes is None:
        raise QualitySampleNotDrawn(sample_id, sample.state)
    _check_rows(sample, tree, rows)
    return sample


def _check_rows(sample: QualitySample, tree: RowTree, rows: Sequence[RevealedRow]) -> None:
    drawn = set(sample.drawn_indexes or ())
    faults = [
        {"pointer": f"#/rows/{at}", "detail": fault}
        for at, row in enumerate(rows)
        if (fault := _row_fault(sample, tree, row, drawn))
    ]
    revealed = [each.index for each in rows]
    missing = drawn - set(revealed)
    if missing or len(set(revealed)) < len(revealed):
        detail = f"Each drawn row is to be there once; {len(missing)} are missing."
        faults.append({"pointer": "#/rows", "detail": detail})
    if faults:
        raise InvalidFields(faults[:FAULTS_MAX])


def _row_fault(
    sample: QualitySample, tree: RowTree, revealed: RevealedRow, drawn: set[int]
) -> str | None:
    if revealed.index not in drawn:
        return "This row was not drawn."
    is_committed = tree.leads_to(
        bytes.fromhex(sample.rows_root),
        row_entry(revealed.row),
        index=revealed.index,
        size=sample.row_total,
        path=revealed.path,
    )
    return None if is_committed else "The path does not lead from this row to the committed root."
