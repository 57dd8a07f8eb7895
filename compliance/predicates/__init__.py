"""The registered predicates: rule data names one of these, and nothing else can run."""

from compliance.predicates import (
    descriptions,
    grading,
    identity,
    personal_information,
    prices,
    rights,
    scenarios,
    sources,
    upstreams,
)
from compliance.verdicts import Inputs, Predicate, Verdict, unsure


def judgement(_inputs: Inputs) -> Verdict:
    """Always a person's: the machine has nothing to say."""
    return unsure()


REGISTRY: dict[str, Predicate] = {
    "judgement": judgement,
    "supplier_code_is_valid": identity.supplier_code_is_valid,
    "supplier_is_verified": identity.supplier_is_verified,
    "sources_are_stated": sources.sources_are_stated,
    "source_evidence_is_complete": sources.source_evidence_is_complete,
    "rights_are_claimed": rights.rights_are_claimed,
    "grade_is_declared": grading.grade_is_declared,
    "grade_covers_fields": grading.grade_covers_fields,
    "grade_is_listable": grading.grade_is_listable,
    "description_is_complete": descriptions.description_is_complete,
    "prices_are_sane": prices.prices_are_sane,
    "purposes_are_offered": scenarios.purposes_are_offered,
    "sample_agrees_with_declaration": personal_information.sample_agrees_with_declaration,
    "sample_is_masked": personal_information.sample_is_masked,
    "upstream_answers_to_schema": upstreams.upstream_answers_to_schema,
}
