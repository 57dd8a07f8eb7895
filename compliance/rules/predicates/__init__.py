"""The registered predicates: rule data names one of these, and nothing else can run."""

from compliance.rules.predicates import (
    borders,
    chains,
    circulation,
    descriptions,
    documents,
    grading,
    identity,
    personal_information,
    persons,
    prices,
    records,
    reports,
    rights,
    scenarios,
    sources,
    upstreams,
    uses,
)
from compliance.rules.verdicts import Inputs, Predicate, Verdict, passed, unsure


def judgement(_inputs: Inputs) -> Verdict:
    """Always a person's: the machine has nothing to say."""
    return unsure()


def enforced_elsewhere(inputs: Inputs) -> Verdict:
    """No evaluation: the code that the rule names holds it, call by call or on the platform."""
    return passed(**inputs)


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
    # From here on the second rule set. A published function keeps its meaning: old evaluations
    # replay through it, so what has to change gets a name of its own.
    "route_is_computed": borders.route_is_computed,
    "route_is_followed": borders.route_is_followed,
    "chain_carries_the_offer": chains.chain_carries_the_offer,
    "claimed_rights_are_derived": chains.claimed_rights_are_derived,
    "nothing_prohibited_is_named": circulation.nothing_prohibited_is_named,
    "regulated_business_is_licensed": circulation.regulated_business_is_licensed,
    "mosaic_is_hinted": circulation.mosaic_is_hinted,
    "extraction_is_bounded": circulation.extraction_is_bounded,
    "registrations_do_not_overlap": circulation.registrations_do_not_overlap,
    "record_is_clean": circulation.record_is_clean,
    "dispute_is_denied": circulation.dispute_is_denied,
    "labour_is_described": circulation.labour_is_described,
    "documents_are_in_date": documents.documents_are_in_date,
    "scan_agrees_with_declaration": persons.scan_agrees_with_declaration,
    "sample_shows_no_identifier": persons.sample_shows_no_identifier,
    "categories_have_a_basis": persons.categories_have_a_basis,
    "notice_is_there": persons.notice_is_there,
    "consent_can_be_withdrawn": persons.consent_can_be_withdrawn,
    "minors_are_declared": persons.minors_are_declared,
    "impact_was_assessed": persons.impact_was_assessed,
    "anonymisation_is_shown": persons.anonymisation_is_shown,
    "persons_are_hidden": persons.persons_are_hidden,
    "fields_are_needed": persons.fields_are_needed,
    "retention_is_limited": persons.retention_is_limited,
    "crawled_persons_are_removed": persons.crawled_persons_are_removed,
    "persons_stay_below_the_threshold": persons.persons_stay_below_the_threshold,
    "persons_are_few": persons.persons_are_few,
    "fields_trace_to_sources": records.fields_trace_to_sources,
    "fields_are_graded": records.fields_are_graded,
    "grade_covers_the_whole": records.grade_covers_the_whole,
    "mandate_is_there": records.mandate_is_there,
    "public_data_is_registered": records.public_data_is_registered,
    "grant_may_be_passed_on": records.grant_may_be_passed_on,
    "valuation_is_independent": records.valuation_is_independent,
    "scenario_is_offered": records.scenario_is_offered,
    "quality_is_sufficient": records.quality_is_sufficient,
    "exchange_drew_the_sample": records.exchange_drew_the_sample,
    "two_people_approved": records.two_people_approved,
    "logs_are_kept": records.logs_are_kept,
    "assessment_is_recent": records.assessment_is_recent,
    "matrix_is_complete": sources.matrix_is_complete,
    "buyer_is_verified": uses.buyer_is_verified,
    "buyer_is_qualified": uses.buyer_is_qualified,
    "qualification_is_declared": uses.qualification_is_declared,
    "use_is_within_the_offer": uses.use_is_within_the_offer,
    "automation_is_fair": uses.automation_is_fair,
    "recipient_is_no_foreign_authority": uses.recipient_is_no_foreign_authority,
    "consent_covers_the_recipient": uses.consent_covers_the_recipient,
    "terms_are_complete": uses.terms_are_complete,
    "buyers_pay_the_same": uses.buyers_pay_the_same,
    "enforced_elsewhere": enforced_elsewhere,
    # From here on the third rule set.
    "quality_is_reported": reports.quality_is_reported,
    "committed_sample_is_reported": reports.committed_sample_is_reported,
    "test_calls_fit_the_schema": upstreams.test_calls_fit_the_schema,
    "classes_hide_persons": persons.classes_hide_persons,
}
