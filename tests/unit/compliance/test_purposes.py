"""What a grant covers, and what a product that forbids some purposes can still grant."""

import json
from importlib import resources

from compliance.rules.facts import product_terms
from compliance.terms import purposes


def test_a_grant_covers_its_descendants_and_nothing_beside_or_above():
    assert purposes.closure(["MARKETING"]) == {"MARKETING", "INSIGHT", "TARGETING"}
    assert purposes.closure(["INSIGHT"]) == {"INSIGHT"}


def test_a_node_above_a_forbidden_one_is_not_granted_but_its_other_descendants_are():
    terms = product_terms(
        {"allowed_purposes": ["MARKETING", "RISK"], "forbidden_purposes": ["TARGETING"]}
    )
    assert "TARGETING" not in purposes.closure(terms["purposes"])
    assert "MARKETING" not in terms["purposes"]
    assert {"INSIGHT", "RISK", "CREDIT"} <= purposes.closure(terms["purposes"])


def test_without_a_prohibition_the_terms_are_what_the_supplier_wrote():
    assert product_terms({"allowed_purposes": ["RISK", "CREDIT"]})["purposes"] == ["CREDIT", "RISK"]


def test_forbidding_everything_leaves_nothing():
    assert purposes.without(["MARKETING"], ["MARKETING"]) == frozenset()


def test_the_tree_is_the_published_vocabulary():
    text = resources.files("listings").joinpath("vocabularies", "purposes.json").read_text("utf-8")
    assert {row["code"]: row.get("parent") for row in json.loads(text)["terms"]} == purposes.PARENTS
