"""Deferred revenue: yearly packages, paid at the order and earned day by day."""
