"""The routes of this room, by subject, on one blueprint."""

from app.accounts.api import (
    access_reset_routes,
    api_key_routes,
    collector_key_routes,
    organisation_routes,
    people_routes,
    second_factor_routes,
    session_routes,
    staff_routes,
)
from app.accounts.api.blueprint import blueprint

__all__ = [
    "access_reset_routes",
    "api_key_routes",
    "blueprint",
    "collector_key_routes",
    "organisation_routes",
    "people_routes",
    "second_factor_routes",
    "session_routes",
    "staff_routes",
]
