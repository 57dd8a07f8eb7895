"""The one blueprint of this room."""

from app.web.blueprints import Blueprint

blueprint = Blueprint(
    "accounts",
    __name__,
    description="Organisations, people, roles, sign-in and API keys.",
)
