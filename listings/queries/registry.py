"""The public registry: its pages, its search, and what was made from what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from listings.catalogue.search_text import search_query
from listings.models import RegistryEntry, RegistryInput, RegistrySuccession, RegistryWords
from listings.registry.errors import RegistryEntryNotFound
from listings.registry.states import ENDED, EXPIRED

GENERATIONS_MAX = 20
RELATIVES_MAX = 200


@dataclass(frozen=True)
class RegistryQuery:
    """What a visitor asks the registry for; what is empty does not narrow."""

    words: str = ""
    state: str | None = None
    holder_id: str | None = None
    product_kind: str | None = None
    sector: str | None = None
    right: str | None = None
    cursor: str | None = None
    limit: int = 20


@dataclass(frozen=True)
class Relative:
    """A registration that this one was made from, or that was made from it."""

    entry: RegistryEntry
    generations: int


def search_registry(session: Session, query: RegistryQuery, *, today: date) -> Page[RegistryEntry]:
    """One page of registrations, newest first; raises `InvalidCursor`."""
    statement = select(RegistryEntry).where(*_conditions(query, today))
    return paginate(
        session,
        statement,
        key=RegistryEntry.registration_id,
        cursor=query.cursor,
        limit=query.limit,
    )


def _conditions(query: RegistryQuery, today: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (RegistryEntry.holder_id, query.holder_id),
        (RegistryEntry.product_kind, query.product_kind),
    ):
        if value:
            conditions.append(column == value)
    for codes, code in ((RegistryEntry.sectors, query.sector), (RegistryEntry.rights, query.right)):
        if code:
            conditions.append(codes.contains(literal([code], ARRAY(Text()))))
    if query.state:
        conditions.append(_in_state(query.state, today))
    if query.words:
        conditions.append(_found_by(query.words))
    return conditions


def _in_state(state: str, today: date) -> ColumnElement[bool]:
    lapsed = and_(RegistryEntry.valid_to.is_not(None), RegistryEntry.valid_to < today)
    if state == EXPIRED:
        return and_(RegistryEntry.state.not_in(ENDED), lapsed)
    stored = RegistryEntry.state == state
    return stored if state in ENDED else and_(stored, func.coalesce(~lapsed, true()))


def _found_by(text: str) -> ColumnElement[bool]:
    words = search_query(text)
    if not words:
        # Signs alone are no words; they find nothing rather than everything.
        return false()
    return RegistryEntry.registration_id.in_(
        select(RegistryWords.registration_id).where(
            RegistryWords.search.bool_op("@@")(cast(words, TSQUERY))
        )
    )


def get_entry(session: Session, registration_id: str) -> RegistryEntry:
    """One entry in any state; raises `RegistryEntryNotFound`."""
    return _one(session, _by_id(registration_id), registration_id)


def lock_entry(session: Session, registration_id: str) -> RegistryEntry:
    """As `get_entry`, and nobody else changes it until the end of the transaction."""
    return _one(session, _by_id(registration_id).with_for_update(), registration_id)


def lock_own_entry(session: Session, registration_id: str, *, holder_id: str) -> RegistryEntry:
    """As `lock_entry`, one of the holder's."""
    statement = _by_id(registration_id).where(RegistryEntry.holder_id == holder_id)
    return _one(session, statement.with_for_update(), registration_id)


def lock_entries_of_product(session: Session, product_id: str) -> list[RegistryEntry]:
    """All entries of a product, oldest first; nobody changes them now."""
    statement = (
        select(RegistryEntry)
        .where(RegistryEntry.product_id == product_id)
        .order_by(RegistryEntry.registration_id)
    )
    return list(session.scalars(statement.with_for_update()))


def list_entries_of_product(session: Session, product_id: str) -> list[RegistryEntry]:
    """The entries of a product, newest first, at most `RELATIVES_MAX`."""
    statement = (
        select(RegistryEntry)
        .where(RegistryEntry.product_id == product_id)
        .order_by(RegistryEntry.registration_id.desc())
        .limit(RELATIVES_MAX)
    )
    return list(session.scalars(statement))


def find_registration_id(session: Session, version_id: str) -> str | None:
    """The id of the version's latest registration."""
    return session.scalar(
        select(func.max(RegistryEntry.registration_id)).where(
            RegistryEntry.version_id == version_id
        )
    )


def list_entries(session: Session, ids: Sequence[str]) -> list[RegistryEntry]:
    """Those of the ids that the registry knows."""
    return list(
        session.scalars(select(RegistryEntry).where(RegistryEntry.registration_id.in_(ids)))
    )


def list_origins(session: Session, registration_id: str) -> list[Relative]:
    """What the registration was made from, and from what that was, nearest first."""
    return _relatives(session, [registration_id], upwards=True)


def list_descendants(session: Session, registration_id: str) -> list[Relative]:
    """What was made from the registration, and from that, nearest first."""
    return _relatives(session, [registration_id], upwards=False)


def is_among_origins(session: Session, product_id: str, inputs: Sequence[str]) -> bool:
    """Whether one of the inputs is, or was made from, a registration of the product.

    The walk is whole, however far up and however many they are: each is visited once.
    """
    edge = RegistryInput
    above = (
        select(edge.input_id.label("id"))
        .where(edge.registration_id.in_(inputs))
        .cte("above", recursive=True)
    )
    above = above.union(select(edge.input_id).join(above, edge.registration_id == above.c.id))
    found = select(RegistryEntry.registration_id).where(
        RegistryEntry.product_id == product_id,
        or_(
            RegistryEntry.registration_id.in_(inputs),
            RegistryEntry.registration_id.in_(select(above.c.id)),
        ),
    )
    return session.scalar(found.limit(1)) is not None


def find_successor_id(session: Session, registration_id: str) -> str | None:
    """The registration that a transferred one goes on in."""
    found = session.get(RegistrySuccession, registration_id)
    return found.successor_id if found else None


def find_predecessor_id(session: Session, registration_id: str) -> str | None:
    """The registration, of another holder, that this one goes on from."""
    return session.scalar(
        select(RegistrySuccession.registration_id).where(
            RegistrySuccession.successor_id == registration_id
        )
    )


def _relatives(session: Session, ids: Sequence[str], *, upwards: bool) -> list[Relative]:
    """A bounded walk along the edges; each relative once, at its least distance."""
    edge = RegistryInput
    near, far = (
        (edge.registration_id, edge.input_id) if upwards else (edge.input_id, edge.registration_id)
    )
    walk = (
        select(far.label("id"), literal(1).label("generations"))
        .where(near.in_(ids))
        .cte("walk", recursive=True)
    )
    further = (
        select(far, walk.c.generations + 1)
        .join(walk, near == walk.c.id)
        .where(walk.c.generations < GENERATIONS_MAX)
    )
    walk = walk.union(further)
    nearest = func.min(walk.c.generations)
    steps = select(walk.c.id, nearest.label("generations")).group_by(walk.c.id).subquery()
    statement = (
        select(RegistryEntry, steps.c.generations)
        .join(steps, steps.c.id == RegistryEntry.registration_id)
        .order_by(steps.c.generations, RegistryEntry.registration_id)
        .limit(RELATIVES_MAX)
    )
    return [Relative(found, generations) for found, generations in session.execute(statement)]


def _by_id(registration_id: str) -> Select[RegistryEntry]:
    return select(RegistryEntry).where(RegistryEntry.registration_id == registration_id)


def _one(session: Session, statement: Select[RegistryEntry], registration_id: str) -> RegistryEntry:
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise RegistryEntryNotFound(registration_id)
    return found
