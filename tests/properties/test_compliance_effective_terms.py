"""The meet of terms is a meet: commutative, associative, idempotent, and never wider."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from compliance.terms import purposes
from compliance.terms.consent_models import STRICTNESS
from compliance.terms.effective_terms import Terms, from_document, is_within, meet, to_document
from compliance.terms.retention import Retention

START = datetime(2026, 1, 1, tzinfo=UTC)
REGIONS = ["WORLD", "CN", "JP", "US", "31", "310000", "3101", "310115", "11"]


def sets(values, **kwargs):
    return st.none() | st.frozensets(st.sampled_from(values), **kwargs)


instants = st.none() | st.integers(0, 1000).map(lambda days: START + timedelta(days=days))
counts = st.none() | st.integers(0, 10**12)
retentions = st.none() | st.builds(
    Retention.parse,
    st.sampled_from(["NO_CACHE", "CONTRACT_TERM", "UNLIMITED"])
    | st.integers(1, 9999).map("FIXED:{}".format)
    | st.integers(1, 9999).map("FIXED:{}+CONTRACT_TERM".format),
)
terms = st.builds(
    Terms,
    purposes=sets(sorted(purposes.CODES)),
    fields=sets(list("abcdef")),
    regions=sets(REGIONS),
    starts_at=instants,
    ends_at=instants,
    calls_max=counts,
    calls_per_second=counts,
    retention=retentions,
    transfer=st.none() | st.sampled_from(["NO_TRANSFER", "GROUP_ONLY", "DERIVED_ONLY"]),
    recipients=sets(["auditor", "processor"]),
    consent_model=st.none() | st.sampled_from([*STRICTNESS, "A_LATER_MODEL", "ANOTHER"]),
    may_sublicense=st.booleans(),
    duties=st.frozensets(st.sampled_from("xyz")),
    prohibitions=st.frozensets(st.sampled_from("pqr")),
)


@given(terms, terms)
def test_the_order_of_two_links_does_not_matter(left, right):
    assert meet(left, right) == meet(right, left)


@given(terms, terms, terms)
def test_the_grouping_of_links_does_not_matter(a, b, c):
    assert meet(meet(a, b), c) == meet(a, meet(b, c))


@given(terms)
def test_a_link_met_with_itself_is_itself(link):
    assert meet(link, link) == link


@given(terms)
def test_a_link_that_says_nothing_changes_nothing(link):
    assert meet(link, Terms()) == link


@given(terms, terms)
def test_adding_a_link_never_widens(left, right):
    both = meet(left, right)
    assert is_within(both, left)
    assert is_within(both, right)


@given(terms, terms, terms)
def test_narrowing_one_link_never_widens_the_whole(a, b, c):
    assert is_within(meet(meet(a, c), b), meet(a, b))


@given(
    st.frozensets(st.sampled_from(sorted(purposes.CODES))),
    st.frozensets(st.sampled_from(sorted(purposes.CODES))),
)
def test_purposes_meet_as_their_closures_intersect(left, right):
    both = meet(Terms(purposes=left), Terms(purposes=right)).purposes
    assert purposes.closure(both) == purposes.closure(left) & purposes.closure(right)


@given(terms)
def test_terms_survive_their_document(link):
    assert from_document(to_document(link)) == link
