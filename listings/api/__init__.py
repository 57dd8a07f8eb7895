"""The routes of this room, by subject, on one blueprint."""

from listings.api import (
    catalogue_routes,
    contract_routes,
    contribution_routes,
    custom_offer_routes,
    demand_routes,
    export_routes,
    order_routes,
    price_routes,
    product_routes,
    rating_routes,
    registry_routes,
    transfer_routes,
)
from listings.api.blueprint import blueprint

__all__ = [
    "blueprint",
    "catalogue_routes",
    "contract_routes",
    "contribution_routes",
    "custom_offer_routes",
    "demand_routes",
    "export_routes",
    "order_routes",
    "price_routes",
    "product_routes",
    "rating_routes",
    "registry_routes",
    "transfer_routes",
]
