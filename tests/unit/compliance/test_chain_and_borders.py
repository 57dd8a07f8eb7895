"""Hostile chains of rights, and the numbers at which data may leave the country."""

import pytest

from compliance.rules.cross_border import Export, Route, route_needed
from compliance.rules.rule_set import Stage
from compliance.rules.verdicts import Outcome
from tests.factories.compliance import document, dossier, personal_members
from tests.unit.compliance.test_rules import judged, outcomes

AT_FIRST = {
    "grantor": "Owner Ltd",
    "grantee": "Holder Ltd",
    "object": "The airports",
    "rights": ["HOLD", "USE", "OPERATE"],
    "purposes": ["OPERATIONS", "RESEARCH"],
    "regions": ["CN"],
    "from": "2025-01-01",
    "to": "2031-01-01",
    "may_sublicense": True,
    "may_derive": True,
    "revocable": False,
    "evidence": "authorisation",
    "is_original": True,
}
MIDDLE = AT_FIRST | {"grantor": "Holder Ltd", "grantee": "Dealer Ltd", "is_original": False}
LAST = AT_FIRST | {"grantor": "Dealer Ltd", "grantee": "Example Ltd", "is_original": False}


def licensed(first=None, middle=None, last=None, **changes):
    """A dossier whose right is licensed over three links, with changes to them."""
    return dossier(
        rights=[{"right": "OPERATE", "basis": "licensed", "from": "2026-01-01"}],
        authorisation_chain=[
            AT_FIRST | (first or {}),
            MIDDLE | (middle or {}),
            LAST | (last or {}),
        ],
        evidence=[*dossier()["evidence"], document("AUTHORISATION")],
        **changes,
    )


def faults(contents, rule="P7"):
    found = {each.rule_id: each for each in judged(contents).outcomes}[rule]
    assert found.outcome is Outcome.FAIL
    return found.decided_by["faults"]


def test_a_whole_chain_carries_the_offer():
    answers = outcomes(licensed())
    assert (answers["P7"], answers["P8"]) == (Outcome.PASS, Outcome.PASS)


def test_original_rights_need_no_chain():
    assert outcomes()["P7"] is Outcome.NOT_APPLICABLE


def test_an_expired_middle_link_breaks_the_chain():
    assert faults(licensed(middle={"to": "2026-11-19"})) == [{"link": 1, "fault": "not in force"}]


def test_a_link_counts_on_its_last_day():
    assert outcomes(licensed(middle={"to": "2026-11-20"}))["P7"] is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "link", "fault"),
    [
        (
            {"middle": {"purposes": ["OPERATIONS", "RESEARCH", "MARKETING"]}},
            1,
            "has wider purposes than the link above",
        ),
        ({"last": {"purposes": ["RESEARCH"]}}, 2, "does not cover the purposes offered"),
        ({"middle": {"regions": ["31"]}}, 1, "does not cover the regions offered"),
        ({"last": {"regions": ["CN", "US"]}}, 2, "has wider regions than the link above"),
        ({"middle": {"may_sublicense": False}}, 1, "may not be sublicensed"),
        (
            {"middle": {"grantor": "Somebody Else"}},
            1,
            "is not granted by whoever the link above grants to",
        ),
        (
            {"first": {"is_original": False}},
            0,
            "is neither an original right nor the persons' consent",
        ),
        ({"last": {"evidence": "a document that is not there"}}, 2, "has no document in date"),
        (
            {"middle": {"may_derive": False}, "derivation": {"kind": "SUBSTANTIAL"}},
            1,
            "may not be derived from",
        ),
    ],
)
def test_a_hostile_chain_is_caught_at_its_link(changes, link, fault):
    assert {"link": link, "fault": fault} in faults(licensed(**changes))


def test_no_more_rights_are_claimed_than_the_chain_passes_on():
    contents = licensed(middle={"rights": ["USE"]}, last={"rights": ["USE"]})
    (fault,) = faults(contents, "P8")
    assert fault == {"right": "OPERATE", "basis": "licensed", "fault": "is not derived"}


OVERSEAS = {"is_overseas": True}


@pytest.mark.parametrize(
    ("export", "route"),
    [
        ({"is_overseas": False}, Route.NONE),
        ({"is_overseas": False, "is_core": True}, Route.NONE),
        (OVERSEAS, Route.NONE),
        (OVERSEAS | {"is_core": True, "is_important": True}, Route.FORBIDDEN),
        (OVERSEAS | {"is_important": True}, Route.SECURITY_ASSESSMENT),
        (OVERSEAS | {"is_personal": True}, Route.EXEMPT),
        (OVERSEAS | {"is_personal": True, "persons": 99_999}, Route.EXEMPT),
        (OVERSEAS | {"is_personal": True, "persons": 100_000}, Route.CONTRACT_OR_CERTIFICATION),
        (OVERSEAS | {"is_personal": True, "persons": 999_999}, Route.CONTRACT_OR_CERTIFICATION),
        (OVERSEAS | {"is_personal": True, "persons": 1_000_000}, Route.SECURITY_ASSESSMENT),
        (OVERSEAS | {"is_personal": True, "sensitive_persons": 1}, Route.CONTRACT_OR_CERTIFICATION),
        (
            OVERSEAS | {"is_personal": True, "sensitive_persons": 9_999},
            Route.CONTRACT_OR_CERTIFICATION,
        ),
        (OVERSEAS | {"is_personal": True, "sensitive_persons": 10_000}, Route.SECURITY_ASSESSMENT),
        (
            OVERSEAS | {"is_personal": True, "is_by_critical_infrastructure": True},
            Route.SECURITY_ASSESSMENT,
        ),
    ],
)
def test_the_route_follows_the_numbers_of_the_law(export, route):
    assert route_needed(Export(**export)) is route


def abroad(**crossing):
    declared = {
        "mode": "EXPORT",
        "regions": ["SG"],
        "persons_declared": 100_000,
        "sensitive_persons_declared": 0,
        "approval_number": "2026-17",
        "valid_to": "2028-01-01",
        **crossing,
    }
    members = personal_members()
    papers = [*members["evidence"], document("CROSS_BORDER_APPROVAL")]
    return dossier(**members | {"cross_border": declared, "evidence": papers})


def test_an_export_under_its_approval_passes_and_shows_its_numbers():
    found = {each.rule_id: each for each in judged(abroad()).outcomes}["X2"]
    assert found.outcome is Outcome.PASS
    assert found.decided_by["route"] == Route.CONTRACT_OR_CERTIFICATION
    assert found.decided_by["declared"]["persons_declared"] == 100_000


@pytest.mark.parametrize(
    "crossing",
    [
        {"persons_declared": None},
        {"approval_number": None},
        {"valid_to": "2026-11-19"},
        {"regions": []},
        {"regions": ["SG"], "persons_declared": 1_000_000, "approval_number": ""},
    ],
)
def test_an_export_without_what_its_route_needs_is_stopped(crossing):
    contents = abroad(**crossing) | {"regions": ["CN", "SG"]}
    assert outcomes(contents)["X2"] is Outcome.FAIL


def test_what_was_counted_here_is_the_lower_bound_of_what_was_declared():
    persons = {"threshold": 50, "delivered_count": 0, "reached_bp": 0, "exported_count": 100_000}
    contents = abroad(persons_declared=5, approval_number=None)
    assert outcomes(contents)["X2"] is Outcome.PASS
    assert outcomes(contents, persons=persons)["X2"] is Outcome.FAIL


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("I2", {"pi_categories": []}),
        ("I3", {"collection_notice": None}),
        ("I4", {"consent_model": None}),
        ("I4", {"consent_model": "NOT_CONSENT_BASED"}),
        ("I4", {"revocation_url": None}),
        ("I6", {"has_minors": None}),
        ("I6", {"has_minors": True}),
        ("I7", {"pipia": None}),
        ("I7", {"pipia": {"evidence": "pipia", "dated_on": "2026-11-21", "scope": "x"}}),
        ("G1", {"grade": "GENERAL_2"}),
        ("M3", {"fields_out": [{"name": "name"}, {"name": "city"}]}),
        ("I10", {"retention": "UNLIMITED"}),
        ("NDSR24-1", {"source_types": ["PUBLIC_COLLECTION"]}),
        ("T1", {"summary": "社工库查询"}),
        ("N1", {"scenario_templates": []}),
        ("K3", {"valuation": {"assessor": "Example Ltd", "evidence": "pipia"}}),
    ],
)
def test_a_duty_about_persons_that_is_not_met_fails_its_rule(rule, changes):
    assert outcomes(dossier(**personal_members(**changes)))[rule] is Outcome.FAIL


def test_an_anonymised_claim_is_tested_by_somebody_else():
    claim = {
        "method": "GENERALISATION",
        "k": 20,
        "reidentification_evidence": "reidentification_test",
        "assessor": "Assessor Ltd",
    }
    papers = [*dossier()["evidence"], document("REIDENTIFICATION_TEST")]
    whole = {"pi_level": "ANONYMISED", "anonymisation": claim, "evidence": papers}
    assert outcomes(dossier(**whole))["PIPL4-1"] is Outcome.PASS
    own = whole | {"anonymisation": claim | {"assessor": "Example Ltd"}}
    assert outcomes(dossier(**own))["PIPL4-1"] is Outcome.FAIL
    assert outcomes(dossier(**whole), anonymity={"k": 1, "is_whole": True})["I8"] is Outcome.FAIL
    assert outcomes(dossier(**whole), anonymity={"k": 20})["I8"] is Outcome.PASS


def test_listing_needs_two_people_on_the_same_dossier():
    one = {"first_reviewer_id": "psn_a", "second_reviewer_id": "psn_a"}
    for approvals, outcome in (
        ({}, Outcome.FAIL),
        (one, Outcome.FAIL),
        (one | {"second_reviewer_id": "psn_b"}, Outcome.PASS),
    ):
        found = judged(dossier(), Stage.LISTING, approvals=approvals).outcomes
        assert {each.rule_id: each.outcome for each in found}["Z1"] is outcome
