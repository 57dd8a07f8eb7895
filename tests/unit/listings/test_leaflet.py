"""A leaflet is the listing's page for print: whole, in order, and of data only."""

import re

import pytest

from listings.catalogue.leaflet import leaflet_of
from listings.catalogue.leaflet_pdf import render_leaflet
from listings.catalogue.page import render_page
from tests.factories.listings import record_content, version_content

COLUMNS = {
    "listing_code": "1000000001-0123456789",
    "registration_id": "reg_1",
    "version_number": 3,
    "dossier_hash": "ab" * 32,
    "supplier_id": "org_1",
    "supplier_name": "供方有限公司",
    "quality": "A",
    "rating_count": 0,
    "rating_stars": 0,
    "price_models": ["per_call"],
    "lowest_price_amount": 40_000_000,
    "currency": "CNY",
    "first_listed_at": None,
    "published_at": None,
}
PLAN = {
    "plan_id": "pln_1",
    "plan_hash": "cd" * 32,
    "offer": "按次",
    "terms": {"kind": "per_call", "unit": "call", "unit_price": "0.40000000", "currency": "CNY"},
}
TITLES = "一二三四五六七八九"


def sections_of(content, **columns):
    listed = {
        name: content.get(name, empty)
        for name, empty in {
            "name": "", "name_en": "", "series": "", "summary": "", "keywords": [], "sectors": [],
            "topic": "", "product_kind": "", "delivery_mode": "", "update_frequency": "",
            "grade": "",
        }.items()
    }  # fmt: skip
    page = render_page({**listed, **COLUMNS, **columns}, content, [PLAN], "zh", names={})
    return page, leaflet_of(page, registration="reg_1", quality_until="2027-05-20T00:00:00Z")


def words_of(section):
    return "\n".join(cell for part in section.parts for row in part.rows for cell in row)


@pytest.fixture
def whole():
    return sections_of(record_content())


def test_the_sections_stand_in_the_exchange_s_order(whole):
    _, sections = whole
    assert [section.title[0] for section in sections] == list(TITLES)
    assert all(section.parts for section in sections)


def test_the_record_the_quality_and_the_price_are_in_it(whole):
    _, sections = whole
    basics, extent, content, conditions, uses, delivery, source, documents, price = map(
        words_of, sections
    )
    assert "1000000001-0123456789" in basics
    assert "供方有限公司" in basics
    assert "更新频率" in extent
    assert all(field["name"] in content for field in record_content()["fields_out"])
    assert "仅限购买并付费的一方" in conditions
    assert record_content()["scenario_templates"][0]["name"] in uses
    assert "交付分级" in delivery
    assert "数据经营权" in source
    assert "A（95 分及以上）" in documents
    assert "0.4" in price


def test_what_stays_between_supplier_and_exchange_is_not_in_it(whole):
    page, sections = whole
    text = "\n".join(map(words_of, sections))
    assert "upstream" not in page
    assert "security@supplier.example" not in text
    assert version_content()["upstream"]["url"] not in text
    assert "Holder Ltd" not in text


def test_a_section_without_anything_says_so_and_rows_without_words_are_left_out():
    content = {**version_content(), "evidence": [], "scenario_templates": []}
    content.pop("use_cases", None)
    _, sections = sections_of(content, series="", name_en="")
    assert "所属系列" not in words_of(sections[0])
    assert sections[4].parts == ()
    assert render_leaflet(sections, name="x", dossier_hash="0" * 64).startswith(b"%PDF-")


def test_the_same_leaflet_gives_the_same_bytes_and_another_other_ones(whole):
    _, sections = whole
    render = render_leaflet.__wrapped__  # each made anew
    first = render(sections, name="城市信息", dossier_hash="ab" * 32)
    assert first == render(sections, name="城市信息", dossier_hash="ab" * 32)
    assert first != render(sections, name="城市信息", dossier_hash="ac" * 32)


def test_a_leaflet_is_set_once_however_many_ask_for_it(whole):
    _, sections = whole
    first = render_leaflet(sections, name="城市信息", dossier_hash="ad" * 32)
    _, again = sections_of(record_content())
    assert render_leaflet(again, name="城市信息", dossier_hash="ad" * 32) is first


def test_of_many_coded_values_a_leaflet_prints_some_and_says_how_many_there_are():
    codes = [{"code": f"{at:03}", "label": "一致的结果"} for at in range(200)]
    field = {"name": "result", "type": "string", "coded_values": codes}
    _, sections = sections_of(version_content() | {"fields_out": [field]})
    (cell,) = [row[4] for part in sections[2].parts for row in part.rows if row[1] == "result"]
    assert cell.startswith("000 一致的结果；001 一致的结果；")
    assert "共 200 个" in cell
    assert "199" not in cell
    assert len(cell) < 500


def test_a_description_longer_than_a_page_breaks(whole):
    content = record_content() | {"description": "很长的说明<b>&" * 900}
    _, sections = sections_of(content)
    pdf = render_leaflet(sections, name="x", dossier_hash="0" * 64)
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 3
