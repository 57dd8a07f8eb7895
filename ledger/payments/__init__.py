"""Payments: operations at payment providers, their events, and what reconciles them."""
