"""The one blueprint of this room."""

from app.web.blueprints import Blueprint

blueprint = Blueprint(
    "listings",
    __name__,
    url_prefix="/v1",
    description="Data products, the catalogue, offers, plans, orders and agreements.",
)
