"""Every coded word has two labels."""

import json
import re
from pathlib import Path

import pytest

import listings
from compliance.rules import rule_set
from listings.vocabulary import (
    NAMES,
    codes,
    descends_from,
    edition,
    labelled,
    labelled_all,
    vocabulary,
)

FILES = sorted((Path(listings.__file__).parent / "vocabularies").glob("*.json"))


def test_every_file_is_known_and_every_name_has_a_file():
    known = {file.stem for file in FILES if not file.stem.startswith("import_")}
    assert known == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_terms_are_labelled_once_in_both_languages(name):
    terms = vocabulary(name)
    folder = Path(listings.__file__).parent / "vocabularies"
    assert len(terms) == len(json.loads((folder / f"{name}.json").read_text("utf-8"))["terms"])
    for term in terms.values():
        assert term.en
        assert term.zh
        assert term.parent is None or term.parent in terms


def test_a_label_is_chosen_by_language():
    assert labelled("sectors", "TRANSPORT", "zh") == {"code": "TRANSPORT", "label": "交通运输"}
    assert labelled_all("rights", ["HOLD"], "en") == [{"code": "HOLD", "label": "Right to hold"}]


def test_a_lost_code_is_its_own_label():
    assert labelled("sectors", "GONE", "en") == {"code": "GONE", "label": "GONE"}


def test_the_sixteen_sectors_are_there():
    assert len(codes("sectors")) == 16


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_vocabulary_says_where_it_comes_from(name):
    read = edition(name)
    assert read.version >= 1
    assert len(read.source) > 10
    assert isinstance(read.is_confirmed, bool)


def test_what_was_compared_says_when_and_with_what():
    checked = {name: edition(name).checked for name in NAMES if edition(name).checked}
    assert {"industries", "provinces", "update_frequencies", "sectors"} <= set(checked)
    for text in checked.values():
        assert re.match(r"\d{4}-\d{2}-\d{2}: .{40,}", text)


def test_the_industries_are_the_national_sections_and_divisions():
    terms = vocabulary("industries").values()
    sections = [term.code for term in terms if term.parent is None]
    divisions = [term.code for term in terms if term.parent]
    assert "".join(sections) == "ABCDEFGHIJKLMNOPQRST"
    assert [int(code[1:]) for code in divisions] == list(range(1, 98))
    assert all(term.code.startswith(term.parent or "") for term in terms)


def test_the_divisions_of_province_level_are_thirty_four():
    assert len(codes("provinces")) == 34


def test_each_right_is_called_by_both_generations_of_words():
    assert {term.code: (term.zh, term.former_zh) for term in vocabulary("rights").values()} == {
        "HOLD": ("数据持有权", "数据资源持有权"),
        "USE": ("数据使用权", "数据加工使用权"),
        "OPERATE": ("数据经营权", "数据产品经营权"),
    }


def test_a_code_descends_from_itself_and_from_what_stands_above():
    assert descends_from("purposes", "CREDIT", ["RISK"])
    assert descends_from("purposes", "RISK", ["RISK"])
    assert not descends_from("purposes", "RISK", ["CREDIT"])
    assert not descends_from("purposes", "TARGETING", ["INSIGHT"])


def named_in(parameters):
    """Every text in a rule's parameters, however deep."""
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, dict):
        for value in parameters.values():
            yield from named_in(value)
    elif isinstance(parameters, (list, tuple)):
        for value in parameters:
            yield from named_in(value)


def test_every_document_that_a_rule_asks_for_is_a_kind_that_a_supplier_can_name():
    kinds = codes("evidence_kinds")
    for rule in rule_set.current().rules:
        asked = {*rule.evidence_kinds}
        for member in ("document", "documents", "matrix", "links"):
            asked |= set(named_in(rule.parameters.get(member)))
        statements = {each for each in asked if each.startswith("STATEMENT:")}
        assert asked - statements <= kinds, rule.id
