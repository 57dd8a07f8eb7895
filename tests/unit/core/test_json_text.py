"""JSON from strangers is bounded whatever the process's recursion limit is."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.json_text import DEPTH_MAX, load_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text('[]{}"\\a'), inner, max_size=5)
    ),
    max_leaves=40,
)


@given(documents)
def test_every_document_of_usual_depth_is_read_as_json_reads_it(document):
    assert load_json(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"\xff",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 101 + b"]" * 101,
    ],
    ids=range(8),
)
def test_what_is_not_json_or_too_deep_is_refused(data):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(ValueError):  # noqa: PT011 -- json raises several kinds of it
            load_json(data)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_strings_are_no_depth():
    text = json.dumps(["[" * 500, {"{" * 300: '\\"[' * 100}]).encode()
    assert load_json(text) == json.loads(text)


def test_wide_is_not_deep():
    wide = b"[" + b"[]," * 5_000 + b"[]]"
    assert len(load_json(wide)) == 5_001
    assert len(load_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)) == 1
