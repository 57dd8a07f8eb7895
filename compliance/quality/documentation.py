"""Documentation of a data set (TC609 0101-0104): twenty items, each evidenced or not."""

from collections.abc import Mapping
from typing import Any

PASS_PER_CENT = 80
"""An indicator passes when four of its five items are evidenced."""

ITEMS: dict[str, dict[str, tuple[str, ...]]] = {
    "0101": {
        "scale": ("record_count", "stock"),
        "format": ("modalities", "delivery_mode"),
        "file_structure": ("fields_out",),
        "access_channel": ("delivery", "upstream"),
        "support": ("service_level",),
    },
    "0102": {
        "modality": ("modalities",),
        "distribution": ("population", "coverage", "regions"),
        "label_statistics": (),
        "samples": ("sample",),
        "limitations": (),
    },
    "0103": {
        "source": ("source_statement",),
        "collection": ("period", "source_types"),
        "processing": ("derivation",),
        "labelling_rules": (),
        "versions": ("version",),
    },
    "0104": {
        "licence": ("allowed_purposes",),
        "target_scenario": ("scenario_templates",),
        "evaluation_method": (),
        "benchmark": (),
        "cases": (),
    },
}
"""Indicator -> item -> members of the dossier that evidence it; any item may be declared too."""

ITEM_NAMES = frozenset(item for items in ITEMS.values() for item in items)


def documentation(dossier: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Items evidenced of twenty, by indicator, and which indicators pass."""
    indicators = []
    for code, items in ITEMS.items():
        missing = [
            item
            for item, members in items.items()
            if not declared.get(item) and not any(dossier.get(member) for member in members)
        ]
        met = len(items) - len(missing)
        indicators.append(
            {
                "code": code,
                "standard_ref": f"TC609 {code}",
                "evidenced_count": met,
                "item_count": len(items),
                "is_passed": met * 100 >= PASS_PER_CENT * len(items),
                "missing": missing,
            }
        )
    return {
        "code": "DOC",
        "evidenced_count": sum(each["evidenced_count"] for each in indicators),
        "item_count": len(ITEM_NAMES),
        "indicators": indicators,
    }
