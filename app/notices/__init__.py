"""Notices: what happened, told to the organisation it concerns, by webhook or by feed."""
