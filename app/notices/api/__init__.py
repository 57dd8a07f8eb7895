"""The routes of this room, by subject, on one blueprint."""

from app.notices.api import delivery_routes, endpoint_routes, feed_routes
from app.notices.api.blueprint import blueprint

__all__ = ["blueprint", "delivery_routes", "endpoint_routes", "feed_routes"]
