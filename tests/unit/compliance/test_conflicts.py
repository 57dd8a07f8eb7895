"""Only a plain no to every question clears a reviewer."""

import pytest

from compliance.errors import DeclarationIncomplete
from compliance.review.conflicts import QUESTIONS, find_conflicts
from tests.factories.compliance import CLEAR, EXCHANGE_ID, SUPPLIER_ID


def found(answers, organisation_id=EXCHANGE_ID):
    return find_conflicts(
        answers, reviewer_organisation_id=organisation_id, supplier_id=SUPPLIER_ID
    )


def test_four_times_no_is_clear():
    assert found(CLEAR) == []


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("answer", ["yes", "unknown"])
def test_a_yes_and_an_unknown_both_bar(question, answer):
    assert found({**CLEAR, question: answer}) == [question]


def test_an_open_question_is_refused():
    with pytest.raises(DeclarationIncomplete) as refusal:
        found({"employed": "no"})
    assert refusal.value.facts["missing"] == ["interest", "prepared", "related"]


def test_a_reviewer_of_the_suppliers_own_organisation_is_barred():
    assert found(CLEAR, SUPPLIER_ID) == ["same_organisation"]
