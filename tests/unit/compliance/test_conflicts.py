"""Only a plain no to every question clears a reviewer, and only if the exchange knows nothing."""

import pytest

from compliance.review.case_errors import DeclarationIncomplete
from compliance.review.conflicts import QUESTIONS, KnownFacts, find_conflicts, known_conflicts
from tests.factories.compliance import CLEAR, EXCHANGE_ID, SUPPLIER_ID


def known(**changes):
    facts = {"organisation_id": EXCHANGE_ID, "supplier_id": SUPPLIER_ID, "rotation_cases": 3}
    return KnownFacts(**facts | changes)


def test_a_no_to_every_question_is_clear():
    assert find_conflicts(CLEAR, known()) == []


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("answer", ["yes", "unknown"])
def test_a_yes_and_an_unknown_both_bar(question, answer):
    assert find_conflicts({**CLEAR, question: answer}, known()) == [question]


def test_an_open_question_is_refused():
    with pytest.raises(DeclarationIncomplete) as refusal:
        find_conflicts({"employed": "no"}, known())
    assert refusal.value.facts["missing"] == sorted(set(QUESTIONS) - {"employed"})


@pytest.mark.parametrize(
    ("conflict", "facts"),
    [
        ("same_organisation", {"organisation_id": SUPPLIER_ID}),
        ("same_credit_code", {"credit_code": "91X", "supplier_credit_code": "91X"}),
        ("rotation", {"consecutive_cases": 3}),
    ],
)
def test_what_the_exchange_knows_bars_whatever_is_answered(conflict, facts):
    assert known_conflicts(known(**facts)) == [conflict]
    assert find_conflicts(CLEAR, known(**facts)) == [conflict]


def test_two_unknown_codes_are_not_the_same_code():
    assert known_conflicts(known(credit_code=None, supplier_credit_code=None)) == []
    assert known_conflicts(known(consecutive_cases=2)) == []
