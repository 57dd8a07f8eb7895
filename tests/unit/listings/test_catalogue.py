"""Search, facets, order and pages of the catalogue."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, text

from app.core.paging import InvalidCursor, encode_cursor
from app.core.reach import Reach
from listings import services
from listings.catalogue.filters import FACETS, CatalogueQuery
from listings.errors import ListingNotFound
from listings.models import Listing, Offer, Plan, ProductVersion
from listings.queries.catalogue import get_listing, list_similar, search_catalogue
from listings.queries.facets import count_facets
from tests.factories.listings import SUPPLIER_ID

AIRPORTS = {
    "name": "全球机场查询",
    "name_en": "World airports",
    "summary": "按四字码查询机场。",
    "description": "Look up any of 28,000 airports by its ICAO code.",
    "series": "航空数据",
    "keywords": ["机场", "航空"],
    "sectors": ["TRANSPORT"],
    "topic": "SPACE_TIME",
    "grade": "GENERAL_2",
}
COMPANIES = {
    "name": "企业工商信息",
    "name_en": "Company register",
    "summary": "企业基本信息与风险。",
    "description": "Registered companies and their risks.",
    "series": "企业数据",
    "keywords": ["企业"],
    "sectors": ["FINANCE"],
    "topic": "SUBJECT_COMPANY",
    "product_kind": "DATASET",
    "industries": ["J66"],
    "modalities": ["TABULAR", "TEXT"],
    "data_classes": ["ENTERPRISE"],
    "delivery_grade": "S3",
    "update_frequency": "DAILY",
    "offers": [{"name": "A", "plans": [{"kind": "per_call", "unit": "hit", "unit_price": "2.5"}]}],
}


@pytest.fixture
def catalogue(market, clock):
    """Cities, airports and companies, listed in this order; codes by name."""
    codes = {}
    for name, changes in {"cities": {}, "airports": AIRPORTS, "companies": COMPANIES}.items():
        codes[name] = market.listed(**changes).listing_code
        clock.advance(seconds=60)
    return codes


@pytest.fixture
def find(market, catalogue):
    names = {code: name for name, code in catalogue.items()}

    def search(words="", *, sort="", cursor=None, limit=20, **chosen):
        query = CatalogueQuery(words, chosen, sort, cursor, limit)
        with market.units.begin(Reach.PUBLIC) as uow:
            page = search_catalogue(uow.session, query)
        search.cursor = page.next_cursor
        return [names[listing.listing_code] for listing in page.items]

    return search


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("机场", ["airports"]),
        ("企业", ["companies"]),
        ("城", ["cities"]),
        ("工商信息", ["companies"]),
        ("商工", []),
        ("airport", ["airports"]),
        ("AIRPORTS", ["airports"]),
        ("registering company", ["companies"]),
        ("ＩＣＡＯ", ["airports"]),
        ("信息 风险", ["companies"]),
        ("Supplier", ["airports", "cities", "companies"]),
        ("四字码机场", ["airports"]),
        ("码机四场", []),
        ("!?", []),
        ("') | ('zzz", []),
        ("the codes of an airport", ["airports"]),
    ],
)
def test_words_are_found_in_chinese_and_english(find, words, found):
    assert sorted(find(words)) == found


def test_a_word_in_the_name_counts_more_than_in_the_description(find):
    assert find("查询")[:2] == ["airports", "cities"] or find("查询")[:2] == ["cities", "airports"]
    assert find("query code", sort="relevance") == ["cities"]


def test_the_newest_come_first_without_words(find):
    assert find() == ["companies", "airports", "cities"]
    assert find(sort="relevance") == ["companies", "airports", "cities"]


def test_the_cheapest_come_first_by_price(find):
    assert find(sort="price")[-1] == "companies"


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"sector": ("FINANCE",)}, ["companies"]),
        ({"sector": ("FINANCE", "TRANSPORT")}, ["airports", "cities", "companies"]),
        ({"topic": ("SUBJECT",)}, ["companies"]),
        ({"kind": ("DATASET",), "sector": ("TRANSPORT",)}, []),
        ({"supplier": (SUPPLIER_ID,), "grade": ("GENERAL_2",)}, ["airports"]),
        ({"price_model": ("package",)}, ["airports", "cities"]),
        ({"delivery": ("API_CALL",), "update": ("DAILY",)}, ["companies"]),
        ({"industry": ("J",)}, ["companies"]),
        ({"industry": ("J66",), "modality": ("TEXT",)}, ["companies"]),
        ({"data_class": ("ENTERPRISE",), "delivery_grade": ("S3",)}, ["companies"]),
        ({"delivery_grade": ("S1",)}, []),
    ],
)
def test_facets_narrow_the_catalogue(find, chosen, found):
    assert sorted(find(**chosen)) == found


@pytest.mark.parametrize("sort", ["newest", "price", "relevance", "rating", "quality"])
def test_pages_join_to_the_whole_without_gap_or_repetition(find, sort):
    words = "supplier" if sort == "relevance" else ""
    whole = find(words, sort=sort)
    joined = find(words, sort=sort, limit=1)
    for _ in range(5):
        if find.cursor is None:
            break
        joined += find(words, sort=sort, limit=1, cursor=find.cursor)
    assert joined == whole
    assert len(whole) == 3


def test_a_page_stays_where_it_was_when_something_new_is_listed(market, find, clock):
    assert find(limit=1) == ["companies"]
    cursor = find.cursor
    clock.advance(seconds=60)
    market.listed(name="新产品", keywords=["新"])
    assert find(limit=1, cursor=cursor) == ["airports"]


@pytest.mark.parametrize(
    "cursor",
    [
        "newest",
        "price 1 1000000001-0000000000",
        "newest 5 x",
        "newest 2026-11-20T08:00:00 x",
        "newest 2026-11-20T08:00:00Z x y",
    ],
)
def test_a_cursor_of_another_list_is_refused(find, cursor):
    with pytest.raises(InvalidCursor):
        find(cursor=encode_cursor(cursor))


def test_a_cursor_holds_no_more_than_a_price(find):
    with pytest.raises(InvalidCursor):
        find(sort="price", cursor=encode_cursor(f"price CNY {2**62} x"))


def test_a_cursor_may_hold_a_rank_that_nothing_has(find, catalogue):
    place = {"cursor": encode_cursor(f"relevance {2**40} x"), "words": "airports"}
    assert find(**place) != []


def test_counts_ignore_their_own_choice_and_follow_the_others(market, catalogue):
    query = CatalogueQuery(chosen={"sector": ("FINANCE",), "kind": ("DATASET",)})
    with market.units.begin(Reach.PUBLIC) as uow:
        total, counts = count_facets(uow.session, query)
    assert total == 1
    assert set(counts) == set(FACETS)
    assert [(entry["value"], entry["count"]) for entry in counts["sector"]] == [("FINANCE", 1)]
    kinds = {entry["value"]: entry["count"] for entry in counts["kind"]}
    assert kinds == {"DATASET": 1}


def test_counts_cover_everything_found(market, catalogue):
    with market.units.begin(Reach.PUBLIC) as uow:
        total, counts = count_facets(uow.session, CatalogueQuery())
    sectors = {entry["value"]: entry["count"] for entry in counts["sector"]}
    assert total == 3
    assert sectors == {"TRANSPORT": 2, "CITY": 1, "FINANCE": 1}
    # What a listing does not say is no value of a facet.
    assert [(each["value"], each["count"]) for each in counts["delivery_grade"]] == [("S3", 1)]
    assert counts["price_model"][0] == {"value": "per_call", "label": "", "count": 3}
    assert counts["supplier"] == [{"value": SUPPLIER_ID, "label": "Supplier Ltd", "count": 3}]


def test_the_grade_of_a_report_counts_as_long_as_the_report_is_in_force(market, find, catalogue):
    now = market.clock.now()
    reported = {"cities": ("A", 30), "airports": ("B", 1), "companies": (None, 30)}
    for name, (grade, days) in reported.items():
        with market.as_exchange() as uow:
            services.note_quality(
                uow,
                listing_code=catalogue[name],
                grade=grade,
                valid_until=now + timedelta(days=days),
            )

    def graded(at):
        query = CatalogueQuery(at=at, chosen={"quality": ("A", "B")})
        with market.units.begin(Reach.PUBLIC) as uow:
            found = search_catalogue(uow.session, query).items
            _, counts = count_facets(uow.session, query)
        return {each.listing_code for each in found}, {
            each["value"]: each["count"] for each in counts["quality"]
        }

    both = {catalogue["cities"], catalogue["airports"]}
    assert graded(now) == (both, {"A": 1, "B": 1, "NONE": 1})
    later = now + timedelta(days=1)
    assert graded(later) == ({catalogue["cities"]}, {"A": 1, "NONE": 2})
    assert find(quality=("NONE",))


def test_no_grade_is_kept_for_a_listing_that_is_not_there(market):
    with market.as_exchange() as uow:
        services.note_quality(uow, listing_code="1-XXXXXXXXXX", grade="A", valid_until=None)
        assert uow.session.scalars(select(Listing.quality_grade)).all() == []


def test_counts_take_one_statement(market, catalogue, engine):
    statements = []
    with market.units.begin(Reach.PUBLIC) as uow:
        event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
        count_facets(uow.session, CatalogueQuery(words="企业"))
    assert len(statements) == 1


def test_what_is_not_on_sale_is_not_in_the_catalogue(market, find, catalogue):
    for name, verb in {
        "cities": services.suspend_listing,
        "airports": services.revoke_listing,
        "companies": services.take_off_sale,
    }.items():
        with market.as_exchange() as uow:
            verb(uow, listing_code=catalogue[name])
    assert find() == []
    with market.as_exchange() as uow:
        total, counts = count_facets(uow.session, CatalogueQuery())
        assert (total, counts["sector"]) == (0, [])
        with pytest.raises(ListingNotFound):
            get_listing(uow.session, catalogue["cities"])


def test_the_public_sees_a_listing_with_its_version_and_plans_only_while_on_sale(market, catalogue):
    def visible(model):
        with market.units.begin(Reach.PUBLIC) as uow:
            return len(uow.session.scalars(select(model)).all())

    before = [visible(model) for model in (Listing, ProductVersion, Offer, Plan)]
    with market.as_exchange() as uow:
        services.suspend_listing(uow, listing_code=catalogue["airports"])
    after = [visible(model) for model in (Listing, ProductVersion, Offer, Plan)]
    assert before == [3, 3, 3, 5]
    assert after == [2, 2, 2, 3]


def test_a_superseded_version_leaves_the_search(market, find, clock):
    product = market.product("旧名称")
    market.listed(product, name="旧名称", keywords=["旧词"])
    clock.advance(seconds=1)
    market.listed(product, name="新名称", keywords=["新词"])
    with market.units.begin(Reach.PUBLIC) as uow:
        old = search_catalogue(uow.session, CatalogueQuery("旧词"))
        new = search_catalogue(uow.session, CatalogueQuery("新词"))
    assert (len(old.items), len(new.items)) == (0, 1)


def test_similar_listings_share_words_or_sector_and_topic(market, catalogue):
    with market.units.begin(Reach.PUBLIC) as uow:
        similar = list_similar(uow.session, catalogue["cities"])
    assert [listing.listing_code for listing in similar] == [
        catalogue["airports"],
        catalogue["companies"],
    ]


def test_the_search_is_answered_from_its_index_in_every_reach(market, catalogue):
    with market.units.begin(Reach.PUBLIC) as uow:
        uow.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = uow.session.execute(
            text("EXPLAIN SELECT 1 FROM listing_words WHERE search @@ '''企业'''::tsquery")
        ).scalars()
        assert "ix_listing_words_search" in " ".join(plan)


KINDS_ON_SALE = {
    "graduated": {
        "tiers": [
            {"up_to": 10, "unit_price": "0.50"},
            {"up_to": None, "unit_price": "0.01"},
        ],
        "period": "month",
    },
    "subscription": {"period": "month", "period_fee": "90.00", "included_units": 1000},
    "yearly": {"package_price": "20000.00"},
}
IN_DOLLARS = {"kind": "per_call", "unit_price": "0.01", "currency": "USD"}


def test_listings_are_filtered_by_the_kinds_of_their_plans_and_sorted_by_the_price_of_a_unit(
    market, clock
):
    codes = {}
    for name, members in (KINDS_ON_SALE | {"dollars": IN_DOLLARS}).items():
        plan = {"kind": name, "unit": "call", **members}
        listing = market.listed(name=name, offers=[{"name": "A", "plans": [plan]}])
        codes[listing.listing_code] = name
        clock.advance(seconds=60)

    def by_price(**query):
        page = search_catalogue(uow.session, CatalogueQuery(sort="price", **query))
        return [codes[item.listing_code] for item in page.items], page.next_cursor

    with market.units.begin(Reach.PUBLIC) as uow:
        for kind in KINDS_ON_SALE:
            page = search_catalogue(uow.session, CatalogueQuery(chosen={"price_model": (kind,)}))
            assert [codes[item.listing_code] for item in page.items] == [kind]
        whole, _ = by_price()
        assert whole == ["subscription", "graduated", "yearly", "dollars"], "currency by currency"
        assert by_price(chosen={"currency": ("USD",)}) == (["dollars"], None)
        assert by_price(chosen={"currency": ("CNY",)}) == (whole[:3], None)
        first, cursor = by_price(limit=3)
        assert (first, by_price(cursor=cursor)) == (whole[:3], (["dollars"], None))
        with pytest.raises(InvalidCursor):
            by_price(cursor=encode_cursor("price 5 x"))
        _, counts = count_facets(uow.session, CatalogueQuery())
    assert {entry["value"] for entry in counts["price_model"]} == {*KINDS_ON_SALE, "per_call"}
