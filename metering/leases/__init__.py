"""Slabs of what is granted, held by a worker and spent in memory."""
