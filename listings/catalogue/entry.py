"""What the catalogue filters, sorts and searches by, derived from a version's content."""

from collections.abc import Mapping, Sequence
from typing import Any

from listings.catalogue.search_text import search_vector
from listings.offers.plan_prices import lowest_price


def catalogue_entry(
    content: Mapping[str, Any], plans: Sequence[Mapping[str, Any]], *, supplier_name: str
) -> dict[str, Any]:
    """The columns of a listing; the price is the lowest of one unit, at scale 10⁻⁸.

    Prices of two currencies are not compared: it is the lowest in the currency of the first plan.
    """
    currency = plans[0]["currency"]
    columns = {
        name: content[name]
        for name in (
            "name",
            "summary",
            "sectors",
            "topic",
            "product_kind",
            "delivery_mode",
            "update_frequency",
            "grade",
        )
    }
    return {
        **columns,
        "name_en": content.get("name_en", ""),
        "series": content.get("series", ""),
        "keywords": content.get("keywords", []),
        **{name: content.get(name, []) for name in ("industries", "modalities", "data_classes")},
        "delivery_grade": content.get("delivery_grade"),
        "price_models": sorted({plan["kind"] for plan in plans}),
        "lowest_price_amount": lowest_price(p for p in plans if p["currency"] == currency) or 0,
        "currency": currency,
        "supplier_name": supplier_name,
    }


def search_words(content: Mapping[str, Any], *, supplier_name: str) -> str:
    """What the listing is found by, as the text form of a tsvector."""
    names = [content["name"], content.get("name_en", "")]
    fields = [
        text
        for field in content.get("fields_out", ())
        for text in (field["name"].replace("_", " "), field.get("description", ""))
    ]
    return search_vector(
        [
            *(("A", text) for text in names),
            *(("B", text) for text in (*content.get("keywords", ()), content.get("series", ""))),
            ("C", supplier_name),
            ("C", content["summary"]),
            ("D", content.get("description", "")),
            ("D", content.get("coverage", "")),
            *(("D", text) for text in fields),
        ]
    )
