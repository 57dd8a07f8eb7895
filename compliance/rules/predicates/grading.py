"""Classification and grading of the product and its fields (GB/T 43697, article 21 of the DSL)."""

from typing import Any

from compliance.rules.verdicts import Inputs, Verdict, failed, passed, passed_unless, unsure


def grade_is_declared(inputs: Inputs) -> Verdict:
    """The product has a grade of the vocabulary."""
    grade = inputs["product.grade"]
    return passed(grade=grade) if grade in inputs["parameters"]["order"] else failed(grade=grade)


def grade_covers_fields(inputs: Inputs) -> Verdict:
    """No field's own grade is above the product's."""
    order, grade = inputs["parameters"]["order"], inputs["product.grade"]
    if grade not in order:
        return failed(grade=grade)
    roof = order.index(grade)
    fields = [*(inputs["fields_in"] or []), *(inputs["fields_out"] or [])]
    faults = [field["name"] for field in fields if _rank(order, field.get("grade")) > roof]
    return passed_unless(faults, grade=grade)


def _rank(order: list[str], grade: Any) -> int:
    return -1 if grade is None else order.index(grade)


def grade_is_listable(inputs: Inputs) -> Verdict:
    """Core data is never listed; important data only after a person has seen the assessments."""
    grade, parameters = inputs["product.grade"], inputs["parameters"]
    if grade in parameters["never"]:
        return failed(grade=grade)
    return unsure(grade=grade) if grade in parameters["judged"] else passed(grade=grade)
