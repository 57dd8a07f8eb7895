"""How an order stands: accepted, and then licensed."""

PLACED = "PLACED"
ACTIVE = "ACTIVE"
STATES = (PLACED, ACTIVE)
