"""The one blueprint of this room."""

from app.web.blueprints import Blueprint

blueprint = Blueprint(
    "notices",
    __name__,
    description="What happened, told by webhook (Standard Webhooks) or read from a feed.",
)
