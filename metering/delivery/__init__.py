"""The supplier's system: asked within bounds, and what it may do wrong."""
