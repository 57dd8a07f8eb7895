"""A listing as its page shows it: every code with its label, and nothing that is not public."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.money import format_amount
from listings.catalogue.listed_record import render_record
from listings.catalogue.rating_means import mean_label
from listings.offers.plan_labels import price_label
from listings.offers.plan_prices import unit_price
from listings.vocabulary import Language, labelled, labelled_all

LIBRARY = "TRADABLE"
"""The library of listings (交易库); registrations stand in the other (登记库)."""

_FIELD_FACTS = (
    "name",
    "unit",
    "required",
    "nullable",
    "event_time",
    "pattern",
    "max_length",
    "minimum",
    "maximum",
    "example",
    "pi_category",
)
_PLAIN = ("coverage", "regions", "stock", "increment", "dimension_count", "use_cases")


def render_card(listing: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What a result of the catalogue shows; ``listing`` holds the columns of a listing."""
    named = {"zh": listing["name"], "en": listing["name_en"] or listing["name"]}
    return {
        "listing_code": listing["listing_code"],
        "library": LIBRARY,
        "title": named[language],
        "name": listing["name"],
        "name_en": listing["name_en"],
        "series": listing["series"],
        "summary": listing["summary"],
        "keywords": listing["keywords"],
        "supplier": {"id": listing["supplier_id"], "name": listing["supplier_name"]},
        "sectors": labelled_all("sectors", listing["sectors"], language),
        "topic": labelled("topics", listing["topic"], language),
        "product_kind": labelled("product_kinds", listing["product_kind"], language),
        "delivery_mode": labelled("delivery_modes", listing["delivery_mode"], language),
        "update_frequency": labelled("update_frequencies", listing["update_frequency"], language),
        "grade": labelled("grades", listing["grade"], language),
        "quality": labelled("quality_grades", listing["quality"], language),
        "rating": {
            "count": listing["rating_count"],
            "mean": mean_label(listing["rating_count"], listing["rating_stars"]),
        },
        "price_models": labelled_all("price_models", listing["price_models"], language),
        "lowest_price": {
            "amount": listing["lowest_price_amount"],
            "currency": listing["currency"],
        },
        "first_listed_at": listing["first_listed_at"],
        "published_at": listing["published_at"],
    }


def render_page(
    listing: Mapping[str, Any],
    content: Mapping[str, Any],
    plans: Sequence[Mapping[str, Any]],
    language: Language,
    *,
    names: Mapping[str, str],
) -> dict[str, Any]:
    """The whole page; ``plans`` are dossier entries with the offer's name.

    ``names`` are those of contributors by id.
    The upstream stays out: its address is between the supplier and the exchange. So do the
    contributors' shares, which are between them and in the agreements.
    """
    return {
        **render_card(listing, language),
        **{name: content[name] for name in _PLAIN if name in content},
        **render_record(content, language),
        "description": content.get("description", ""),
        "registration_id": listing["registration_id"],
        "version_number": listing["version_number"],
        "dossier_hash": listing["dossier_hash"],
        "fields_in": [_field(field, language) for field in content.get("fields_in", ())],
        "fields_out": [_field(field, language) for field in content.get("fields_out", ())],
        **({"files": content["files"]} if "files" in content else {}),
        "sample": content.get("sample", []),
        "outcome_rule": content.get("outcome_rule", {}),
        **_provenance(content, language),
        "contributors": [
            {
                "id": each["organisation_id"],
                "name": names.get(each["organisation_id"], ""),
                "basis": each["basis"],
            }
            for each in content.get("contributors", ())
        ],
        "conditions": _conditions(content, language),
        "plans": [_plan(plan, language) for plan in plans],
    }


def contributor_ids(content: Mapping[str, Any]) -> list[str]:
    """Who shares in the product beside its supplier."""
    return [each["organisation_id"] for each in content.get("contributors", ())]


def _field(field: Mapping[str, Any], language: Language) -> dict[str, Any]:
    shown: dict[str, Any] = {name: field[name] for name in _FIELD_FACTS if name in field}
    shown["type"] = labelled("field_types", field["type"], language)
    shown["description"] = _spoken(field, "description", language)
    shown["coded_values"] = [
        {"code": value["code"], "label": _spoken(value, "label", language)}
        for value in field.get("coded_values", ())
    ]
    if "classification" in field:
        shown["classification"] = labelled("classifications", field["classification"], language)
    return shown


def _spoken(owner: Mapping[str, Any], name: str, language: Language) -> str:
    """The words in the language, or those that there are."""
    chinese: str | None = owner.get(f"{name}_zh")
    words: str = owner.get(name, "")
    return (chinese if language == "zh" else None) or words or chinese or ""


def _provenance(content: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "source_types": labelled_all("source_types", content.get("source_types", ()), language),
        "source_statement": content.get("source_statement", ""),
        "rights": [
            {
                "right": labelled("rights", right["right"], language),
                "basis": labelled("right_bases", right["basis"], language),
                "from": right["from"],
                "to": right.get("to"),
                **{name: right[name] for name in ("exclusive", "scope") if name in right},
            }
            for right in content.get("rights", ())
        ],
        "evidence": [
            {
                **{
                    name: proof.get(name)
                    for name in ("kind", "title", "issuer", "valid_from", "valid_to", "sha256")
                },
                "kind_label": labelled("evidence_kinds", proof["kind"], language)["label"],
            }
            for proof in public_evidence(content)
        ],
        "pi_level": labelled("pi_levels", content.get("pi_level", "NONE"), language),
    }


def public_evidence(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The documents of a version that its supplier shows to everybody."""
    proofs = content.get("evidence", ())
    return [proof for proof in proofs if proof.get("visibility") == "PUBLIC"]


def _conditions(content: Mapping[str, Any], language: Language) -> dict[str, Any]:
    allowed, forbidden = content["allowed_purposes"], content.get("forbidden_purposes", ())
    mode, _, days = content["retention"].partition(":")
    return {
        "allowed_purposes": labelled_all("purposes", allowed, language),
        "forbidden_purposes": labelled_all("purposes", forbidden, language),
        "retention": {
            **labelled("retention_modes", mode, language),
            "days": int(days) if days else None,
        },
        "transfer_rule": labelled("transfer_rules", content["transfer_rule"], language),
    }


def _plan(plan: Mapping[str, Any], language: Language) -> dict[str, Any]:
    named = {name: plan[name] for name in ("plan_id", "plan_hash", "offer")}
    return {**named, **render_terms(plan["terms"], language)}


def render_terms(terms: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What a plan costs, in words and as its canonical terms."""
    price = unit_price(terms)
    return {
        "price_model": labelled("price_models", terms["kind"], language),
        "unit": labelled("units", terms["unit"], language),
        "unit_amount": None if price is None else format_amount(price),
        "price_label": price_label(terms, language),
        "terms": terms,
    }
