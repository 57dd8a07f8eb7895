"""Turns the rows of a foreign table into drafts of the principal's organisation."""

from collections.abc import Sequence

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.imports.errors import ImportUnreadable
from listings.imports.tables import ROWS_MAX, ImportedDraft
from listings.models import ProductVersion
from listings.services.drafts import begin_version, register_product, write_content
from listings.versions.drafts import Draft


def import_drafts(
    uow: UnitOfWork, principal: Principal, rows: Sequence[ImportedDraft]
) -> list[ProductVersion]:
    """A product with a first draft for every row, all or none; raises `ImportUnreadable`."""
    if len(rows) > ROWS_MAX:
        msg = f"At most {ROWS_MAX} rows at once."
        raise ImportUnreadable(msg)
    return [_import_draft(uow, principal, row) for row in rows]


def _import_draft(uow: UnitOfWork, principal: Principal, row: ImportedDraft) -> ProductVersion:
    product = register_product(uow, principal, name=row.name, origin=row.origin)
    version = begin_version(uow, product, version_number=1)
    write_content(uow, version, Draft(row.content, row.offers, None))
    uow.session.add(version)
    return version
