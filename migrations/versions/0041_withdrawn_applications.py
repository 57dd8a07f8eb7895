"""An application for listing ends with its registration when the holder gives that up."""

from alembic import op

revision = "0041_withdrawn_applications"
down_revision = "0040_change_classes"
branch_labels = None
depends_on = None

TABLE = "listing_applications"
OLD_STATES = "state IN ('LISTING_REVIEW', 'LISTED', 'REFUSED')"
NEW_STATES = "state IN ('LISTING_REVIEW', 'LISTED', 'REFUSED', 'WITHDRAWN')"
OLD_UNDECIDED = "state = 'LISTING_REVIEW'"
NEW_UNDECIDED = "state IN ('LISTING_REVIEW', 'WITHDRAWN')"


def upgrade() -> None:
    """Nobody decided what was withdrawn."""
    _replace(NEW_STATES, NEW_UNDECIDED)


def _replace(states: str, undecided: str) -> None:
    reasoned = f"({undecided}) = (officer_id IS NULL) AND ({undecided}) = (reason IS NULL)"
    for name, condition in (("state", states), ("decision_has_a_reason", reasoned)):
        op.drop_constraint(name, TABLE)
        op.create_check_constraint(name, TABLE, condition)


def downgrade() -> None:
    """What was withdrawn never was an application."""
    op.execute("DELETE FROM listing_applications WHERE state = 'WITHDRAWN'")
    _replace(OLD_STATES, OLD_UNDECIDED)
