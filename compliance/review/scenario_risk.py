"""How risky a declared use is, by dated data, and how many it takes to approve it; pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from compliance.dated_tables import read_table
from compliance.terms import purposes, regions

PACKAGE = "compliance.rules"
FILE = "scenario_risk_2.json"

Document = Mapping[str, Any]


class Depth(StrEnum):
    """Whom a use needs: one reviewer, two, or one and a panel."""

    ONE = "ONE"
    TWO = "TWO"
    PANEL = "PANEL"


def table() -> Document:
    """The points in force."""
    return read_table(PACKAGE, FILE)


def factors(use: Document, dossier: Document) -> dict[str, int]:
    """What adds to the score of a use, each with its points."""
    places = use.get("regions") or ()
    found = {
        f"purpose={use.get('purpose')}": True,
        f"pi_level={dossier.get('pi_level')}": True,
        f"grade={dossier.get('grade')}": True,
        f"retention={use.get('retention')}": True,
        "abroad": not regions.within(places, [regions.CHINA]),
        "automated_decision": bool(use.get("is_automated_decision")),
        "processors": bool(use.get("processors")),
        "onward_output": bool(use.get("onward_output")),
        "beyond_templates": not fits_a_template(use, dossier),
    }
    points: Mapping[str, int] = table()["points"]
    return {name: points[name] for name, is_met in found.items() if is_met and name in points}


def fits_a_template(use: Document, dossier: Document) -> bool:
    """Whether the product was reviewed for such a use: purpose and fields of a template."""
    asked = {each["name"] for each in use.get("fields") or ()}
    return any(
        purposes.within([use["purpose"]], [template["purpose"]])
        and asked <= set(template.get("fields") or ())
        for template in dossier.get("scenario_templates") or ()
    )


def depth_of(use: Document, found: Mapping[str, int]) -> Depth:
    """Whom it takes: a purpose that the tree does not know is no single person's to weigh."""
    if use.get("purpose") in table()["panel_purposes"]:
        return Depth.PANEL
    return Depth.TWO if sum(found.values()) >= int(table()["two_people_from"]) else Depth.ONE
