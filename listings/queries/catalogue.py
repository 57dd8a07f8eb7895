"""The public catalogue: search, facets, pages of listings, similar ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.types import Text

from app.core.paging import InvalidCursor, Page, decode_cursor, encode_cursor
from listings.catalogue.filters import NO_QUALITY, CatalogueQuery
from listings.catalogue.listing_codes import parse_listing_code
from listings.catalogue.rating_means import PRIOR_COUNT, PRIOR_STARS, SCORE_SCALE
from listings.catalogue.search_text import likeness_query, search_query
from listings.errors import ListingNotFound
from listings.models import Listing, ListingParty, ListingWords, ProductVersion
from listings.versions.life_cycle import LISTED, SUSPENDED
from listings.vocabulary import vocabulary

SIMILAR_MAX = 10
_RANK_SCALE = 1_000_000
"""Ranks are compared as whole numbers: a cursor must not depend on how floats are printed."""

Condition = ColumnElement[bool]
# A constant, not a parameter: only so can the planner use the partial indexes in every plan.
ON_SALE: Condition = Listing.state == literal_column(f"'{LISTED}'")


def facet_conditions(query: CatalogueQuery) -> dict[str, Condition]:
    """One condition for each facet in which something was chosen."""
    makers: dict[str, Callable[[list[str]], Condition]] = {
        "sector": lambda values: Listing.sectors.overlap(_texts(values)),
        "topic": lambda values: Listing.topic.in_(_with_descendants(values)),
        "kind": Listing.product_kind.in_,
        "supplier": Listing.supplier_id.in_,
        "price_model": lambda values: Listing.price_models.overlap(_texts(values)),
        "delivery": Listing.delivery_mode.in_,
        "update": Listing.update_frequency.in_,
        "grade": Listing.grade.in_,
        "industry": lambda values: Listing.industries.overlap(
            _texts(_with_descendants(values, "industries"))
        ),
        "modality": lambda values: Listing.modalities.overlap(_texts(values)),
        "data_class": lambda values: Listing.data_classes.overlap(_texts(values)),
        "delivery_grade": Listing.delivery_grade.in_,
        "quality": quality_in_force(query).in_,
        "currency": Listing.currency.in_,
    }
    return {name: makers[name](list(values)) for name, values in query.chosen.items() if values}


def quality_in_force(query: CatalogueQuery) -> ColumnElement[str]:
    """The grade of each listing's report, as long as that is in force."""
    at = func.now() if query.at is None else literal(query.at)
    is_graded = and_(Listing.quality_valid_until > at, Listing.quality_grade.is_not(None))
    return case((is_graded, Listing.quality_grade), else_=literal(NO_QUALITY))


def base_conditions(query: CatalogueQuery) -> list[Condition]:
    """What holds for every facet: on sale, and found by the words."""
    if not query.words:
        return [ON_SALE]
    words = search_query(query.words)
    if not words:
        # Signs alone are no words; they find nothing rather than everything.
        return [false()]
    matching = select(ListingWords.listing_code).where(
        ListingWords.search.bool_op("@@")(cast(words, TSQUERY))
    )
    return [ON_SALE, Listing.listing_code.in_(matching)]


def search_catalogue(session: Session, query: CatalogueQuery) -> Page[Listing]:
    """One page of listings on sale; raises `InvalidCursor`."""
    order = _order(query)
    conditions = [*base_conditions(query), *facet_conditions(query).values()]
    columns = [*order.keys, Listing.listing_code]
    if query.cursor is not None:
        key, bound = tuple_(*columns), tuple_(*order.read(query.cursor))
        conditions.append(key < bound if order.is_descending else key > bound)
    named = (key.label(f"order_key_{place}") for place, key in enumerate(order.keys))
    statement = (
        select(Listing, *named)
        .where(*conditions)
        .order_by(*(c.desc() if order.is_descending else c.asc() for c in columns))
        .limit(query.limit + 1)
    )
    rows = session.execute(statement).all()
    kept = rows[: query.limit]
    more = len(rows) > query.limit
    cursor = order.write(kept[-1][1:], kept[-1][0].listing_code) if more else None
    return Page([row[0] for row in kept], cursor)


@dataclass(frozen=True)
class _Order:
    """An order with its key columns, and how each of them travels in a cursor."""

    name: str
    keys: tuple[ColumnElement[Any], ...]
    parsers: tuple[Callable[[str], Any], ...]
    is_descending: bool = True

    def write(self, values: Sequence[Any], listing_code: str) -> str:
        texts = (each.isoformat() if isinstance(each, datetime) else str(each) for each in values)
        return encode_cursor(" ".join((self.name, *texts, listing_code)))

    def read(self, cursor: str) -> list[ColumnElement[Any]]:
        text = decode_cursor(cursor)
        try:
            name, *texts, listing_code = text.split(" ")
            given = zip(self.keys, self.parsers, texts, strict=True)
            bounds = [literal(parse(each), key.type) for key, parse, each in given]
        except (ValueError, OverflowError):
            raise InvalidCursor from None
        if name != self.name:
            raise InvalidCursor
        return [*bounds, literal(listing_code)]


def _order(query: CatalogueQuery) -> _Order:
    if query.order == "price":
        # Amounts of two currencies are not compared: one currency after the other.
        price = Listing.currency.expression, Listing.lowest_price_amount.expression
        return _Order("price", price, (str, _whole), is_descending=False)
    if query.order == "rating":
        return _Order("rating", (_rating_score(),), (_whole,))
    if query.order == "quality":
        # A before D; `NONE` comes after all of them.
        return _Order("quality", (quality_in_force(query),), (str,), is_descending=False)
    if query.order == "relevance":
        key = cast(_rank(search_query(query.words)) * _RANK_SCALE, BigInteger)
        return _Order("relevance", (key,), (_whole,))
    return _Order("newest", (Listing.published_at.expression,), (_instant,))


def _rating_score() -> ColumnElement[Any]:
    stars = (Listing.rating_stars + PRIOR_STARS) * SCORE_SCALE
    return stars // (Listing.rating_count + PRIOR_COUNT)


def _rank(words: str) -> ColumnElement[Any]:
    rank = func.ts_rank(ListingWords.search, cast(words, TSQUERY))
    return (
        select(rank)
        .where(ListingWords.listing_code == Listing.listing_code)
        .correlate(Listing)
        .scalar_subquery()
    )


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) >= 2**62:
        raise ValueError
    return number


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _texts(values: list[str]) -> ColumnElement[Any]:
    return literal(values, ARRAY(Text()))


def _with_descendants(chosen: list[str], name: str = "topics") -> list[str]:
    terms = vocabulary(name).values()
    return [*chosen, *(term.code for term in terms if term.parent in chosen)]


def get_listing(session: Session, listing_code: str) -> Listing:
    """A listing on sale with its version and plans; raises `ListingNotFound`."""
    code = parse_listing_code(listing_code)
    statement = (
        select(Listing)
        .where(Listing.listing_code == code, ON_SALE)
        .options(selectinload(Listing.version).selectinload(ProductVersion.offers))
    )
    listing = session.scalars(statement).one_or_none()
    if listing is None:
        raise ListingNotFound(code)
    return listing


def find_listing_code(session: Session, product_id: str) -> str | None:
    """The code under which the product is on sale, if it is."""
    return session.scalar(
        select(Listing.listing_code).where(Listing.product_id == product_id, ON_SALE)
    )


def find_live_listing(session: Session, product_id: str) -> str | None:
    """The code of the product's listing while it is on sale or suspended."""
    return session.scalar(
        select(Listing.listing_code).where(
            Listing.product_id == product_id, Listing.state.in_((LISTED, SUSPENDED))
        )
    )


def names_of(session: Session, organisation_ids: Sequence[str]) -> dict[str, str]:
    """The names of suppliers by id; those of others are nobody's to read."""
    if not organisation_ids:
        return {}
    statement = select(ListingParty.organisation_id, ListingParty.name).where(
        ListingParty.organisation_id.in_(organisation_ids), ListingParty.is_supplier
    )
    return {row.organisation_id: row.name for row in session.execute(statement)}


def list_similar(session: Session, listing_code: str) -> list[Listing]:
    """Listings that share words, sectors or topic, the likest first, at most `SIMILAR_MAX`."""
    listing = get_listing(session, listing_code)
    words = likeness_query([listing.name, listing.name_en, *listing.keywords, listing.series])
    matching = select(ListingWords.listing_code).where(
        ListingWords.search.bool_op("@@")(cast(words, TSQUERY))
    )
    shares_sector = Listing.sectors.overlap(_texts(listing.sectors))
    score = _rank(words) + 0.1 * (
        cast(shares_sector, Integer)
        + cast(Listing.topic == listing.topic, Integer)
        + cast(Listing.product_kind == listing.product_kind, Integer)
    )
    statement = (
        select(Listing)
        .where(
            ON_SALE,
            Listing.listing_code != listing.listing_code,
            or_(
                Listing.listing_code.in_(matching),
                and_(shares_sector, Listing.topic == listing.topic),
            ),
        )
        .order_by(score.desc(), Listing.listing_code)
        .limit(SIMILAR_MAX)
    )
    return list(session.scalars(statement))
