"""Registrations of other products that look alike: the same schema, or rows of one sample."""

from typing import Any

from sqlalchemy import select, text

from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ReviewCase
from compliance.review.case_machine import Stage
from compliance.rules.fingerprints import SHARE_LEAST_BP, fingerprint_of, shared_bp

OVERLAPS_SHOWN = 20
FILLED_AT_ONCE = 200
"""Cases from before there were fingerprints that one comparison makes up for."""

ALIKE = """
    SELECT r.id, r.listing_code, r.supplier_id, c.schema_fingerprint = :schema AS is_same_schema,
        cardinality(c.row_fingerprints) AS row_count, (SELECT count(*)
            FROM unnest(c.row_fingerprints) row WHERE row = ANY (:rows)) AS common_count
    FROM registrations r JOIN review_cases c ON c.id = r.case_id
    WHERE r.state NOT IN ('CANCELLED', 'TRANSFERRED') AND r.product_id <> :product_id
        AND ((:schema <> '' AND c.schema_fingerprint = :schema)
            OR c.row_fingerprints && CAST(:rows AS text[]))
    ORDER BY (r.supplier_id = :supplier_id), common_count DESC, r.id LIMIT :most
"""


def overlaps_of(uow: UnitOfWork, case: ReviewCase) -> list[dict[str, Any]] | None:
    """Who registered something alike, other suppliers first (item P9); None while unknown.

    Only the exchange sees more than its own rows: ask with its reach.
    """
    if not _fill(uow):
        return None
    if case.schema_fingerprint is None:
        take_fingerprint(case)
    rows = list(case.row_fingerprints)
    parameters = {
        "schema": case.schema_fingerprint or "",
        "rows": rows,
        "product_id": case.product_id,
        "supplier_id": case.supplier_id,
        "most": OVERLAPS_SHOWN,
    }
    found = [
        {
            "registration_id": each.id,
            "listing_code": each.listing_code,
            "is_own": each.supplier_id == case.supplier_id,
            "is_same_schema": bool(each.is_same_schema and parameters["schema"]),
            "shared_rows_bp": shared_bp(each.common_count, len(rows), each.row_count),
        }
        for each in uow.session.execute(text(ALIKE), parameters)
    ]
    return [e for e in found if e["is_same_schema"] or e["shared_rows_bp"] >= SHARE_LEAST_BP]


def take_fingerprint(case: ReviewCase) -> None:
    """What the case's dossier is recognised by, kept with it."""
    made = fingerprint_of(case.dossier)
    case.schema_fingerprint, case.row_fingerprints = made.schema, list(made.rows)


def _fill(uow: UnitOfWork) -> bool:
    """Make up for approved cases without a fingerprint; whether none is left."""
    wanted = select(ReviewCase).where(
        ReviewCase.stage == Stage.APPROVED, ReviewCase.schema_fingerprint.is_(None)
    )
    lacking = uow.session.scalars(wanted.order_by(ReviewCase.id).limit(FILLED_AT_ONCE)).all()
    for case in lacking:
        take_fingerprint(case)
    uow.session.flush()
    return len(lacking) < FILLED_AT_ONCE
