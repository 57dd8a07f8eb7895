"""Shared HTTP parts: the only place below the domains that knows Flask."""
