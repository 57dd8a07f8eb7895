"""Search words: whatever stands in a text is found by any part of it."""

from hypothesis import given
from hypothesis import strategies as st

from listings.catalogue.search_text import likeness_query, search_query, search_vector, stem

han = st.text("企业信息查询高速公路数据气象", min_size=1, max_size=12)
anything = st.text(max_size=60)


def _tokens(vector):
    return {part.split(":")[0].strip("'") for part in vector.split()}


@given(han, st.data())
def test_every_two_neighbours_of_a_chinese_text_are_tokens(text, data):
    start = data.draw(st.integers(0, max(0, len(text) - 2)))
    assert text[start : start + 2] in _tokens(search_vector([("A", text)]))


@given(anything)
def test_tokens_never_need_quoting(text):
    for token in _tokens(search_vector([("A", text)])):
        assert not set(token) & set("'\\:&|!()<>*")
        assert not any(map(str.isspace, token))
    assert search_query(text).count("'") % 2 == 0
    assert "\x00" not in search_query(text) + likeness_query([text])


@given(st.from_regex(r"[a-z]{3,12}", fullmatch=True))
def test_the_plural_has_the_stem_of_the_singular(word):
    if not word.endswith(("s", "x", "ch", "sh", "y", "i", "e", "u")):
        assert stem(word + "s") == stem(word)


def test_inflected_forms_share_a_stem():
    assert {stem(word) for word in ("price", "prices", "priced", "pricing")} == {"pric"}
    assert stem("companies") == stem("company")
    assert stem("planned") == stem("planning") == stem("plan")
    assert stem("speed") == "speed"
    assert stem("classes") == stem("class")
    assert stem("status") == "status"


def test_a_query_of_chinese_is_a_phrase_of_bigrams():
    assert search_query("公路费") == "('公路' <-> '路费')"
    whole, parted = "'高速' <-> '速公' <-> '公路'", "('高速') & ('公路')"
    assert search_query("高速公路") == f"({whole} | {parted})"
    assert search_query("速") == "('速')"
    assert search_query("!?") == ""


def test_full_width_and_capitals_are_folded():
    assert search_query("ＡＰＩ") == search_query("api") == "('api')"


def test_a_query_is_bounded():
    assert search_query("数据" * 100).count("<->") < 24
    assert search_query("word " * 100).count("'") == 48
