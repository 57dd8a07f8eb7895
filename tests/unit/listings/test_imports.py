"""Tables of other exchanges: every row becomes a draft or a named reason."""

from pathlib import Path

import pytest

from listings import services
from listings.imports.errors import ImportUnreadable
from listings.imports.tables import CHARACTERS_MAX, ROWS_MAX, read_listing_rows
from listings.models import DataProduct
from listings.queries import products
from listings.schemas.content import DraftVersionSchema
from listings.versions.content_rules import content_faults
from tests.factories.listings import SUPPLIER, SUPPLIER_ID

REAL = Path(__file__).parents[4] / "shared" / "data" / "listings"
COLUMNS = [
    "title",
    "provider",
    "description",
    "category",
    "category_aws",
    "price_mode",
    "price",
    "currency",
    "update_frequency",
    "coverage",
    "dimension",
    "volume",
    "size",
    "platform",
    "url",
    "data_sample",
]
ROW = {
    "title": "企业三要素验证",
    "provider": "示例数据服务有限公司",
    "description": "输入企业全称、法定代表人名称，验证是否匹配。",
    "category": "互联网/IT/电子/通信",
    "category_aws": "Telecommunications Data",
    "price_mode": "usage-based",
    "price": "0.1",
    "currency": "RMB",
    "update_frequency": "no-update",
    "coverage": "CN",
    "dimension": "3",
    "volume": "0",
    "size": "0",
    "platform": "An exchange",
    "url": "https://exchange.example/1",
    "data_sample": "",
}
RAW = {
    "title": "湿地监测数据",
    "list_time": "2024-04-30",
    "series_name": "文旅数据",
    "company_name": "示例文旅公司",
    "industry": "金融,综合,贸易",
    "data_type": "景区环境",
    "product_type": "数据集",
    "description": "提供监测数据，包括空气、土壤等指标。",
    "keyword": "湿地，景区，环境",
    "update_frequency": "动态\n(每半年更新)",
    "coverage": "某景区",
    "storage": "10,240 MB",
    "storage_incr": "0.2 GB",
    "dimension": "22.0",
    "use_case": "\n\n**场景**\n\n说明\n",
    "url": "https://exchange.example/2",
    "category": "金融",
    "category_aws": "Environmental Data",
}


def _quoted(value):
    return '"' + value.replace('"', '""') + '"'


def table(*rows, columns=COLUMNS):
    lines = [",".join(columns), *(",".join(_quoted(row[c]) for c in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def one(row, columns=COLUMNS):
    drafts, rejected = read_listing_rows(table(row, columns=columns))
    return (drafts or rejected)[0]


def test_a_row_of_the_normalised_shape_becomes_a_draft():
    draft = one(ROW)
    assert draft.row_number == 2
    assert draft.content == {
        "name": "企业三要素验证",
        "description": ROW["description"],
        "summary": ROW["description"],
        "update_frequency": "STATIC",
        "dimension_count": 3,
        "regions": ["CN"],
        "sectors": ["SCIENCE"],
    }
    (plan,) = draft.offers[0]["plans"]
    assert (plan["kind"], plan["unit_price"], plan["currency"]) == ("per_call", 10_000_000, "CNY")
    assert draft.origin["cells"]["provider"] == "示例数据服务有限公司"


def test_a_row_of_the_raw_shape_keeps_series_keywords_and_sizes():
    content = one(RAW, columns=list(RAW)).content
    assert content["sectors"] == ["FINANCE", "COMMERCE"]
    assert content["keywords"] == ["湿地", "景区", "环境"]
    assert content["update_frequency"] == "HALF_YEARLY"
    assert content["stock"] == {"amount": "10240", "unit": "MB"}
    assert content["increment"] == {"amount": "0.2", "unit": "GB"}
    assert (content["series"], content["product_kind"]) == ("文旅数据", "DATASET")
    assert content["use_cases"] == "**场景**\n\n说明"
    assert content["coverage"] == "某景区"


def test_line_breaks_inside_a_title_become_blanks():
    assert one({**ROW, "title": " 企业\n信息 "}).name == "企业 信息"


def test_free_is_a_price_of_zero_and_zero_is_a_question():
    assert (
        one({**ROW, "price_mode": "free", "price": "0.0"}).offers[0]["plans"][0]["unit_price"] == 0
    )
    assert one({**ROW, "price": "0.0"}).offers == []
    assert one({**ROW, "price_mode": "negotiation"}).offers == []
    once = one({**ROW, "price_mode": "one-off", "price": "15000.0"})
    assert once.offers == []
    assert once.origin["cells"]["price"] == "15000.0"


def test_a_telling_sector_is_sought_where_the_category_tells_nothing():
    assert one({**ROW, "category": "综合"}).content["sectors"] == ["SCIENCE"]
    assert one({**ROW, "category": "综合", "category_aws": ""}).content["sectors"] == ["OTHER"]


def test_nearly_all_countries_are_the_world():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    world = ",".join(a + b for a in letters for b in letters)
    assert one({**ROW, "coverage": world}).content["regions"] == ["WORLD"]
    assert one({**ROW, "coverage": "KR,CN,KR"}).content["regions"] == ["KR", "CN"]


def test_a_long_description_is_summed_up_by_its_first_sentences():
    long = "第一句。" * 30 + "很长的句子" * 40
    content = one({**ROW, "description": long}).content
    assert content["summary"] == "第一句。" * 30
    assert content["description"] == long
    assert "summary" not in one({**ROW, "description": "很长的句子" * 40}).content


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("title", "", "missing"),
        ("title", "长" * 31, "31 characters"),
        ("title", "a\x07b", "control"),
        ("provider", " ", "missing"),
        ("description", "", "missing"),
        ("description", "长" * 4001, "4001 characters"),
        ("update_frequency", "sometimes", "not a known value"),
        ("update_frequency", "", "missing"),
        ("coverage", "all over", "country"),
        ("dimension", "-1", "whole number"),
        ("dimension", "1.5", "whole number"),
        ("size", "13800138000x", "size"),
        ("category", "moon", "not a known value"),
        ("price", "cheap", "not a price"),
        ("price", "-1", "not a price"),
        ("price", "NaN", "not a price"),
        ("price", "1e40", "not a price"),
        ("price", "0.000000001", "eight"),
        ("price_mode", "barter", "price mode"),
        ("currency", "XAU", "not a known value"),
    ],
)
def test_a_row_that_does_not_fit_is_named_with_its_reason(column, value, reason):
    rejected = one({**ROW, column: value})
    assert rejected.row_number == 2
    assert rejected.field in {column, "price"}
    assert reason in rejected.reason


def test_too_many_keywords_are_named():
    rejected = one({**RAW, "keyword": "一，二，三，四，五，六"}, columns=list(RAW))
    assert (rejected.field, rejected.reason) == (
        "keyword",
        "has more than five words or thirty characters",
    )


def test_a_row_without_its_category_is_named():
    rejected = one({**ROW, "category": "", "category_aws": ""})
    assert (rejected.field, rejected.reason) == ("category", "is missing")


def test_rows_of_another_length_are_named_and_the_rest_goes_on():
    text = table(ROW, ROW) + "only,three,cells\n" + ",".join("x" * 20) + "\n"
    drafts, rejected = read_listing_rows(text)
    assert [draft.row_number for draft in drafts] == [2, 3]
    assert [(row.row_number, row.field) for row in rejected] == [(4, "*"), (5, "*")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        table(ROW) + '"open quote',
        "x" * (CHARACTERS_MAX + 1),
        table(*[ROW] * (ROWS_MAX + 1)),
    ],
)
def test_what_is_no_such_table_is_unreadable(text):
    with pytest.raises(ImportUnreadable):
        read_listing_rows(text)


def test_a_byte_order_mark_does_no_harm():
    assert len(read_listing_rows("\ufeff" + table(ROW))[0]) == 1


@pytest.mark.parametrize("name", ["shanghai", "shanghai_raw", "beijing", "guangzhou"])
def test_every_real_row_is_a_sound_draft_or_a_named_reason(name):
    file = REAL / f"{name}.csv"
    if not file.exists():
        pytest.skip("the folder ../shared/data/listings with the real listings is absent")
    text = file.read_text("utf-8-sig")
    drafts, rejected = read_listing_rows(text)
    total = {"shanghai": 447, "shanghai_raw": 447, "beijing": 714, "guangzhou": 792}[name]
    assert len(drafts) + len(rejected) == total
    assert len(drafts) >= total * 0.98
    assert all(row.field and row.reason for row in rejected)
    for draft in drafts:
        assert content_faults(draft.content) == []
        DraftVersionSchema().load(draft.content)


def test_drafts_are_entered_with_their_origin(market):
    drafts, _ = read_listing_rows(table(ROW, {**ROW, "title": "第二个"}))
    with market.acting() as uow:
        made = services.import_drafts(uow, SUPPLIER, drafts)
    with market.acting() as uow:
        page = products.list_products(uow.session, supplier_id=SUPPLIER_ID, cursor=None, limit=9)
        assert [product.name for product in page.items] == ["第二个", "企业三要素验证"]
        origin = uow.session.get(DataProduct, made[0].product_id).origin
        stored = products.get_version(uow.session, made[0].product_id, 1, supplier_id=SUPPLIER_ID)
        assert stored.state == "DRAFT"
        assert [plan.terms["unit_price"] for plan in stored.plans] == ["0.10000000"]
    assert origin["cells"]["url"] == "https://exchange.example/1"


def test_more_rows_than_a_file_holds_are_not_entered(market):
    draft = one(ROW)
    with market.acting() as uow, pytest.raises(ImportUnreadable):
        services.import_drafts(uow, SUPPLIER, [draft] * (ROWS_MAX + 1))


def test_a_cell_that_cannot_be_stored_refuses_its_row_and_no_other(market):
    drafts, rejected = read_listing_rows(table(ROW, {**ROW, "url": "https://x\x00"}, ROW))
    (row,) = rejected
    assert (row.row_number, row.field) == (3, "url")
    with market.acting() as uow:
        assert len(services.import_drafts(uow, SUPPLIER, drafts)) == 2


@pytest.mark.parametrize("columns", [[*COLUMNS, "url"], [*COLUMNS, "a\x00"]])
def test_a_header_that_would_lose_a_cell_is_refused(columns):
    text = table(ROW).replace(",".join(COLUMNS), ",".join(columns))
    with pytest.raises(ImportUnreadable, match="names a column twice"):
        read_listing_rows(text)


def test_rows_are_counted_as_a_spreadsheet_does_with_the_blank_ones():
    header, first, second = table(ROW, {**ROW, "title": ""}).splitlines()
    drafts, (refused,) = read_listing_rows(f"{header}\n\n{first}\n\n\n{second}\n")
    assert [draft.row_number for draft in drafts] == [3]
    assert (refused.row_number, refused.field) == (6, "title")
