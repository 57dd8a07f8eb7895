"""Plans, prices and what is agreed on them; pure."""
