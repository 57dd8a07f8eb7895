"""The routes of this room, by subject, on one blueprint."""

from compliance.api import (
    appeal_routes,
    lapse_routes,
    licence_routes,
    listing_routes,
    panel_routes,
    person_routes,
    platform_routes,
    price_alarm_routes,
    registration_routes,
    review_routes,
    rule_routes,
    scenario_routes,
    scenario_template_routes,
    speciality_routes,
    workload_routes,
)
from compliance.api.blueprint import blueprint

__all__ = [
    "appeal_routes",
    "blueprint",
    "lapse_routes",
    "licence_routes",
    "listing_routes",
    "panel_routes",
    "person_routes",
    "platform_routes",
    "price_alarm_routes",
    "registration_routes",
    "review_routes",
    "rule_routes",
    "scenario_routes",
    "scenario_template_routes",
    "speciality_routes",
    "workload_routes",
]
