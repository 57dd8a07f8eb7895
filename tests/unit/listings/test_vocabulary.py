"""Every coded word has two labels."""

import json
from pathlib import Path

import pytest

import listings
from listings.vocabulary import NAMES, codes, labelled, labelled_all, vocabulary

FILES = sorted((Path(listings.__file__).parent / "vocabularies").glob("*.json"))


def test_every_file_is_known_and_every_name_has_a_file():
    known = {file.stem for file in FILES if not file.stem.startswith("import_")}
    assert known == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_terms_are_labelled_once_in_both_languages(name):
    terms = vocabulary(name)
    folder = Path(listings.__file__).parent / "vocabularies"
    assert len(terms) == len(json.loads((folder / f"{name}.json").read_text("utf-8")))
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
