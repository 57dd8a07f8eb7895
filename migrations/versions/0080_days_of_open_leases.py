"""A day has on lease what its open leases say, also where one was booked on another day."""

from alembic import op

revision = "0080_days_of_open_leases"
down_revision = "0079_cured_suspensions"
branch_labels = None
depends_on = None

REACH = "SELECT set_config('counterfoil.reach', 'exchange', true)"
# A lease is taken and returned in one statement with its entitlement: none is, meanwhile.
HOLD = "LOCK TABLE entitlements IN SHARE ROW EXCLUSIVE MODE"
# A lease taken across midnight was subtracted from a day to which it had not been added. Such a
# day may have more on lease than its cap, which then held too much already: it is what was given.
RECOUNT = """
UPDATE spending_days AS d SET
    leased_amount = o.amount,
    cap_amount = CASE WHEN d.cap_amount < d.spent_amount + o.amount
                      THEN d.spent_amount + o.amount ELSE d.cap_amount END
FROM (SELECT licence_id, day, sum(amount) AS amount FROM leases
      WHERE closed_at IS NULL GROUP BY licence_id, day) AS o
WHERE d.licence_id = o.licence_id AND d.day = o.day AND d.leased_amount <> o.amount
"""


def upgrade() -> None:
    """Count each day's open leases anew, so that the last of them can be returned."""
    for statement in (REACH, HOLD, RECOUNT):
        op.execute(statement)


def downgrade() -> None:
    """What is counted right stays so."""
