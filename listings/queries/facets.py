"""Counts beside every facet of the catalogue, in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from listings.catalogue.filters import FACETS, CatalogueQuery
from listings.models import Listing
from listings.queries.catalogue import base_conditions, facet_conditions, quality_in_force

VALUES_MAX = 50
"""Values shown of one facet; a supplier beyond them is found by name."""
TOTAL = "total"

Counts = dict[str, list[dict[str, Any]]]


def count_facets(session: Session, query: CatalogueQuery) -> tuple[int, Counts]:
    """The number of listings found, and for each facet value how many it would leave.

    A facet's own choice does not narrow its own counts, so that its other values stay visible.
    """
    base, chosen = base_conditions(query), facet_conditions(query)
    branches: list[Select[str, str, str, int]] = [
        select(literal(TOTAL), literal(""), literal(""), func.count())
        .select_from(Listing)
        .where(*base, *chosen.values())
    ]
    for name in FACETS:
        others = [condition for other, condition in chosen.items() if other != name]
        branches.append(_count(name, query, [*base, *others]))
    counts: Counts = {name: [] for name in FACETS}
    total = 0
    for name, value, label, count in session.execute(union_all(*map(_whole, branches))):
        if name == TOTAL:
            total = count
        else:
            counts[name].append({"value": value, "label": label, "count": count})
    return total, counts


def _whole(branch: Select[str, str, str, int]) -> Select[Any]:
    # ORDER BY and LIMIT of a branch of UNION need a statement of their own around it.
    return select(branch.subquery())


def _count(
    name: str, query: CatalogueQuery, conditions: Sequence[ColumnElement[bool]]
) -> Select[str, str, str, int]:
    value, label = _columns(name, query)
    rows = select(value.label("value"), label.label("label")).where(*conditions).subquery()
    count = func.count()
    return (
        select(literal(name), rows.c.value, func.max(rows.c.label), count)
        .where(rows.c.value.is_not(None))
        .group_by(rows.c.value)
        .order_by(count.desc(), rows.c.value)
        .limit(VALUES_MAX)
    )


def _columns(name: str, query: CatalogueQuery) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    columns: dict[str, ColumnElement[Any]] = {
        "sector": func.unnest(Listing.sectors),
        "topic": Listing.topic.expression,
        "kind": Listing.product_kind.expression,
        "supplier": Listing.supplier_id.expression,
        "price_model": func.unnest(Listing.price_models),
        "delivery": Listing.delivery_mode.expression,
        "update": Listing.update_frequency.expression,
        "grade": Listing.grade.expression,
        "industry": func.unnest(Listing.industries),
        "modality": func.unnest(Listing.modalities),
        "data_class": func.unnest(Listing.data_classes),
        "delivery_grade": Listing.delivery_grade.expression,
        "quality": quality_in_force(query),
        "currency": Listing.currency.expression,
    }
    labels = {"supplier": Listing.supplier_name.expression, "currency": columns["currency"]}
    return columns[name], labels.get(name, literal(""))
